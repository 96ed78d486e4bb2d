#!/usr/bin/env bash
# Requests that take their time are finished, whatever happens to the worker's place; and
# connections that wait in a queue are answered by whoever comes next.
. "$(dirname "$0")/lib.sh"

long='drain = { timeout = "20s"; };'
apps "$(http_app web 2 "$TCP $QUICK $long")" | config
check "two workers" supervise web
port=$(port web)

# Beats tell of connections, so those of the load before may still be in the list.
connections() { app web '[.workers[].connections // 0] | add'; }

# hold NAME COUNT MS: this many requests that each last so long, all begun.
hold() {
	within 10 eval '[ "$(connections)" = 0 ]' || return
	load_begin "$1" --rate 200 --requests "$2" --timeout 60s --path "/_test/sleep?ms=$3" \
		"127.0.0.1:$port"
	within 10 eval '[ "$(connections)" -ge '"$2"' ]'
}
finished() { # NAME COUNT
	within 20 gone "${loads[$1]}"
	wait "${loads[$1]}"
	unset "loads[$1]"
	load_shows "$1" ".ok == $2 and .failed == 0"
}

check "K3 requests are in hand" hold reload 20 4000
check "K3 reload meanwhile" ctl reload web
check "K3 all of them were finished" finished reload 20
check "K3 more are in hand" hold scale 20 4000
check "K3 scale down meanwhile" ctl scale web 1
check "K3 all of those were finished, too" finished scale 20
check "K3 and more" hold stop 10 3000
check "K3 stop meanwhile waits for them" ctl stop web
check "K3 the last were finished as well" finished stop 10
check "then it is stopped" equal "$(app web .state)" stopped

# L27: a second and a third reload must not cut short who still drains from the first.
ctl start web >/dev/null && ctl scale web config >/dev/null
port=$(port web)
check "L27 requests are in hand" hold third 10 3000
ctl reload web --no-wait >/dev/null
ctl reload web --no-wait >/dev/null
check "L27 three reloads at once" ctl reload web
check "L27 the requests of the first generation were finished" finished third 10

# A stop that cannot wait: drain.timeout bounds it.
apps "$(http_app web 2 "$TCP $QUICK drain = { timeout = \"1s\"; };")" | config
ctl reload web >/dev/null
port=$(port web)
check "requests longer than drain.timeout are in hand" hold endless 4 30000
began=$(now_ms)
check "stop does not wait for them" ctl stop web
check "it takes drain.timeout and little more" test $(($(now_ms) - began)) -le $((4000 * TIME_SCALE))
load_end endless
check "those requests are told by the end of their connection" load_shows endless \
	'.ok == 0 and .timeout == 0 and .failed == 4'
retire
forget

# ---- K4: the queue of a worker that does not accept ----

apps "$(w_app web 2 "$TCP $QUICK heartbeat = false; drain = { timeout = \"1s\"; };")" | config
check "K4 two workers without heartbeat" supervise web
port=$(port web)
waiting() { ss -Hltn "sport = :$port" | awk '{ sum += $2 } END { print sum + 0 }'; }
for what in "reload" "scale"; do
	frozen=$(app web '.workers[1].pid')
	kill -STOP "$frozen"
	load_begin queue --rate 500 --requests 60 --timeout 30s "127.0.0.1:$port"
	check "K4 connections wait in the queue of a frozen worker" within 5 eval '[ "$(waiting)" -ge 4 ]'
	count=()
	[ $what = reload ] || count=(1)
	check "K4 $what" ctl $what web "${count[@]}" --timeout "$((20 * TIME_SCALE))s"
	check "K4 the frozen worker is gone" within 5 gone "$frozen"
	check "K4 all who waited are answered" finished queue 60
	within 5 eval '[ "$(app web .operation)" = null ]'
done
