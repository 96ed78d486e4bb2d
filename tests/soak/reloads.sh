#!/usr/bin/env bash
# Ten thousand reloads, each of another configuration, with crashes and scales between them:
# nothing of the supervisor grows.
#
# SOAK_RELOADS: how many; `make soak` takes the default.
. "$(dirname "$0")/lib.sh"

reloads=${SOAK_RELOADS:-10000}

# Every third has a listener more, every fifth another program's name for the same.
written() { # NUMBER
	local listen='"127.0.0.1:0"'
	[ $(($1 % 3)) -ne 0 ] || listen="$listen, \"unix:$HOUSE/web.sock\""
	apps "$(http_app web 2 "listen = [ $listen ]; log = { to = \"none\"; };
		env = { NUMBER = \"$1\"; }; weights = [ $((1 + $1 % 5)), 1 ];
		reload = { settle = \"0s\"; surge = 2; }; restart = { stable_after = \"0s\"; };")" | config
}
reload_often() { # FIRST PAST
	local number
	for ((number = $1; number < $2; number++)); do
		written "$number"
		ctl reload web --quiet --timeout "$((60 * TIME_SCALE))s" || return
		case $((number % 50)) in
		10) kill -KILL "$(app web '.workers[0].pid')" ;;
		20) ctl scale web 4 --quiet || return ;;
		30) ctl scale web config --quiet || return ;;
		40) ctl restart web --quiet || return ;;
		esac
	done
	within 10 ready_are web 2
}

written 0
check "two workers" supervise web
check "it warms up" reload_often 0 100
remember
check "$reloads reloads succeed" reload_often 100 $((100 + reloads))
check_that_nothing_grew
check "generations were counted, and only the last one is left" equal \
	"$(app web '[.workers[].generation] | unique | length')" 1
