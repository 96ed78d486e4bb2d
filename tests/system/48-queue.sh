#!/usr/bin/env bash
# One socket for all workers: shown as it is, and changed to and from without a loss.
. "$(dirname "$0")/lib.sh"

# The workers leave at once when they are told to, and let down whoever waits for them.
configured() { # POLICY WORDS...
	apps "$(w_app web 4 "$TCP $QUICK balance = \"$1\";" --abrupt --busy 4 "${@:2}")" \
		"$(http_app http 4 "$TCP $QUICK balance = \"$1\";")" \
		"$(w_app local 2 "listen = [ \"unix:$HOUSE/local.sock\" ];")" | config
}
listening() { ss -Hltn "sport = :$(port "$1")" | wc -l; }
shares() { app "$1" '[.workers[].share_percent] | @csv'; }
evenly() { equal "$(shares web)" 25,25,25,25; }
accepted_by() { report "$1" '[.workers[].slot] | unique | length'; }

configured queue
check "apps of one queue" supervise web http local
check "each has one socket" equal "$(listening web) $(listening http)" "1 1"
check "show says so" says "queue (all workers share one socket)" ctl show web
check "and of a Unix socket, too" says "queue (all workers share one socket)" ctl show local
check "nobody has a share" equal "$(shares web)" ",,,"
check "nor a queue of its own" equal "$(app web '[.workers[].queue_depth] | unique | @csv')" ""
check "another balance is refused while it runs" exits 2 ctl balance web random
check "with a reason that says what to do" says "say so in the config" ctl balance web random

load_begin first --rate "$(scaled 1500)" --timeout 5s --path /_test/id "127.0.0.1:$(port http)"
for count in 2 6 4; do
	check "scale to $count while connections come" ctl scale http $count
done
check "reload while connections come" ctl reload http
load_end first
check "loses none" unharmed first "$(scaled 500)"
check "several workers took part" test "$(accepted_by first)" -gt 1
check "still there is one socket" equal "$(listening http)" 1

# ---- to another policy, and back ----

shifts() { # FROM TO
	check "plan: $1 to $2 replaces workers" says "replaced, one by one (balance)" ctl plan
	for name in web http; do
		load_begin "$name" --rate "$(scaled 800)" --timeout 5s "127.0.0.1:$(port $name)"
	done
	check "reload from $1 to $2" ctl reload
	for name in web http; do
		load_end $name
		check "no request of $name was lost" unharmed $name "$(scaled 200)"
	done
}
configured random
shifts queue random
check "now each slot has its share" within 10 evenly
check "and a socket" equal "$(listening web)" 4
check "it can be changed in place again" eval 'ctl balance web ip-hash && ctl balance web config'
configured hash
ctl reload >/dev/null

configured queue
shifts hash queue
check "all share one again" equal "$(shares web)" ",,,"
only_one_is_used() {
	"$BUILD/loadgen" --rate 500 --requests 200 --fail-on-error "127.0.0.1:$(port web)" &&
		ctl scale web 2 && "$BUILD/loadgen" --rate 500 --requests 200 --fail-on-error \
		"127.0.0.1:$(port web)" && ctl scale web config
}
check "and nothing goes to a socket of before" only_one_is_used

# ---- a change that fails ----

configured random --from-slot 2 --exit 3
load_begin failing --rate "$(scaled 1000)" --timeout 5s "127.0.0.1:$(port web)"
check "a reload to another policy that fails" exits 1 ctl reload web
load_end failing
check "is undone" equal "$(app web .balance) $(shares web)" "queue ,,,"
check "and lost none" unharmed failing "$(scaled 100)"
configured random
ctl reload >/dev/null
configured queue --from-slot 2 --exit 3
load_begin failing --rate "$(scaled 1000)" --timeout 5s "127.0.0.1:$(port web)"
check "so is one to the queue" exits 1 ctl reload web
load_end failing
check "whose shares are as before" within 10 evenly
check "with nobody lost" unharmed failing "$(scaled 100)"

# ---- back again ----

configured queue
ctl reload >/dev/null
load_begin back --rate "$(scaled 800)" --timeout 5s "127.0.0.1:$(port web)"
check "rollback goes to the policy of before" eval 'ctl rollback web && within 10 evenly'
load_end back
check "and loses none" unharmed back "$(scaled 100)"

# ---- stopped ----

check "stop and start" eval 'ctl stop web && ctl start web && fetch "$(port web)" / | json .pid'
