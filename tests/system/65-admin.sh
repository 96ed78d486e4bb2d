#!/bin/bash
# cluster-worker --admin: probes, metrics and HAProxy's agent-check of the whole cluster, by a
# worker who may read the control socket and nothing more; told before anything drains, and
# there until the end.
. "$(dirname "$0")/lib.sh"

asker=$TOP/tests/system/65-admin.py
ask="\"/usr/bin/python3\", \"$asker\", \"$CLUSTERD_HOME/run/broker.sock\""
# Any user can be the admin: who may read is told by the configuration, not by the user.
as=
[ "$(id -u)" != 0 ] || as='user = "nobody";'
chmod 711 "$HOUSE" "$CLUSTERD_HOME"
admin='{ name = "admin"; '$as' command = [ "cluster-worker", "--admin", "--agent", "web",
	"--agent", "job" ]; control = "read";
	listen = [ "127.0.0.1:0", "unix:'$HOUSE/web.sock'", "unix:'$HOUSE/job.sock'" ]; }'
reader="{ name = \"reader\"; control = \"read\"; autostart = false; command = [ $ask,
	\"$HOUSE/reader\", \"List\", \"Show\", \"Ping\", \"Events\", \"Stop\", \"Restart\",
	\"Reload\", \"Scale\", \"Reopen\", \"Reset\", \"Signal\", \"Wait\", \"Shutdown\", \"Ping\" ]; }"
stranger="{ name = \"stranger\"; autostart = false; command = [ $ask, \"$HOUSE/stranger\" ]; }"
job="$(w_app job 1 'autostart = false; restart = { when = "on-failure"; };' --exit-after 200)"
web() { http_app web "$1" "$TCP $QUICK"; }
settings='supervisor: { stop_delay = "2s"; };'

configure() { # WORKERS
	{
		echo "$settings"
		apps "$(web "$1")" "$admin" "$reader" "$stranger" "$job"
	} | config
}
configure 4
check "a cluster with an admin starts" supervise web admin
[ -z "$as" ] || check "whose admin is nobody" equal \
	"$(stat -c %U "/proc/$(app admin '.workers[0].pid')")" nobody
port=$(port admin)

status() { curl -s -o "$HOUSE/answer" -w '%{http_code}' --noproxy '*' -m 10 "http://127.0.0.1:$port$1"; }
is() { # CODE PATH
	local code
	code=$(status "$2")
	equal "$code" "$1" || {
		cat "$HOUSE/answer"
		return 1
	}
}
agent() { # APP: the line that HAProxy would read
	/usr/bin/python3 - "$HOUSE/$1.sock" <<'END'
import socket
import sys

peer = socket.socket(socket.AF_UNIX)
peer.settimeout(10)
peer.connect(sys.argv[1])
print(b"".join(iter(lambda: peer.recv(100), b"")).decode(), end="")
END
}
agent_says() { equal "$(agent "$1")" "$2"; }

# ---- probes ----

check "it is alive" is 200 /livez
check "it is ready" is 200 /readyz
check "which is said as JSON, of the apps that are to run" json \
	'.ready and .reason == null and [.apps[].name] == ["web"]' <"$HOUSE/answer"
check "an app is ready" is 200 /readyz/web
check "it was started" is 200 /startupz
check "an app that does not run is not ready" is 503 /readyz/job
check "nor does it keep the others from being so" is 200 /readyz/
check "of an app that there is not nothing is said" is 404 /readyz/nobody
check "nor on any other page" is 404 /healthz
check "nothing is to be changed" equal 405 \
	"$(curl -s -o /dev/null -w '%{http_code}' --noproxy '*' -d x "http://127.0.0.1:$port/livez")"
check "HEAD is answered" equal 200 \
	"$(curl -s -I -o /dev/null -w '%{http_code}' --noproxy '*' "http://127.0.0.1:$port/readyz")"
check "the agent says that all serve" agent_says web "ready up 100%"
check "and that none does" agent_says job "down #no worker serves"

# ---- metrics ----

metrics() { curl -s --noproxy '*' -m 10 "$@" "http://127.0.0.1:$port/metrics"; }
metric() { metrics | sed -n "s/^$1 //p"; }
metric_is() { equal "$(metric "$1")" "$2"; }
accepts='Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3'
check "metrics tell of the workers" metric_is 'clusterd_app_workers_ready{app="web"}' 4
check "and of what never happened" metric_is 'clusterd_worker_restarts_total{app="web",slot="3"}' 0
check "and of the keeper" metric_is clusterd_kept 1
if command -v promtool >/dev/null; then
	lint() { metrics >"$HOUSE/metrics" && equal "$(promtool check metrics <"$HOUSE/metrics" 2>&1)" ""; }
	check "promtool has no complaint" lint
	check "nor about the example for Prometheus" \
		promtool check config "$TOP/conf/examples/apps/prometheus.yml"
	rules=$TOP/conf/examples/apps/prometheus-rules.yml
	unknown() { # metrics that rules ask for, and that there are not
		local name
		while read -r name; do
			grep -q "^# TYPE $name " "$HOUSE/metrics" || echo "$name"
		done < <(grep -o 'clusterd_[a-z_]*' "$rules" | sort -u)
	}
	check "whose rules ask for metrics that there are" equal "$(unknown)" ""
	cat >"$HOUSE/rules.yml" <<-END
		rule_files: [ "$rules" ]
		evaluation_interval: 1m
		tests:
		  - interval: 1m
		    input_series:
		      - { series: 'clusterd_app_workers_ready{app="web",instance="a"}', values: 0x9 }
		      - { series: 'clusterd_app_state{app="web",instance="a",state="stopped"}', values: 0x9 }
		      - { series: 'clusterd_app_workers_ready{app="job",instance="a"}', values: 0x9 }
		      - { series: 'clusterd_app_state{app="job",instance="a",state="stopped"}', values: 1x9 }
		    alert_rule_test:
		      - alertname: AppServesNobody
		        eval_time: 5m
		        exp_alerts:
		          - exp_labels: { severity: page, app: web, instance: a }
		            exp_annotations: { summary: no worker of web on a is ready }
	END
	check "and wake somebody when an app that runs serves nobody" \
		promtool test rules "$HOUSE/rules.yml"
else
	skip "promtool has no complaint" "there is no promtool"
fi
open_metrics() {
	metrics -H "$accepts" | /usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(sum(len(family.samples) for family in parse(sys.stdin.read())) > 50)'
}
if /usr/bin/python3 -c 'import prometheus_client.openmetrics.parser' 2>/dev/null; then
	check "OpenMetrics are what their parser expects" equal "$(open_metrics)" True
else
	skip "OpenMetrics are what their parser expects" "there is no python3-prometheus-client"
fi

# ---- who may ask what ----

lines() { tr '\n' ',' <"$1"; }
check "a worker that may read starts" ctl start reader
within 10 test -e "$HOUSE/reader"
check "it may read, and change nothing" equal "$(lines "$HOUSE/reader")" \
	"error 0,List allowed,Show allowed,Ping allowed,Events allowed,$(printf '%s PermissionDenied,' \
		Stop Restart Reload Scale Reopen Reset Signal Wait Shutdown)Ping allowed,"
check "one that may not starts" ctl start stranger
within 10 test -e "$HOUSE/stranger"
check "it gets no connection" equal "$(lines "$HOUSE/stranger")" "error 13,"
/usr/bin/python3 "$asker" "$CLUSTERD_HOME/run/broker.sock" "$HOUSE/nobody" &
someone=$!
within 10 test -e "$HOUSE/nobody"
check "who is no worker is hung up on" equal "$(lines "$HOUSE/nobody")" "error hung up,"
kill "$someone"
wait "$someone" 2>/dev/null
ctl stop reader stranger >/dev/null

# ---- load on the supervisor ----

# One answer is good for 250 ms: so many requests can cost the supervisor only so many bytes.
written() { awk '/^wchar/ { print $2 }' "/proc/$INNER/io"; }
list_bytes=$(list | wc -c)
before=$(written) began=$(now_ms)
for ((i = 0; i < 100; i++)); do status /metrics >/dev/null; done
answers=$((($(written) - before) / list_bytes))
check "of 100 requests at once the supervisor answers few" \
	test "$answers" -le $((3 + ($(now_ms) - began) / 200))

# ---- a supervisor that does not answer ----

kill -STOP "$INNER"
check "a supervisor that hangs is not alive" within 10 is 503 /livez
check "which is a metric" metric_is clusterd_up 0
check "the agent then says nothing" equal "$(agent web)" ""
kill -CONT "$INNER"
check "it comes back" within 10 is 200 /livez
check "and is ready" within 10 is 200 /readyz

# ---- a supervisor that dies ----

dead=$INNER
kill -KILL "$dead"
check "who asks while the supervisor is replaced is answered by the next" within 10 is 200 /readyz
check "there is another" eval 'meet && [ "$INNER" != "$dead" ]'
check "the admin was not replaced" metric_is 'clusterd_worker_restarts_total{app="admin",slot="0"}' 0
check "nothing has become unready" is 200 /startupz
check "the agent goes on" agent_says web "ready up 100%"

check "nor does an upgrade in place disturb anybody" eval 'ctl upgrade && is 200 /readyz'
check "whose supervisor is the one before" equal "$(list | jq .supervisor.pid)" "$INNER"

# ---- less than all, and the end ----

kill -STOP "$(app web '.workers[0].pid')"
check "a late worker takes its share from the weight" within 10 agent_says web "ready up 75%"
check "the app is ready all the same" is 200 /readyz/web
kill -CONT "$(app web '.workers[0].pid')"
check "until it serves again" within 10 agent_says web "ready up 100%"
check "a reload of all" ctl reload
check "leaves it ready" within 5 is 200 /readyz/web
fetch "$(port web)" "/_test/sleep?ms=1500" >/dev/null & # so that the drain takes a while
asked=$!
arrived() { [ "$(app web '[.workers[].connections] | add')" -gt 0 ]; }
within 5 arrived
ctl stop web >"$HOUSE/stop" &
stop=$!
check "an app that drains is not ready" within 5 is 503 /readyz/web
check "which its agent calls a drain" agent_says web drain
wait "$stop" "$asked"
check "nor is one that has stopped" is 503 /readyz/web
check "with none left that runs nothing is ready" is 503 /readyz
ctl start web >/dev/null
check "it is ready again" within 10 is 200 /readyz

told() { grep -c 'web.*was told to end' "$HOUSE/clusterd.log"; }
ends=$(told)
answers_at=$(port web)
fetch "$answers_at" "/_test/sleep?ms=4000" >/dev/null &
asked=$!
kill -TERM "$SUPERVISOR"
check "told to end it is not ready" within 2 is 503 /readyz
check "which the agent calls a drain" agent_says web drain
check "all serve on" fetch "$answers_at" /
check "nobody was told to drain yet" equal "$(told)" "$ends"
drains_and_answers() { [ "$(told)" -gt "$ends" ] && is 503 /readyz && is 200 /livez; }
check "it can be asked while workers drain" within 10 drains_and_answers
ended=0
check "the supervisor ends" within 20 gone "$SUPERVISOR"
wait "$SUPERVISOR" || ended=$?
SUPERVISOR=
wait "$asked"
check "and the request in flight" equal $? 0
check "with 0" equal "$ended" 0
line_of() { grep -n "$1" "$HOUSE/clusterd.log" | tail -n 1 | cut -d: -f1; }
check "the admin was the last" \
	test "$(line_of 'web: stop done')" -lt "$(line_of 'admin: stop begins')"
