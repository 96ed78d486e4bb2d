#!/bin/bash
# Two hosts behind HAProxy, as the example configures them, each with a clusterd in a network
# of its own: a rolling deployment over both, one host that goes and comes back, and not one
# request is lost.
. "$(dirname "$0")/lib.sh"

leave() { # what runs in the networks ends first
	[ -z "${proxy:-}" ] || kill -TERM "$proxy" 2>/dev/null
	for host in one two; do
		on "$host" shutdown >/dev/null 2>&1
	done
	within 20 gone "${proxy:-} ${supervisor[*]-}"
	for network in front one two; do
		ip netns delete "$network.$$" 2>/dev/null
	done
	finish
}
refusal() {
	[ "$(id -u)" = 0 ] || { echo "needs root" && return; }
	command -v haproxy >/dev/null || { echo "there is no haproxy" && return; }
	ip netns add "front.$$" >/dev/null 2>&1 || { echo "no network namespaces here" && return; }
	ip netns add "one.$$" && ip netns add "two.$$"
	return 1
}
why=$(refusal) && {
	skip "two hosts behind HAProxy" "$why"
	exit
}
declare -A supervisor
trap leave EXIT

within_network() { # NETWORK COMMAND...
	local network=$1
	shift
	exec ip netns exec "$network.$$" "$@"
}
join() { # HOST NUMBER: a cable between it and the front
	ip link add "v$2" netns "front.$$" type veth peer name eth0 netns "$1.$$" &&
		ip -n "front.$$" address add "10.77.$2.254/24" dev "v$2" &&
		ip -n "$1.$$" address add "10.77.$2.1/24" dev eth0 &&
		ip -n "front.$$" link set "v$2" up && ip -n "$1.$$" link set eth0 up &&
		ip -n "$1.$$" link set lo up
}
check "two hosts and a front are wired" eval \
	'join one 1 && join two 2 && ip -n "front.$$" link set lo up'

# ---- the hosts ----

on() { # HOST VERB...
	local host=$1
	shift
	CLUSTERD_HOME=$HOUSE/$host "$BUILD/clusterctl" "$@"
}
for host in one two; do
	mkdir "$HOUSE/$host"
	sed -e 's|"cluster-worker", "--root", "/srv/www"|"cluster-worker", "--test-endpoints"|' \
		-e 's|instances = "max"|instances = 4; reload = { settle = "100ms"; }|' \
		"$TOP/conf/examples/two-hosts.conf" >"$HOUSE/$host/cluster.conf"
done
begin() { # HOST
	CLUSTERD_HOME=$HOUSE/$1 within_network "$1" "$BUILD/clusterd" >>"$HOUSE/$1/said" 2>&1 &
	supervisor[$1]=$!
	within 10 on "$1" wait web admin --timeout 10s >/dev/null
}
check "the hosts start" eval 'begin one && begin two'

# ---- the front ----

sed -e 's/10.0.0.1:/10.77.1.1:/; s/10.0.0.2:/10.77.2.1:/' "$TOP/conf/examples/apps/two-hosts.cfg" \
	>"$HOUSE/haproxy.cfg"
printf '\nglobal\n    stats socket %s/stats mode 600 level admin\n' "$HOUSE" >>"$HOUSE/haproxy.cfg"
check "HAProxy takes the configuration" haproxy -c -f "$HOUSE/haproxy.cfg"
within_network front haproxy -db -f "$HOUSE/haproxy.cfg" >"$HOUSE/haproxy.log" 2>&1 &
proxy=$!
stat_of() { # HOST FIELD of "show stat"
	/usr/bin/python3 - "$HOUSE/stats" "$1" "$2" <<'END'
import csv
import socket
import sys

peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(b"show stat\n")
text = b"".join(iter(lambda: peer.recv(65536), b"")).decode()
for row in csv.DictReader(text.lstrip("# ").splitlines()):
    if row["pxname"] == "hosts" and row["svname"] == sys.argv[2]:
        print(row[sys.argv[3]])
END
}
stat_is() { equal "$(stat_of "$1" "$2")" "$3"; }
check "both hosts are up" eval 'within 10 stat_is one status UP && within 10 stat_is two status UP'
check "HAProxy hears the agent of one" within 10 stat_is one agent_status L7OK
check "and of two" within 10 stat_is two agent_status L7OK

# ---- load ----

load() { # as load_begin, in the front's network
	within_network front "$BUILD/loadgen" --json "$@" 127.0.0.1:80 \
		>"$HOUSE/load.all" 2>"$HOUSE/load.all.err" &
	loads[all]=$!
}
requests_of() { stat_of "$1" stot; }
load --rate "$(scaled 300)" --keepalive "$(scaled 32)" --think 300ms --path /_test/id
arrive_at() { [ "$(requests_of "$1")" -gt "$2" ]; }
check "both hosts are asked" eval 'within 10 arrive_at one 20 && within 10 arrive_at two 20'

deploy() { # to one host after the other
	local host
	for host in one two; do
		on "$host" reload web --timeout "$((20 * TIME_SCALE))s" || return
		within 10 stat_is "$host" status UP || return
	done
}
check "three deployments over both" eval 'deploy && deploy && deploy'
check "both run generation 4" equal \
	"$(for host in one two; do on $host list --json | jq '.apps[] | select(.name == "web").generation'; done | xargs)" \
	"4 4"
check "no deployment took a host out" eval 'stat_is one chkdown 0 && stat_is two chkdown 0'

# A supervisor that dies takes no host out, either.
inner() { on "$1" ping --json | jq .pid; }
dead=$(inner two)
kill -KILL "$dead"
replaced() { [ "$(inner two)" != "$dead" ] && on two wait web --timeout 5s; }
check "a supervisor that was killed is replaced" within 10 replaced
check "HAProxy has noticed nothing" eval 'stat_is two chkdown 0 && stat_is two status UP'

# Half of one's workers: the agent says so, and HAProxy gives it half the weight.
weight_is() { [ "$(stat_of "$1" weight)" = "$2" ]; }
hold=$(on one list --json | jq -r '.apps[] | select(.name == "web") | .workers[0,1].pid')
for pid in $hold; do kill -STOP "$pid"; done
halved() { [ "$(stat_of one weight)" -lt "$(stat_of two weight)" ]; }
check "with workers that hang a host gets less" within 10 halved
for pid in $hold; do kill -CONT "$pid"; done
check "until they are back" within 10 eval '[ "$(stat_of one weight)" = "$(stat_of two weight)" ]'

# ---- a host goes and comes back ----

kill -TERM "${supervisor[one]}"
drained() { stat_of one status | grep -q DRAIN; }
check "a host that is to end is drained by HAProxy" within 10 drained
check "before anything on it was told to end" not grep -q "was told to end" \
	<(sed -n '/stopping all/,$p' "$HOUSE/one/said")
check "it ends" within 20 gone "${supervisor[one]}"
before=$(requests_of two)
check "the other is asked in its place" within 10 arrive_at two "$((before + 50))"
check "it comes back" begin one
check "HAProxy takes it in again" within 20 stat_is one status UP
before=$(requests_of one)
check "and it is asked" within 10 arrive_at one "$((before + 50))"

check "the load is reported" load_end all
check "of all requests not one failed" unharmed all "$(scaled 1000)"
echo "# $(report all '"\(.requests) requests, \(.failed) failed"')"
