#!/usr/bin/env bash
# Ready, and the way out: what a worker says and what it is told, and until when.
. "$(dirname "$0")/lib.sh"

state() { app "$1" .state; }
worker_state() { app "$1" '.workers[0].state'; }
elapsed() { echo $(($(now_ms) - began)); }
between() { echo "$1 ms" && [ "$1" -ge "$2" ] && [ "$1" -le $(($3 * TIME_SCALE)) ]; }

# ---- ready ----

apps "$(w_app slow 2 "$TCP ready = { on = \"notify\"; };" --ready-after 700)" \
	"$(w_app never 1 "$TCP ready = { on = \"notify\"; timeout = \"1500ms\"; };" --never-ready)" \
	"{ name = \"plain\"; command = [ \"sleep\", \"1d\" ]; instances = 1; heartbeat = false;
	   ready = { on = \"exec\"; exec = \"300ms\"; }; }" | config
began=$(now_ms)
supervise
check "D1 not ready before it says so" equal \
	"$(worker_state slow) $(app slow .instances.ready)" "starting 0"
check "D1 wait returns when it does" ctl wait slow --timeout 10s
check "D1 and not sooner" between "$(elapsed)" 700 5000
check "D3 without a protocol: ready when it has run for ready.exec" ctl wait plain --timeout 10s
check "wait for one that never gets ready ends at its timeout, exit 4" \
	exits 4 ctl wait never --timeout 500ms
check "D2 never ready is a failure" within 10 eval \
	'[ "$(state never)" = failed ] || [ "$(worker_state never)" = backoff ]'
check "D2 with the reason" says "ready" app never '.workers[0].last_exit.reason'
check "D2 the worker was told to go" within 5 eval '[ "$(said TERM)" -ge 1 ]'
ctl stop never >/dev/null
check "D2 start of it fails with exit 1" exits 1 ctl start never
retire

# ---- stop ----

: >"$EVENTS"
apps "$(w_app deaf 2 "$TCP drain = { timeout = \"1s\"; };" --ignore-term)" \
	"$(w_app quick 2 "$TCP drain = { timeout = \"10s\"; };")" \
	"$(w_app tree 1 "$TCP drain = { timeout = \"1s\"; };" --children 3)" \
	"$(w_app trap 1 "$TCP drain = { timeout = \"1s\"; };" --children 3 --children-trap)" \
	"{ name = \"by-int\"; command = [ \"$W\", \"--log\", \"$EVENTS\" ]; instances = 1; $TCP
	   drain = { signal = \"INT\"; }; }" | config
check "workers of five kinds" supervise deaf quick tree trap by-int
deaf=$(pids deaf)
began=$(now_ms)
ctl stop deaf --no-wait >/dev/null
check "D6 --no-wait returns while they drain" between "$(elapsed)" 0 700
check "D6 shown as stopping" equal "$(state deaf)" stopping
check "D6 the workers as draining" equal "$(worker_state deaf)" draining
check "D5 one that ignores the signal is killed at drain.timeout" within 5 gone "$deaf"
check "D5 not sooner, not much later" between "$(elapsed)" 950 2500
check "D6 then it is stopped" ctl wait deaf --for stopped --timeout 5s
check "C1 L20 the signal came to each exactly once" equal "$(said TERM)" 2

began=$(now_ms)
check "D11 stop of a healthy app" ctl stop quick
check "D11 takes no longer than it must" between "$(elapsed)" 0 1500
ctl start quick >/dev/null
# shellcheck disable=SC2046 # pids
kill -KILL $(pids quick)
check "D11 stop of workers that are dead already succeeds" ctl stop quick

family() { # PID: it and its descendants
	local child children
	echo "$1"
	read -ra children <"/proc/$1/task/$1/children"
	for child in "${children[@]}"; do
		family "$child"
	done
}
for name in tree trap; do
	members=$(family "$(pids $name)")
	check "three generations of children run ($name)" equal "$(wc -w <<<"$members")" 4
	port=$(port $name)
	check "stop of a worker with children ($name)" ctl stop $name
	check "D9 D10 K16 none of them is left ($name)" within 3 gone "$members"
	check "K16 the port can be bound at once ($name)" not eval "ss -Hltn 'sport = :$port' | grep -q ."
	check "K16 and is, by the next start ($name)" ctl start $name
done
check "drain.signal is the signal" ctl stop by-int
check "and only that" equal "$(said INT)" 1

# ---- the children of one that ends by itself ----

members=$(family "$(pids tree)")
fetch "$(port tree)" /exit/0 >/dev/null 2>&1
check "the children of a worker that exits are swept" within 5 gone "$members"
check "and it is replaced" within 5 ready_are tree 1
check "L14 an orphan that the supervisor reaps is no worker" equal "$(app tree .restarts)" 2
