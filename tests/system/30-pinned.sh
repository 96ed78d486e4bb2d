#!/usr/bin/env bash
# Pinned generations: a worker that crashes in the middle of a deployment comes back as the
# generation it was, and not as what the paths lead to by now.
. "$(dirname "$0")/lib.sh"

SOON='ready = { on = "exec"; exec = "50ms"; }; restart = { delay = "10ms"; delay_max = "20ms"; };'
pid() { app "$1" '.workers[] | select(.pid) | .pid'; }
inode() { stat -L -c %i "$1"; }
runs() { inode "/proc/$(pid "$1")/exe"; }
place() { readlink "/proc/$(pid "$1")/cwd"; }
words() { tr '\0' ' ' <"/proc/$(pid "$1")/cmdline"; }
# generation APP ROLE CONDITION: what `show` says of it, once its files were read.
generation() { within 10 shown "$@"; }
shown() {
	ctl show "$1" --json | json ".apps[0].generations[] | select(.role == \"$2\") |
		select(.sha256_note != \"not read yet\") | ($3)"
}
digest() { sha256sum "$1" | cut -c -64; }
tells() { grep -q "$1" "$HOUSE/clusterd.log"; }

# crash APP: ends its worker, and waits for the next one.
crash() {
	local before
	before=$(pid "$1")
	kill -KILL "$before"
	within 10 eval "gone $before && ready_are $1 1 && [ \$(pid $1) != $before ]"
}

# Two programs that differ, and two scripts that say who they are and stay.
another_w() { cp "$W" "$1" && echo "$RANDOM$RANDOM" >>"$1"; }
script() { printf '#!/bin/sh\necho "%s" >>"%s"\nwhile :; do sleep 600; done\n' "$2" "$HOUSE/said" >"$1"; }
says_last() { equal "$(tail -n 1 "$HOUSE/said")" "$1"; }

# ---- K18: a release is a link that is switched ----

for release in 1 2; do
	mkdir -p "$HOUSE/releases/$release"
	another_w "$HOUSE/releases/$release/w"
	script "$HOUSE/releases/$release/serve.sh" "release $release"
	echo "RELEASE=$release" >"$HOUSE/releases/$release/env"
done
ln -s releases/1 "$HOUSE/current"
apps "{ name = \"web\"; instances = 1; command = [ \"./w\" ]; cwd = \"$HOUSE/current\";
	env_file = \"$HOUSE/current/env\"; $TCP $QUICK }" \
	"{ name = \"path\"; instances = 1; command = [ \"$HOUSE/current/w\" ]; $TCP $QUICK }" \
	"{ name = \"text\"; instances = 1; command = [ \"sh\", \"-e\", \"$HOUSE/current/serve.sh\" ];
	$SOON $QUICK }" \
	"{ name = \"direct\"; instances = 1; command = [ \"$HOUSE/current/serve.sh\" ]; $SOON $QUICK }" |
	config
chmod +x "$HOUSE"/releases/*/serve.sh
check "apps that are reached through a link" supervise web path text direct
one=$(inode "$HOUSE/releases/1/w") two=$(inode "$HOUSE/releases/2/w")
check "the first release runs" equal "$(runs web) $(place web)" "$one $HOUSE/releases/1"
check "a script is called by its real path" says "$HOUSE/releases/1/serve.sh" words text
check "the name of a program keeps its last part only" says "$HOUSE/releases/1/w" words path

check "show tells what they are made of" generation web wanted ".number == 1 and .workers == 1 and
	.program == \"$HOUSE/releases/1/w\" and .directory == \"$HOUSE/releases/1\" and .age_ms >= 0 and
	.sha256 == \"$(digest "$HOUSE/releases/1/w")\" and .script == null"
check "and of a script, too" generation text wanted ".program == \"$(readlink -f "$(command -v sh)")\" and
	.script == \"$HOUSE/releases/1/serve.sh\" and
	.script_sha256 == \"$(digest "$HOUSE/releases/1/serve.sh")\""

ln -sfn releases/2 "$HOUSE/current"
sed -i 's/=1/=one/' "$HOUSE/releases/1/env"
for name in web path text direct; do
	check "K18 $name crashes after the switch and comes back" crash $name
done
check "K18 as the program it was" equal "$(runs web) $(runs path)" "$one $one"
check "K18 where it was" equal "$(place web)" "$HOUSE/releases/1"
check "K18 with the environment it had" says "RELEASE=1" fetch "$(port web)" /environ
check "K18 both scripts as the text they were" equal \
	"$(tail -n 2 "$HOUSE/said" | uniq -c | tr -s ' ')" " 2 release 1"
check "K18 nothing is said to have changed" not tells 'on disk'
check "K18 in show neither" generation web wanted "(.changed_on_disk or .replaced_on_disk) == false"

check "K18 a reload takes the new release" ctl reload
check "K18 its program, in its place" equal "$(runs web) $(place web)" "$two $HOUSE/releases/2"
check "K18 show tells of both" generation web wanted \
	".number == 2 and .sha256 == \"$(digest "$HOUSE/releases/2/w")\""
check "K18 which one a rollback would bring" generation web before '.number == 1 and .workers == 0'
check "K18 its environment" says "RELEASE=2" fetch "$(port web)" /environ
check "K18 its scripts" equal "$(tail -n 2 "$HOUSE/said" | uniq -c | tr -s ' ')" " 2 release 2"

mkdir "$HOUSE/aside"
mv "$HOUSE/releases/2/w" "$HOUSE/aside/keep"
ln "$HOUSE/aside/keep" "$HOUSE/releases/2/w"
check "a name that was away and leads to the same file again is no change" crash web
check "so nothing is said of it" not tells 'on disk'

# ---- what becomes of a program ----

fds() { find "/proc/$(pid "$1")/fd" -mindepth 1 -printf '%f\n' | sort -n | tr '\n' ' '; }
usual=$(fds web)
another_w "$HOUSE/new" && mv "$HOUSE/new" "$HOUSE/releases/2/w"
check "replaced by another file, it crashes" crash web
check "and comes back as the program it was" equal "$(runs web)" "$two"
check "which is said, once" equal "$(grep -c 'web: .* was replaced on disk' "$HOUSE/clusterd.log")" 1
check "show says so, too" generation web wanted '.replaced_on_disk and (.changed_on_disk | not)'
check "in words" says "workers start from what it was" ctl show web
check "its worker has no descriptor more" equal "$(fds web)" "$usual"
check "and it serves" fetch "$(port web)" /

rm -r "$HOUSE/releases/2"
check "with all of its release deleted, it crashes" crash web
check "and comes back as the program it was once more" equal "$(runs web)" "$two"
check "in the directory that has no name any more" equal "$(place web)" \
	"$HOUSE/releases/2 (deleted)"
before=$(pid web)
check "a reload that finds no directory fails" exits 1 ctl reload web
check "and says which" says "$HOUSE/current" ctl reload web
check "and the worker serves on" equal "$(pid web)" "$before"

# Written to in place, where nobody executes it: that is not to be held.
cp "$W" "$HOUSE/program"
apps "{ name = \"web\"; instances = 1; command = [ \"$HOUSE/program\" ]; $TCP $QUICK }" | config
ctl reload >/dev/null
check "one that runs from another place" within 5 equal "$(runs web)" "$(inode "$HOUSE/program")"
before=$(pid web)
kill -STOP "$INNER"
kill -KILL "$before"
within 5 gone "$before"
echo more >>"$HOUSE/program"
kill -CONT "$INNER"
check "written to while it was down, it comes back" within 10 eval \
	'[ "$(pid web)" != '"$before"' ] && ready_are web 1'
check "as what it is now, which is said" tells "program changed on disk"
check "in show, too" generation web wanted ".changed_on_disk and .changed == \"$HOUSE/program\""

another_w "$HOUSE/large" && truncate -s 600M "$HOUSE/large"
apps "{ name = \"web\"; instances = 1; command = [ \"$HOUSE/large\" ]; $TCP $QUICK }" | config
ctl reload >/dev/null
check "a very large program is not read" generation web wanted \
	'.sha256 == null and .sha256_note == "larger than 512 MiB"'

# ---- what becomes of a script, and of its interpreter ----

mkdir "$HOUSE/bin"
cp "$(readlink -f /bin/sh)" "$HOUSE/bin/sh"
script "$HOUSE/text.sh" first
apps "{ name = \"text\"; instances = 1; command = [ \"$HOUSE/bin/sh\", \"text.sh\" ]; cwd = \"$HOUSE\";
	$SOON $QUICK }" | config
ctl reload >/dev/null
check "a script in its interpreter" within 5 ready_are text 1
check "whose name is left as it was written" says "sh text.sh" words text
old=$(inode "$HOUSE/bin/sh")
cp "$HOUSE/bin/sh" "$HOUSE/bin/new" && mv "$HOUSE/bin/new" "$HOUSE/bin/sh"
check "its interpreter is upgraded, and it crashes" crash text
check "it comes back with the interpreter it had" equal "$(runs text)" "$old"

script "$HOUSE/new.sh" second && mv "$HOUSE/new.sh" "$HOUSE/text.sh"
ctl reload text >/dev/null
check "a reload takes another interpreter and another text" eval \
	'[ "$(runs text)" != '"$old"' ] && says_last second'
script "$HOUSE/new.sh" third && mv "$HOUSE/new.sh" "$HOUSE/text.sh"
check "a script that is another one now crashes" crash text
check "and comes back as what it is now" says_last third
check "which is said" tells 'text: .*/text.sh changed on disk'
check "and in show" says "$HOUSE/text.sh changed on disk" ctl show text
rm "$HOUSE/text.sh"
kill -KILL "$(pid text)"
check "a script that is gone is named as the trouble" within 5 says "text.sh is gone" ctl show text
script "$HOUSE/text.sh" fourth
check "and found again as soon as it is there" within 10 ready_are text 1

# ---- may not be read ----

if [ "$(id -u)" = 0 ]; then
	skip "a program that may not be read" "root reads everything"
else
	chmod 111 "$HOUSE/program"
	apps "{ name = \"web\"; instances = 1; command = [ \"$HOUSE/program\" ]; $TCP $QUICK }" | config
	ctl reload >/dev/null
	check "a program that may only be executed" within 5 ready_are web 1
	check "of which show says why it has no digest" generation web wanted '.sha256_note == "may not be read"'
	rm "$HOUSE/program"
	check "deleted, it crashes, and comes back" crash web
	check "and serves" fetch "$(port web)" /
fi
