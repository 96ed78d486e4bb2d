#!/usr/bin/env bash
# What `make install` puts somewhere is complete and usable, and `make uninstall` takes it
# away again, but never a configuration that somebody has changed.
. "$(dirname "$0")/lib.sh"

stage=$HOUSE/stage
at=$stage/usr/local
etc=$stage/etc/clusterd/cluster.conf

make_stage() { make --no-print-directory -C "$TOP" "$@" DESTDIR="$stage"; }
files() { find "$stage" ! -type d -printf '%P\n' | sort; }
mode_is() { equal "$(stat -c %a "$1")" "$2"; }

check "make install succeeds" make_stage install
for program in sbin/clusterd bin/clusterctl libexec/clusterd/cluster-worker \
	libexec/clusterd/cluster-import; do
	check "$program is installed and can be run" mode_is "$at/$program" 755
done
for page in man1/clusterctl.1 man3/libclusterworker.3 man5/cluster.conf.5 \
	man7/clusterd-worker.7 man8/clusterd.8; do
	check "$page is installed" test -s "$at/share/man/$page"
done
check "the unit names the programs where they are" \
	grep -qx 'ExecStart=/usr/local/sbin/clusterd --keeper=systemd' "$at/lib/systemd/system/clusterd.service"
check "so does the unit for users" \
	grep -qx 'ExecStart=/usr/local/sbin/clusterd --keeper=systemd' "$at/lib/systemd/user/clusterd.service"
for file in lib/systemd/system/clusterd-sweep.service lib/systemd/user/clusterd-sweep.service \
	lib/sysusers.d/clusterd.conf lib/tmpfiles.d/clusterd.conf; do
	check "$file is installed" test -s "$at/$file"
done
check "a configuration is there to begin with" test -s "$etc"
check "bash completes clusterctl" bash -n "$at/share/bash-completion/completions/clusterctl"
check "zsh completes clusterctl" \
	grep -q '^#compdef clusterctl' "$at/share/zsh/site-functions/_clusterctl"

fish=$at/share/fish/vendor_completions.d/clusterctl.fish
verbs() { "$BUILD/clusterctl" --help | awk '/^Not supported/ { exit } /^  [a-z]+ +[a-z]/ { print $1 }'; }
fish_knows() { # every verb, and every flag of it
	local verb flag
	[ "$(verbs | wc -l)" -gt 20 ] || return
	for verb in $(verbs); do
		grep -q -- "-a $verb -d " "$fish" || { echo "$verb"; return 1; }
		for flag in $("$BUILD/clusterctl" "$verb" --help | sed '/^Every/,$d' |
			grep -v 'not supported yet' | grep -oE '^  .{4}--[a-z-]+' | grep -oE '[a-z][a-z-]+$'); do
			grep -qE -- "from $verb' -l $flag( |\$)" "$fish" || { echo "$verb --$flag"; return 1; }
		done
	done
}
check "fish completes every verb and flag" fish_knows
if command -v fish >/dev/null; then
	# A supervisor that runs, as far as a completion can tell.
	completes() {
		HOME=$HOUSE fish -N -c "function clusterctl; echo '{\"apps\":[{\"name\":\"shop\"}]}'; end
			source $fish; complete -C 'clusterctl $1'"
	}
	check "fish reads it" fish -n "$fish"
	check "fish completes a verb" says "reload" completes rel
	check "fish completes a target" says "shop" completes "reload "
	check "fish completes a flag" says "--no-wait" completes "reload --no-w"
else
	skip "fish reads it" "there is no fish"
fi

# ---- the library, as somebody else would use it ----

cat >"$HOUSE/user.c" <<'END'
#include <cluster_worker.h>

int main(void)
{
	return 0;
}
END
cp "$HOUSE/user.c" "$HOUSE/user.cc"
flags() {
	PKG_CONFIG_LIBDIR=$at/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage \
		pkg-config "$@" libclusterworker
}
if readelf -Ws --dyn-syms "$at/lib/libclusterworker.so" | grep -q __asan_init; then
	skip "a C program builds with what pkg-config says" "the library is sanitized"
else
	# shellcheck disable=SC2046 # flags are words
	check "a C program builds with what pkg-config says" \
		gcc -std=c99 -Wall -Wextra -Wpedantic -Werror $(flags --cflags) \
		-o "$HOUSE/user" "$HOUSE/user.c" -Wl,--no-as-needed $(flags --libs)
	check "it runs with the shared library" env LD_LIBRARY_PATH="$at/lib" "$HOUSE/user"
	check "it asks for the library by its soname" \
		says libclusterworker.so.0 readelf -d "$HOUSE/user"
fi
if command -v g++ >/dev/null; then
	# shellcheck disable=SC2046 # flags are words
	check "the header is fit for C++" \
		g++ -Wall -Wextra -Wpedantic -Werror -fsyntax-only $(flags --cflags) "$HOUSE/user.cc"
else
	skip "the header is fit for C++" "no g++"
fi

# ---- again, and away ----

echo "# ours" >>"$etc"
check "make install a second time succeeds" make_stage install
check "a changed configuration is not overwritten" grep -qx '# ours' "$etc"
check "make uninstall succeeds" make_stage uninstall
check "a changed configuration is all that is left" equal "$(files)" etc/clusterd/cluster.conf
rm "$etc"
make_stage install >/dev/null
check "make uninstall needs nothing that was built" make_stage uninstall BUILD="$HOUSE/none"
check "nothing is left" equal "$(files)" ""
