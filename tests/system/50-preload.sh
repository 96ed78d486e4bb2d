#!/usr/bin/env bash
# Programs that open their port themselves are workers, too: each behaves in its slot as
# it would alone, and all share the port.
. "$(dirname "$0")/lib.sh"

OPENER=$TOP/tests/system/workers/opener.py

# Ports that nobody else has: as many in a row as were asked for.
ports_in_a_row() {
	python3 - "$1" <<-'END'
		import random, socket, sys
		count = int(sys.argv[1])
		while True:
		    first = random.randrange(20000, 32000)
		    try:
		        for port in range(first, first + count):
		            for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
		                with socket.socket(family) as probe:
		                    if family == socket.AF_INET6:
		                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
		                    probe.bind((host, port))
		        break
		    except OSError:
		        pass
		print(first)
	END
}

listen='ready = { on = "listen"; timeout = "20s"; };' # however long python takes to start
opener() { # NAME INSTANCES SETTINGS WAY PORT
	printf '{ name = "%s"; instances = %s; command = [ "%s", "%s", "%s" ];
		heartbeat = false; %s %s }' \
		"$1" "$2" "$OPENER" "$4" "$5" "$QUICK" "$3"
}

answer() { # HOST PORT: one line
	local line fd
	exec {fd}<>"/dev/tcp/$1/$2" || return
	read -r -t 10 -u "$fd" line
	exec {fd}>&-
	echo "$line"
}

# Which slots answer, asked until no new one was met for a while.
slots_at() { # HOST PORT
	for _ in {1..60}; do answer "$1" "$2"; done | awk '{ print $2 }' | sort -u | paste -sd ' '
}
all_answer() { # SLOTS HOST PORT
	equal "$(slots_at "$2" "$3")" "$1"
}
doors() { app "$1" '[.workers[].door] | unique | @csv'; }
listens() { app "$1" '.listen | sort | join(" ")'; }

first=$(ports_in_a_row 24)
port_of() { echo $((first + $1)); }

# ---- as it would alone, in every slot ----

apps "$(opener one 3 "$listen" one "$(port_of 0)")" \
	"$(opener two 2 "$listen" two "$(port_of 1)")" \
	"$(opener named 2 "$listen listen = [ \"127.0.0.1:$(port_of 3)\" ];" any_host "$(port_of 3)")" \
	"$(opener beside 2 "$listen listen = [ \"127.0.0.1:$(port_of 4)\" ];" one "$(port_of 5)")" \
	"$(opener dual 2 "$listen" both_families "$(port_of 6)")" \
	"$(opener each 2 "$listen" each_family "$(port_of 7)")" \
	"$(opener again 2 "$listen" again "$(port_of 8)")" \
	"$(opener client 2 "$listen" client "$(port_of 9)")" \
	"$(opener forks 2 "$listen" forks "$(port_of 10)")" \
	"$(opener idle 1 '' idle 0)" | config
check "programs that know nothing of us start" supervise one two named beside dual each again \
	client forks idle

check "all slots answer on the one port" all_answer "0 1 2" 127.0.0.1 "$(port_of 0)"
check "the list tells the address that they chose" equal "$(listens one)" "127.0.0.1:$(port_of 0)"
check "and by which door" equal "$(doors one)" '"preload"'
check "one that opens two ports has both in every slot" all_answer "0 1" 127.0.0.1 "$(port_of 1)"
check "the second as well" all_answer "0 1" 127.0.0.1 "$(port_of 2)"
check "where the port is named, the configuration's host counts" equal "$(listens named)" \
	"127.0.0.1:$(port_of 3)"
check "and all slots answer there" all_answer "0 1" 127.0.0.1 "$(port_of 3)"
check "a port that is not the app's is shared as well" all_answer "0 1" 127.0.0.1 "$(port_of 5)"
if [ -e /proc/net/if_inet6 ]; then
	check "one dual-stack socket serves IPv4" all_answer "0 1" 127.0.0.1 "$(port_of 6)"
	check "and IPv6" all_answer "0 1" ::1 "$(port_of 6)"
	check "a socket for each family serves IPv4" all_answer "0 1" 127.0.0.1 "$(port_of 7)"
	check "and IPv6" all_answer "0 1" ::1 "$(port_of 7)"
else
	skip "dual-stack and IPv6 sockets" "no IPv6"
fi
check "one that closes and listens again is served again" all_answer "0 1" 127.0.0.1 "$(port_of 8)"
check "one that binds before it connects gets its own connection" all_answer "0 1" 127.0.0.1 \
	"$(port_of 9)"
check "one with workers of its own serves" all_answer "0 1" 127.0.0.1 "$(port_of 10)"
check "one that never listens came through no door" equal "$(doors idle)" ""
check "one that never listens is ready for being alive" equal "$(app idle .state)" online

# ---- ready is who listens ----

apps "$(opener slow 1 "$listen" one "$(port_of 12)")" | config
check "listening makes it ready" ctl start "$CLUSTERD_HOME/cluster.conf"
apps "$(opener slow 1 "${listen/20s\"/300ms\"; exec = \"10ms\"}" idle 0)" | config
before=$(pids slow)
check "one that never listens is a failed reload" exits 1 ctl reload
check "and its predecessor serves on" equal "$(pids slow)" "$before"

# ---- reload, scale, crash ----

apps "$(opener web 2 "$listen" one "$(port_of 14)")" | config
check "a program is replaced by another configuration" ctl reload
old=$(pids web)
check "it is reloaded" ctl reload web
check "in every slot" not equal "$(pids web)" "$old"
check "and scaled up" ctl scale web 4
check "all slots answer" all_answer "0 1 2 3" 127.0.0.1 "$(port_of 14)"
check "and down" ctl scale web 1
check "one slot answers" all_answer 0 127.0.0.1 "$(port_of 14)"
kill -KILL "$(pids web)"
check "after a crash the port is still open" within 5 all_answer 0 127.0.0.1 "$(port_of 14)"

# ---- what it may not have ----

if [ "$(id -u)" = 0 ]; then
	apps "$(opener drops 2 "$listen" drops "$(port_of 16)")" | config
	check "one that drops its privileges starts" ctl start "$CLUSTERD_HOME/cluster.conf"
	check "and serves in every slot" all_answer "0 1" 127.0.0.1 "$(port_of 16)"
else
	skip "one that drops its privileges serves" "needs root"
fi
apps "$(opener web 1 "$listen" one "$(port_of 14)")" | config
check "a program has its port" ctl start "$CLUSTERD_HOME/cluster.conf"
apps "$(opener web 1 "$listen" one "$(port_of 14)")" \
	"$(opener taken 1 "$listen restart = { max = 1; };" one "$(port_of 14)")" | config
check "an address of another app is in use" exits 1 ctl reload
check "and the log tells whose" grep -q "$(port_of 14) is listened on by web" \
	"$HOUSE/clusterd.log"
echo 'int main(void) { return 0; }' | gcc -static -x c - -o "$HOUSE/static"
apps "{ name = \"still\"; command = [ \"$HOUSE/static\" ]; adopt = \"preload\"; }" \
	>"$CLUSTERD_HOME/static.conf"
check "a static program cannot be preloaded, and is told why" says "statically linked" \
	ctl start "$CLUSTERD_HOME/static.conf"

# ---- rubbish at the desk ----

rude() {
	python3 - "$CLUSTERD_HOME/run/broker.sock" <<-'END'
		import os, socket, sys
		def dial():
		    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		    peer.connect(sys.argv[1])
		    peer.settimeout(10)
		    return peer
		silent = [dial() for _ in range(200)]   # more than there are chairs
		for message in (b"", b"x", os.urandom(44), os.urandom(4096)):
		    with dial() as peer:
		        peer.send(message)
		        peer.recv(64)
		with dial() as peer:                    # handles that nobody asked for
		    socket.send_fds(peer, [b"y" * 44], [0, 1, 2] * 20)
		    peer.recv(64)
	END
}
fds() { find "/proc/$SUPERVISOR/fd" -mindepth 1 | wc -l; }
no_more_fds() { [ "$(fds)" -le "$1" ]; }
before=$(fds)
check "rubbish is put up with" rude
check "nothing of it stays open" within 10 no_more_fds "$before"
check "and a worker that asks is answered" ctl restart web
check "it serves" all_answer 0 127.0.0.1 "$(port_of 14)"
