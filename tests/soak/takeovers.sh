#!/usr/bin/env bash
# The supervisor is killed fifty times under load, at random moments of reloads, scales and
# crashes of workers: no request fails but those in the hands of a worker that crashed, the
# workers are the same, nothing grows.
#
# SOAK_TAKEOVERS: how many of each; `make soak` takes the default.
. "$(dirname "$0")/lib.sh"

takeovers=${SOAK_TAKEOVERS:-50}

die() {
	local before
	before=$(query .supervisor.pid)
	kill -KILL "$before" || return
	within 15 eval "answers && [ \"\$(query .supervisor.pid)\" != $before ]"
}
living() {
	local pid
	for pid in $(ours); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = cluster-worker ] && echo "$pid"
	done | sort -n
}
books_are_right() {
	equal "$(query '.apps[].workers[] | select(.pid) | .pid' | sort -n)" "$(living)"
}
moment() { pause "$((RANDOM % 2)).$((RANDOM % 9))$((RANDOM % 9))"; }
quiet() { within 30 eval '[ "$(app web .state)" = online ]' && within 2 books_are_right; }

often() { # WHAT
	local number
	for ((number = 0; number < takeovers; number++)); do
		case $1 in
		reload) ctl reload web --no-wait >/dev/null ;;
		scale) ctl scale web $((2 + RANDOM % 5)) --no-wait >/dev/null ;;
		crash) kill -KILL "$(pids web | shuf -n 1)" ;;
		esac
		moment
		die && quiet || return
		[ "$1" != peace ] || equal "$(pids_by_slot web)" "$before" || return
	done
}

apps "$(http_app web 4 "$TCP $QUICK")" | config
check "four workers" supervise web
port=$(port web)
before=$(pids_by_slot web)
load_begin all --rate "$(scaled 2000)" --keepalive "$(scaled 64)" --think 500ms \
	--path /_test/id "127.0.0.1:$port"
check "$takeovers deaths in peace: the same workers" often peace
# Parked sockets stay, and so does what the generation before is made of.
ctl scale web 6 >/dev/null && ctl scale web config >/dev/null && ctl reload web >/dev/null
die && quiet
INNER=$(query .supervisor.pid)
remember
check "$takeovers deaths in reloads" often reload
check "$takeovers deaths while it scales" often scale
check "the load is reported" load_end all
check "no request failed" unharmed all "$(scaled 10000)"

load_begin crashes --rate "$(scaled 1000)" --path /_test/id "127.0.0.1:$port"
check "$takeovers deaths beside those of workers" often crash
check "the second load is reported" load_end crashes
check "nobody was refused" load_shows crashes '.refused == 0 and .ok > 0'
ctl scale web config >/dev/null
INNER=$(query .supervisor.pid)
check_that_nothing_grew
