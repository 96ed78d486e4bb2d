#!/usr/bin/env bash
# What systemd hears of clusterd, by a socket in systemd's place: ready when all serve, a
# word for each reload whatever comes of it, more time for what takes longer, and a
# watchdog that is fed by turns of the loop.  60-systemd.sh has a systemd that acts on it.
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || {
	skip "systemd hears of clusterd" "there is no python3"
	exit
}
heard=$HOUSE/heard
cat >"$HOUSE/hear.py" <<'END'
import os, socket, sys
there = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
there.bind(sys.argv[1])
with open(sys.argv[2], "a") as out:
    print("open", file=out, flush=True)
    while True:
        print(there.recv(4096).decode().replace("\n", " "), file=out, flush=True)
END
python3 "$HOUSE/hear.py" "$HOUSE/notify" "$heard" &
ear=$!
leave() {
	kill "$ear"
	wait "$ear" 2>/dev/null
	finish
}
trap leave EXIT
within 5 grep -qs open "$heard"

said() { grep -cE "^$1" "$heard"; } # PATTERN: how often
hears() { [ "$(said "$1")" -ge "${2-1}" ]; }
extended_ms() { grep -oE 'EXTEND_TIMEOUT_USEC=[0-9]+' "$heard" | tail -n 1 | cut -d= -f2 | sed 's/...$//'; }
at_least() { [ "$1" -ge "$2" ] || { echo "$1 is less than $2"; return 1; }; }

web() { # WORDS
	apps "$(w_app web 2 "$TCP $QUICK ready = { on = \"notify\"; timeout = \"7s\"; };
		drain = { timeout = \"9s\"; };" "$@")"
}
web --ready-after 300 | config
export NOTIFY_SOCKET=$HOUSE/notify WATCHDOG_USEC=400000
supervise web
unset NOTIFY_SOCKET WATCHDOG_USEC
check "it says READY when all serve" within 5 hears 'READY=1$'
check "and says it once" equal "$(said 'READY=1$')" 1
check "it asks for as long as a start may take" at_least "$(extended_ms)" 7000
check "before it is ready" equal "$(grep -E '^(EXTEND|READY)' "$heard" | head -n 1 | cut -d_ -f1)" EXTEND
check "it tells how many are online" hears 'STATUS=1 of 1 apps online$'
fed=$(said 'WATCHDOG=1$')
check "it feeds the watchdog while nothing happens" within 5 hears 'WATCHDOG=1$' $((fed + 3))

# ---- reload ----

check "a reload says RELOADING with the time of the request" eval \
	'ctl reload && within 5 hears "RELOADING=1 MONOTONIC_USEC=[0-9]+$"'
check "and READY when it is over" within 5 hears 'READY=1$' 2
check "while it rolls it asks for more time" at_least "$(extended_ms)" 16000
kill -HUP "$SUPERVISOR"
check "HUP says RELOADING" within 5 hears 'RELOADING=1' 2
check "and READY when it is over" within 10 hears 'READY=1$' 3
cp "$CLUSTERD_HOME/cluster.conf" "$HOUSE/good"
echo 'apps = 1;' | config
kill -HUP "$SUPERVISOR"
check "HUP with a configuration that is refused says RELOADING, too" within 5 hears 'RELOADING=1' 3
check "and READY at once" within 5 hears 'READY=1$' 4
cp "$HOUSE/good" "$CLUSTERD_HOME/cluster.conf"

# ---- a hang, the end ----

kill -STOP "$INNER"
pause 0.1 # what was under way is said
fed=$(said 'WATCHDOG=1$')
fed_is_the_same() { equal "$(said 'WATCHDOG=1$')" "$fed"; }
check "who is stopped feeds nothing" for_all_of 1 fed_is_the_same
kill -CONT "$INNER"
check "who goes on feeds again" within 5 hears 'WATCHDOG=1$' $((fed + 1))
check "it stops in order" retire
check "STOPPING asks for as long as a drain may take" equal \
	"$(grep -cE '^STOPPING=1 EXTEND_TIMEOUT_USEC=(9[0-9]{6}|[1-9][0-9]{7})$' "$heard")" 1
