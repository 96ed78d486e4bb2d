#!/usr/bin/env bash
# There may be no process more: who dies is replaced when there may be one again.
. "$(dirname "$0")/lib.sh"

# The limit is that of a user, and root has none; a user of our own has no other process.
as=()
if [ "$(id -u)" = 0 ]; then
	uid=$((200000 + $$ % 100000))
	as=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
	if ! "${as[@]}" test -x "$BUILD/clusterd"; then
		skip "no process more" "another user cannot read $BUILD"
		exit
	fi
	chmod 755 "$HOUSE"
	chown "$uid" "$CLUSTERD_HOME" "$EVENTS"
fi

apps "$(w_app web 2 "$TCP $QUICK restart = { delay = \"200ms\"; delay_max = \"400ms\"; };")" \
	"$(w_app other 1 "$TCP")" | config
chmod 644 "$CLUSTERD_HOME/cluster.conf"
# shellcheck disable=SC2094 # the log is read later
"${as[@]}" "$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
SUPERVISOR=$!
check "two apps" eval 'meet && ctl wait all --timeout 10s'
port=$(port web)
victim=$(app web '.workers[0].pid')
other=$(app web '.workers[1].pid') sibling=$(pids other)

processes() { "${as[@]}" prlimit --pid "$INNER" --nproc="$1:"; } # soft; the hard one stays
before=$("${as[@]}" prlimit --pid "$INNER" --nproc --output SOFT --noheadings | tr -d ' ')
processes 1
kill -KILL "$victim"
check "K26 a worker dies and none can be started" within 5 eval \
	'[ "$(app web ".workers[0].state")" = backoff ]'
check "K26 the reason is told" within 5 says "cannot fork: Resource temporarily unavailable" \
	app web .trouble
check "K26 the log has it" within 5 grep -q "Resource temporarily unavailable" "$HOUSE/clusterd.log"
tries() { grep -c "Resource temporarily unavailable" "$HOUSE/clusterd.log"; }
from=$(tries)
check "K26 it is tried again" within 5 eval '[ "$(tries)" -gt '"$from"' ]'
from=$(tries)
pause 2 # the point here: at the cap a wait is 200 to 400 ms
check "K26 but not in a hurry" test $(($(tries) - from)) -le 24
check "K26 the app is degraded, the other worker serves" eval \
	'[ "$(app web .state)" = degraded ] && fetch "$port" / | json .pid'
check "K26 the others are untouched" equal "$(app web '.workers[1].pid') $(pids other)" "$other $sibling"
check "K26 commands are answered: a start that cannot be fails" exits 1 ctl restart web.0 --timeout 20s

processes "$before"
check "K26 when there may be one again, it is there" within 5 ready_are web 2
check "K26 without anybody's help" equal "$(app web '.workers[1].pid') $(pids other)" "$other $sibling"
