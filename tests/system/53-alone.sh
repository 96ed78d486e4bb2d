#!/usr/bin/env bash
# In every slot a program behaves as it would alone, whatever it does with its port, and by
# whichever door it came.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/openers.sh"

declare -A says=( # each way of workers/opener.py, in words
	[one]="opens a port"
	[own]="opens a port of its own in each slot"
	[exclusive]="wants a port for itself"
	[child]="has a child that opens the port"
	[two]="opens two ports"
	[again]="closes and listens again"
	[client]="binds before it connects"
	[forks]="has workers of its own"
	[spawns]="hands its port to processes of its own"
	[reuses]="sets SO_REUSEPORT by itself, and has two sockets"
	[threads]="binds in a thread"
	[executes]="binds and becomes another program"
	[roomy]="gives more bytes than the address has"
	[others]="binds UDP, Unix sockets and port 0 beside"
	[children]="runs programs that find nothing of ours"
	[both_families]="has one socket for IPv4 and IPv6"
	[each_family]="has one socket for each family"
	[disguised]="writes IPv4 addresses as IPv6"
	[drops]="drops its privileges once bound"
	[copies]="binds by one number and accepts by another"
	[watches]="watches its socket before it is bound"
	[prepares]="sets options for its connections before it is bound"
)
ways=(two own again client forks spawns reuses threads executes roomy others children)
if [ -e /proc/net/if_inet6 ]; then
	ways+=(both_families each_family disguised)
else
	skip "programs that use IPv6" "no IPv6"
fi
if [ "$(id -u)" = 0 ]; then
	ways+=(drops)
else
	skip "one that ${says[drops]}" "needs root"
fi

PATIENCE=$((20 * TIME_SCALE))s
first=$(ports_in_a_row 160)
start_all() { # DOOR WAY...: each with two workers; sets port
	local door=$1 way names=() objects=()
	shift
	declare -gA port=()
	for way; do
		port[$way]=$first
		first=$((first + 3))
		names+=("$way")
		objects+=("$(opener "$way" 2 "$listen adopt = \"$door\";" "$way" "${port[$way]}")")
	done
	apps "${objects[@]}" | config
	ctl reload --timeout "$PATIENCE" && ctl wait "${names[@]}" --timeout "$PATIENCE"
}

serve_alike() { # DOOR WAY...
	local door=$1 way
	shift
	for way; do
		check "$door: one that ${says[$way]} serves in both slots" all_answer "0 1" \
			127.0.0.1 "${port[$way]}"
		case $way in
		two) check "$door: on the second port, too" all_answer "0 1" 127.0.0.1 \
			$((${port[$way]} + 1)) ;;
		own) check "$door: each at its own" eval \
			'all_answer 0 127.0.0.1 $((port[own] + 1)) && all_answer 1 127.0.0.1 $((port[own] + 2))' ;;
		both_families | each_family) check "$door: and by IPv6" all_answer "0 1" ::1 \
			"${port[$way]}" ;;
		esac
		check "$door: and came by it" equal "$(doors "$way")" "\"$door\""
	done
}

apps "$(w_app first 1 "$TCP")" | config
check "a supervisor is there" supervise first

ways_preloaded=("${ways[@]}" copies watches prepares)
check "preload: one of each way starts" start_all preload "${ways_preloaded[@]}"
serve_alike preload "${ways_preloaded[@]}"

apps "$(opener trapped 1 'adopt = "seccomp";' idle 0)" | config
if ctl reload && ! ctl show trapped | grep -q "cannot trap bind"; then
	check "seccomp: one of each way starts" start_all seccomp "${ways[@]}"
	serve_alike seccomp "${ways[@]}"
else
	skip "programs whose bind() is trapped" "no trap can be laid here"
fi

# ---- Node.js ----

if command -v node >/dev/null; then
	python=$OPENER OPENER=$TOP/tests/system/workers/ways.mjs
	ways=(one two own again client exclusive threads forks child)
	[ ! -e /proc/net/if_inet6 ] || ways+=(both_families each_family)
	[ "$(id -u)" != 0 ] || ways+=(drops)
	check "node: one of each way starts" start_all node "${ways[@]}"
	serve_alike node "${ways[@]}"
	check "node: they are reloaded" ctl reload --timeout "$PATIENCE"
	serve_alike node "${ways[@]}"
	OPENER=$python
else
	skip "Node.js apps of each way" "no node here"
fi

# ---- lent ----

apps "$(opener lent 2 'listen = [ "127.0.0.1:0", "127.0.0.1:0", "udp:127.0.0.1:0" ]; adopt = "listen-fds";
	ready = { on = "exec"; exec = "500ms"; };' lent 0)" | config
check "listen-fds: a program finds what sd_listen_fds(3) says, and nothing else" ctl reload
lent_ports() { app lent '.listen[] | select(startswith("udp") | not) | split(":") | last'; }
for at in $(lent_ports); do
	check "listen-fds: both slots serve at $at" all_answer "0 1" 127.0.0.1 "$at"
done
