#!/usr/bin/env bash
# A new version that is no good: refused or walked back, with the reason, and the old one
# serves on.
. "$(dirname "$0")/lib.sh"

settings="$TCP reload = { settle = \"500ms\"; }; ready = { timeout = \"2s\"; };
	drain = { timeout = \"5s\"; }; restart = { delay_max = \"1s\"; };"
good() { apps "$(w_app web 4 "$settings")" | config; }

good
check "four good workers" supervise web
port=$(port web)
load_begin all --rate "$(scaled 1000)" --path / --echo / --post 20 --body 2000 "127.0.0.1:$port"

# bad WHAT REASON: reload has just been prepared; it must fail, and everything stays.
bad() {
	local what=$1 reason=$2 before generation began
	before=$(pids_by_slot web) generation=$(app web .workers[0].generation)
	began=$(now_ms)
	check "$what: reload is exit 1" exits 1 ctl reload web
	took=$(($(now_ms) - began))
	cp "$HOUSE/check" "$HOUSE/said"
	check "$what: the reason is told" grep -qiE "$reason" "$HOUSE/said"
	check "$what: all old workers serve on" equal "$(pids_by_slot web)" "$before"
	check "$what: the old generation" equal \
		"$(app web '[.workers[].generation] | unique | @csv')" "$generation"
	check "$what: the list remembers" equal \
		"$(app web '.last_operation | [.kind, .ok] | @csv')" '"reload",false'
	check "$what: the app is online" equal "$(app web .state)" online
	check "$what: four are ready" ready_are web 4
}

apps "$(w_app web 4 "$settings" --exit 1)" | config
bad "K5 one that exits at start" "exit"
check "K5 it did not wait for the timeout" test $took -lt $((2000 * TIME_SCALE))

apps "$(w_app web 4 "$settings" --never-ready)" | config
bad "K6 one that never gets ready" "ready"
check "K6 it waited for the timeout" test $took -ge 2000

apps "{ name = \"web\"; instances = 4; command = [ \"$HOUSE/nothing\" ]; $settings }" | config
bad "one that does not exist" "nothing"

apps "$(w_app web 4 "$settings" --crash-after 300)" | config
old=$(pids_by_slot web)
check "one that crashes 300 ms after ready: reload is exit 1" exits 1 ctl reload web
check "one that crashes: with the reason" says "exit" app web .last_operation.error
check "one that crashes: four of the old generation are ready again" eval 'within 5 ready_are web 4 &&
	equal "$(app web "[.workers[].generation] | unique | @csv")" 1'
check "one that crashes: only the slot it sat in was touched" equal \
	"$(app web '[.workers[1:][] | .pid] | @csv')" "${old#*,}"

apps "$(w_app web 4 "$settings" --from-slot 2 --exit 3)" | config
old=$(pids_by_slot web)
check "K7 bad from the third slot on: reload is exit 1" exits 1 ctl reload web
check "K7 all four walk back" eval 'within 10 ready_are web 4 &&
	equal "$(app web "[.workers[].generation] | unique | @csv")" 1'
check "K7 the slots it never reached were not touched" equal \
	"$(app web '[.workers[2:][] | .pid] | @csv')" "$(cut -d, -f3,4 <<<"$old")"
check "K7 no successor is left over" equal "$(app web .instances.running)" 4

good
check "L36 the next good version goes through" ctl reload web
check "all four are of it" eval 'ready_are web 4 &&
	[ "$(app web "[.workers[].generation] | unique | length")" = 1 ]'
check "the load is reported" load_end all
# The worker that crashes on purpose may have requests in its hands, nobody else.
check "through all of that no request failed but what the crasher held" load_shows all \
	'.refused == 0 and .timeout == 0 and .bad_status == 0 and .bad_body == 0 and .failed <= 5'
check "L10 L11 and the supervisor is the same" eval 'answers && [ -d /proc/$INNER ]'

# ---- neither the new version nor the one before ----

apps "$(w_app never 2 "$TCP" --exit 3)" | config
check "an app that never starts fails" exits 1 ctl start "$CLUSTERD_HOME/cluster.conf"
check "its reload is answered, though there is nothing to go back to" exits 1 ctl reload never \
	--timeout 20s
check "and it is tried on" within 5 eval '[ "$(app never .operation)" = null ] &&
	[ "$(app never .state)" = failed ]'
