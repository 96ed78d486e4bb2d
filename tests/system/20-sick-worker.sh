#!/usr/bin/env bash
# A worker that is killed, and one that hangs, under load: who is hurt, and for how long.
. "$(dirname "$0")/lib.sh"

apps "$(http_app web 4 "$TCP $QUICK heartbeat = { interval = \"500ms\"; timeout = \"2s\"; };")" | config
check "four workers" supervise web
port=$(port web)
healthy() { ready_are web 4 && [ "$(app web '[.workers[].state] | unique | @csv')" = '"ready"' ]; }

# ---- kill -9 ----

load_begin kill --rate "$(scaled 1000)" --keepalive "$(scaled 64)" --think 500ms \
	--path /_test/id "127.0.0.1:$port"
within 5 eval '[ "$(app web ".workers | map(.requests // 0) | add")" -gt 100 ]'
for slot in 0 1 2 3; do
	victim=$(app web ".workers[$slot].pid")
	kill -KILL "$victim"
	check "the worker killed in slot $slot is replaced" within 5 eval \
		'healthy && [ "$(app web ".workers[$slot].pid")" != '"$victim"' ]'
done
load_end kill
# In hand: what it had accepted and not yet answered. A request takes a fraction of a
# millisecond here, so that is a handful; kept connections that were idle lose nothing.
check "kill -9 of four workers under load cost only what was in their hands" load_shows kill \
	'.refused == 0 and .timeout == 0 and .bad_status == 0 and .bad_body == 0 and
	 .failed <= 20 and .requests > '"$(scaled 300)"

# ---- SIGSTOP ----

others=$(app web '[.workers[] | select(.slot != 2) | .pid] | @csv')
victim=$(app web '.workers[2].pid')
load_begin hung --rate "$(scaled 500)" --timeout 900ms --path /_test/id "127.0.0.1:$port"
within 5 eval '[ "$(app web ".workers | map(.requests // 0) | add")" -gt 100 ]'
kill -STOP "$victim"
stopped=$(now_ms)
check "K11 a stopped worker is shown as late" within 2 eval \
	'[ "$(app web ".workers[2].state")" = late ]'
check "it owns no share of the connections then" equal "$(app web '.workers[2].share_percent')" 0
check "K11 it is replaced at the timeout" within 6 eval \
	'[ "$(app web ".workers[2].pid")" != '"$victim"' ] && healthy'
replaced=$(now_ms)
check "K11 not before the timeout, not long after" test $((replaced - stopped)) -ge 1400 -a \
	$((replaced - stopped)) -le $((4000 * TIME_SCALE))
check "K11 the stopped one is gone" gone "$victim"
check "K11 the others are unaffected" equal \
	"$(app web '[.workers[] | select(.slot != 2) | .pid] | @csv')" "$others"
check "K11 it is told as hung" says "heartbeat" app web '.workers[2].last_exit.reason'
check "K11 and logged" eval 'log_of_supervisor | grep -iE "hung|no heartbeat|heartbeat" | grep -q "$victim"'
load_end hung
check "only those that had landed on it were lost" load_shows hung '.failed == .timeout and .timeout > 0'
# The Show: connections that land later than interval + 100 ms avoid it, all of them.
limit=$((stopped + 600 * TIME_SCALE))
check "what landed later than interval + 100 ms avoided it, all of it" load_shows hung \
	".began_ms as \$began | all(.failures[]; .at_ms + \$began <= $limit)"

# ---- stuck in its own loop ----

: >"$EVENTS"
apps "$(w_app web 2 "$TCP $QUICK heartbeat = { interval = \"200ms\"; timeout = \"1s\"; };")" | config
check "the test worker" ctl reload web
port=$(port web)
fetch_slot "$port" /hang 1 >/dev/null 2>&1 &
hanging=$!
check "L25 a worker stuck in its own loop is asked for evidence: SIGABRT" within 5 \
	grep -q "ABRT$" "$EVENTS"
check "and replaced" within 5 ready_are web 2
wait $hanging
: >"$EVENTS"
fetch_slot "$port" /mute 0 >/dev/null
check "one that serves but has stopped to beat is judged by its beats" within 5 grep -q "ABRT$" "$EVENTS"
check "and replaced as well" within 5 ready_are web 2

apps "$(w_app web 2 "$TCP $QUICK heartbeat = { interval = \"200ms\"; timeout = \"600ms\"; };" --mute)" | config
check "one that never beat" ctl reload web
before=$(pids_by_slot web)
check "is not judged by what it never promised" for_all_of 2 equal "$(pids_by_slot web)" "$before"
