#!/usr/bin/env bash
# The supervisor sleeps (SIGSTOP, a paused machine): no healthy worker dies of that.
. "$(dirname "$0")/lib.sh"

apps "$(http_app web 4 "$TCP $QUICK heartbeat = { interval = \"300ms\"; timeout = \"1s\"; };")" \
	"$(w_app plain 2 "$TCP heartbeat = { interval = \"300ms\"; timeout = \"1s\"; };")" | config
check "six workers that beat" supervise web plain
before="$(pids_by_slot web) $(pids_by_slot plain)"
same() { equal "$(pids_by_slot web) $(pids_by_slot plain)" "$before"; }

port=$(port web)
load_begin all --rate "$(scaled 500)" --keepalive 16 --path /_test/id "127.0.0.1:$port"
kill -STOP "$INNER"
pause 3 # 3 x the timeout, which is the point here, not a wait for something
check "clients are served while it is stopped" fetch "$port" /_test/id
kill -CONT "$INNER"
check "the supervisor stopped for 3 x the timeout: no worker is killed" for_all_of 2 same
check "all six are ready" eval 'ready_are web 4 && ready_are plain 2'
check "none was aborted" equal "$(said ABRT)" 0
load_end all
check "clients never noticed" unharmed all "$(scaled 1000)"

# The whole machine: supervisor and workers.
everybody="$INNER $(pids web) $(pids plain)"
for _ in 1 2; do
	# shellcheck disable=SC2086 # pids
	kill -STOP $everybody
	pause 3
	# shellcheck disable=SC2086
	kill -CONT $everybody
	check "supervisor and workers stopped for 3 x the timeout: nobody is killed" for_all_of 2 same
done
check "all six are ready again" within 3 eval 'ready_are web 4 && ready_are plain 2'
check "nobody was restarted" equal "$(app web .restarts) $(app plain .restarts)" "0 0"

# Many short stops, each shorter than an interval: the beats that came meanwhile lie in
# the sockets and count before anybody is judged.
apps "$(w_app plain 6 "$TCP heartbeat = { interval = \"300ms\"; timeout = \"400ms\"; };")" | config
check "workers on a short leash" eval 'ctl reload >/dev/null && ready_are plain 6'
before=$(pids_by_slot plain)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	kill -STOP "$INNER"
	pause 0.25
	kill -CONT "$INNER"
	pause 0.17
done
check "the supervisor stopped for short whiles: no worker is killed" equal "$(pids_by_slot plain)" "$before"

# And yet: who hangs is still found, right after such a pause.
victim=$(app plain '.workers[0].pid')
kill -STOP "$INNER" "$victim"
pause 2
kill -CONT "$INNER"
check "a worker that stays stopped is replaced all the same" within 6 eval \
	'[ "$(app plain ".workers[0].pid")" != '"$victim"' ] && ready_are plain 6'
check "and only that one" equal "$(app plain '[.workers[1:][] | .pid] | @csv')" "${before#*,}"
