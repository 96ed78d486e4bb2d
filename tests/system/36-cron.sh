#!/usr/bin/env bash
# All workers of an app are recycled when recycle.cron says so: rolling, and only then.
. "$(dirname "$0")/lib.sh"

often='recycle = { cron = "*/2 * * * * *"; };'
rounds() { log_of_supervisor | grep -c "web.0: worker .* is recycled: recycle.cron"; }
another_round() { # after what was before
	local before
	before=$(rounds)
	within 10 eval '[ "$(rounds)" -gt '"$before"' ]'
}

apps "$(w_app web 2 "$TCP $QUICK $often")" "$(w_app idle 1 "$TCP $QUICK")" | config
check "an app that is recycled every two seconds" supervise web idle
first=$(pids_by_slot web)
idle=$(pids_by_slot idle)
load_begin rounds --rate "$(scaled 200)" "127.0.0.1:$(port web)"
all_new() {
	local pid
	for pid in ${first//,/ }; do gone "$pid" || return 1; done
	ready_are web 2
}
check "B12 its workers are replaced when the time comes" within 10 all_new
check "B12 and again" another_round
load_end rounds
check "no request failed over it" unharmed rounds "$(scaled 200)"
both() { log_of_supervisor | grep "is recycled: recycle.cron" | sed 's/.*\(web\..\):.*/\1/' | head -n 4 | sort -u | wc -l; }
check "all slots had their turn" test "$(both)" = 2
check "an app without the setting stays as it is" equal "$(pids_by_slot idle)" "$idle"
check "show tells the pattern" says "cron         */2" ctl show web
next() { ctl show web --json | jq -r '.apps[0].recycle.next_cron | sub("\\.[0-9]+Z"; "Z") | fromdate'; }
soon() { local at; at=$(next) && echo "$at $(date +%s)" && [ $((at - $(date +%s))) -le 2 ]; }
check "and when it comes next" soon
check "and that of the last recycle" eval \
	'ctl show web --json | json ".apps[0].last_recycle.reason == \"recycle.cron\""'

ctl restart web >/dev/null
check "B12 it goes on after a restart" another_round
ctl reset web >/dev/null
check "B12 it goes on after a reset" another_round
ctl reload web >/dev/null
check "B12 it goes on after a reload" another_round

ctl stop web >/dev/null
count=$(rounds)
check "B12 a stopped app stays stopped" for_all_of 3 eval '[ "$(app web .state)" = stopped ]'
check "B12 nobody is recycled there" equal "$(rounds)" "$count"
check "and no time is named for it" eval \
	'ctl show web --json | json ".apps[0].recycle.next_cron == null"'
ctl start web >/dev/null
check "B12 it goes on after a start" another_round

for pattern in "0 4 * *" "61 4 * * *" "0 0 30 2 *" "@sometimes" "0"; do
	apps "$(w_app web 2 "recycle = { cron = \"$pattern\"; };")" >"$HOUSE/bad.conf"
	check "B12 the pattern \"$pattern\" is refused" exits 2 ctl check "$HOUSE/bad.conf"
	check "B12 with file, line and key" says "bad.conf:1: web.recycle.cron:" ctl check "$HOUSE/bad.conf"
done

before=$(pids_by_slot idle)
apps "$(w_app web 2 "$TCP $QUICK recycle = { cron = \"0 0 1 1 *\"; };")" "$(w_app idle 1 "$TCP $QUICK $often")" | config
check "a pattern changes at once" ctl start
check "B12 it ends when the setting goes" within 5 ready_are web 2
count=$(rounds)
check "B12 for good" for_all_of 3 eval '[ "$(rounds)" = '"$count"' ]'
check "and begins where it came" within 10 eval '[ "$(pids_by_slot idle)" != '"$before"' ]'
retire

# ---- the clock of the wall ----

export TZ=UTC-5 # five hours east
hour=$(date +%-H)
apps "$(w_app web 1 "$TCP $QUICK recycle = { cron = \"0 $(((hour + 2) % 24)) * * *\"; };")" | config
check "a supervisor in another zone" supervise web
wait=$(($(next) - $(date +%s)))
check "reckons by local time" test "$wait" -gt 3500 -a "$wait" -le 7200
