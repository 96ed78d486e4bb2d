#!/usr/bin/env bash
# A hundred thousand restarts under load: nothing fails, and nothing of the supervisor grows.
#
# SOAK_RESTARTS: how many; `make soak` takes the default.
. "$(dirname "$0")/lib.sh"

restarts=${SOAK_RESTARTS:-100000}
workers=64
reloads=$(((restarts + workers - 1) / workers))

apps "$(http_app web $workers "$TCP log = { to = \"none\"; };
	reload = { settle = \"0s\"; surge = \"25%\"; };")" | config
check "$workers workers" supervise web
port=$(port web)

reload_often() { # TIMES
	local time
	for ((time = 0; time < $1; time++)); do
		ctl reload web --quiet --timeout "$((60 * TIME_SCALE))s" || return
	done
}

# What is allocated once is allocated now.
check "it warms up" reload_often 4
remember
load_begin soak --rate "$(scaled 200)" --path /_test/id "127.0.0.1:$port"
check "K23 $((reloads * workers)) restarts succeed" reload_often "$reloads"
load_end soak
check "no request failed" unharmed soak 1
check_that_nothing_grew
check "each worker is of the last generation" equal \
	"$(app web '[.workers[].generation] | unique | @csv')" "$((reloads + 5))"
