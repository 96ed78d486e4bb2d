#!/usr/bin/env bash
# What comes over a notify socket is never trusted: floods, rubbish, and claims to be
# somebody else cost a worker its voice, not the supervisor its head.
. "$(dirname "$0")/lib.sh"

beats='heartbeat = { interval = "300ms"; timeout = "1500ms"; };'
ticks() { awk '{ print $14 + $15 }' "/proc/$INNER/stat"; }
cpu_of() { # SECONDS: of the supervisor while they pass, in clock ticks (100 a second)
	local from
	from=$(ticks)
	for_all_of "$1" answers >/dev/null
	echo $(($(ticks) - from))
}

apps "$(w_app flood 2 "$TCP $beats" --flood)" "$(w_app rubbish 2 "$TCP $beats" --garbage)" \
	"$(w_app honest 2 "$TCP $beats")" "$(w_app victim 2 "$TCP $beats")" | config
check "K12 flooding workers hinder no start" supervise flood rubbish honest victim
before="$(pids_by_slot flood) $(pids_by_slot honest)"
used=$(cpu_of 3)
check "K12 two flooding workers cost the supervisor less than half a core" \
	test "$used" -le $((150 * TIME_SCALE))
# Who drowns its own beats in rubbish may be taken for hung; that is its own affair.
check "K12 nobody died of it: not who floods, not who beats beside them" equal \
	"$(pids_by_slot flood) $(pids_by_slot honest)" "$before"
check "K12 honest workers are on time" equal \
	"$(app honest '[.workers[].state] | unique | @csv')" '"ready"'
check "K12 the flood is told once, not for each datagram" test \
	"$(log_of_supervisor | wc -l)" -le 200

# ---- claiming to be another ----

socket_of() { fetch_slot "$(port victim)" /environ "$1" | sed -n 's/^NOTIFY_SOCKET=//p'; }
victim=$(socket_of 0) other=$(socket_of 1)
check "each slot has a notify socket of its own" not equal "$victim" "$other"
pid=$(app victim '.workers[0].pid')
claim() { # TEXT: a worker of another app says it on the victim's socket
	printf '%s\n%s' "$victim" "$1" |
		fetch "$(port honest)" /notify --data-binary @- -o /dev/null
}
for text in STOPPING=1 WATCHDOG=trigger "EXTEND_TIMEOUT_USEC=1" "MAINPID=$$"; do
	claim "$text"
done
check "K12 another worker's word does not count" for_all_of 1 equal \
	"$(app victim '.workers[0].pid')" "$pid"
check "K12 and is not shown" equal "$(app victim '.workers[0].state')" ready

# The other way round: a hung worker is not kept alive by somebody else's beats.
kill -STOP "$pid"
beat_for_it() {
	claim WATCHDOG=1
	[ "$(app victim '.workers[0].pid')" != "$pid" ]
}
check "K12 a stranger's beats do not save a hung worker" within 6 beat_for_it
check "it is replaced" within 5 ready_are victim 2

pid=$(app victim '.workers[1].pid')
fetch_slot "$(port victim)" /notify 1 "$(printf '%s\nWATCHDOG=trigger' "$other")" >/dev/null
check "WATCHDOG=trigger by the worker itself replaces it" within 6 eval \
	'[ "$(app victim ".workers[1].pid")" != '"$pid"' ] && ready_are victim 2'
check "the supervisor lives" answers
