#!/usr/bin/env bash
# What was ordered by hand outlives the supervisor: ad-hoc apps, numbers of workers, and
# what was stopped.  What is kept may be damaged; nothing else suffers from that.
. "$(dirname "$0")/lib.sh"

STATE=$CLUSTERD_HOME/state
ad_hoc() { ctl start "$W" -n "$1" -l 127.0.0.1:0 "${@:2}" -- --log "$EVENTS"; }
state_of() { equal "$(app "$1" '[.state, .instances.desired] | @csv')" "\"$2\",$3"; }
instances() { apps "$(w_app web "$1" "$TCP $QUICK")" "$(w_app late 1 "$TCP autostart = false;")" | config; }

# ---- over shutdown and start ----

instances 2
check "a configuration" ctl start
for name in kept held gone; do
	check "an ad-hoc app: $name" ad_hoc "$name"
done
check "orders are given: scale" eval 'ctl scale kept 3 && ctl scale web 4'
check "balance" eval 'ctl balance web ip-hash && ctl balance kept random --weights 3,1'
check "stop" ctl stop held
check "delete" ctl delete gone
check "an app that is not started by itself is started" ctl start late
pids=$(pids kept),$(pids web)
check "the supervisor ends" ctl shutdown
check "and all with it" within 5 gone "$(tr '\n' , <<<"$pids")"
check "H1 start brings all back" ctl start
check "H1 the ad-hoc app as it was scaled" state_of kept online 3
check "H1 the app of the file, too" state_of web online 4
check "beside what its file says" says "scaled; the config says 2" ctl show web
check "H1 with the balance they were given" equal \
	"$(app web .balance) $(app kept '"\(.balance) \(.weights)"')" "ip-hash random [3,1,1]"
check "H5 what was stopped stays stopped" state_of held stopped 0
check "H5 what was deleted stays gone" not ctl show gone
check "autostart = false holds again" state_of late stopped 0
check "H1 nothing is there twice" equal "$(query '[.apps[].name] | @csv')" '"held","kept","late","web"'
check "C9 its counters begin anew" equal "$(app kept .restarts)" 0
check "stopped lasts over a reload" eval 'ctl reload && state_of held stopped 0'
check "which says so" says "is stopped" ctl reload held
check "and over another restart, said at the start" eval 'ctl shutdown && says "held: was stopped by hand" ctl start'
check "until it is started" eval 'ctl start held && state_of held online 1'
check "which lasts as well" eval 'ctl shutdown && ctl start && state_of held online 1'
check "a start of everything starts it, too" eval 'ctl stop web && ctl start && ctl shutdown &&
	ctl start && state_of web online 4'
check "restart starts it, too" eval 'ctl stop held && ctl restart held &&
	ctl shutdown && ctl start && state_of held online 1'

# ---- an override ends with the number it was made for ----

check "the same file again keeps it" eval 'ctl reload && state_of web online 4'
instances 3
check "another number in the file ends it" eval 'ctl reload web && state_of web online 3'
instances 2
check "for good" eval 'ctl reload web && state_of web online 2'
check "scaled once more" ctl scale web 3
ctl shutdown >/dev/null
instances 1
check "it ends as well when the number changed while nobody ran" eval 'ctl start && state_of web online 1'
check "scale config ends it by hand" eval 'ctl scale kept config && ctl shutdown && ctl start && state_of kept online 1'
instances 2
check "a reload that fails gives back what was: a number by hand" eval 'ctl reload && ctl scale web 3'
cp "$CLUSTERD_HOME/cluster.conf" "$HOUSE/good.conf"
apps "$(w_app web 4 "$TCP $QUICK" --exit-at-once)" | config
check "the version that came with another number" exits 1 ctl reload web
cp "$HOUSE/good.conf" "$CLUSTERD_HOME/cluster.conf"
check "is undone with it, and remembered as it was" eval 'state_of web online 3 &&
	ctl shutdown && ctl start && state_of web online 3'

# ---- the same when nobody had time to say goodbye ----

check "killed, with the keeper" eval 'kill -KILL $(query ".supervisor | .keeper_pid, .pid") &&
	within 5 not answers'
# shellcheck disable=SC2046 # each is a word
kill -KILL $(ours) 2>/dev/null
check "all come back after that" eval 'ctl start && state_of kept online 1 && state_of web online 3'
check "and a supervisor in the foreground does the same" eval 'ctl stop held && ctl shutdown &&
	supervise kept web && state_of held stopped 0 && state_of web online 3'
check "its plan changes nothing" eval 'ctl plan --json | json "all(.changes[]; .kind == \"keep\")"'
retire

# ---- H3: what is kept is damaged ----

printf 'apps = ( { name = "kept" comm' >"$STATE/apps/kept.conf"
printf '{"version":1,"apps":[{"app":' >"$STATE/ledger.json"
cp "$STATE/apps/held.conf" "$STATE/apps/liar.conf"
mkdir "$STATE/apps/folder.conf"
echo older >"$STATE/ledger.json.broken"
check "H3 the supervisor starts all the same" supervise web
check "H3 the configured app runs, as configured" state_of web online 2
check "H3 the ad-hoc app that can be read runs" within 5 state_of held online 1
check "H3 the others do not" equal "$(query '[.apps[].name] | @csv')" '"held","late","web"'
check "H3 each broken file is kept aside" eval '[ -s "$STATE/apps/kept.conf.broken" ] &&
	[ -s "$STATE/apps/liar.conf.broken" ] && [ -s "$STATE/ledger.json.broken.1" ]'
check "H3 over no other" equal "$(cat "$STATE/ledger.json.broken")" older
check "H3 the log names it, and why" grep -q 'kept.conf is set aside as kept.conf.broken: .*kept.conf:1: ' \
	"$HOUSE/clusterd.log"
check "H3 so does list" eval 'says "is set aside as" ctl list && list | json ".supervisor.trouble != null"'
check "H3 what is ordered now is kept again" eval 'ctl scale web 3 && ad_hoc kept &&
	ctl shutdown && SUPERVISOR= && ctl start && state_of web online 3 && state_of kept online 1'
check "H3 and nothing is told any more" eval 'list | json ".supervisor.trouble == null"'

# ---- a file that turns bad while its app runs ----

before=$(pids_by_slot kept)
echo '}' >>"$STATE/apps/kept.conf"
check "reload fails for that app" says "kept: goes on as it was" ctl reload
check "which goes on" equal "$(pids_by_slot kept)" "$before"
check "and for no other" eval 'ctl reload web && ctl reload held'
check "what is deleted leaves no order behind for one of its name" eval 'ad_hoc same -i 2 &&
	ctl scale same 3 && ctl delete same && ad_hoc same -i 2 && state_of same online 2 && ctl delete same'
check "it can be deleted" eval 'ctl delete kept && ctl reload && not ctl show kept'

# ---- who is called what ----

ctl shutdown >/dev/null
apps "$(w_app web 1 "$TCP")" "$(w_app held 2 "$TCP")" | config
check "a file that takes the name of an ad-hoc app while nobody runs" ctl start
check "wins" state_of held online 2
check "the other is set aside and told" eval '[ -s "$STATE/apps/held.conf.broken" ] &&
	says "an app of this name comes from" ctl list'
ctl shutdown >/dev/null

# ---- systemd waits for the configuration alone ----

ctl start >/dev/null
check "an ad-hoc app that fails whenever it starts" exits 1 ctl start "$W" -n broken -- --exit 1
ctl shutdown >/dev/null
python3 -c '
import socket, sys
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(sys.argv[1])
while True:
    print(notify.recv(4096).decode(), flush=True)' "$HOUSE/notify" >"$HOUSE/notified" &
listener=$!
check "who listens as systemd does" within 5 test -S "$HOUSE/notify"
NOTIFY_SOCKET=$HOUSE/notify "$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
SUPERVISOR=$!
check "hears READY all the same" within 10 grep -q READY=1 "$HOUSE/notified"
check "while that app is called back and fails" eval '[ "$(app broken .state)" != online ] &&
	equal "$(app web .state)" online'
retire
kill "$listener"
wait "$listener" 2>/dev/null

# ---- without a configuration file ----

rm -rf "$CLUSTERD_HOME/cluster.conf" "$STATE"
check "a program brings up a supervisor" ad_hoc alone
check "and nothing but itself" equal "$(query '[.apps[].name] | @csv')" '"alone"'
check "start brings that back, not the embedded default beside it" eval 'ctl shutdown && ctl start &&
	equal "$(query "[.apps[].name] | @csv")" "\"alone\""'
check "one that cannot come back is exit 1" eval 'ad_hoc beside && ctl shutdown &&
	sed -i "s|command = .*|command = [ \"/nonexistent\" ];|" "$STATE/apps/alone.conf" && exits 1 ctl start'
check "it is told" says "alone cannot be started" ctl list
check "the other one is there" state_of beside online 1
check "start tries it again, and says why not" says "/nonexistent" ctl start alone
check "it comes when it can" eval 'sed -i "s|/nonexistent|$W|" "$STATE/apps/alone.conf" &&
	ctl start alone && state_of alone online 1'
check "one whose user is not known today is kept, and told" eval 'ctl shutdown &&
	sed -i "s|command = |user = \"no-such-user\"; &|" "$STATE/apps/alone.conf" &&
	{ ctl start; [ -s "$STATE/apps/alone.conf" ]; } && says "no such user" ctl list'
check "it comes when the user does" eval 'sed -i "s|user = \"no-such-user\"; ||" "$STATE/apps/alone.conf" &&
	ctl start alone && state_of alone online 1'
check "and nothing is told of it any more" eval 'list | json ".supervisor.trouble == null"'
sed -i "s|\"$W\"|\"/nonexistent\"|" "$STATE/apps/alone.conf"
check "what cannot come back can be forgotten" eval 'ctl shutdown; ctl start; ctl delete alone &&
	[ ! -e "$STATE/apps/alone.conf" ] && not ctl show alone && not says trouble ctl list'
ctl shutdown >/dev/null

# ---- a disk that takes nothing ----

if [ "$(id -u)" != 0 ]; then
	mkdir -p "$STATE/apps"
	chmod 500 "$STATE/apps"
	check "a program that cannot be kept is not started" says "cannot be kept" ad_hoc nowhere
	check "and is exit 1" exits 1 ad_hoc nowhere
	chmod 700 "$STATE/apps"
else
	rm -rf "$STATE/apps"
	echo "no folder" >"$STATE/apps"
	check "a program that cannot be kept is not started" says "cannot be kept" ad_hoc nowhere
	check "and is exit 1" exits 1 ad_hoc nowhere
fi
