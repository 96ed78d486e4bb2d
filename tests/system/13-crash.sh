#!/usr/bin/env bash
# Workers that die: replaced at once, then more and more slowly, for ever.
. "$(dirname "$0")/lib.sh"

restarts() { app "$1" .restarts; }
starts() { grep -c "^[0-9]* $1 [0-9]* start" "$EVENTS"; } # SLOT
last_exit() { app "$1" ".workers[0].last_exit | $2"; }
fast='restart = { delay = "100ms"; delay_max = "800ms"; stable_after = "60s"; };'

# ---- one crash ----

apps "$(w_app web 2 "$TCP")" | config
check "two workers" supervise web
port=$(port web)
before=$(app web '.workers[0].pid')
other=$(app web '.workers[1].pid')
kill -KILL "$before"
check "B3 a killed worker is replaced" within 5 eval \
	'ready_are web 2 && [ "$(app web ".workers[0].pid")" != '"$before"' ]'
check "B3 in its own slot, the other untouched" equal \
	"$(app web '[.workers[] | .slot] | @csv') $(app web '.workers[1].pid')" "0,1 $other"
check "B3 the restart is counted" equal "$(app web '[.workers[].restarts] | @csv')" "1,0"
check "the list tells how it ended" equal "$(last_exit web .signal)" KILL
check "L15 a worker that is gone is not signalled again" eval 'ctl stop web && ctl start web'
port=$(port web) # port 0 is chosen anew by each start
fetch_slot "$port" /exit/3 1 >/dev/null 2>&1
check "B3 a worker that exits by itself is replaced as well" within 5 ready_are web 2
check "its exit code is told" within 5 eval '[ "$(app web ".workers[1].last_exit.code")" = 3 ]'
fetch_slot "$port" /crash 0 >/dev/null 2>&1
check "a segfault, too, with its signal" within 5 eval '[ "$(last_exit web .signal)" = SEGV ]'
within 5 ready_are web 2
retire

# ---- when not to restart ----

: >"$EVENTS"
apps "$(w_app never 1 "$TCP restart = { when = \"never\"; };")" \
	"$(w_app codes 1 "$TCP restart = { stop_exit_codes = [ 42, 43 ]; };")" \
	"$(w_app failing 1 "$TCP restart = { when = \"on-failure\"; };")" \
	"$(w_app late 1 "$TCP restart = { delay = \"1s\"; };")" | config
check "apps with rules of their own" supervise never codes failing late
for name in never codes failing late; do
	eval "port_$name=$(port $name)"
done
# shellcheck disable=SC2154 # set by eval
{
	fetch "$port_never" /exit/1
	fetch "$port_codes" /exit/42
	fetch "$port_failing" /exit/0
} >/dev/null 2>&1
ends() { within 5 eval '[ -z "$(pids '"$1"')" ]' && for_all_of 1 eval '[ -z "$(pids '"$1"')" ]'; }
check "B6 restart.when = never: stays down" ends never
check "B7 an exit code that means stop: stays down" ends codes
check "restart.when = on-failure: a success stays down" ends failing
check "B6 no restart is counted" equal "$(restarts never)" 0
check "such an app is listed as stopped" equal "$(app codes .state)" stopped
check "and start brings it back" eval 'ctl start codes && ready_are codes 1'
before=$(pids codes)
fetch "$(port codes)" /exit/34 >/dev/null 2>&1
check "B7 any other code is restarted" within 5 eval \
	'ready_are codes 1 && [ "$(pids codes)" != '"$before"' ]'

# The first time at once, then no sooner than half the delay (half of it is drawn by lot).
first=$(pids late)
kill -KILL "$first"
check "B8 the first crash is answered at once" within 1 eval \
	'[ -n "$(pids late)" ] && [ "$(pids late)" != '"$first"' ]'
second=$(pids late)
within 5 ready_are late 1
kill -KILL "$second"
crashed=$(now_ms)
check "B8 the second one waits" within 1 eval '[ "$(app late ".workers[0].state")" = backoff ]'
check "B8 and ends" within 5 ready_are late 1
check "B8 not before half the delay" test $(($(now_ms) - crashed)) -ge 500
retire

# ---- crash loops ----

: >"$EVENTS"
apps "$(w_app loop 1 "$TCP $fast" --exit 1)" "$(w_app sibling 2 "$TCP")" \
	"$(w_app late 1 "$TCP $fast" --crash-after 50)" | config
check "a crash loop hinders no sibling" supervise sibling
sibling=$(pids_by_slot sibling)
check "B4 it is shown as failed" within 5 eval '[ "$(app loop .state)" = failed ]'
check "B4 its slot as backoff" within 5 eval '[ "$(app loop ".workers[0].state")" = backoff ]'
check "B4 with the reason" within 5 eval '[ "$(last_exit loop .code)" = 1 ]'
bound() { ss -Hltn "sport = :$1" | grep -q .; }
check "K14 the port of a looping app stays bound" bound "$(port loop)"
check "B9 K13 it comes to the cap" within 15 eval '[ "$(restarts loop)" -ge 5 ]'

# At the cap a wait is 400 to 800 ms, so three seconds see four to eight starts of each.
count() { restarts "$1"; }
from=$(count loop) from_late=$(count late)
ticks_of() { awk '{print $14 + $15}' "/proc/$INNER/stat"; }
ticks=$(ticks_of)
for_all_of 3 equal "$(pids_by_slot sibling)" "$sibling" >/dev/null
slow_enough() { echo "$1 restarts" && [ "$1" -ge 2 ] && [ "$1" -le 9 ]; }
check "B9 a loop at its cap restarts once a cap, no faster" slow_enough $(($(count loop) - from))
check "K13 a crash after ready is a loop, too" slow_enough $(($(count late) - from_late))
check "the supervisor burns no core over it" test $(($(ticks_of) - ticks)) -le $((60 * TIME_SCALE))
check "B4 the sibling never noticed" equal "$(pids_by_slot sibling)" "$sibling"
check "L13 the supervisor answers at once meanwhile" within 1 answers
before=$(count loop)
check "a loop never gives up" within 5 eval '[ "$(restarts loop)" -gt '"$before"' ]'
check "stop ends a loop" ctl stop loop
check "and it stays ended" for_all_of 1 eval '[ "$(app loop .state)" = stopped ]'
check "B5 a start of the same says why it failed" eval '! ctl start loop --timeout 10s'

# ---- giving up, when asked to ----

apps "$(w_app limited 1 "$TCP restart = { delay = \"10ms\"; delay_max = \"20ms\"; max = 3; };" --exit 7)" \
	"$(w_app sibling 2 "$TCP")" | config
ctl start >/dev/null 2>&1
tries() { grep -c " start$" "$EVENTS"; }
check "restart.max ends a loop" within 5 eval '[ "$(app limited .state)" = failed ] &&
	[ -z "$(pids limited)" ]'
count=$(tries)
check "and it stays ended" for_all_of 1 eval '[ "$(tries)" = '"$count"' ]'
