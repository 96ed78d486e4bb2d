#!/usr/bin/env bash
# Programs that know nothing of graceful shutdown are drained quietly: whoever was let in is
# answered before the worker is told to end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/openers.sh"

RELOADS=3
[ -z "${SOAK:-}" ] || RELOADS=10
SERVERS=$TOP/tests/system/workers/quiet
first=$(ports_in_a_row 24)

# ---- the programs there are here, each with a port of its own ----

declare -A command port
names=() downloads=()
add() { # NAME COMMAND...: PORT stands for its port
	local name=$1 word words=
	shift
	port[$name]=$((first + ${#names[@]}))
	for word; do words="$words, \"${word//PORT/${port[$name]}}\""; done
	command[$name]=${words#, }
	names+=("$name")
}
if_there() { # NAME PROGRAM [PROOF...]: for `if`
	local name=$1
	shift
	command -v "$1" >/dev/null && { [ $# -eq 1 ] || "$@" >/dev/null 2>&1; } && return
	skip "$name is drained quietly" "not installed"
	return 1
}
add python python3 "$SERVERS/server.py" PORT
! if_there PHP php || add php php -S 127.0.0.1:PORT "$SERVERS/server.php"
! if_there WEBrick ruby -e 'require "webrick"' || add webrick ruby "$SERVERS/server.rb" PORT
if if_there Go go; then
	CGO_ENABLED=0 GOCACHE=$BUILD/go GOPATH=$BUILD/go/path GO111MODULE=off \
		go build -o "$HOUSE/server" "$SERVERS/server.go"
	add go "$HOUSE/server" PORT
fi

all() { # SETTINGS: the apps
	local name objects=()
	for name in "${names[@]}"; do
		objects+=("{ name = \"$name\"; command = [ ${command[$name]} ]; instances = 2;
			heartbeat = false; $listen $QUICK $1 }")
	done
	apps "${objects[@]}"
}

# ---- nobody who was let in is cut off ----

all 'drain = { timeout = "30s"; };' | config
check "programs that know nothing of us start" supervise "${names[@]}"
check "python came by the preload" equal "$(doors python)" '"preload"'
[ -z "${port[go]:-}" ] || check "go by seccomp" equal "$(doors go)" '"seccomp"'

# At each of them; PHP's server answers one at a time, and closes each connection.
begin() { # LOAD RATE PATH
	local name manner
	for name in "${names[@]}"; do
		manner="--rate $(scaled "$2")"
		[ "$name" != php ] || manner="--keepalive 1 --think 1ms"
		# shellcheck disable=SC2086 # two words
		load_begin "$name.$1" $manner --timeout 20s --path "$3" "127.0.0.1:${port[$name]}"
	done
}
end() { # LOAD: whoever is still there
	local name
	for name in "${names[@]}"; do load_end "$name.$1"; done
}
none_failed() { # LOAD WHAT
	local name
	for name in "${names[@]}"; do
		check "$name: $2" unharmed "$name.$1" 1
	done
}
reload_often() {
	for _ in $(seq "$1"); do
		ctl reload --timeout "$((60 * TIME_SCALE))s" || return
	done
}
scale_over() { # COUNT...
	local count
	for count; do ctl scale all "$count" --timeout "$((60 * TIME_SCALE))s" || return; done
}

before=$(pids python)
begin quick 100 /
begin late 10 /late
check "they are reloaded $RELOADS times under load" reload_often "$RELOADS"
check "in every slot" not equal "$(pids python)" "$before"
end quick
end late
none_failed quick "no new connection failed"
none_failed late "nor did an answer that pauses for half a second"

begin pieces 3 /pieces
for name in "${names[@]}"; do
	curl -sS --noproxy '*' --limit-rate 2M -m $((60 * TIME_SCALE)) -o "$HOUSE/$name.long" \
		"http://127.0.0.1:${port[$name]}/long" 2>"$HOUSE/$name.long.err" &
	downloads+=($!)
	within 10 test -s "$HOUSE/$name.long"
done
check "they are reloaded while answers take their time" reload_often 1
check "and scaled to 1, 4 and 1" scale_over 1 4 1
end pieces
none_failed pieces "no answer of three seconds in pieces was cut off"
wait "${downloads[@]}"
for name in "${names[@]}"; do
	check "$name: nor was a long download" equal "$(wc -c <"$HOUSE/$name.long")" $((8 << 20))
done

# ---- what it waits for, and for how long ----

draining() { app python '[.workers[] | select(.state == "draining")] | length'; }
in_use() { app python '[.workers[].connections_in_use // 0] | add'; }
# One that is answered for ever; sets endless.
hold_endless() { # [NAME]
	rm -f "$HOUSE/endless"
	curl -sSN --noproxy '*' -o "$HOUSE/endless" "http://127.0.0.1:${port[${1:-python}]}/endless" \
		2>/dev/null &
	endless=$!
	within 10 test -s "$HOUSE/endless"
}
let_go() {
	kill "$endless" 2>/dev/null
	wait "$endless" 2>/dev/null
}
ctl scale python 1 >/dev/null
check "an answer without an end is begun" hold_endless
old=$(pids python)
ctl reload python --no-wait >/dev/null
check "its worker is left alone for it" within 10 eval '[ "$(draining)" = 1 ] && [ "$(in_use)" = 1 ]'
check "and show says so" says "worker $old has 1 connection in use" ctl show python
check "its successor serves meanwhile" equal "$(app python .instances.ready)" 1
serves_another() { # PID: nobody comes to this one
	local answers
	answers=$(for _ in {1..20}; do
		fetch "${port[python]}" / -o /dev/null -D - | sed -n 's/^X-Pid: \([0-9]*\).*/\1/p'
	done) && [ "$(wc -w <<<"$answers")" = 20 ] && not grep -q "$1" <<<"$answers"
}
check "and gets whoever comes" serves_another "$old"
supervisor() { query .supervisor.pid; }
is_another() { # PID
	local pid
	pid=$(supervisor) && [ -n "$pid" ] && [ "$pid" != "$1" ]
}
dies=$(supervisor) both=$(pids python)
kill -KILL "$dies"
check "a supervisor that dies meanwhile has a successor" within 10 is_another "$dies"
check "who has the same workers" equal "$(pids python)" "$both"
check "and waits as well" within 5 eval '[ "$(draining)" = 1 ] && [ "$(in_use)" = 1 ]'
check "whoever comes is served" serves_another "$old"
let_go
check "when its client has gone it goes" within 10 gone "$old"
check "the reload is done" ctl wait python
check "another one takes the first socket again" ctl reload python
check "and is served, too" serves_another "$old"
check "a stop" hold_endless
ctl stop python --no-wait >/dev/null
check "waits, too" within 10 eval '[ "$(in_use)" = 1 ]'
check "but lets nobody new in" not fetch "${port[python]}" / -m 1
let_go
check "and ends then" ctl wait python --for stopped

# ---- who waits at the socket of one that had to go ----

# PHP's server answers one at a time: whoever comes meanwhile waits in its queue.
waiting() { [ "$(app php '.workers[0].queue_depth')" = "$1" ]; }
if [ -n "${port[php]:-}" ]; then
	all 'drain = { timeout = "1s"; };' | config
	ctl reload --timeout "$((60 * TIME_SCALE))s" >/dev/null
	ctl scale php 1 >/dev/null
	check "one worker that is busy for ever" hold_endless php
	served=()
	for number in 1 2 3; do
		fetch "${port[php]}" / -m $((60 * TIME_SCALE)) >"$HOUSE/waits.$number" 2>&1 &
		served+=($!)
	done
	check "three wait for it" within 10 waiting 3
	check "a reload does not" ctl reload php
	check "but they are served by one who comes for them" wait "${served[@]}"
	let_go
fi

# ---- a version that does not start ----

all 'drain = { timeout = "30s"; };' | sed 's/heartbeat/env = { FAILS = "1"; }; &/' | config
ctl start python >/dev/null
ctl scale python 2 >/dev/null
check "two workers, and an answer without an end" hold_endless
before=$(pids python)
check "a version that fails in the second slot is undone" exits 1 ctl reload python
check "who was left alone in the first slot serves again" equal "$(pids python)" "$before"
check "its answer was not cut off" kill -0 "$endless"
let_go
retire
forget

# ---- kept connections ----

all 'drain = { timeout = "30s"; };' | config
check "they start again" supervise "${names[@]}"
lost='.refused + .reset + .truncated + .stale + .timeout + .bad_status'
kept_begin() { # LOAD
	local name
	for name in "${names[@]}"; do
		load_begin "$name.$1" --keepalive 8 --think 200ms --timeout 5s \
			"127.0.0.1:${port[$name]}"
	done
}
connected() { # but for PHP, which keeps none: to each both workers as many as may be
	local name
	for name in "${names[@]}"; do
		[ "$name" = php ] || [ "$(awk -v at="$(printf ':%04X' "${port[$name]}")" \
			'$2 ~ at && $4 == "01"' /proc/net/tcp | wc -l)" -ge 8 ] || return
	done
}
all_drain() {
	query '[.apps[] | select(.name != "php") | .instances.ready == 2 and
		([.workers[] | select(.state == "draining")] | length) > 0] | all' | grep -q true
}
kept_begin before
check "clients keep their connections" within 10 connected
ctl reload --no-wait >/dev/null
check "and hold up a drain" within 20 all_drain
for_all_of 1 true # of load
end before
none_failed before "none of them lost a request meanwhile"
check "they gone, the drains end" ctl reload --timeout "$((60 * TIME_SCALE))s"

# ---- and how it would be without ----

figures() { # LOAD: what failed, by program
	local name
	for name in "${names[@]}"; do
		printf '%s %s of %s; ' "$name" "$(report "$name.$1" "$lost")" \
			"$(report "$name.$1" .requests)"
	done
}
all 'drain = { timeout = "2s"; };' | config
ctl reload >/dev/null
kept_begin quietly
check "reloaded, with 2 s for kept connections" reload_often 1
end quietly
all 'drain = { how = "signal"; timeout = "2s"; };' | config
ctl reload >/dev/null
kept_begin signalled
begin cut 10 /late
check "and by signal" reload_often 1
end signalled
end cut
printf '# kept connections, one reload of two workers, 2 s: %s\n' "$(figures quietly)"
printf '# the same by the signal alone: %s\n' "$(figures signalled)"
printf '# answers of half a second, by the signal alone: %s\n' "$(figures cut)"
if [ "${LOAD_SCALE:-1}" = 1 ]; then
	check "by the signal alone answers are cut off" load_shows python.cut '.failed > 0'
else
	skip "by the signal alone answers are cut off" "with so little load none may be under way"
fi
