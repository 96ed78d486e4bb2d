#!/usr/bin/env bash
# Who may speak to the supervisor, and that it hears somebody when it has no descriptor left.
. "$(dirname "$0")/lib.sh"

SOCKET=$CLUSTERD_HOME/run/control.sock
web=$(w_app web 1 "$QUICK")
mode_of() { stat -c '%a %g' "$1"; }
with_control() { # SETTINGS
	{
		printf 'supervisor: { %s };\n' "$1"
		apps "$web"
	} | config
}

# ---- K20 ----

chmod 755 "$HOUSE" "$CLUSTERD_HOME"
with_control ''
check "a supervisor" supervise web
check "the socket is its owner's alone" equal "$(mode_of "$SOCKET")" "600 $(id -g)"

# As a user that is neither root nor us, of these groups.
stranger() { # GROUPS COMMAND...
	local groups=$1
	shift
	setpriv --reuid nobody --regid nogroup --groups "$groups" "$@"
}
strangers() {
	local group=64242
	for verb in ping list "stop web" shutdown; do
		# shellcheck disable=SC2086 # split into words
		check "K20 another user's $verb is exit 6" exits 6 stranger 65534 \
			"$BUILD/clusterctl" --socket "$SOCKET" $verb
	done
	check "K20 and says why" says "permission denied" stranger 65534 \
		"$BUILD/clusterctl" --socket "$SOCKET" list
	check "K20 nothing has happened" equal "$(app web .state)" online

	with_control "control = { mode = \"0660\"; group = $group; };"
	check "a group is let in by a reload" ctl reload
	check "the socket is of that group" equal "$(mode_of "$SOCKET")" "660 $group"
	check "a member may ask" stranger $group "$BUILD/clusterctl" --socket "$SOCKET" list
	check "and act" stranger "65534,$group" "$BUILD/clusterctl" --socket "$SOCKET" restart web
	check "who is in other groups may not" exits 6 stranger 65534,64243 \
		"$BUILD/clusterctl" --socket "$SOCKET" list
	check "we may as ever" ctl ping

	with_control "control = { mode = \"0660\"; group = \"no-such-group\"; };"
	check "a group that does not exist is refused" exits 2 ctl reload
	check "with its line" says "cluster.conf:1: supervisor.control.group: no such group" ctl reload
	check "and nothing changes" equal "$(mode_of "$SOCKET")" "660 $group"

	apps "$web" | config
	check "a file that has lost the setting" ctl reload
	check "shuts the group out again" equal "$(mode_of "$SOCKET")" "600 0"
	check "at once" exits 6 stranger $group "$BUILD/clusterctl" --socket "$SOCKET" list
}
# ---- the socket is removed ----

with_control 'control = { mode = "0660"; };'
check "another mode" ctl reload
rm "$SOCKET"
check "without its path nobody gets in" exits 3 ctl ping
check "start begins no second supervisor" exits 75 ctl start
check "and says what helps" says "kill -HUP" ctl start
kill -HUP "$SUPERVISOR"
check "HUP binds the socket again" within 5 ctl ping
check "with the mode it had" equal "$(mode_of "$SOCKET")" "660 $(id -g)"
check "and rolls the workers as ever" ctl wait web --timeout 20s
rm "$SOCKET"
kill -KILL "$INNER"
check "a successor binds it again, too" within 5 ctl ping
INNER=$(ctl ping --json | jq .pid)
check "of the same workers" equal "$(app web .state)" online
check "with its mode" equal "$(mode_of "$SOCKET")" "660 $(id -g)"
rm "$SOCKET"
kill -USR2 "$SUPERVISOR"
check "so does an upgrade" within 10 ctl ping
with_control ''
check "back to its owner's alone" ctl reload

if [ "$(id -u)" != 0 ]; then
	skip "other users" "needs root"
elif ! stranger 65534 test -x "$BUILD/clusterctl"; then
	skip "other users" "nobody cannot read $BUILD"
else
	strangers
fi

with_control 'control = { mode = "0666"; };'
check "everybody cannot be let in" exits 2 ctl reload
check "which is said" says "supervisor.control.mode" ctl reload

with_control 'log_level = "error";'
check "another level of log by a reload" ctl reload
lines=$(wc -l <"$HOUSE/clusterd.log")
ctl restart web >/dev/null
check "is obeyed" equal "$(wc -l <"$HOUSE/clusterd.log")" "$lines"
other=$(http_app other 1 'listen = [ "127.0.0.1:0" ];')
apps "$other" >"$HOUSE/other.conf"
check "another file says nothing of it" ctl start "$HOUSE/other.conf"
ctl restart web >/dev/null
check "and changes nothing of it" equal "$(wc -l <"$HOUSE/clusterd.log")" "$lines"
retire

# ---- no descriptor is left ----

hungry() { # starts clusterd with few
	(ulimit -n 40 && exec "$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1) &
	SUPERVISOR=$!
	meet
}
starved() { [ "$(descriptors)" -ge 40 ]; }
descriptors() { find "/proc/$INNER/fd" -mindepth 1 2>/dev/null | wc -l; }
failing() { [ "$(app hungry '[.workers[] | select(.last_exit)] | length')" -gt 0 ] ||
	log_of_supervisor | grep -q 'Too many open files'; }

apps "$(w_app hungry 16 "$TCP $QUICK restart = { delay = \"10s\"; };")" >"$HOUSE/hungry.conf"
: >"$CLUSTERD_HOME/cluster.conf"
check "a supervisor that may have 40 descriptors" hungry
ctl start --no-wait "$HOUSE/hungry.conf" >/dev/null 2>&1
check "and needs more for its workers" within 10 failing

check "it answers all the while" timeout 5 "$BUILD/clusterctl" list

# Idle connections take what is left.
hold() { # SECONDS COUNT
	exec timeout "$1" python3 -c '
import socket, sys
held = []
for _ in range(int(sys.argv[2])):
	held.append(socket.socket(socket.AF_UNIX))
	held[-1].settimeout(20)
	held[-1].connect(sys.argv[1])
print("connected", flush=True)
sys.stdin.read()
' "$SOCKET" "$2"
}
mkfifo "$HOUSE/hold"
exec {hold_fd}<>"$HOUSE/hold"
hold 60 40 <&"$hold_fd" >"$HOUSE/held" 2>&1 &
holder=$!
check "forty callers who say nothing" within 10 grep -q connected "$HOUSE/held"
check "leave it without a descriptor" within 10 starved
wakeups() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$INNER/status"; }
check "another caller is told at once that it is busy" exits 75 timeout 5 "$BUILD/clusterctl" ping
before=$(wakeups)
for_all_of 2 true
after=$(wakeups)
check "without spinning: $((after - before)) wakeups in two seconds" test $((after - before)) -lt 100
kill "$holder" 2>/dev/null
wait "$holder" 2>/dev/null
check "when they have gone it answers" within 5 ctl ping
check "and can be told to end what takes the descriptors" ctl stop hungry --timeout 20s
check "after which it has some" test "$(descriptors)" -lt 36

# ---- the whole directory is removed ----

retire
with_control ''
check "a supervisor again" supervise web
before=$(pids web)
rm -r "$CLUSTERD_HOME/run"
check "another one in a new directory would have the same state" eval \
	'says "clusterd.lock: held by process $SUPERVISOR" "$BUILD/clusterd" && exits 75 "$BUILD/clusterd"'
check "so start begins no second one, either" exits 75 ctl start
check "no worker has a double" equal "$(pgrep -c -f "^$W --log $EVENTS")" 1
kill -HUP "$SUPERVISOR"
check "HUP lets us in again" within 5 ctl ping
check "to the same worker" equal "$(pids web | head -n 1)" "$before"
