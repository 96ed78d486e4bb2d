#!/usr/bin/env bash
# Several apps, their words, folders and environments; what is refused, and how.
. "$(dirname "$0")/lib.sh"

mkdir "$HOUSE/place"
export SECRET_OF_THE_CALLER=17 PASSED_ON=yes
{
	apps "$(w_app echo-1 1 "$TCP cwd = \"$HOUSE/place\"; env = { COLOUR = \"blue\"; SLOT = \"s%i\"; };
		pass_env = [ \"PASSED_ON\" ];" "one" "-x" "--two" "" "three four" "--" "-5" "\\\"quoted\\\"" "%i" "ten")" \
		"$(w_app echo-2 2 "$TCP")" \
		"$(w_app echo-3 1 "$TCP" plain "--flag=a b")" \
		"$(w_app rest 1 "$TCP autostart = false;")" \
		"{ name = \"script\"; command = \"./hello 'two words' x\"; cwd = \"$HOUSE/place\";
		   instances = 1; ready = { on = \"exec\"; exec = \"50ms\"; }; heartbeat = false; }"
} | config
cat >"$HOUSE/place/hello" <<'END'
#!/bin/sh
echo "hello from $1 and $2"
echo "hello on stderr" >&2
exec sleep 1d
END
chmod +x "$HOUSE/place/hello"

check "several apps start" supervise echo-1 echo-2 echo-3 script
port=$(port echo-1)
fetch "$port" /argv | tail -n +4 >"$HOUSE/argv"
printf '%s\n' one -x --two "" "three four" -- -5 '"quoted"' 0 ten >"$HOUSE/wanted"
check "A4 ten arguments with spaces and dashes arrive as they were written" \
	diff "$HOUSE/argv" "$HOUSE/wanted"
check "A4 another app has its own" says "--flag=a b" fetch "$(port echo-3)" /argv
check "A5 the worker's folder is the configured one" equal \
	"$(fetch "$port" /cwd)" "$(realpath "$HOUSE/place")"
fetch "$port" /environ >"$HOUSE/environ"
has() { grep -q "^$1" "$HOUSE/environ"; }
check "env is set" has "COLOUR=blue$"
check "%i is the slot" has "SLOT=s0$"
check "pass_env passes" has "PASSED_ON=yes$"
check "PATH passes" has "PATH=."
check "what the caller had else does not" not has "SECRET_OF_THE_CALLER"
check "the worker protocol is there" eval 'has CLUSTER_APP=echo-1$ && has CLUSTER_SLOT=0$ &&
	has CLUSTER_INSTANCES=1$ && has CLUSTER_GENERATION=1$ && has NODE_APP_INSTANCE=0$ &&
	has LISTEN_FDS=1$ && has NOTIFY_SOCKET=. && has WATCHDOG_USEC=.'
check "PORT is the port of the one listener" has "PORT=$port$"
check "A6 a script with a shebang runs, and a command string is split like a shell" within 5 \
	grep -qx "hello from two words and x" "$CLUSTERD_HOME/log/script-out.log"
check "A6 its stderr has a log of its own" grep -qx "hello on stderr" \
	"$CLUSTERD_HOME/log/script-err.log"

sleeper=$(pids script)
fds() { find "/proc/$1/fd" -mindepth 1 -printf '%f ' | tr ' ' '\n' | sort -n | tr '\n' ' '; }
mask() { awk "/^$2:/ {print \$2}" "/proc/$1/status"; }
check "L3 a worker without listeners has fds 0, 1 and 2 and no other" equal \
	"$(fds "$sleeper" | xargs)" "0 1 2"
check "L1 no signal is blocked or ignored in a worker" equal \
	"$(mask "$sleeper" SigBlk) $(mask "$sleeper" SigIgn)" "0000000000000000 0000000000000000"

check "A18 autostart = false is listed" equal "$(app rest .state)" stopped
check "A18 and not run" equal "$(pids rest)" ""

check "A12 stop by pattern" ctl stop 'echo-[12]'
check "A12 stops those and no other" equal \
	"$(app echo-1 .state) $(app echo-2 .state) $(app echo-3 .state)" "stopped stopped online"
check "A13 one command, several names" ctl start echo-1 echo-2
check "A13 acts on each" equal "$(app echo-1 .state) $(app echo-2 .state)" "online online"
check "all means all" ctl stop all
check "all are stopped" equal "$(query '[.apps[].state] | unique | @csv')" '"stopped"'
check "all again, up" ctl start all
check "L8 nothing is cut: every app is in the table" equal "$(query '.apps | length')" 5

check "A20 show tells the truth about one app" eval 'ctl show echo-2 --json |
	json "(.app // .apps[0] // .) | .name == \"echo-2\" and (.workers | length == 2)"'
check "A20 show for people names its pids" says "$(pids echo-2 | head -n 1)" ctl show echo-2
check "list for people names every app" eval 'for name in echo-1 echo-2 echo-3 rest script; do
	says "$name" ctl list || exit 1; done'

# ---- counters, signals, one worker ----

ctl reset echo-2
ctl restart echo-2 >/dev/null
check "D13 a signal goes to every worker of the app, once" eval 'ctl signal USR2 echo-2 &&
	within 3 eval "[ \$(said USR2) = 2 ]"'
check "D13 to one worker by name.SLOT" eval 'ctl signal SIGUSR1 echo-2.1 &&
	within 3 eval "[ \$(said USR1) = 1 ]" && grep -q " 1 [0-9]* USR1$" "$EVENTS"'
check "an unknown signal is exit 2" exits 2 ctl signal NONSENSE echo-2
first=$(app echo-2 '.workers[0].pid')
check "restart of one worker" ctl restart echo-2.1
check "leaves the others alone" equal "$(app echo-2 '.workers[0].pid')" "$first"
check "B10 restarts are counted" equal "$(app echo-2 '[.workers[].restarts] | @csv')" "1,2"
check "B10 reset" ctl reset echo-2
check "B10 sets them to zero" equal \
	"$(app echo-2 '[.restarts, .workers[].restarts] | @csv')" "0,0,0"
