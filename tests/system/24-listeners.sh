#!/usr/bin/env bash
# Sockets: every kind of address, ports that are taken, and what workers do to them.
. "$(dirname "$0")/lib.sh"

cores_six=
[ -e /proc/net/if_inet6 ] && cores_six=1
kinds="\"127.0.0.1:0\", \"unix:$HOUSE/web.sock\"${cores_six:+, \"[::1]:0\"}"
apps "$(w_app web 3 "listen = [ $kinds ]; $QUICK" --unlink "$HOUSE/web.sock")" | config
check "an app with listeners of every kind" supervise web
address() { app web ".listen[] | select(startswith(\"$1\"))"; }
over_unix() { curl -sS -m 10 --unix-socket "$HOUSE/web.sock" http://x/ | json .pid; }

check "port 0 became a real port" equal "$(app web '[.listen[] | select(endswith(":0"))] | length')" 0
check "it answers over IPv4" eval 'fetch "$(port web)" / | json .pid'
if [ -n "$cores_six" ]; then
	check "over IPv6" eval 'curl -sS -m 10 -g "http://$(address "[")/" | json .pid'
else
	skip "over IPv6" "no IPv6 here"
fi
check "over its Unix socket" over_unix
inode() { stat -c %i "$HOUSE/web.sock"; }
check "L21 each worker removes the path as it ends, and yet" ctl reload web
check "L21 the Unix socket answers after the reload" within 5 over_unix
for _ in 1 2 3; do
	kill -KILL "$(pids web | head -n 1)"
	within 5 ready_are web 3
done
check "L21 and after crashes" within 5 over_unix
check "scale finds its Unix socket in every slot" eval 'ctl scale web 6 && over_unix'
check "and below" eval 'ctl scale web 1 && ctl scale web config && ready_are web 3 && over_unix'
check "stop removes the path" eval 'ctl stop web && [ ! -e "$HOUSE/web.sock" ]'
check "and start makes it again" eval 'ctl start web && over_unix'
check "a stale path of nobody is taken over" eval 'ctl stop web && ctl shutdown >/dev/null;
	SUPERVISOR=; : && within 10 eval "! answers"'
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1)' "$HOUSE/web.sock"
check "a socket file that nobody listens on is no obstacle" eval \
	'[ -S "$HOUSE/web.sock" ] && forget && supervise web && over_unix'
retire

# ---- K15: the port is taken ----

supervise web && ctl stop web >/dev/null
for how in "" reuseport; do
	# shellcheck disable=SC2086 # none or one word
	faulty_begin right 1 0 $how
	port=$faulty_port
	: >"$EVENTS"
	apps "$(w_app web 2 "listen = [ \"127.0.0.1:$port\" ];")" | config
	began=$(now_ms)
	check "K15 start on a taken port fails${how:+ ($how)}" exits 1 ctl start
	check "K15 at once${how:+ ($how)}" test $(($(now_ms) - began)) -le $((2000 * TIME_SCALE))
	check "K15 names the port${how:+ ($how)}" says "$port" ctl start
	check "K15 names the holder${how:+ ($how)}" says "$faulty_pid" ctl start
	check "K15 no worker was forked${how:+ ($how)}" equal "$(cat "$EVENTS")" ""
	faulty_end
	check "K15 once it is free, start succeeds${how:+ ($how)}" ctl start
	check "and every request is ours${how:+ ($how)}" eval 'fetch "$port" / | json .pid'
	ctl stop web >/dev/null
done
retire
forget

# ---- changed addresses ----

faulty_begin right
faulty_end
first=$faulty_port
faulty_begin right
faulty_end
second=$faulty_port
apps "$(w_app web 2 "listen = [ \"127.0.0.1:$first\" ]; $QUICK")" | config
check "an app on a port of its own choice" supervise web
load_begin old --rate 200 --think 100ms --timeout 5s "127.0.0.1:$first"
apps "$(w_app web 2 "listen = [ \"127.0.0.1:$first\", \"127.0.0.1:$second\" ]; $QUICK")" | config
check "L9 a listener more" ctl reload web
check "L9 both answer" eval 'fetch "$first" / && fetch "$second" /'
load_end old
check "L9 and the first never paused" unharmed old 20
apps "$(w_app web 2 "listen = [ \"127.0.0.1:$second\" ]; $QUICK")" | config
check "L9 the first one less" ctl reload web
check "the second answers" eval 'fetch "$second" / | json .pid'
check "the first is closed" within 5 not fetch "$first" /

# Another address and fewer workers at once, and a worker that is to go dies meanwhile.
apps "$(w_app web 3 "listen = [ \"127.0.0.1:$second\" ]; $QUICK" --ready-after 300)" | config
ctl reload web >/dev/null
apps "$(w_app web 2 "listen = [ \"127.0.0.1:$first\" ]; $QUICK" --ready-after 300)" | config
ctl reload web --no-wait >/dev/null
kill -KILL "$(app web '.workers[] | select(.slot == 2) | .pid')"
check "a worker dies while its slot and its address are being given up" within 10 eval \
	'[ "$(app web .operation)" = null ] && ready_are web 2 && fetch "$first" /'
second=$first

faulty_begin right
apps "$(w_app web 2 "listen = [ \"127.0.0.1:$faulty_port\" ]; $QUICK")" | config
before=$(pids_by_slot web)
check "a reload onto a taken port fails" exits 1 ctl reload web
check "and changes nobody" equal "$(pids_by_slot web)" "$before"
check "the old address answers on" fetch "$second" /
faulty_end

# ---- what balances ----

# shares NAME EXPECTED...: answers of 1000 connections by slot, in percent.
shares() {
	"$BUILD/loadgen" --json --rate 1000 --requests 1000 --source 127.0.0.0/16 \
		"127.0.0.1:$(port "$1")" >"$HOUSE/load.share"
	jq -r '[.workers | sort_by(.slot)[] | .answers / 10 | floor] | @csv' "$HOUSE/load.share"
}
near() { # GOT WANTED: each within 6 percentage points
	jq -n -e "[[$1], [$2]] | transpose | all(.[]; (.[0] - .[1]) | . < 6 and . > -6)" \
		>/dev/null || equal "$1" "$2"
}
apps "$(w_app turns 4 "$TCP $QUICK")" | config
check "an app dealt by what is the default" ctl start
in_turn() { # SLOTS: each of them gets the same number of connections
	"$BUILD/loadgen" --json --rate 200 --requests 400 "127.0.0.1:$(port turns)" >"$HOUSE/load.turns"
	load_shows turns "(.workers | length == $1) and all(.workers[]; .answers == 400 / $1)"
}
heavier() { # WEIGHT: turns, with slot 0 heavier or not
	apps "$(w_app turns 4 "$TCP $QUICK weights = [ $1 ];")" | config
	ctl reload turns
}
if [ "$(app turns .balance)" = round-robin ]; then
	check "round-robin, the default, is exact" within 20 in_turn 4
	check "after a scale down as well" eval 'ctl scale turns 2 && within 20 in_turn 2'
	check "and up" eval 'ctl scale turns 4 && within 20 in_turn 4'
	check "after a reload" eval 'ctl reload turns && within 20 in_turn 4'
	check "after a stop and start" eval 'ctl stop turns && ctl start turns && within 20 in_turn 4'
	check "after a crash" eval 'kill -KILL "$(pids turns | head -n 1)";
		within 5 ready_are turns 4 && within 20 in_turn 4'
	load_begin swaps --rate "$(scaled 500)" --timeout 5s "127.0.0.1:$(port turns)"
	for weight in 2 3 1; do
		check "weight $weight while connections come" heavier $weight
	done
	load_end swaps
	check "lost none of them" unharmed swaps 20
else
	skip "round-robin is exact" "$(app turns .balance_note)"
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ "$(app turns .balance)" = round-robin ]; then
	retire
	unprivileged() {
		setpriv --bounding-set -bpf,-sys_admin --inh-caps -bpf,-sys_admin \
			"$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
		SUPERVISOR=$!
		within 10 answers && ctl wait turns --timeout 10s
	}
	check "without CAP_BPF it starts as well" unprivileged
	check "and deals by lot" equal "$(app turns .balance)" random
	check "and show says why" says "random (round-robin needs CAP_BPF)" ctl show turns
	check "evenly" within 20 eval 'near "$(shares turns)" 25,25,25,25'
else
	skip "without CAP_BPF it deals by lot" "needs root, setpriv and CAP_BPF to take away"
fi
