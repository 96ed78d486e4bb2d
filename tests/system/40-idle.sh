#!/usr/bin/env bash
# Nothing to do is done by sleeping, in little room.
. "$(dirname "$0")/lib.sh"

seconds=5
settings='heartbeat = false; ready = { exec = "50ms"; }; log = { to = "none"; };
	recycle = { age = "24h"; cron = "0 4 1 1 *"; };'
apps "{ name = \"sleepers\"; instances = 100; command = [ \"sleep\", \"1d\" ]; $settings }" | config
check "a hundred workers that sleep" supervise sleepers

# How often it was awake, and what it did then.
awake() { awk '/^(non)?voluntary_ctxt/ { sum += $2 } END { print sum }' "/proc/$INNER/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$INNER/stat"; }
at_rest() { # for a second, after the start
	local before
	before=$(awake)
	pause 1
	equal "$(awake)" "$before"
}
check "it comes to rest" within 20 at_rest
before=$(awake)
ticks=$(ticks)
pause $seconds # the point here, not a wait for something
check "K24 it did not wake once in $seconds seconds" equal "$(awake)" "$before"
check "K24 nor use the CPU" equal "$(ticks)" "$ticks"
check "all the same it answers" answers

pss() { awk '/^Pss:/ { print $2 }' "/proc/$INNER/smaps_rollup"; }
little() { echo "$1 KiB" && [ "$1" -le 1500 ]; }
case $BUILD in
*/asan | */valgrind) skip "K24 it lives in 1500 KiB" "this build is for finding faults" ;;
*) check "K24 it lives in 1500 KiB" little "$(pss)" ;;
esac
