#!/usr/bin/env bash
# A worker is judged by what it does now: old merits do not hide a crash loop, old failures
# are forgiven by good service.
. "$(dirname "$0")/lib.sh"

waits() { log_of_supervisor | grep "$1.0: failed .* times in a row" | tail -n 1; }

good="#!/bin/sh\nexec \"$W\" --log \"$EVENTS\"\n"
bad='#!/bin/sh\nexit 3\n'
# shellcheck disable=SC2059 # texts of our own
{
	printf "$good" >"$HOUSE/program"
	chmod 755 "$HOUSE/program"
}
apps "{ name = \"web\"; command = [ \"$HOUSE/program\" ]; instances = 1; $TCP ready = { exec = \"10ms\"; };
		restart = { delay = \"100ms\"; delay_max = \"400ms\"; stable_after = \"300ms\"; }; }" \
	"$(w_app fickle 1 "$TCP restart = { delay = \"400ms\"; delay_max = \"10s\"; stable_after = \"1s\"; };")" | config
check "two apps that serve" supervise web fickle

# ---- a good program becomes a bad one ----

within 5 eval '[ "$(app web ".workers[0].uptime_ms")" -gt 600 ]' # good for longer than it must
# shellcheck disable=SC2059
printf "$bad" >"$HOUSE/program.new" && chmod 755 "$HOUSE/program.new" && mv "$HOUSE/program.new" "$HOUSE/program"
check "B5 a restart of a program that crashes now fails" exits 1 ctl restart web --timeout 20s
check "B5 it ends in a crash loop" within 5 eval '[ "$(app web .state)" = failed ]'
check "B5 that slows down, whatever it served before" within 10 says "failed 4 times in a row" \
	waits web
check "B5 its exit code is told" equal "$(app web '.workers[0].last_exit.code')" 3
# shellcheck disable=SC2059
printf "$good" >"$HOUSE/program.new" && chmod 755 "$HOUSE/program.new" && mv "$HOUSE/program.new" "$HOUSE/program"
check "with a good one again it is back by itself" within 5 ready_are web 1

# ---- failures are forgiven ----

again() { # it falls, and is replaced by another
	local before
	before=$(pids fickle)
	kill -KILL "$before"
	within 10 eval '[ -n "$(pids fickle)" ] && [ "$(pids fickle)" != '"$before"' ] && ready_are fickle 1'
}
check "B9 it falls for the first time" again
check "B9 and again" again
check "B9 and once more" again
check "B9 each wait is longer" says "failed 3 times in a row" waits fickle
within 10 eval '[ "$(app fickle ".workers[0].uptime_ms")" -gt 1200 ]' # restart.stable_after
count=$(log_of_supervisor | grep -c "fickle.0: failed .* in a row")
check "B9 after a time well served it is as if nothing had been" again
check "B9 it does not wait" equal "$(log_of_supervisor | grep -c "fickle.0: failed .* in a row")" "$count"
