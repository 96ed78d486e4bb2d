#!/usr/bin/env bash
# Node.js apps are cluster workers as they are: the supervisor is the parent that their
# cluster module asks for sockets.
. "$(dirname "$0")/lib.sh"

if ! command -v node >/dev/null; then
	skip "Node.js apps" "no node here"
	exit
fi

APP=$TOP/tests/system/workers/plain.mjs
listen='ready = { on = "listen"; timeout = "30s"; };'
node_app() { # NAME INSTANCES SETTINGS WORDS...
	local name=$1 instances=$2 settings=$3 words=
	shift 3
	for word; do words="$words, \"$word\""; done
	printf '{ name = "%s"; instances = %s; command = [ "node", "%s"%s ]; %s %s }' \
		"$name" "$instances" "$APP" "$words" "$QUICK" "$settings"
}
doors() { app "$1" '[.workers[].door] | unique | @csv'; }
ports() { app "$1" '[.listen[] | split(":") | last] | join(" ")'; }
seen() { # PORT FIELD: of sixteen answers, each value once
	for _ in {1..16}; do fetch "$1" /; done | jq -c ".$2" | sort -u | paste -sd ' '
}

# ---- as it is ----

apps "$(node_app web 2 "$listen" 0 127.0.0.1:0)" \
	"$(node_app path 2 "$listen" "$HOUSE/node.sock")" \
	"$(node_app given 2 "$TCP $listen" 0)" | config
check "untouched Node.js apps start" supervise web path given
check "they came by Node's own door" equal "$(doors web)" '"node"'
read -r first second <<<"$(ports web)"
check "both workers answer on one port, though none was named" equal "$(seen "$first" slot)" "0 1"
check "and on a second one" equal "$(seen "$second" slot)" "0 1"
check "the app is a cluster worker, numbered from one" equal "$(seen "$first" worker)" "1 2"
check "PM2's apps find their number" equal "$(seen "$first" 'instance | join("-")')" '"0-0" "1-1"'
check "what was for us is hidden from children" equal "$(seen "$first" seen)" \
	'["NODE_APP_INSTANCE"]'
check "a Unix socket is shared" json '.pid' < <(curl -sS -m 10 --unix-socket "$HOUSE/node.sock" \
	http://x/)

# ---- beats ----

figure() { app web "[.workers[] | .$1 // empty] | add // empty"; }
counted() { [ "$(figure requests)" -ge 16 ] && [ "$(figure errors)" -ge 1 ]; }
fetch "$first" /error >/dev/null
check "requests and errors are counted" within 5 counted
check "loop lag is measured" within 5 eval '[ -n "$(figure loop_lag_us)" ]'
check "the worker says how it does" within 5 eval 'app web .workers[0].status | grep -q "loop .* heap"'
victim=$(fetch "$first" / | jq .pid)
slot=$(app web ".workers[] | select(.pid == $victim) | .slot")
load_begin spin --rate 40 --timeout 2s "127.0.0.1:$first"
spins=$(now_ms)
(fetch_slot "$first" /spin "$slot" >/dev/null 2>&1 &)
check "a loop that spins is late, and avoided" within 10 eval \
	'[ "$(app web ".workers[$slot].share_percent")" = 0 ]'
check "then it is replaced" within 20 eval '[ "$(app web ".workers[$slot].pid")" != "$victim" ] &&
	ready_are web 2'
check "with evidence" says "hung: no heartbeat" ctl show web
load_end spin
# The interval is 1 s; the third part is for this machine.
check "who came later than the interval and 100 ms after it began was answered" load_shows spin \
	".requests > 40 and all(.failures[]; $((spins + 1000 + 100 + 300 * TIME_SCALE)) >
		.at_ms + .began_ms)"

# ---- reload under load ----

old=$(pids web)
load_begin node --rate "$(scaled 500)" --keepalive 32 --timeout 10s "127.0.0.1:$first"
for _ in 1 2 3; do check "it is reloaded under load" ctl reload web; done
check "and scaled" eval 'ctl scale web 4 && ctl scale web 2'
load_end node
check "no request failed, kept connections included" unharmed node "$(scaled 500)"
check "the ports stayed" equal "$(ports web)" "$first $second"
check "the processes did not" not equal "$(pids web)" "$old"
check "nobody had to be killed" not grep -q "web.*did not end in time" "$HOUSE/clusterd.log"

# ---- what a request in flight is owed ----

fetch "$first" /slow/1500 >"$HOUSE/slow" &
slow=$!
check "a slow request is under way" within 5 eval \
	'[ "$(app web "[.workers[].connections] | add")" -ge 1 ]'
check "stop waits for it" ctl stop web
wait "$slow"
check "and it is answered" grep -q '[0-9]' "$HOUSE/slow"

# ---- ready by word ----

apps "$(node_app told 1 'ready = { on = "notify"; timeout = "20s"; };
	env = { SAY_READY = "300"; };' 0)" "$(node_app mute 1 'ready = { on = "notify";
	timeout = "700ms"; }; restart = { max = 1; };' 0)" | config
check "process.send('ready') is believed, and its want noticed" exits 1 ctl reload
check "the one that said it is online" within 10 eval '[ "$(app told .state)" = online ]'
check "the one that did not has failed" within 10 eval '[ "$(app mute .state)" = failed ]'

# ---- UDP ----

# Sends one after the other and waits for each answer; says which slots there were, and how
# many were not answered.
cat >"$HOUSE/caller.py" <<'END'
import os, socket, sys
port, stop = int(sys.argv[1]), sys.argv[2]
family = socket.AF_INET6 if sys.argv[3:] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as caller:
    caller.settimeout(10)
    caller.connect(("::1" if sys.argv[3:] else "127.0.0.1", port))
    slots, lost, count = set(), 0, 0
    while count < 400 or not os.path.exists(stop):
        caller.send(b"%d" % count)
        try:
            slot, _, number = caller.recv(100).decode().split()
            slots.add(slot)
            lost += int(number) != count
        except TimeoutError:
            lost += 1
        count += 1
print(*sorted(slots), lost)
END
apps "$(node_app udp 2 "$listen" udp4:127.0.0.1 udp4:0.0.0.0)" | config
check "an app of UDP sockets takes its place" ctl reload
read -r first second <<<"$(ports udp)"
check "both workers read from the one socket" equal \
	"$(python3 "$HOUSE/caller.py" "$first" "$HOUSE")" "0 1 0"
check "and from the other, though both ports were the kernel's to choose" equal \
	"$(python3 "$HOUSE/caller.py" "$second" "$HOUSE")" "0 1 0"
check "the list tells that they are of UDP" equal "$(app udp '.listen | @csv')" \
	"\"udp:127.0.0.1:$first\",\"udp:0.0.0.0:$second\""
python3 "$HOUSE/caller.py" "$first" "$HOUSE/reloaded" >"$HOUSE/answered" &
caller=$!
for _ in 1 2 3; do check "it is reloaded while datagrams come" ctl reload udp; done
touch "$HOUSE/reloaded"
wait "$caller"
check "and each is answered" equal "$(cat "$HOUSE/answered")" "0 1 0"
check "the ports stayed" equal "$(ports udp)" "$first $second"
if [ -e /proc/net/if_inet6 ]; then
	apps "$(node_app udp6 2 "$listen" udp6:::1)" | config
	check "one of IPv6 as well" eval 'ctl reload && equal \
		"$(python3 "$HOUSE/caller.py" "$(ports udp6)" "$HOUSE" v6)" "0 1 0"'
fi

# ---- rubbish ----

apps "$(node_app rude 2 "$listen env = { RUBBISH = \"yes\"; };" 0)" "$(node_app web 2 "$listen" 0)" |
	config
check "one that talks too much starts" eval 'ctl reload && ctl start web'
check "and is served beside others" eval '[ "$(seen "$(ports rude)" slot)" = "0 1" ] &&
	[ "$(seen "$(ports web)" slot)" = "0 1" ]'
told() { ctl events --no-follow --lines 500 "$1" --json | jq -r 'select(.kind == "said") | .reason'; }
check "what the app says is an event, cut" eval 'told rude | grep -q "process:msg.*xxx\.\.\."'
check "though not each of them" within 5 eval 'told rude | grep -q "and [0-9]* more before it"'
check "its pids stay" eval 'before=$(pids rude) && for_all_of 2 equal "$(pids rude)" "$before"'
check "nor are they many" eval '[ "$(told rude | wc -l)" -le $((16 + 2 * 20)) ]'

# Written past Node, before the app listens: what is no message, and halves of some.
raw='garbage\n {\"cmd\":\"NODE_CLUSTER\",\"act\":\"que\n \n [ \n } \n'
apps "$(node_app raw 2 "$listen env = { RAW = \"$raw\"; };" 0)" "$(node_app web 2 "$listen" 0)" |
	config
check "one that garbles its channel starts" ctl reload
check "and is served beside others" eval '[ "$(seen "$(ports raw)" slot)" = "0 1" ] &&
	[ "$(seen "$(ports web)" slot)" = "0 1" ]'
check "its rubbish is told once for each worker" equal \
	"$(ctl events --no-follow --lines 500 raw | grep -c "what is no message")" 2
check "it is not harmed" equal "$(app raw .restarts)" 0
apps "$(node_app handles 1 "$listen env = { HANDLE = \"$(ports web)\"; };" 0)" \
	"$(node_app web 2 "$listen" 0)" | config
fds() { find "/proc/$SUPERVISOR/fd" -mindepth 1 | wc -l; }
check "one that sends a socket starts" ctl reload
check "it hears that it came, and says more" within 5 eval 'told handles | grep -q "after.*it"'
check "it serves" equal "$(seen "$(ports handles)" slot)" 0
check "it is restarted" ctl restart handles # its first generation is kept, once
before=$(fds)
no_more_fds() { [ "$(fds)" -le "$before" ]; }
check "no handle is kept" eval 'ctl restart handles && within 10 no_more_fds'
apps "$(node_app other 1 'adopt = "preload";' 0)" | config
check "the other door is there as well" ctl reload
apps "{ name = \"shell\"; command = [ \"/bin/sh\", \"-c\", \"sleep 1d\" ]; adopt = \"node\"; }" |
	config
check "what is not Node.js is told so" says "is not Node.js" ctl reload
