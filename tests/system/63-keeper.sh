#!/usr/bin/env bash
# The keeper: the small parent that outlives the supervisor.
. "$(dirname "$0")/lib.sh"

apps "$(w_app web 2 "$TCP $QUICK")" | config
check "a supervisor with a keeper of its own" supervise web
KEEPER=$SUPERVISOR
is_parent() { equal "$(ps -o ppid= -p "$1" | tr -d ' ')" "$KEEPER"; }
check "who was started is the keeper, and the supervisor its child" is_parent "$INNER"
check "list tells both" json ".supervisor | .pid == $INNER and .keeper_pid == $KEEPER and
	.keeper == \"own\"" <<<"$(list)"
check "the pid file has the keeper's, which a container would see" equal \
	"$(cat "$CLUSTERD_HOME/run/clusterd.pid")" "$KEEPER"
check "K22 a second one says who holds the directory" eval \
	'says "held by process $KEEPER" "$BUILD/clusterd" && exits 75 "$BUILD/clusterd"'

# ---- what it costs ----

pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }
little() { echo "$1 KiB" && [ "$1" -le 1900 ]; } # what they share is counted once
awake() { awk '/^(non)?voluntary_ctxt/ { sum += $2 } END { print sum }' "/proc/$KEEPER/status"; }
case $BUILD in
*/asan | */valgrind) skip "it adds little" "this build is for finding faults" ;;
*) check "it adds little to the supervisor" little $(($(pss "$KEEPER") + $(pss "$INNER"))) ;;
esac
before=$(awake)
pause 2 # the point here
check "K24 and sleeps" equal "$(awake)" "$before"

# ---- descriptors ----

# Nothing of the supervisor's or the keeper's leaks into a worker: as many as a worker has.
sockets_of() { find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | sort; }
leaks() { # PID: sockets that it shares with the keeper, but for those it was lent
	comm -12 <(sockets_of "$KEEPER") <(sockets_of "$1") |
		grep -vxF "$(ss -Hltne | sed -n 's/.*ino:\([0-9]*\).*/socket:[\1]/p')"
}
check "no worker has a descriptor of the keeper" eval \
	'for pid in $(pids web); do leaks "$pid" && exit 1; done; true'

# ---- signals ----

kill -TTIN "$KEEPER"
check "TTIN to the keeper means the supervisor" within 10 ready_are web 3
kill -TTOU "$KEEPER"
check "TTOU as well" within 10 ready_are web 2
generation=$(app web .generation)
kill -HUP "$KEEPER"
check "HUP as well" within 10 eval '[ "$(app web .generation)" -gt '"$generation"' ]'
check "and it is done" within 10 ready_are web 2

# ---- a supervisor that was killed ----

revived() { [ -n "$(query .supervisor.pid)" ] && [ "$(query .supervisor.pid)" != "$INNER" ]; }
before=$(pids_by_slot web)
for signal in KILL ABRT SEGV; do
	kill -$signal "$INNER"
	check "SIG$signal: another is there at once" within 5 revived
	INNER=$(query .supervisor.pid)
	check "SIG$signal: of the same keeper" is_parent "$INNER"
	check "SIG$signal: and its workers are the same" within 10 equal "$(pids_by_slot web)" "$before"
done
for _ in 1 2 3 4 5 6; do
	kill -KILL "$INNER"
	within 10 revived || break
	INNER=$(query .supervisor.pid)
done
kill -KILL "$INNER"
check "killed for the tenth time: another answers as soon" timeout 2 "$BUILD/clusterctl" ping
INNER=$(query .supervisor.pid)
check "with the same workers" within 10 equal "$(pids_by_slot web)" "$before"
check "no second set of workers" eval 'equal "$(ours | xargs ps -o comm= -p | grep -c "^w$")" 2'

# A worker that ends while nobody but the keeper could collect it.
victim=$(app web '.workers[0].pid')
kill -KILL "$INNER" "$victim"
INNER=
check "how a worker ended is told by the keeper" within 10 json '.apps[0].workers[0].last_exit |
	.signal == "KILL"' <<<"$(pause 1 && list)"
check "and its slot is filled again" within 10 ready_are web 2
INNER=$(query .supervisor.pid)
kill -KILL "$INNER"
kill -TERM "$KEEPER"
ended() {
	within "$1" gone "$KEEPER" || return
	wait "$KEEPER"
}
check "TERM while it is dead ends all the same, with exit code 0" ended 10
SUPERVISOR=

# ---- what is taken over kills ----

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
apps "$(w_app web 2 "listen = [ \"127.0.0.1:$port\" ]; $QUICK")" | config
check "another" supervise web
KEEPER=$SUPERVISOR
before=$(pids_by_slot web)
for signal in KILL ABRT ABRT; do
	kill -$signal "$INNER"
	check "SIG$signal: it is taken over" within 5 revived
	INNER=$(query .supervisor.pid)
	check "SIG$signal: by the same workers" within 5 equal "$(pids_by_slot web)" "$before"
done
kill -ABRT "$INNER"
check "the third crash soon after taking over: the next takes nothing over" within 10 revived
INNER=$(query .supervisor.pid)
check "but starts from the configuration" within 10 ready_are web 2
check "with other workers" not equal "$(pids_by_slot web)" "$before"
check "and ends the old ones" within 10 gone "$before"
check "and serves at the port there was" fetch "$port" /
check "and says why" says "died soon after they had taken over" log_of_supervisor
retire

# ---- a keeper that was killed ----

check "another" supervise web
KEEPER=$SUPERVISOR
port=$(port web)
kill -KILL "$KEEPER"
wait "$KEEPER" 2>/dev/null
SUPERVISOR=$INNER
check "the supervisor goes on without its keeper" within 5 fetch "$port" /
check "and says so" within 5 grep -q "the keeper is gone" "$HOUSE/clusterd.log"
check "and can still be told what to do" eval 'ctl scale web 3 && ready_are web 3'
check "the pid file has its own now" within 5 equal "$(cat "$CLUSTERD_HOME/run/clusterd.pid")" "$INNER"
check "doctor says that it is gone" says "keeper           there is none" ctl doctor
check "and the directory is still held" eval 'says "held by process $INNER" "$BUILD/clusterd"'
check "it ends as ever" ctl shutdown
SUPERVISOR=

# ---- a faulty configuration, nobody, and PID 1 ----

echo 'apps = ( { name = "web" } );' >"$HOUSE/bad.conf"
check "the exit code is the supervisor's: 2 for a faulty configuration" exits 2 \
	"$BUILD/clusterd" -c "$HOUSE/bad.conf"
check "an unknown keeper is refused" exits 2 "$BUILD/clusterd" --keeper=me
"$BUILD/clusterd" --keeper=none >>"$HOUSE/clusterd.log" 2>&1 &
SUPERVISOR=$!
check "with nobody to keep" meet
check "there is one process" equal "$INNER" "$SUPERVISOR"
check "and list says so" json '.supervisor | .keeper == "none" and .keeper_pid == null' <<<"$(list)"
retire

if unshare --user --map-root-user --pid --fork --mount-proc true 2>/dev/null; then
	unshare --user --map-root-user --pid --fork --mount-proc --kill-child \
		"$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
	outer=$!
	check "as PID 1 of a container" eval 'within 10 answers && ctl wait web --timeout 10s'
	check "the keeper is process 1" json '.supervisor.keeper_pid == 1' <<<"$(list)"
	kill -TERM "$(pgrep -P "$outer")"
	check "TERM to process 1 ends all" within 10 gone "$outer"
	wait "$outer"
	check "with exit code 0" equal $? 0
else
	skip "as PID 1 of a container" "no user and PID namespaces here"
fi
