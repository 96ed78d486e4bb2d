#!/usr/bin/env bash
# The clock on the wall is set, back and forth: only cron goes by it.
. "$(dirname "$0")/lib.sh"

if [ ! -e "$BUILD/tests/clock.so" ]; then
	skip "the clock is set" "no clock.so in $BUILD/tests"
	exit
fi
export CLOCK_FILE=$HOUSE/clock
echo 0 >"$CLOCK_FILE"
set_clock() { # SECONDS from the real time
	echo "$1" >"$CLOCK_FILE.new" && mv "$CLOCK_FILE.new" "$CLOCK_FILE"
	ctl ping >/dev/null # the supervisor looks at its clock
}

apps "$(w_app web 2 "$TCP $QUICK heartbeat = { interval = \"200ms\"; timeout = \"1s\"; };
		restart = { delay = \"1s\"; delay_max = \"30s\"; };")" \
	"$(w_app deaf 1 "$TCP drain = { timeout = \"2s\"; };" --ignore-term)" \
	"$(w_app nightly 2 "$TCP $QUICK recycle = { cron = \"0 4 * * *\"; age = \"30m\"; };")" | config
export LD_PRELOAD=$BUILD/tests/clock.so TZ=UTC0
check "a supervisor whose clock can be set" supervise web deaf nightly
unset LD_PRELOAD
before="$(pids_by_slot web) $(pids_by_slot deaf) $(pids_by_slot nightly)"
same() { equal "$(pids_by_slot web) $(pids_by_slot deaf) $(pids_by_slot nightly)" "$before"; }
next() { ctl show nightly --json | jq -r '.apps[0].recycle.next_cron'; }

# Seconds from the real time to the next 04:00.
to_four() { echo $(((4 * 3600 - $(date +%s) % 86400 + 86400) % 86400)); }
for jump in 3600 -3600 7200 0; do
	# Not over four o'clock, which is another story.
	[ "$(to_four)" -gt $((jump + 60)) ] || continue
	set_clock "$jump"
	check "K27 the clock is $jump s wrong: nobody is late, hung or restarted" for_all_of 2 same
	check "K27 and it is known when cron comes ($jump s)" equal \
		"$(date -u -d "$(next)" +%H:%M:%S)" "04:00:00"
done
check "K27 nothing was said of lateness" not grep -qE "missed its heartbeat|hung" "$HOUSE/clusterd.log"
check "K27 ages are those of the workers, not of the clock" json \
	'[.apps[].workers[].uptime_ms] | all(. >= 0 and . < 600000)' <<<"$(list)"

set_clock -3600
began=$(now_ms)
ctl stop deaf --no-wait >/dev/null
set_clock 3600
check "K27 a drain takes as long as it may" within 6 eval '[ "$(app deaf .state)" = stopped ]'
check "K27 and no less" test $(($(now_ms) - began)) -ge 1900

# A backoff that waits, and the clock runs ahead.
kill -KILL "$(app web '.workers[0].pid')"
within 5 ready_are web 2
kill -KILL "$(app web '.workers[0].pid')"
check "a worker that fell twice waits" within 2 eval '[ "$(app web ".workers[0].state")" = backoff ]'
set_clock -3600
check "K27 no longer than it must, though the clock was set back" within 3 ready_are web 2

# Four o'clock comes by itself, wherever the clock was before.
first=$(pids_by_slot nightly)
set_clock $(($(to_four) - 2))
check "cron comes by the clock as it is now" within 10 eval '
	ctl ping >/dev/null; [ "$(pids_by_slot nightly)" != '"$first"' ] && ready_are nightly 2'
check "for this reason" within 10 says "recycled: recycle.cron" app nightly '.workers[1].last_exit.reason'
