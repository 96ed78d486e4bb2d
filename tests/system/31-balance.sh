#!/usr/bin/env bash
# The balance, changed while connections come: in place, kept, and ended by the file.
. "$(dirname "$0")/lib.sh"

web() { http_app web 4 "$TCP $QUICK $1"; }
local_="$(w_app local 2 "listen = [ \"unix:$HOUSE/local.sock\" ];")"
job="$(w_app job 1 "")"
configured() { apps "$(web "$1")" "$local_" "$job" | config; }

balance() { app web .balance; }
shares() { app web '[.workers[].share_percent + 0.5 | floor] | @csv'; }
refused() { # REASON WORDS...
	local reason=$1
	shift
	check "balance $* is refused" exits 2 ctl balance "$@"
	check "and says why: $reason" says "$reason" ctl balance "$@"
}

configured 'balance = "hash";'
check "an app dealt by hash, a Unix socket, a job" supervise web local job
before=$(pids_by_slot web)

refused "none of auto" web nonsense
refused "numbers from 1 to 1000" web random --weights 2,0
refused "numbers from 1 to 1000" web random --weights 2,,1
refused "numbers from 1 to 1000" web random --weights many
refused "weights of its own" web config --weights 2
refused "a worker doesn't" web.0 random
refused "share one socket" local random
refused "listens nowhere" job random
check "and of somebody unknown is exit 5" exits 5 ctl balance nobody random
check "nothing has changed" equal "$(balance) $(shares)" "hash 25,25,25,25"
check "nor is it called an order" equal "$(app web .balance_configured)" null

check "balance web random" ctl balance web random
check "is in force" equal "$(balance)" random
check "the file's word is shown beside it" says "random (ordered; the config says hash)" \
	ctl show web
check "what is so already is exit 0" says "is already random" ctl balance web random
check "weights are shares" eval 'ctl balance web random --weights 2,1,1,1 &&
	equal "$(shares)" 40,20,20,20'
check "and shown" says "2 1 1 1" ctl show web
check "weights stay with another policy" eval 'ctl balance web ip-hash &&
	equal "$(balance) $(app web "[.weights[]] | @csv")" "ip-hash 2,1,1,1"'
answering() { # HOW-MANY: workers answer one client
	"$BUILD/loadgen" --json --rate 200 --requests 40 --source 127.1.2.3 \
		"127.0.0.1:$(port web)" >"$HOUSE/load.one"
	load_shows one ".ok == 40 and (.workers | length == $1)"
}
check "the kernel follows: one client, one worker" answering 1
check "and another policy spreads it" eval 'ctl balance web random && answering 4 &&
	ctl balance web ip-hash && answering 1'
check "no worker was replaced for all that" equal "$(pids_by_slot web)" "$before"

# ---- kept, and ended ----

check "a reload of the same file keeps the order" eval 'ctl reload web && equal "$(balance)" ip-hash'
check "a stop and start as well" eval 'ctl stop web && ctl start web && equal "$(balance)" ip-hash'
sed -i 's/"--test-endpoints"/"--no-such-option"/; s/balance = "hash"/balance = "random"/' \
	"$CLUSTERD_HOME/cluster.conf"
check "a reload that changes the file's word and fails" exits 1 ctl reload web
check "keeps it, too" equal "$(balance)" ip-hash
configured 'balance = "hash"; backlog = 64;'
check "so does a change of something else" eval 'ctl reload web && equal "$(balance)" ip-hash'
check "balance web config ends it" eval 'ctl balance web config &&
	equal "$(balance) $(shares)" "hash 25,25,25,25"'
ctl balance web random >/dev/null
configured 'balance = "hash"; weights = [ 3, 1, 1, 1 ];'
check "and so does a changed file" eval 'ctl reload web && equal "$(balance) $(shares)" "hash 50,17,17,16"'
check "for good" eval 'configured "balance = \"hash\";"; ctl reload web && equal "$(balance)" hash'

# ---- under load ----

swap() { # TIMES
	local time policies=(round-robin hash random ip-hash)
	for ((time = 0; time < $1; time++)); do
		ctl balance web "${policies[time % 4]}" --quiet \
			--weights "$((time % 3 + 1)),1,2,1" || return
	done
}
load_begin swaps --rate "$(scaled 2000)" --keepalive 8 --source 127.0.0.0/16 --timeout 5s \
	--path /_test/id "127.0.0.1:$(port web)"
check "1000 swaps of policy and weights while connections come" swap 1000
load_end swaps
check "lose none of them" unharmed swaps "$(scaled 1000)"
