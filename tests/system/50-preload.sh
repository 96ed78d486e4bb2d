#!/usr/bin/env bash
# Programs that open their port themselves are workers, too: they are preloaded with a
# library that asks for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/openers.sh"

listens() { app "$1" '.listen | sort | join(" ")'; }

first=$(ports_in_a_row 24)
port_of() { echo $((first + $1)); }

# ---- one port for all ----

apps "$(opener one 3 "$listen" one "$(port_of 0)")" \
	"$(opener named 2 "$listen listen = [ \"127.0.0.1:$(port_of 3)\" ];" any_host "$(port_of 3)")" \
	"$(opener beside 2 "$listen listen = [ \"127.0.0.1:$(port_of 4)\" ];" one "$(port_of 5)")" \
	"$(opener idle 1 '' idle 0)" | config
check "programs that know nothing of us start" supervise one named beside idle

check "all slots answer on the one port" all_answer "0 1 2" 127.0.0.1 "$(port_of 0)"
check "the list tells the address that they chose" equal "$(listens one)" "127.0.0.1:$(port_of 0)"
check "and by which door" equal "$(doors one)" '"preload"'
check "where the port is named, the configuration's host counts" equal "$(listens named)" \
	"127.0.0.1:$(port_of 3)"
check "and all slots answer there" all_answer "0 1" 127.0.0.1 "$(port_of 3)"
check "a port that is not the app's is shared as well" all_answer "0 1" 127.0.0.1 "$(port_of 5)"
check "one that never listens came through no door" equal "$(doors idle)" ""
check "one that never listens is ready for being alive" equal "$(app idle .state)" online

# ---- ready is who listens ----

apps "$(opener slow 1 "$listen" one "$(port_of 12)")" | config
check "listening makes it ready" ctl start "$CLUSTERD_HOME/cluster.conf"
apps "$(opener slow 1 "${listen/20s\"/300ms\"; exec = \"10ms\"}" idle 0)" | config
before=$(pids slow)
check "one that never listens is a failed reload" exits 1 ctl reload
check "and its predecessor serves on" equal "$(pids slow)" "$before"

# ---- reload, scale, crash ----

apps "$(opener web 2 "$listen" one "$(port_of 14)")" | config
check "a program is replaced by another configuration" ctl reload
old=$(pids web)
check "it is reloaded" ctl reload web
check "in every slot" not equal "$(pids web)" "$old"
check "and scaled up" ctl scale web 4
check "all slots answer" all_answer "0 1 2 3" 127.0.0.1 "$(port_of 14)"
check "and down" ctl scale web 1
check "one slot answers" all_answer 0 127.0.0.1 "$(port_of 14)"
kill -KILL "$(pids web)"
check "after a crash the port is still open" within 5 all_answer 0 127.0.0.1 "$(port_of 14)"

# ---- what it may not have ----

apps "$(opener web 1 "$listen" one "$(port_of 14)")" | config
check "a program has its port" ctl start "$CLUSTERD_HOME/cluster.conf"
apps "$(opener web 1 "$listen" one "$(port_of 14)")" \
	"$(opener taken 1 "$listen restart = { max = 1; };" one "$(port_of 14)")" | config
check "an address of another app is in use" exits 1 ctl reload
check "and the log tells whose" grep -q "$(port_of 14) is listened on by web" \
	"$HOUSE/clusterd.log"
echo 'int main(void) { return 0; }' | gcc -static -x c - -o "$HOUSE/static"
apps "{ name = \"still\"; command = [ \"$HOUSE/static\" ]; adopt = \"preload\"; }" \
	>"$CLUSTERD_HOME/static.conf"
check "a static program cannot be preloaded, and is told why" says "statically linked" \
	ctl start "$CLUSTERD_HOME/static.conf"
cp "$(command -v sleep)" "$HOUSE/gifted"
cannot_preload() { # NAME: of the program that was given something, as an app
	apps "{ name = \"$1\"; command = [ \"$HOUSE/gifted\", \"1d\" ]; adopt = \"preload\"; }" \
		>"$CLUSTERD_HOME/$1.conf"
	check "$1: it ignores preloads, and is refused" says \
		"it is setuid or has capabilities of its own" ctl start "$CLUSTERD_HOME/$1.conf"
	sed -i 's/preload/auto/' "$CLUSTERD_HOME/$1.conf"
	check "$1: where none is asked for it runs" ctl start "$CLUSTERD_HOME/$1.conf"
}
chmod u+s "$HOUSE/gifted"
cannot_preload setuid
# Version 2, effective; net_bind_service is the bit 10.
give_capability() {
	python3 -c 'import os, struct, sys
os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))' \
		"$HOUSE/gifted"
}
chmod u-s "$HOUSE/gifted"
if give_capability 2>/dev/null; then
	cannot_preload capable
else
	skip "a program with capabilities cannot be preloaded" "none can be given to a file here"
fi

# ---- rubbish at the desk ----

fds() { find "/proc/$INNER/fd" -mindepth 1 | wc -l; }
no_more_fds() { [ "$(fds)" -le "$1" ]; }
told() { ctl events --no-follow --lines 500 "$1" | grep -c "$2"; }
before=$(fds)
check "rubbish of strangers is put up with" "$OPENER" be_rude "$CLUSTERD_HOME/run/broker.sock"
check "nothing of it stays open" within 10 no_more_fds "$before"
check "a worker that asks meanwhile is answered" eval '"$OPENER" be_rude \
	"$CLUSTERD_HOME/run/broker.sock" & ctl restart web && wait $!'
check "it serves" all_answer 0 127.0.0.1 "$(port_of 14)"

apps "$(opener web 1 "$listen" one "$(port_of 14)")" \
	"$(opener rude 2 "$listen" rude "$(port_of 18)")" | config
check "rubbish of a worker is put up with, and it serves" ctl reload
check "in both slots" all_answer "0 1" 127.0.0.1 "$(port_of 18)"
check "its rubbish is told once for each" equal "$(told rude "what is no question")" 2
check "and so is its flood" equal "$(told rude "all the time")" 2
check "it was not harmed" equal "$(app rude .restarts)" 0
check "nor were others" all_answer 0 127.0.0.1 "$(port_of 14)"
check "nothing of all that stays open" within 10 no_more_fds "$((before + 20))"
