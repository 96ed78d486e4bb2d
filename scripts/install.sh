#!/bin/bash
# install.sh - puts what was built where it belongs, or takes it away again.
#
# Called by `make install` and `make uninstall`, which set the variables.  One list of files
# serves both ways.  A configuration is never overwritten, and a changed one never removed.
set -eu
cd "$(dirname "$0")/.."

: "${BUILD:?}" "${PREFIX:?}" "${SYSCONFDIR:?}" "${LIBEXECDIR:?}" "${LIBDIR:?}" "${MANDIR:?}"
: "${UNITDIR:?}" "${USERUNITS:?}" "${SYSTEMDDIR:?}" "${VERSION:?}" "${SONAME:?}" "${SOVERSION:?}" "${DESTDIR=}"

made=$(mktemp -d) # what is made only now, since it says where things are
trap 'rm -rf "$made"' EXIT

make_rest() {
	local unit
	for unit in {,user/}{clusterd,clusterd-sweep}.service; do
		install -D -m 644 /dev/null "$made/$unit"
		sed -e "s|/usr/sbin/|$PREFIX/sbin/|" -e "s|/usr/bin/|$PREFIX/bin/|" \
			"conf/systemd/$unit" >"$made/$unit"
	done
	cat >"$made/libclusterworker.pc" <<-END
		prefix=$PREFIX
		includedir=\${prefix}/include
		libdir=$LIBDIR

		Name: libclusterworker
		Description: listen, ready, heartbeat and drain for a worker of clusterd
		Version: $VERSION
		Libs: -L\${libdir} -lclusterworker
		Cflags: -I\${includedir}
	END
	"$BUILD/clusterctl" completion bash >"$made/clusterctl"
	"$BUILD/clusterctl" completion fish >"$made/clusterctl.fish"
	"$BUILD/clusterctl" completion zsh >"$made/_clusterctl"
}

# MODE FROM TO
list() {
	local page
	cat <<-END
		755 $BUILD/clusterd $PREFIX/sbin/clusterd
		755 $BUILD/clusterctl $PREFIX/bin/clusterctl
		755 $BUILD/cluster-import $LIBEXECDIR/clusterd/cluster-import
		755 $BUILD/cluster-top $LIBEXECDIR/clusterd/cluster-top
		755 $BUILD/cluster-worker $LIBEXECDIR/clusterd/cluster-worker
		755 $BUILD/cluster-logger $LIBEXECDIR/clusterd/cluster-logger
		755 $BUILD/clusterd-node.cjs $LIBEXECDIR/clusterd/clusterd-node.cjs
		755 $BUILD/libclusterbind.so $LIBEXECDIR/clusterd/libclusterbind.so
		644 $BUILD/libclusterworker.a $LIBDIR/libclusterworker.a
		755 $BUILD/libclusterworker.so $LIBDIR/$SOVERSION
		644 worker/libclusterworker/cluster_worker.h $PREFIX/include/cluster_worker.h
		644 $made/libclusterworker.pc $LIBDIR/pkgconfig/libclusterworker.pc
		644 $made/clusterd.service $UNITDIR/clusterd.service
		644 $made/clusterd-sweep.service $UNITDIR/clusterd-sweep.service
		644 $made/user/clusterd.service $USERUNITS/clusterd.service
		644 $made/user/clusterd-sweep.service $USERUNITS/clusterd-sweep.service
		644 conf/logrotate/clusterd $PREFIX/share/doc/clusterd/examples/logrotate
		644 conf/sysusers.d/clusterd.conf $SYSTEMDDIR/sysusers.d/clusterd.conf
		644 conf/tmpfiles.d/clusterd.conf $SYSTEMDDIR/tmpfiles.d/clusterd.conf
		644 conf/systemd/examples/notify-reload.conf $PREFIX/share/doc/clusterd/examples/notify-reload.conf
		644 $made/clusterctl $PREFIX/share/bash-completion/completions/clusterctl
		644 $made/clusterctl.fish $PREFIX/share/fish/vendor_completions.d/clusterctl.fish
		644 $made/_clusterctl $PREFIX/share/zsh/site-functions/_clusterctl
	END
	for page in man/*.[1-8]; do
		echo "644 $page $MANDIR/man${page##*.}/${page##*/}"
	done
	for page in conf/examples/*.* conf/examples/apps/*; do
		echo "644 $page $PREFIX/share/doc/clusterd/${page#conf/}"
	done
	for page in conf/container/*; do
		echo "644 $page $PREFIX/share/doc/clusterd/${page#conf/}"
	done
	for page in README.md CHANGELOG.md LICENSE; do
		echo "644 $page $PREFIX/share/doc/clusterd/$page"
	done
}
# LINK NAME
links() {
	cat <<-END
		$SOVERSION $LIBDIR/$SONAME
		$SONAME $LIBDIR/libclusterworker.so
	END
}
config=$DESTDIR$SYSCONFDIR/clusterd/cluster.conf

case ${1-} in
install)
	make_rest
	while read -r mode from to; do
		install -D -m "$mode" "$from" "$DESTDIR$to"
	done < <(list)
	while read -r target name; do
		ln -sfn "$target" "$DESTDIR$name"
	done < <(links)
	[ -e "$config" ] || install -D -m 644 conf/cluster.conf "$config"
	if [ -z "$DESTDIR" ]; then
		ldconfig 2>/dev/null || true
	fi
	;;
uninstall)
	while read -r _ _ to; do
		rm -f "$DESTDIR$to"
	done < <(list)
	while read -r _ name; do
		rm -f "$DESTDIR$name"
	done < <(links)
	if [ -e "$config" ] && cmp -s conf/cluster.conf "$config"; then
		rm "$config"
	elif [ -e "$config" ]; then
		echo "left as it is, since it was changed: $config"
	fi
	# Folders that only we have filled.
	for folder in "$SYSCONFDIR/clusterd" "$LIBEXECDIR/clusterd" \
		"$PREFIX/share/doc/clusterd/container" \
		"$PREFIX/share/doc/clusterd/examples/apps" "$PREFIX/share/doc/clusterd/examples" \
		"$PREFIX/share/doc/clusterd"; do
		rmdir "$DESTDIR$folder" 2>/dev/null || true
	done
	;;
*)
	echo "usage: install.sh install|uninstall" >&2
	exit 2
	;;
esac
