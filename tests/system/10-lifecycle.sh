#!/usr/bin/env bash
# Start, list, stop: what anybody does first.
. "$(dirname "$0")/lib.sh"

check "K21 ping without a supervisor is exit 3" exits 3 ctl ping
check "K21 list without a supervisor is exit 3 and says so" says "no supervisor is running" ctl list
check "K21 stop without a supervisor is exit 3" exits 3 ctl stop web
check "K21 none of them started one" nothing_runs
check "version needs no supervisor" exits 0 ctl version

# ---- start in the background ----

apps "$(w_app web 4 "$TCP $QUICK")" | config
check "A1 start brings clusterd up in the background and waits for the workers" \
	ctl start --timeout 20s
list >"$HOUSE/list" 2>&1
of_list() { json "$1" <"$HOUSE/list"; }
check "A1 four are ready when start returns" of_list '.apps[0].instances |
	[.configured, .desired, .ready, .running] == [4, 4, 4, 4]'
check "A1 slots 0 to 3, once each" of_list '[.apps[0].workers[].slot] == [0, 1, 2, 3]'
check "A1 four distinct pids" of_list '[.apps[0].workers[].pid] | unique | length == 4'
check "A1 no restart yet" of_list '.apps[0].restarts == 0 and
	all(.apps[0].workers[]; .restarts == 0)'
check "A1 state online, generation 1, workers ready" of_list '.apps[0].state == "online" and
	.apps[0].generation == 1 and all(.apps[0].workers[]; .state == "ready")'
check "the list has every name that scripts rely on" of_list '
	(.supervisor | has("pid") and has("version") and has("uptime_ms") and has("rss_bytes")) and
	(.apps[0] | has("balance") and has("listen") and has("operation") and
		(.last_operation | .kind == "start" and .ok and .error == null and has("duration_ms"))) and
	all(.apps[0].workers[]; has("uptime_ms") and has("rss_bytes") and has("cpu_percent") and
		has("heartbeat_age_ms") and has("loop_lag_us") and has("connections") and
		has("requests") and has("last_exit") and has("share_percent"))'
port=$(port web)
slots_of_answers() {
	"$BUILD/loadgen" --json --rate 500 --requests 200 "127.0.0.1:$port" |
		jq -c '[.workers[].slot] | sort'
}
check "A7 one port, answered by all four" equal "$(slots_of_answers)" "[0,1,2,3]"
check "each worker leads a session of its own" eval \
	'fetch "$port" / | json ".pid == .session and .app == \"web\" and .instances == 4"'
supervisor=$(query .supervisor.pid)
check "the background supervisor has no terminal and a session of its own" equal \
	"$(ps -o sid=,tty= -p "$supervisor" | tr -d ' ')" "$supervisor?"

# ---- again ----

before=$(pids_by_slot web)
check "A2 start of what runs unchanged is exit 0" ctl start
check "A2 and restarts nothing" equal "$(pids_by_slot web)" "$before"
check "start of a running app is exit 0 as well" ctl start web
check "and restarts nothing either" equal "$(pids_by_slot web)" "$before"
check "K22 a second supervisor for the same home is exit 75" exits 75 timeout 10 "$BUILD/clusterd"
check "K22 and says who holds it" says "process $(query .supervisor.keeper_pid)" timeout 10 "$BUILD/clusterd"

# ---- unknown names ----

for verb in stop restart reload "scale %s 3" show reset "signal USR2 %s" wait start; do
	case $verb in *%s*) ;; *) verb="$verb %s" ;; esac
	# shellcheck disable=SC2059,SC2046 # the verb is the format, and several words
	check "A10 ${verb//%s/NAME} of an unknown name is exit 5" exits 5 ctl $(printf "$verb" nobody)
done
check "A10 a slot that does not exist is exit 5" exits 5 ctl restart web.9
check "A10 none of these touched anybody" equal "$(pids_by_slot web)" "$before"
check "A10 --json tells the code as well" eval \
	'ctl stop nobody --json 2>/dev/null | json ".error.code and .error.message"'

# ---- stop and start ----

check "A11 stop answers when all are gone" ctl stop web
check "A11 no worker is left" gone "$before"
check "A11 the app is listed as stopped" equal "$(app web .state)" stopped
check "A11 its slots have no pid" equal "$(pids web)" ""
check "the port is free again" not fetch "$port" /
check "stop of a stopped app is exit 0" ctl stop web
check "wait --for stopped returns" ctl wait web --for stopped --timeout 5s
check "B2 start brings a stopped app back" ctl start web
check "B2 all four are ready" ready_are web 4

# ---- shutdown ----

before=$(pids_by_slot web)
check "shutdown stops the workers and then the supervisor" ctl shutdown
check "shutdown leaves no worker and no supervisor" within 3 gone "$before" "$supervisor"
check "after it ping is exit 3" exits 3 ctl ping

check "another supervisor" supervise web
before=$(pids_by_slot web)
ctl signal STOP web >/dev/null # so that its end takes time
check "shutdown --no-wait does not wait for workers" ctl shutdown --no-wait
check "meanwhile a reload is refused as busy" exits 75 ctl reload
check "and says why, as a sentence" says "reload: the supervisor is shutting down: try again" ctl reload
# shellcheck disable=SC2086 # one word each
kill -CONT ${before//,/ }
check "then all end" within 10 gone "$before" "$SUPERVISOR"
