#!/usr/bin/env bash
# Workers that exceed a bound of their life are replaced the rolling way, one at a time.
. "$(dirname "$0")/lib.sh"

restarts() { app "$1" '[.workers[] | .restarts] | @csv'; }
reason() { app "$1" ".workers[$2].last_exit.reason"; } # APP SLOT
fast='restart = { delay = "100ms"; delay_max = "800ms"; stable_after = "20s"; };'

# A worker that is to be replaced now: watches that the others stay and all are served.
replaced() { # APP SLOT PID
	[ "$(app "$1" ".workers[$2].pid")" != "$3" ] && ready_are "$1" 2
}

# ---- memory ----

apps "$(w_app leaky 2 "$TCP $QUICK recycle = { memory = \"60M\"; };")" \
	"$(w_app lean 2 "$TCP $QUICK recycle = { memory = \"1G\"; };")" | config
check "apps with a bound of memory" supervise leaky lean
port=$(port leaky)
other=$(app leaky '.workers[0].pid')
victim=$(app leaky '.workers[1].pid')
lean=$(pids_by_slot lean)
fetch_slot "$(port lean)" /leak/100 0 >/dev/null
load_begin leak --rate "$(scaled 200)" "127.0.0.1:$port"
fetch_slot "$port" /leak/100 1 >/dev/null
check "B11 a worker beyond its memory is replaced" within 15 replaced leaky 1 "$victim"
load_end leak
check "no request failed over it" unharmed leak "$(scaled 100)"
check "B11 the other one stays" equal "$(app leaky '.workers[0].pid')" "$other"
check "B11 an app within its bound stays" equal "$(pids_by_slot lean)" "$lean"
check "it was asked to go, once" equal "$(grep -c "^$victim .* TERM$" "$EVENTS")" 1
check "after its successor was ready" eval \
	'log_of_supervisor | grep -A 9 "worker $victim is recycled" | grep -q "leaky.1: worker .* is ready"'
check "its end tells why" says "recycled: 10" reason leaky 1
check "a recycle is counted as a restart of its slot" equal "$(restarts leaky)" "0,1"
events() { ctl events "$@" --no-follow -n 100 --json; }
check "and is an event, with its reason" eval 'events leaky.1 |
	jq -es "any(.kind == \"recycling\" and .pid == $victim and (.reason | endswith(\"of memory\")))"'
check "show tells the bound and the last recycle" says "recycled     slot 1" ctl show leaky
check "show --json, too" eval \
	'ctl show leaky --json | json ".apps[0] | .recycle.memory_bytes == 62914560 and .last_recycle.slot == 1"'
retire

# ---- a bound that is too low ----

: >"$EVENTS"
apps "$(w_app small 2 "$TCP $QUICK $fast recycle = { memory = \"1M\"; };")" | config
check "a bound below what a worker needs" supervise small
check "is found out and told" within 15 says "was just recycled" log_of_supervisor
check "as an event that warns" eval 'events small | jq -es "any(.kind == \"recycle-delayed\")"'
check "the app is not torn down over it" eval '[ "$(app small .instances.ready)" = 2 ]'
warned() { log_of_supervisor | grep -c "was just recycled"; }
before=$(warned)
check "nor is it given up" within 15 eval '[ "$(warned)" -gt '"$before"' ]'
check "F2 without the bound nobody is recycled any more" eval '
	apps "$(w_app small 2 "$TCP $QUICK $fast")" | config && ctl start'
check "when the last recycle is over" within 10 ready_are small 2
retire

# ---- age ----

: >"$EVENTS"
apps "$(w_app aging 3 "$TCP $QUICK recycle = { age = \"2s\"; jitter = 50; };")" | config
check "an app of workers that grow old" supervise aging
first=$(pids_by_slot aging)
least() { [ "$(app aging .instances.ready)" -ge 3 ] || echo dip >>"$HOUSE/dips"; }
all_new() {
	least
	[ "$(grep -c " start$" "$EVENTS")" -ge 6 ] && ready_are aging 3
}
check "all are replaced in their time" within 20 all_new
check "and never were there fewer ready" not test -e "$HOUSE/dips"
check "none of the first is left" eval '[ "$(pids_by_slot aging)" != "$first" ]'
check "their ends tell why" says "recycled: ready for" reason aging 0
ages() { log_of_supervisor | sed -n 's/.*is recycled: ready for //p' | head -n 3 | sort -u | wc -l; }
check "they were not of an age, by lot" test "$(ages)" -ge 2
check "a reload replaces everybody as ever" ctl reload aging
check "stop ends it" ctl stop aging
count=$(grep -c " start$" "$EVENTS")
check "nobody is recycled in a stopped app" for_all_of 3 eval \
	'[ "$(grep -c " start$" "$EVENTS")" = '"$count"' ]'
retire

# ---- requests ----

: >"$EVENTS"
apps "$(http_app web 2 "$TCP $QUICK heartbeat = { interval = \"100ms\"; timeout = \"10s\"; };
	recycle = { requests = $(scaled 400); };")" | config
check "an app with a bound of requests" supervise web
first=$(pids_by_slot web)
load_begin many --rate "$(scaled 400)" --keepalive 8 "127.0.0.1:$(port web)"
renewed() { # no pid of the first is left
	local pid
	for pid in ${first//,/ }; do
		gone "$pid" || return 1
	done
	ready_are web 2
}
check "both workers are replaced when they have answered so many" within 30 renewed
load_end many
check "and not one request failed" unharmed many "$(scaled 400)"
check "the ends tell why" says "requests" reason web 0
