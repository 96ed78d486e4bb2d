#!/usr/bin/env bash
# What is wrong is refused: at once, in words, with a line number, and nothing changes.
. "$(dirname "$0")/lib.sh"

apps "$(w_app web 2 "$TCP $QUICK")" | config
check "a supervisor to keep unharmed" supervise web
before=$(pids_by_slot web)
unharmed_are() { equal "$(pids_by_slot web)" "$before" && equal "$(app web .generation)" 1; }

# ---- five mistakes ----

cat >"$HOUSE/five.conf" <<END
apps = (
  { name = "web";
    command = [ "$W" ];
    instances = 900;
    liisten = [ "127.0.0.1:0" ];
    ready = { timeout = "soon"; };
    heartbeat = { interval = 3; };
    backlog = "many";
  }
);
END
five() { ctl "$@" "$HOUSE/five.conf" 2>&1 | grep -cE '^[^ ]*five\.conf:[0-9]+: [^ ].*: .'; }
check "five mistakes are five lines FILE:LINE: key: why" equal "$(five check)" 5
lines() { ctl check "$HOUSE/five.conf" 2>&1 | grep -oE 'five\.conf:[0-9]+' | sort -u | tr '\n' ' '; }
check "each with its own line" equal "$(lines)" \
	"five.conf:4 five.conf:5 five.conf:6 five.conf:7 five.conf:8 "
check "check says exit 2" exits 2 ctl check "$HOUSE/five.conf"
check "a misspelt key gets a hint" says "listen" ctl check "$HOUSE/five.conf"
check "start of that file is exit 2" exits 2 ctl start "$HOUSE/five.conf"
check "start tells all five as well" equal "$(five start)" 5
check "and nothing has changed" unharmed_are
check "A3 a missing file is named" says "missing.conf" ctl start "$HOUSE/missing.conf"
check "A3 and is a failure" not ctl start "$HOUSE/missing.conf"
printf 'apps = ( { name = "x" command' >"$HOUSE/broken.conf"
check "A3 a malformed file is named with its line" says "broken.conf:1:" \
	ctl start "$HOUSE/broken.conf"
check "A3 and is exit 2" exits 2 ctl start "$HOUSE/broken.conf"

refused() { # WHAT SETTINGS TEXT
	apps "$(w_app other 1 "$2")" >"$HOUSE/refused.conf"
	check "$1 is refused" exits 2 ctl check "$HOUSE/refused.conf"
	check "$1 is refused with the reason" says "$3" ctl check "$HOUSE/refused.conf"
}
refused "a probe that can reach no slot" 'listen = [ "[::1]:0" ]; probe = { http = "/"; };' \
	"needs an IPv4 address"
refused "a recycling bound without a unit" 'recycle = { memory = 512; };' "512 has no unit"
refused "autoscaling" 'autoscale = { min = 1; max = 2; };' "not supported yet"
refused "a canary" 'reload = { canary = { share = 10; for = "3s"; }; };' "not supported yet"
refused "a host name" 'listen = [ "localhost:8080" ];' "listen"
refused "an address twice" 'listen = [ "127.0.0.1:8080", "127.0.0.1:8080" ];' "127.0.0.1:8080"
refused "a heartbeat that times out before it is late" \
	'heartbeat = { interval = "2s"; timeout = "1s"; };' "heartbeat"
apps "$(w_app twice 1 "")" "$(w_app twice 1 "")" >"$HOUSE/twice.conf"
check "a name twice is refused" says "twice" ctl check "$HOUSE/twice.conf"

# ---- K28: the running configuration turns bad ----

sed -i 's/instances = 2/instances = 0/' "$CLUSTERD_HOME/cluster.conf"
check "K28 reload of an invalid file is exit 2" exits 2 ctl reload
check "K28 and names the line" says "cluster.conf:1: " ctl reload
kill -HUP "$SUPERVISOR"
check "K28 HUP logs the same" within 5 grep -q 'cluster.conf:1: ' "$HOUSE/clusterd.log"
check "K28 nothing has changed" unharmed_are
check "K28 plan says exit 2, too" exits 2 ctl plan
sed -i 's/instances = 0/instances = 2/' "$CLUSTERD_HOME/cluster.conf"

check "check of a good file is exit 0" ctl check
check "plan of an unchanged file is exit 0" ctl plan
sed -i 's/instances = 2/instances = 3/' "$CLUSTERD_HOME/cluster.conf"
check "plan names the app that would change" says "web" ctl plan
check "plan changes nothing" unharmed_are
sed -i 's/instances = 3/instances = 2/' "$CLUSTERD_HOME/cluster.conf"

# ---- the command line ----

for words in "" "nonsense" "scale web" "scale web many" "scale web 0" "scale web -100" \
	"scale web 257" "list --nonsense" "reload web --canary 10" "stop" "wait web --for lunch"; do
	# shellcheck disable=SC2086 # split into words
	check "clusterctl ${words:-without words} is exit 2" exits 2 ctl $words
done
check "A9 scale to 0 says: use stop" says "stop" ctl scale web 0
check "scale beyond the most says what that is" says "1 to 256 workers" ctl scale web 257
check "to what is no number says what it can be" says "is not a number of workers" ctl scale web many
check "clusterctl promote web is exit 2" exits 2 ctl promote web
check "clusterctl promote web says: not supported yet" says "not supported yet" ctl promote web
for words in "" "nonsense" "list --nonsense" "reload --canary 10" "promote web" "stop"; do
	# shellcheck disable=SC2086
	check "clusterctl ${words:-without words} is refused in JSON, too" eval \
		"ctl $words --json 2>/dev/null | json '.error.code == 2 and .error.message != \"\"'"
done
check "a word of PM2 gets a hint" says "the config file says what runs" ctl save
check "and is exit 2" exits 2 ctl resurrect
check "ls and status are list" eval 'ctl ls && ctl status'
check "help is exit 0" eval 'ctl --help && ctl reload --help'
check "none of all that touched a worker" unharmed_are

# ---- somebody else ----

if [ "$(id -u)" = 0 ]; then
	chmod 755 "$HOUSE" "$CLUSTERD_HOME"
	as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	cp "$BUILD/clusterctl" "$HOUSE/clusterctl"
	check "K20 another user is refused with exit 6" exits 6 as_nobody "$HOUSE/clusterctl" list
	check "K20 opening the socket's mode by hand does not help him" eval '
		chmod 777 "$CLUSTERD_HOME/run" "$CLUSTERD_HOME/run/control.sock"
		exits 6 as_nobody "$HOUSE/clusterctl" stop web'
	check "K20 the workers are unharmed" unharmed_are
else
	skip "K20 another user is refused" "only root can be somebody else"
fi
