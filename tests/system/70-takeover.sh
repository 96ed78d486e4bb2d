#!/usr/bin/env bash
# The supervisor dies, at any moment: its workers serve on, and another one goes on with
# the same workers, generations, orders and sockets.  Never is there a second set.
. "$(dirname "$0")/lib.sh"

supervisor() { query .supervisor.pid; }

# Kills it, and waits until another one answers.
die() { # SIGNAL
	local before
	before=$(supervisor)
	kill "-$1" "$before" || return
	within 5 eval "answers && [ \"\$(supervisor)\" != $before ]"
}

# Every process of ours that was born as a worker, and those that are listed.
living() {
	local pid
	for pid in $(ours); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = cluster-worker ] && echo "$pid"
	done | sort -n
}
listed() { query '.apps[].workers[] | select(.pid) | .pid' | sort -n; }
books_are_right() { equal "$(listed)" "$(living)"; }

apps "$(http_app web 4 "$TCP $QUICK")" | config
check "four workers" supervise web
port=$(port web)

# ---- in peace ----

before=$(pids_by_slot web)
check "it dies, and another one answers" die KILL
check "whoever might speak to it may still" \
	equal "$(stat -c %a "$CLUSTERD_HOME/run/control.sock")" 600
check "the workers are the same" equal "$(pids_by_slot web)" "$before"
check "it is the same generation, and nobody was started again" \
	equal "$(app web '[.generation, .restarts] | @csv')" "1,0"
check "all are ready" ready_are web 4
check "their heartbeats are heard" within 5 eval \
	'[ "$(app web "[.workers[] | select(.heartbeat_age_ms < 1500)] | length")" = 4 ]'
check "each owns its share" equal "$(app web '.workers | map(.share_percent) | add')" 100
check "a page is served" says 'slot' fetch "$port" /_test/id
check "it says so" says 'took over' log_of_supervisor
check "it can crash, too" die SEGV
check "and abort" die ABRT
check "the workers are still the same" equal "$(pids_by_slot web)" "$before"

# ---- what was ordered stays ----

ctl scale web 6 >/dev/null
ctl balance web ip-hash >/dev/null
ctl start "$BUILD/cluster-worker" -n hand -i 1 -l 127.0.0.1:0 >/dev/null
ctl stop hand >/dev/null
before=$(pids_by_slot web)
check "it dies after orders" die KILL
check "six workers, the same" equal "$(pids_by_slot web)" "$before"
check "the policy that was ordered is in force" equal "$(app web .balance)" ip-hash
check "what was stopped is stopped" equal "$(app hand .state)" stopped
check "and can be started" ctl start hand
check "a worker that ends is told by how it ended" \
	eval 'ctl signal KILL web.5; within 5 says "killed by SIGKILL" ctl show web.5'
check "and comes back once" within 5 ready_are web 6
check "the books are right" within 5 books_are_right
ctl delete hand >/dev/null
ctl balance web config >/dev/null
ctl scale web config >/dev/null

# ---- in the middle of things, under load ----

load_begin all --rate "$(scaled 1000)" --keepalive "$(scaled 64)" --think 500ms \
	--path /_test/id "127.0.0.1:$port"

moment() { pause "0.$((RANDOM % 9))$((RANDOM % 9))"; }
dies_in() { # COMMAND...
	"$@" --no-wait >/dev/null || return
	moment
	die KILL || return
	within 2 books_are_right || return
	within 15 eval '[ "$(app web .state)" = online ]'
}
for round in 1 2 3 4 5 6 7 8 9 10; do
	check "$round: it dies in a reload, which is done" dies_in ctl reload web
	check "$round: it dies while it scales" dies_in ctl scale web $((2 + round % 2 * 3))
done
check "it is generation 11" equal "$(app web .generation)" 11
check "the load is reported" load_end all
check "no request failed" unharmed all "$(scaled 2000)"

load_begin crash --rate "$(scaled 500)" --path /_test/id "127.0.0.1:$port"
both_die() {
	kill -KILL "$(pids web | head -n 1)" "$(supervisor)"
	within 5 answers || return
	within 10 eval '[ "$(app web .state)" = online ]' && within 2 books_are_right
}
for round in 1 2 3 4 5 6 7 8 9 10; do
	check "$round: a worker and its supervisor die at once" both_die
done
check "the second load is reported" load_end crash
check "nobody was refused" load_shows crash '.refused == 0 and .ok > 0'

# ---- told to stop ----

check "it dies while it stops all" eval '
	kill -TERM "$(supervisor)"; kill -KILL "$(supervisor)" 2>/dev/null; true'
check "what was begun is finished" within 20 gone "$SUPERVISOR"
wait "$SUPERVISOR"
SUPERVISOR=

# ---- between birth and book ----

apps "$(http_app web 2 "$TCP $QUICK")" | config
forget
export DEATH_FILE=$HOUSE/death
check "two workers" env LD_PRELOAD="$BUILD/tests/death.so" true
LD_PRELOAD=$BUILD/tests/death.so supervise web
: >"$DEATH_FILE"
kill -KILL "$(pids web | head -n 1)"
check "it dies when its child is born" within 5 test ! -e "$DEATH_FILE"
check "the child that nobody knows is ended" within 5 says 'was just started' log_of_supervisor
check "its slot is filled" within 5 ready_are web 2
check "once" within 5 books_are_right
