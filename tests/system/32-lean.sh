#!/usr/bin/env bash
# Shares that follow what workers say of themselves: connections, or how long they take.
. "$(dirname "$0")/lib.sh"

often="$TCP $QUICK heartbeat = { interval = \"200ms\"; };"
configured() {
	apps "$(http_app conn 4 "$often balance = \"least-conn\"; $1")" \
		"$(http_app latency 4 "$often balance = \"least-latency\";")" \
		"$(w_app mute 4 "$TCP $QUICK balance = \"least-conn\"; heartbeat = false;")" | config
}
configured ""
check "apps that are dealt by load" supervise conn latency mute

share() { app "$1" ".workers[$2].share_percent"; }
less() { jq -n -e "${1:-null} < ${2:-null} and ${1:-null} != null" >/dev/null || equal "$1" "less than $2"; }
shares() { app "$1" '[.workers[].share_percent] | @csv'; }
even() { equal "$(shares "$1")" 25,25,25,25; }

check "at first all get the same" eval 'even conn && even latency'

# ---- connections ----

# The source is the address of slot 1: these go there and nowhere else.
load_begin held --rate "$(scaled 200)" --requests 60 --source 127.128.0.1 --timeout 60s \
	--path "/_test/sleep?ms=$((6000 * TIME_SCALE))" "127.0.0.1:$(port conn)"
check "who holds many connections gets less" within 10 eval 'less "$(share conn 1)" 12'
check "and the others the rest, alike" eval '
	[ "$(app conn "[.workers[] | select(.slot != 1).share_percent | floor] | unique | length")" -le 2 ]'
check "but never nothing, so that it can show it is well" less 5 "$(share conn 1)"
check "a load that knows nothing of this loses nobody" eval \
	'"$BUILD/loadgen" --rate 200 --requests 100 --fail-on-error "127.0.0.1:$(port conn)"'
load_end held
check "nobody who was held failed" load_shows held '.failed == 0'
check "when they are gone it gets its share again" within 20 eval 'less 18 "$(share conn 1)"'

check "weights count as well" eval 'ctl balance conn least-conn --weights 3,1,1,1 &&
	less 40 "$(share conn 0)"'
check "another policy forgets the loads" eval 'ctl balance conn config && ctl balance conn random && even conn'

# ---- latency ----

slow() { # SLOT MS
	load_begin "slot$1" --rate 50 --source "127.128.0.$1" --path "/_test/sleep?ms=$2" \
		"127.0.0.1:$(port latency)"
}
for slot in 0 1 2 3; do
	slow $slot $((slot == 2 ? 40 : 5))
done
check "who answers slowly gets less" within 10 eval 'less "$(share latency 2)" 12'
check "all others get more" less 26 "$(share latency 0)"
for slot in 0 1 2 3; do
	load_end "slot$slot"
	check "and slot $slot lost no request" load_shows "slot$slot" '.failed == 0 and .ok > 10'
done

# ---- those who say nothing ----

"$BUILD/loadgen" --rate "$(scaled 500)" --requests 200 --fail-on-error "127.0.0.1:$(port mute)" >/dev/null
check "without figures all get the same" even mute
check "the policy is shown as it is" equal "$(app mute .balance)" least-conn
