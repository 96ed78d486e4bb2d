#!/usr/bin/env bash
# events: whoever follows sees what happens, in order, with all that is known of it.
. "$(dirname "$0")/lib.sh"

# follow NAME WORDS...: `clusterctl events --json` in the background, into $HOUSE/NAME.
declare -A followers=()
follow() {
	local name=$1
	shift
	"$BUILD/clusterctl" events --json "$@" >"$HOUSE/$name" 2>"$HOUSE/$name.complaint" &
	followers[$name]=$!
	within 5 follows "${followers[$name]}"
}
follows() { # PID: its socket is connected, and it waits in poll
	[ -n "$(find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null)" ] && grep -q poll "/proc/$1/wchan"
}
unfollow() { # NAME SIGNAL: its exit code is ours
	kill -"$2" "${followers[$1]}"
	wait "${followers[$1]}"
}

# The story of a worker: kinds of its events in order, on a line.
story() { # NAME FILTER
	jq -r "select($2) | .kind" "$HOUSE/$1" | paste -sd ' '
}
story_is() { equal "$(story "$1" "$2")" "$3"; }
event() { # NAME KIND FILTER: of the last event of this kind
	jq -s -r --arg kind "$2" "map(select(.kind == \$kind)) | last | $3" "$HOUSE/$1"
}
seen() { [ "$(event "$1" "$2" .kind)" = "$2" ]; } # NAME KIND

apps "$(w_app web 2 "$TCP $QUICK")" "$(w_app other 1 "$TCP $QUICK env = { SECRET = \"s3same\"; };")" |
	config
check "two apps" supervise web other
worker=$(pids web | head -n 1)

# ---- what is past ----

ctl events --no-follow --json >"$HOUSE/past"
check "the past is there, and ends" story_is past '.slot == 0 and .app == "web"' "starting ready"
check "the numbers count up from nothing" eval \
	'equal "$(jq -r .number "$HOUSE/past")" "$(seq 0 $(($(wc -l <"$HOUSE/past") - 1)))"'
check "the first is the supervisor's own start" equal \
	"$(jq -s -r '.[0] | [.kind, .app, .slot] | @csv' "$HOUSE/past")" '"supervisor-started",,'
check "operations begin and end" equal "$(event past operation-done \
	'[.operation, .result, (.duration_ms >= 0)] | @csv')" '"start","done",true'
check "-n takes the last ones" equal \
	"$(ctl events --no-follow --json -n 2 | jq -r .number | paste -sd ' ')" \
	"$(tail -n 2 "$HOUSE/past" | jq -r .number | paste -sd ' ')"
check "lines are for people" eval \
	'ctl events --no-follow web.0 | grep -qE "^2.* ready +web\.0 +worker '"$worker"' is ready$"'
check "an unknown target is exit 5" exits 5 ctl events nosuch
check "no value of an environment is told" not grep -q s3same "$HOUSE/past"

# ---- J1: start, stop, crash ----

follow all -n 0
follow web -n 0 web
follow slot -n 0 web.1
follow glob -n 0 'oth*'
kill -KILL "$worker"
check "J1 a crash is told" within 5 story_is all '.app == "web"' "exited failed starting ready"
check "J1 with slot, pid, generation and signal" equal "$(event all exited \
	'[.slot, .pid, .generation, .signal, .code] | @csv')" "0,$worker,1,\"KILL\","
check "J1 with the reason" says "killed by SIGKILL" event all failed .reason
successor=$(pids web | sort -n | grep -vx "$(app web '.workers[1].pid')")
check "J1 with the successor's pid" equal "$(event all ready .pid)" "$successor"
check "stop" ctl stop web
check "J1 a stop is told from its begin to its end" within 5 eval \
	'[ "$(event all operation-done .operation)" = stop ]'
check "J1 a worker retires, drains, and exits" story_is all ".pid == $successor" \
	"starting ready retiring draining exited"
check "J1 by the signal that was sent" equal "$(event all draining .signal)" TERM
check "J1 and its code is told" equal "$(event all exited '[.code, .signal] | @csv')" "0,"
check "start" ctl start web
check "J1 a start is told" within 5 eval '[ "$(event all operation-done .operation)" = start ]'
check "J1 as a new generation" equal "$(event all starting '[.generation, .slot] | @csv')" "2,1"
check "all of it comes in the order of time and without a gap" jq -s -e \
	'(map(.number) | . == sort) and (last.number - first.number == length - 1) and
	 (map(.at) | . == sort)' "$HOUSE/all"
check "who asked for an app hears of no other" equal "$(jq -r .app "$HOUSE/web" | sort -u)" web
check "and hears all of it" equal "$(jq -r .number "$HOUSE/web")" \
	"$(jq -r 'select(.app == "web") | .number' "$HOUSE/all")"
check "who asked for a worker hears of no other" equal "$(jq -r .slot "$HOUSE/slot" | sort -u)" 1
check "who asked for another app heard nothing" test ! -s "$HOUSE/glob"

# ---- reload, configuration, refusals ----

ctl reload other >/dev/null
check "a glob hears of its app" within 5 story_is glob '.slot == 0' \
	"starting ready draining exited"
check "what became of the configuration is told" says "1 rolled" event all config-applied .reason
sed -i 's/instances = 1/instances = 0/' "$CLUSTERD_HOME/cluster.conf"
ctl reload >/dev/null 2>&1
check "a refused configuration is told with its line" within 5 eval \
	'says "cluster.conf:" event all config-refused .reason'
sed -i 's/instances = 0/instances = 1/' "$CLUSTERD_HOME/cluster.conf"
apps "$(w_app web 2 "$TCP $QUICK")" "$(w_app other 1 "$TCP $QUICK" --exit 3)" | config
ctl reload other >/dev/null 2>&1
check "a bad version is told: it goes back, and the verdict" within 5 eval \
	'seen all reverting && [ "$(event all operation-failed .result)" = reverted ]'
check "and the operation says why" says "exited with code 3" event all operation-failed .reason
apps "$(w_app web 2 "$TCP $QUICK")" "$(w_app new 1 "$TCP $QUICK" --exit 9)" | config
ctl reload >/dev/null 2>&1
check "apps come and go" within 5 eval \
	'[ "$(event all app-added .app)" = new ] && [ "$(event all app-removed .app)" = other ]'
check "a loop is told with its wait" within 5 eval \
	'[ "$(event all backoff ".failures >= 2 and .duration_ms > 0")" = true ]'

# ---- a hung worker ----

apps "$(w_app web 2 "$TCP $QUICK heartbeat = { interval = \"200ms\"; timeout = \"600ms\"; };")" | config
ctl reload >/dev/null 2>&1
victim=$(app web '.workers[1].pid')
kill -STOP "$victim"
check "K11 late, hung, killed, exited: each is told" within 10 story_is slot ".pid == $victim" \
	"starting ready late hung failed killing exited"
check "K11 with evidence" says "no heartbeat for" event slot hung .reason
check "show tells the last events of a worker" eval \
	'ctl show web.1 --json | json ".apps[0].events | map(.kind) | index(\"hung\") != null"'
check "show tells people, too" says "no heartbeat for" ctl show web

# ---- who follows ----

check "the log has the same sentences" eval 'within 5 grep -q \
	"web.1: $(event slot hung .message | cut -c 1-40)" "$HOUSE/clusterd.log"'
check "INT ends it cleanly" unfollow web INT
check "whoever follows one worker, too" unfollow slot INT
slots_taken() { find "/proc/$INNER/fd" -lname 'socket:*' | wc -l; }
before=$(slots_taken)
for _ in 1 2 3 4 5; do
	"$BUILD/clusterctl" events -n 0 >/dev/null &
	followers[brief]=$!
	within 5 follows $!
	kill -KILL $!
	wait $! 2>/dev/null
done
check "whoever goes leaves nothing behind" within 5 eval '[ "$(slots_taken)" -le '"$before"' ]'

# One that stops reading costs nobody anything, and is cut off after a mebibyte.
"$BUILD/clusterctl" events -n 0 --json >"$HOUSE/slow" 2>"$HOUSE/slow.complaint" &
slow=$!
within 5 follows $slow
kill -STOP $slow
check "while one follower sleeps the others are served" eval \
	'for _ in 1 2 3; do ctl reopen; done; within 5 seen all logs-reopened'
kill -CONT $slow
check "one that slept a little has missed nothing" within 5 eval \
	'[ "$(grep -c logs-reopened "$HOUSE/slow")" = 3 ]'
check "TERM ends it as INT does" unfollow all TERM
kill -STOP $slow
python3 - "$CLUSTERD_HOME/run/control.sock" <<'END'
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(b'{"method":"org.clusterd.Supervisor.Reopen","oneway":true}\0' * 8000)
peer.sendall(b'{"method":"org.clusterd.Supervisor.Ping"}\0')
peer.recv(1)
END
kill -CONT $slow
check "one that lags too far is cut off" within 10 gone $slow
wait $slow
check "and fails" equal $? 1
check "and told so" grep -qE "cut off|hung up" "$HOUSE/slow.complaint"

follow last -n 0
check "shutdown is told, and ends the stream" eval 'ctl shutdown >/dev/null
	within 5 gone "${followers[last]}" && wait "${followers[last]}"'
SUPERVISOR=
check "with the shutdown as an event" seen last shutdown
check "K21 without a supervisor it is exit 3" exits 3 ctl events
