#!/usr/bin/env bash
# A configuration changes under workers that run: what is new counts from then on, what is
# bad changes nothing.
. "$(dirname "$0")/lib.sh"

elapsed() { echo $(($(now_ms) - began)); }
between() { echo "$1 ms" && [ "$1" -ge "$2" ] && [ "$1" -le $(($3 * TIME_SCALE)) ]; }
starts() { grep -c " start$" "$EVENTS"; }

# ---- time to get ready ----

timeouts() { # READY.TIMEOUT
	apps "$(w_app slow 1 "$TCP ready = { on = \"notify\"; timeout = \"$1\"; exec = \"10ms\"; };" --ready-after 1000)" | config
}
timeouts 300ms
supervise
check "D4 a worker that needs longer than ready.timeout fails to start" exits 1 ctl start slow
timeouts 20s
check "D4 with another in the file it starts" ctl reload slow
check "D4 the new one is shown" says "ready within 20s" ctl show slow
check "D4 and used" eval 'ctl restart slow && ready_are slow 1'
retire

# ---- time to end, by app ----

apps "$(w_app short 1 "$TCP drain = { timeout = \"500ms\"; };" --ignore-term)" \
	"$(w_app long 1 "$TCP drain = { timeout = \"3s\"; };" --ignore-term)" | config
check "two apps that do not end by themselves" supervise short long
began=$(now_ms)
ctl stop all --no-wait >/dev/null
check "D7 each is waited for as long as its own drain.timeout says" within 10 eval \
	'[ "$(app short .state)" = stopped ]'
check "D7 the short one" between "$(elapsed)" 450 2500
check "D7 not yet the long one" equal "$(app long .state)" stopping
check "D7 that comes after it" within 10 eval '[ "$(app long .state)" = stopped ]'
check "D7 in its time" between "$(elapsed)" 2900 6000
retire

# ---- programs of every kind ----

: >"$EVENTS"
apps "{ name = \"foreign\"; command = [ \"sh\", \"-c\", \"trap : TERM HUP; while :; do sleep 1 & wait; done\" ];
		instances = 2; heartbeat = false; adopt = \"none\"; ready = { exec = \"50ms\"; };
		drain = { timeout = \"300ms\"; }; $QUICK }" \
	"$(w_app web 4 "$TCP $QUICK")" | config
check "a program that knows nothing of reloads" supervise foreign web
before=$(pids_by_slot foreign)
check "C4 is reloaded all the same, and in time" ctl reload foreign --timeout 20s
check "C4 its workers are new" eval 'ready_are foreign 2 && [ "$(pids_by_slot foreign)" != "$before" ]'

check "fewer workers" ctl scale web 2
count=$(starts)
check "L12 slots that were given up do not hold up the roll" ctl reload web --timeout 20s
check "L12 and are not filled by it" equal "$(starts)" $((count + 2))

# ---- logs that cannot be ----

before=$(pids_by_slot web)
sed 's/name = "web";/name = "web"; log = { to = "nowhere"; };/' "$CLUSTERD_HOME/cluster.conf" >"$HOUSE/bad.conf"
cp "$CLUSTERD_HOME/cluster.conf" "$HOUSE/good.conf"
cp "$HOUSE/bad.conf" "$CLUSTERD_HOME/cluster.conf"
check "L34 a reload to logs that make no sense is refused" exits 2 ctl reload
check "L34 by HUP as well" eval 'kill -HUP "$SUPERVISOR" && within 5 grep -q "nowhere" "$HOUSE/clusterd.log"'
check "L34 nobody is replaced for it" for_all_of 1 equal "$(pids_by_slot web)" "$before"
cp "$HOUSE/good.conf" "$CLUSTERD_HOME/cluster.conf"
mv "$CLUSTERD_HOME/log" "$HOUSE/log" && : >"$CLUSTERD_HOME/log"
check "L34 a reload whose workers get no log fails" exits 1 ctl reload web
check "L34 and says which" says "web-out.log" ctl show web
check "L34 the old workers serve on" eval 'equal "$(pids_by_slot web)" "$before" && fetch "$(port web)" /'
rm "$CLUSTERD_HOME/log" && mv "$HOUSE/log" "$CLUSTERD_HOME/log"
check "L34 when the logs are back, so are reloads" ctl reload web
