#!/usr/bin/env bash
# Signals to clusterd are commands; those meant for it harm no worker.
. "$(dirname "$0")/lib.sh"

write() { apps "$(w_app web 2 "$TCP $QUICK" "$@")" "$(w_app quiet 2 "heartbeat = false;")" | config; }
write
check "two apps, one with a listener" supervise web quiet
generation() { app web '.generation'; }
before=$(pids_by_slot web)
kill -HUP "$SUPERVISOR"
check "HUP rolls every app" within 10 eval '[ "$(generation)" = 2 ] && ready_are web 2 &&
	[ "$(app quiet .generation)" = 2 ] && [ "$(app web .operation)" = null ]'
check "HUP all workers are new" within 5 gone "$before"
write changed
kill -HUP "$SUPERVISOR"
check "HUP reads the file afresh" within 10 eval '[ "$(generation)" = 3 ] &&
	[ "$(app web .operation)" = null ] && says changed fetch "$(port web)" /argv'
before=$(pids_by_slot web)
write --exit 1
kill -HUP "$SUPERVISOR"
check "HUP a bad version is walked back" within 10 eval \
	'[ "$(app web ".last_operation.ok")" = false ]'
check "HUP and the old one serves on" equal "$(pids_by_slot web)" "$before"
write
ctl reload >/dev/null

# L1: signals that come while a reload runs.
for _ in 1 2 3 4 5; do
	kill -HUP "$SUPERVISOR"
done
kill -TTIN "$SUPERVISOR"
check "L1 many HUPs and a TTIN at once: it comes to rest, one worker more" within 15 eval \
	'[ "$(app web .operation)" = null ] && ready_are web 3'
check "TTIN counts only for apps that have listeners" within 15 eval \
	'[ "$(app quiet .operation)" = null ] && ready_are quiet 2'
kill -TTOU "$SUPERVISOR"
check "TTOU one worker fewer" within 10 ready_are web 2
kill -TTOU "$SUPERVISOR"
within 10 ready_are web 1
kill -TTOU "$SUPERVISOR"
check "TTOU never the last one" for_all_of 1 ready_are web 1
ctl scale web config >/dev/null

before=$(pids_by_slot web)
for signal in PIPE USR1 WINCH CHLD; do
	kill -$signal "$SUPERVISOR"
done
check "USR1, PIPE, WINCH and CHLD harm nobody" for_all_of 1 equal "$(pids_by_slot web)" "$before"

# L19: what an administrator sends to a name hits workers, too.
apps "$(http_app web 2 "$TCP $QUICK")" | config
ctl reload >/dev/null
before=$(pids_by_slot web)
# shellcheck disable=SC2046 # pids
kill -HUP $(pids web)
check "L19 the built-in worker survives a HUP of its own" for_all_of 1 equal "$(pids_by_slot web)" "$before"

# ---- the end ----

start() {
	write "$@"
	supervise web && before=$(pids_by_slot web)
}
code=0
ended() { # SECONDS: the supervisor and its workers; sets code
	local pid=$SUPERVISOR
	within "$1" gone "$pid" "$before" || return
	wait "$pid"
	code=$?
	SUPERVISOR=
}
kill -TERM "$SUPERVISOR"
check "D12 TERM: all are gone within 3 s" ended 3
check "D12 exit code 0" equal $code 0
start
kill -INT "$SUPERVISOR"
check "INT as well" ended 3
check "INT exit code 0" equal $code 0

start --slow 1500
fetch "$(port web)" / >"$HOUSE/answer" &
asking=$!
within 5 eval 'ss -Htn state established "sport = :$(port web)" | grep -q .'
kill -TERM "$SUPERVISOR"
check "TERM waits for requests in hand" ended 10
wait $asking
check "and they are answered" eval 'json .pid <"$HOUSE/answer"'

start --ignore-term
# shellcheck disable=SC2034 # read by eval
from=$(said TERM)
kill -TERM "$SUPERVISOR"
check "TERM is passed on" within 5 eval '[ "$(said TERM)" -ge $((from + 2)) ]'
kill -TERM "$SUPERVISOR"
check "a second TERM ends it at once, however its workers drain" ended 3
start --ignore-term
kill -QUIT "$SUPERVISOR"
check "QUIT ends it at once" ended 3
check "it left no socket behind" no_file_is_left
