#!/usr/bin/env bash
# Programs that do not beat: their queues tell who is stuck, and nothing wakes for it
# while nothing comes.
# alone
. "$(dirname "$0")/lib.sh"

quiet="$TCP $QUICK heartbeat = false;"
apps "$(w_app web 4 "$quiet")" "$(w_app one 4 "$quiet" --from-slot 3 --busy 16)" \
	"$(w_app alike 4 "$quiet" --busy 16)" | config
check "programs without beats" supervise web one alike

share_of() { app "$1" ".workers[$2].share_percent"; }
wakeups() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$INNER/status"; }

# ---- one of four is blocked, twice for two seconds ----

loses_share() { # VICTIM: while it is stuck; and is asked again
	local blocked
	kill -STOP "$1"
	blocked=$(now_ms)
	if ! within 1 eval '[ "$(share_of web 1)" = 0 ]' ||
		[ "$(app web '.workers[1].queue_depth')" -lt 1 ]; then
		kill -CONT "$1"
		return 1
	fi
	until [ "$(now_ms)" -ge $((blocked + 2000)) ]; do pause 0.01; done
	kill -CONT "$1"
	within 2 eval '[ "$(share_of web 1)" = 25 ]'
}
spared() {
	load_shows blocked ".failed == .timeout and .timeout <= 20 * $TIME_SCALE and .ok > 100"
}
blocked_twice() {
	local result=0
	load_begin blocked --rate "$(scaled 1000)" --duration 8s --timeout 1s \
		"127.0.0.1:$(port web)"
	for _ in 1 2; do
		pause 1
		loses_share "$victim" || result=1
	done
	load_end blocked
	return $result
}
# Where others keep the machine busy a sample comes late, and more are stuck before it.
victim=$(app web '.workers[1].pid')
went_well=no
for _ in 1 2 3; do
	blocked_twice && went_well=yes && spared >/dev/null && break
done
check "a program that is stuck loses its share, is known by its queue, and is asked again" \
	test "$went_well" = yes
check "blocked twice for 2 s at 1000/s: at most 20 of 8000 timed out" spared
check "nobody was replaced for it" equal "$(app web '.workers[1].pid')" "$victim"

# ---- slow ones ----

"$BUILD/loadgen" --json --rate "$(scaled 1000)" --duration 4s --timeout 1s \
	"127.0.0.1:$(port one)" >"$HOUSE/load.one" 2>"$HOUSE/load.one.err"
check "one of four that is 16 times slower costs nobody a timeout" load_shows one \
	'.failed == 0 and .ok > 100'

load_begin alike --rate "$(scaled 500)" --duration 3s --timeout 1s "127.0.0.1:$(port alike)"
pause 1
check "where all four are slow nobody is avoided" for_all_of 1 eval \
	'[ "$(app alike "[.workers[].share_percent] | unique | @csv")" = 25 ]'
load_end alike

# ---- nothing comes ----

idle() {
	local before
	before=$(wakeups)
	pause 2
	[ -n "$before" ] && equal "$(wakeups)" "$before"
}
check "in the end nobody waits" within 10 eval \
	'[ "$(query "[.apps[].workers[].queue_depth] | unique | @csv")" = 0 ]'
check "with nobody waiting all are asked again" within 3 eval \
	'[ "$(query "[.apps[].workers[].share_percent] | unique | @csv")" = 25 ]'
check "while nothing comes, the supervisor never wakes" within 3 idle
exec {kept}<>"/dev/tcp/127.0.0.1/$(port web)"
check "nor for a connection that is kept" within 3 idle
exec {kept}>&-
