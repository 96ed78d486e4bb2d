# shellcheck shell=bash
# programs.sh - real programs under load, as the examples of conf/examples configure them.
# Sourced after lib.sh.
#
# A load of new connections loses nothing, be it that a program ends in order, or that it is
# left alone until it has nothing in hand.  What clients that keep their connection lose
# depends on how the program ends by itself: that is measured as well, without a supervisor,
# and both figures are printed.

# A soak takes the size of a busy day.
RELOADS=3          # under load, each
RATE=$(scaled 300) # new connections a second
KEPT=16            # clients that keep theirs
[ -z "${SOAK:-}" ] || RELOADS=10 RATE=$(scaled 1000) KEPT=64
SITE=$HOUSE/hello # in place of /srv/hello
mkdir "$SITE"

# A port that nobody has: real programs do not all tell which one they were given.
free_port() {
	python3 - <<-'END'
		import random, socket
		while True:
		    port = random.randrange(20000, 32000)
		    with socket.socket() as probe:
		        try:
		            probe.bind(("0.0.0.0", port))
		            break
		        except OSError:
		            pass
		print(port)
	END
}

# What is said of port 8000, said of this one, and of the loopback alone.
at_port() { # PORT FILE
	sed -e 's|\<0\.0\.0\.0\>|127.0.0.1|; s|\<listen 8000\>|listen 127.0.0.1:8000|' \
		-e "s|\<8000\>|$1|" "$2"
}

# The apps of the examples, to run at this port.  Each is made to take 30 ms for an answer:
# whoever is told to go has some in hand then, and an end in the midst of them is noticed.
# What cannot wait by itself asks the app `first` to.
lay_out() { # PORT
	local file name slow first
	first=$(port first)
	for file in "$TOP"/conf/examples/apps/*; do
		name=${file##*/}
		slow=$TOP/tests/system/slow/$name.sed
		[ -e "$slow" ] || slow=/dev/null
		at_port "$1" "$file" | sed -f "$slow" -e "s|\<8001\>|$first|" >"$SITE/$name"
	done
}

# A neighbour of them all, who can wait.
FIRST=$(http_app first 1 "$TCP")

# The configuration of conf/examples, for this house, two workers and this port.  Some serve a
# busy kept connection for ever, so that their drain ends when its time is over.
example() { # NAME PORT
	local file=$TOP/conf/examples/$1.conf
	local drain='drain = { timeout = "3s"; };'
	! grep -q 'drain =' "$file" || drain=
	at_port "$2" "$file" | sed "s|^apps = (|&\n$FIRST,|
		s|/srv/hello|$SITE|; s|instances = 4;|instances = 2; $QUICK $drain|
		s/drain = { \(signal\|how\)/drain = { timeout = \"3s\"; \1/"
}

pids_seen() { # PORT: of two dozen answers, how many processes gave one
	for _ in {1..24}; do fetch "$1" / -i; done | grep -iE '^(X-Pid: )?[0-9]+.?$' | sort -u | wc -l
}
all_answered() { # PORT COUNT
	[ "$(pids_seen "$1")" -ge "$2" ]
}
serves() { fetch "$1" / >/dev/null; }

LOST='.keepalive | .refused + .reset + .truncated + .stale + .timeout + .bad_status'

# What clients that keep their connection lose when the program is ended by hand.
lost_alone() { # PORT SIGNAL COMMAND...
	local port=$1 signal=$2 program lost=unknown
	shift 2
	(cd "$SITE" && exec "$@") >>"$HOUSE/alone.out" 2>&1 &
	program=$!
	if within 20 serves "$port"; then
		load_begin alone --keepalive "$KEPT" --think 100ms --timeout 2s "127.0.0.1:$port"
		pause 1 # of load
		kill -"$signal" "$program"
		pause 0.3 # of its end; then connections are refused, which is no loss of ours
		load_end alone
		lost=$(report alone "$LOST - .refused")
	fi
	kill -KILL "$program" 2>/dev/null
	wait "$program" 2>/dev/null
	echo "$lost"
}

tell_losses() { # APP PORT SIGNAL COMMAND...: after exercise
	local name=$1 kept
	shift
	kept=$(report "$name.kept" "$LOST")
	printf '# %s: %s of %s requests on kept connections failed in %d reloads and three scales; ' \
		"$name" "$kept" "$(report "$name.kept" '.requests')" "$RELOADS"
	printf 'one end by hand loses %s\n' "$(lost_alone "$@")"
}

reload_often() { # APP
	for _ in $(seq "$RELOADS"); do
		ctl reload "$1" --timeout "$((30 * TIME_SCALE))s" || return
	done
}

scale_over() { # APP COUNT...
	local name=$1
	shift
	for count; do ctl scale "$name" "$count" || return; done
}

# exercise APP PORT: it runs with two workers; whoever comes anew is served throughout.
exercise() {
	local name=$1 port=$2 old
	check "$name: both workers answer on one port" all_answered "$port" 2
	old=$(pids "$name")
	load_begin "$name.new" --rate "$RATE" --timeout 10s "127.0.0.1:$port"
	load_begin "$name.kept" --keepalive "$KEPT" --think 100ms --timeout 10s "127.0.0.1:$port"
	check "$name: it is reloaded $RELOADS times under load" reload_often "$name"
	check "$name: in every slot" not equal "$(pids "$name")" "$old"
	check "$name: and scaled to 1, 4 and 1" scale_over "$name" 1 4 1
	load_end "$name.new"
	load_end "$name.kept"
	check "$name: no new connection failed" unharmed "$name.new" "$RATE"
}

# try_out NAME [SIGNAL COMMAND...]: the example NAME; then by hand the command, which
# serves on PORT and ends by SIGNAL.  `prepare` is a command that makes the program, before
# each; `door` tells then by which one it came.  A program that answers one request at a time
# is given a RATE that it can serve, and as many KEPT connections.
try_out() {
	local name=$1 port
	shift
	port=$(free_port)
	lay_out "$port"
	${prepare:-:}
	example "$name" "$port" | config
	check "$name: starts" ctl reload
	exercise "$name" "$port"
	# shellcheck disable=SC2034 # for the tests
	door=$(app "$name" '[.workers[].door] | unique | join(" ")')
	[ $# -gt 0 ] || return
	port=$(free_port)
	lay_out "$port"
	${prepare:-:}
	tell_losses "$name" "$port" "${@//PORT/$port}"
}
