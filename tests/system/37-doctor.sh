#!/usr/bin/env bash
# The doctor: what is found of this machine, with and without a supervisor.
. "$(dirname "$0")/lib.sh"

finds() { # CHECK CONDITION
	ctl doctor --json | json "any(.findings[]; .check == \"$1\" and ($2))"
}

check "without a supervisor it says that there is none" finds supervisor \
	'.level == "note" and (.found | test("none runs"))'
check "and looks at the machine all the same" finds kernel '.level == "ok" and (.found | test("^Linux "))'
check "which is no failure" exits 0 ctl doctor
check "every finding has a figure, and what is not well a reason" eval \
	'ctl doctor --json | json "(.findings | length > 15) and all(.findings[]; (.found | length > 0) and
		((.level == \"ok\") == (.why == null)))"'
check "it reads well" says "ok       kernel           Linux" ctl doctor
check "quietly it says only what is not well" not says "ok  " ctl doctor -q
check "it starts nothing" exits 3 ctl ping

apps "$(w_app web 3 "$TCP backlog = 60000;")" | config
check "with a supervisor" supervise web
check "it names it" finds supervisor ".level == \"ok\" and (.found | test(\"pid $INNER, 1 apps, 3 workers\"))"
check "counts its files" finds "open files" '.found | test("allowed, [0-9]+ open, about [0-9]+ a worker")'
check "compares the queues with what apps want" finds queues '.level == "warning" and (.found | test("60000"))'
check "knows of no other listeners" finds "other listeners" '.level == "ok" and .found == "none"'
check "finds its places in order" finds "run directory" '.level == "ok"'
check "and the control socket to be its own" finds "control socket" '.level == "ok"'

port=$(port web)
perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Proto => "tcp", LocalAddr => "127.0.0.1",
	LocalPort => $ARGV[0], ReusePort => 1, Listen => 5) or die; sleep 60' "$port" &
guest=$!
within 5 eval 'ss -Hltn "sport = :$port" 2>/dev/null | [ "$(wc -l)" -gt 3 ] || ! command -v ss >/dev/null'
ctl scale web 4 >/dev/null
check "who listens on the same port is named" within 5 finds "other listeners" \
	'.level == "warning" and (.found | test("^web: 1 on .* of perl"))'
kill "$guest"
wait "$guest" 2>/dev/null

chmod 0777 "$CLUSTERD_HOME/run"
check "a run directory that others may write is a problem" finds "run directory" '.level == "problem"'
check "and exit 1" exits 1 ctl doctor
check "with what to type" says "> chmod go-w" ctl doctor
chmod 0711 "$CLUSTERD_HOME/run"
check "once mended it is none" exits 0 ctl doctor

if [ "$(id -u)" = 0 ]; then
	chmod 0666 "$CLUSTERD_HOME/cluster.conf"
	check "what all may write is no configuration for root" finds configuration \
		'.level == "problem" and (.found | test("mode 0666"))'
	chmod 0600 "$CLUSTERD_HOME/cluster.conf"
else
	skip "what all may write is no configuration for root" "needs root"
fi
