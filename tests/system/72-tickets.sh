#!/usr/bin/env bash
# Whoever waits while the supervisor dies gets one answer, and nothing is done twice.
. "$(dirname "$0")/lib.sh"

apps "$(w_app web 2 "$TCP reload = { settle = \"500ms\"; };")" | config
check "a supervisor" supervise web
crash() {
	kill -KILL "$(query .supervisor.pid)"
}
begun() { [ "$(app web .operation.kind)" = "$1" ]; }

# ---- waiting ----

generation=$(app web .generation)
ctl reload web >"$HOUSE/reload" 2>&1 &
waiting=$!
check "a reload is under way" within 5 begun reload
crash
check "its supervisor dies, and whoever waits is answered all the same" within 20 gone $waiting
wait $waiting
check "that it is done" equal $? 0
check "once" equal "$(grep -c 'web: reloaded' "$HOUSE/reload")" 1
check "and it was done once" equal "$(app web .generation)" $((generation + 1))

ctl reload web --json >"$HOUSE/reload" 2>&1 &
waiting=$!
check "another reload" within 5 begun reload
crash
check "that loses two supervisors" within 10 begun reload
crash
wait $waiting
check "is answered" equal $? 0
check "once" json '.results | length == 1 and .[0].result == "done"' <"$HOUSE/reload"
check "and done once" equal "$(app web .generation)" $((generation + 2))

# ---- asked again ----

# say TICKET: scales by one more, as a client does that was not answered.
say() {
	python3 - "$CLUSTERD_HOME/run/control.sock" "$1" <<-'END'
		import json, socket, sys
		call = {"method": "org.clusterd.Supervisor.Scale",
		        "parameters": {"target": "web", "count": "+1", "ticket": sys.argv[2]}}
		connection = socket.socket(socket.AF_UNIX)
		connection.connect(sys.argv[1])
		connection.sendall(json.dumps(call).encode() + b"\0")
		answer = b""
		while not answer.endswith(b"\0"):
		    more = connection.recv(65536)
		    if not more:
		        sys.exit("no answer")
		    answer += more
		print(answer[:-1].decode())
	END
}
method=$(sed -n 's/.*VARLINK_INTERFACE "\(.*\)"/\1/p' "$TOP/common/varlink.h" | head -n 1)
[ "$method" = org.clusterd.Supervisor ] || echo "# the interface is $method"
check "one worker more" eval 'say first | json ".parameters.verdicts[0].result == \"done\"" && ready_are web 3'
check "asked again with the same ticket, the answer is the same" eval \
	'say first | json ".parameters.verdicts[0].result == \"done\""'
check "and nothing is done" ready_are web 3
crash
check "also by the next supervisor" eval 'say first | json ".parameters.verdicts[0].result == \"done\""'
check "which does nothing, either" within 5 ready_are web 3
check "another ticket is another order" eval 'say second >/dev/null && ready_are web 4'
check "without one each is done" eval 'say "" >/dev/null && say "" >/dev/null && ready_are web 6'

# ---- those who only look ----

looks() {
	local i
	for i in 1 2 3 4 5 6; do
		crash
		ctl list >/dev/null || return
		ctl wait web --timeout 10s || return
		ctl scale web $((i % 2 + 2)) >/dev/null || return
	done
}
check "whoever asks while it is dead is answered by the next" looks
check "with as many workers as were ordered last" within 5 ready_are web 2
check "and none is left over" eval 'equal "$(ours | xargs ps -o comm= -p | grep -c "^w$")" 2'
