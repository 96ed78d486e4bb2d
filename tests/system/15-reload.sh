#!/usr/bin/env bash
# Reload: what is new serves before what is old goes, each slot in its turn.
. "$(dirname "$0")/lib.sh"

counters() { app "$1" '[.workers[].restarts] | @csv'; }
generations() { app "$1" '[.workers[] | select(.pid) | .generation] | unique | @csv'; }

apps "$(w_app web 4 "$TCP $QUICK")" "$(w_app other 2 "$TCP $QUICK")" | config
check "two apps" supervise web other
before=$(pids_by_slot web) other=$(pids_by_slot other)
port=$(port web)
check "C10 start: no restarts" equal "$(counters web)" "0,0,0,0"
check "C2 reload of one app" ctl reload web
check "C2 four are ready in the same slots" equal \
	"$(app web '[.workers[].slot] | @csv') $(app web .instances.ready)" "0,1,2,3 4"
check "C2 all pids are new" gone "$before"
check "C2 each slot was restarted once" equal "$(counters web)" "1,1,1,1"
check "C2 it is generation 2 now" equal "$(generations web)" 2
check "C3 the other app was not touched" equal "$(pids_by_slot other)" "$other"
check "C1 each old worker got its signal once" equal "$(said TERM)" 4
check "C5 the port is the same" equal "$(port web)" "$port"
check "the list tells that it went well" equal \
	"$(app web '.last_operation | [.kind, .ok, .error] | @csv')" '"reload",true,'

check "B1 restart" ctl restart web
check "B1 C10 counts one more each" equal "$(counters web)" "2,2,2,2"
check "C3 reload of all" ctl reload
check "C3 rolls both" equal "$(counters web) $(counters other)" "3,3,3,3 1,1"

# The order of a roll: lowest slot first, and each old worker is told only after the new one
# of its slot was ready.
: >"$EVENTS"
ctl reload web >/dev/null
order() { awk -v what="$1" '$4 == what { printf "%s", $2 }' "$EVENTS"; }
check "the new ones get ready slot by slot" equal "$(order ready)" 0123
check "C7 the old ones are told in the same order" equal "$(order TERM)" 0123
check "C7 each after its successor was ready" awk \
	'$4 == "ready" { ready[$2] = 1 } $4 == "TERM" && !ready[$2] { exit 1 }' "$EVENTS"

# ---- while it runs ----

apps "$(w_app web 2 "$TCP $QUICK" --ready-after 1500)" "$(w_app other 2 "$TCP $QUICK")" | config
old=$(app web .generation)
port=$(port web)
ctl reload web --no-wait >/dev/null
check "C6 the new one is shown as starting" within 3 eval \
	'app web ".workers[] | .state" | grep -q starting'
check "C6 the app as reloading" equal "$(app web .state)" reloading
check "C6 the old ones still serve" equal "$(fetch "$port" / | jq .generation)" "$old"
check "progress is told" equal "$(app web .operation.kind)" reload
check "E K32 scale during a reload" ctl scale web 1
check "K32 ends with one worker of the new generation" within 10 eval \
	'[ "$(app web "[.instances.desired, .instances.running] | @csv")" = 1,1 ] &&
	 [ "$(app web .state)" = online ]'
check "K32 whose slot is 0" equal "$(app web '[.workers[] | select(.pid) | .slot] | @csv')" 0

ctl scale web config >/dev/null
ctl reload web >"$HOUSE/first" 2>&1 &
first=$!
within 5 eval '[ "$(app web .state)" = reloading ]'
check "C8 a second reload during the first succeeds" ctl reload web
wait $first
code=$?
check "C8 the first caller is told that it was superseded" eval \
	'[ '$code' != 0 ] && grep -qi superseded "$HOUSE/first"'
check "C8 and there is one generation in the end" eval \
	'within 10 ready_are web 2 && [ "$(app web "[.workers[].generation] | unique | length")" = 1 ]'

# ---- what changes in the file ----

apps "$(w_app web 2 "$TCP $QUICK env = { COLOUR = \"red\"; OLD = \"1\"; };" first)" \
	"$(w_app other 2 "$TCP $QUICK")" | config
ctl reload web >/dev/null
apps "$(w_app web 2 "$TCP $QUICK env = { COLOUR = \"blue\"; };" second)" \
	"$(w_app other 3 "$TCP $QUICK")" | config
other=$(pids_by_slot other)
check "F2 reload of changed words and variables" ctl reload web
check "F2 the new words are in use" says second fetch "$(port web)" /argv
check "F2 the new value is in use" says COLOUR=blue fetch "$(port web)" /environ
check "F2 L7 a variable that is gone is gone" not says OLD= fetch "$(port web)" /environ
check "another app's change is not applied with it" equal "$(pids_by_slot other)" "$other"

web=$(pids_by_slot web)
check "start FILE applies what changed" ctl start
check "there are three of the other now" ready_are other 3
check "and nothing else is touched" equal "$(pids_by_slot web)" "$web"
check "a number alone restarts nobody" eval '[[ "$(pids_by_slot other)" = "'"$other"',"* ]]'

for count in 6 3; do
	apps "$(w_app web $count "$TCP $QUICK" second)" "$(w_app other 3 "$TCP $QUICK")" | config
	check "K29 reload with instances = $count" ctl reload
	check "K29 converges on $count" within 10 ready_are web $count
	check "K29 in the first $count slots" equal \
		"$(app web '[.workers[] | select(.pid) | .slot] | @csv')" "$(seq -s, 0 $((count - 1)))"
done

other=$(pids other)
apps "$(w_app web 3 "$TCP $QUICK" second)" "$(w_app third 1 "$TCP $QUICK")" | config
check "C9 an app that is new in the file is started by reload" ctl reload
check "C9 without a restart" equal "$(app third '[.state, .restarts] | @csv')" '"online",0'
check "one that is gone from the file is drained and removed" within 10 gone "$other"
check "and forgotten" within 5 equal "$(query '[.apps[].name] | sort | @csv')" '"third","web"'

# ---- nothing grows ----

fds() { find "/proc/$INNER/fd" | wc -l; }
ctl reload >/dev/null # each app has a generation to go back to now
fds_before=$(fds)
for _ in 1 2 3 4 5 6; do
	ctl reload >/dev/null
done
check "C11 L3 six reloads later the supervisor has no fd more" within 5 eval \
	'[ "$(fds)" -le '"$fds_before"' ]'
