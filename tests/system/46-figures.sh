#!/usr/bin/env bash
# What workers say of themselves is shown as they say it; who leaves or is silent costs
# nobody anything.
. "$(dirname "$0")/lib.sh"

apps "$(http_app web 2 "$TCP $QUICK heartbeat = { interval = \"200ms\"; timeout = \"10s\"; };
	drain = { timeout = \"30s\"; };")" "$(w_app plain 1 "$TCP")" | config
check "workers that tell figures" supervise web plain
port=$(port web)

# ---- nought is a figure ----

none() { app web '[.workers[] | [.connections, .requests, .errors] | @csv] | unique | .[]'; }
check "L33 none is told as 0" within 5 eval '[ "$(none)" = 0,0,0 ]'
check "L33 what nobody told is null" equal \
	"$(app plain '.workers[0] | [.connections, .errors, .latency_us] | map(. == null) | unique | @csv')" true
socket=$(fetch "$(port plain)" /environ | sed -n 's/^NOTIFY_SOCKET=//p')
say() { fetch_slot "$(port plain)" /notify 0 "$socket"$'\n'"$1" >/dev/null; }
figure() { app plain ".workers[0].$1"; }
say "X_CLUSTER_CONNECTIONS=7"
check "a figure is shown" within 5 eval '[ "$(figure connections)" = 7 ]'
say "X_CLUSTER_CONNECTIONS=0"
check "L33 and when it falls to 0, that is shown" within 5 eval '[ "$(figure connections)" = 0 ]'

# ---- who drains does not spin ----

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
victim=$(app web '.workers[0].pid')
fetch_slot "$port" "/_test/sleep?ms=4000" 0 >"$HOUSE/slow" 2>&1 &
slow=$!
within 5 eval '[ "$(app web ".workers[0].connections")" -ge 1 ]'
ctl reload web --no-wait >/dev/null
check "a worker that finishes a request drains" within 10 eval \
	'[ "$(app web ".workers[] | select(.pid == $victim) | .state")" = draining ]'
load_begin busy --rate "$(scaled 500)" --path /_test/id "127.0.0.1:$port"
before=$(ticks "$victim")
pause 1.5 # the point: others come to its socket meanwhile
check "L4 it does not wake for connections that are its heir's" test \
	$(($(ticks "$victim") - before)) -le $((8 * TIME_SCALE))
load_end busy
check "L4 and loses none of them" unharmed busy "$(scaled 300)"
wait $slow
check "L4 its own request was answered" test -s "$HOUSE/slow"
check "L4 then it is gone" within 10 gone "$victim"

# ---- who is silent ----

# Some say nothing, some stop in the middle of a word, some never read the answer.
python3 - "$CLUSTERD_HOME/run/control.sock" <<'PEERS' >"$HOUSE/peers" &
import socket, sys, time
call = b'{"method": "org.clusterd.Supervisor.List", "parameters": {}, "more": true}\0'
peers = [socket.socket(socket.AF_UNIX) for i in range(24)]
for number, peer in enumerate(peers):
    peer.connect(sys.argv[1])
    peer.send((b"", call[:20], call)[number % 3])
print("connected", flush=True)
time.sleep(600)
PEERS
peers=$!
check "peers that are in no hurry" within 10 grep -q connected "$HOUSE/peers"
began=$(now_ms)
check "L5 keep nobody waiting" eval 'answers && ctl list >/dev/null && ctl reload plain >/dev/null'
check "L5 for long" test $(($(now_ms) - began)) -le $((5000 * TIME_SCALE))
kill $peers

kill -STOP "$INNER"
began=$(now_ms)
check "L5 a supervisor that does not answer is given up with exit 4" exits 4 ctl ping
check "L5 in the end" test $(($(now_ms) - began)) -le $((20000 * TIME_SCALE))
kill -CONT "$INNER"
check "L32 its late answer is for nobody else" eval 'ctl version && ctl list --json | json ".apps | length == 2"'
