# shellcheck shell=bash
# openers.sh - programs that open their port themselves (workers/opener.py), as apps.
# Sourced after lib.sh.

OPENER=$TOP/tests/system/workers/opener.py

# Ports that nobody else has: as many in a row as were asked for.
ports_in_a_row() {
	python3 - "$1" <<-'END'
		import os, random, socket, sys
		count = int(sys.argv[1])
		sorts = [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]
		if not os.path.exists("/proc/net/if_inet6"):
		    sorts.pop()
		while True:
		    first = random.randrange(20000, 32000)
		    try:
		        for port in range(first, first + count):
		            for family, host in sorts:
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

# shellcheck disable=SC2034 # the tests'
listen='ready = { on = "listen"; timeout = "20s"; };' # however long python takes to start
opener() { # NAME INSTANCES SETTINGS WAY PORT
	printf '{ name = "%s"; instances = %s; command = [ "%s", "%s", "%s" ];
		heartbeat = false; %s %s }' \
		"$1" "$2" "$OPENER" "$4" "$5" "$QUICK" "$3"
}

answer() { # HOST PORT: one line
	local line fd
	exec {fd}<>"/dev/tcp/$1/$2" || return
	read -r -t 10 -u "$fd" line || line=unanswered
	exec {fd}>&-
	echo "$line"
	[ "$line" != unanswered ]
}

# Which slots answer, asked until no new one was met for a while.
slots_at() { # HOST PORT
	for _ in {1..60}; do answer "$1" "$2" || break; done | awk '{ print $2 }' | sort -u | paste -sd ' '
}
all_answer() { # SLOTS HOST PORT
	equal "$(slots_at "$2" "$3")" "$1"
}
doors() { app "$1" '[.workers[].door] | unique | @csv'; }
