#!/usr/bin/env bash
# A hundred thousand restarts under load: nothing fails, and nothing of the supervisor grows.
#
# SOAK_RESTARTS: how many; `make soak` takes the default.
. "$(dirname "$0")/../system/lib.sh"

restarts=${SOAK_RESTARTS:-100000}
workers=64
reloads=$(((restarts + workers - 1) / workers))

apps "$(http_app web $workers "$TCP log = { to = \"none\"; };
	reload = { settle = \"0s\"; surge = \"25%\"; };")" | config
check "$workers workers" supervise web
port=$(port web)

fds() { find "/proc/$SUPERVISOR/fd" -mindepth 1 | wc -l; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$SUPERVISOR/status"; }
reload_often() { # TIMES
	local time
	for ((time = 0; time < $1; time++)); do
		ctl reload web --quiet --timeout "$((60 * TIME_SCALE))s" || return
	done
}
no_more_than() { # WHAT IS MOST
	[ "$2" -le "$3" ] || { echo "$1: $2, and it was to be $3 at most" && return 1; }
}
fds_are_few() { no_more_than descriptors "$(fds)" "$fds_before"; }

# What is allocated once is allocated now.
check "it warms up" reload_often 4
fds_before=$(fds)
rss_before=$(rss_kib)
load_begin soak --rate "$(scaled 200)" --path /_test/id "127.0.0.1:$port"
check "$((reloads * workers)) restarts succeed" reload_often "$reloads"
load_end soak
check "no request failed" unharmed soak 1
check "no descriptor is left open" within 10 fds_are_few
check "the supervisor's memory does not grow" \
	no_more_than "KiB resident" "$(rss_kib)" $((rss_before + 1024))
check "each worker is of the last generation" equal \
	"$(app web '[.workers[].generation] | unique | @csv')" "$((reloads + 5))"
