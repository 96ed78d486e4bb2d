#!/usr/bin/env bash
# Workers are probed, each by itself: who is avoided and replaced for it, and who is not.
. "$(dirname "$0")/lib.sh"

# Answers by what the files say: health.PID of this worker, health.VERSION, or health of all.
# "hang" is no answer at all, "once" is a failure that takes its file away.
cat >"$HOUSE/patient.py" <<'END'
import os, socket, sys, time
house, version = sys.argv[1], sys.argv[2]
listener = socket.socket(fileno=3)
listener.setblocking(True)
def status():
    for name in "health.%d" % os.getpid(), "health." + version, "health":
        path = os.path.join(house, name)
        try:
            word = open(path).read().strip()
        except FileNotFoundError:
            continue
        if word == "once":
            os.remove(path)
            word = "500"
        return word
    return "200"
while True:
    client, _ = listener.accept()
    lines = client.makefile("rb")
    path = lines.readline()
    while path and lines.readline().strip():
        pass
    word = status()
    if word == "hang":
        time.sleep(1000)
    if word == "slow":
        time.sleep(0.25)
        word = "200"
    try:
        client.sendall(b"HTTP/1.1 %s x\r\nConnection: close\r\n\r\n%d\n" % (word.encode(), os.getpid()))
    except ConnectionError:
        pass
    lines.close()
    client.close()
END
patients() { # COUNT PROBE VERSION [SETTINGS]
	printf '{ name = "web"; instances = %s; command = [ "python3", "%s", "%s", "%s" ]; %s' \
		"$1" "$HOUSE/patient.py" "$HOUSE" "$3" "$TCP $QUICK ready = { exec = \"300ms\"; };"
	printf 'heartbeat = false; drain = { timeout = "500ms"; }; %s %s }' "$2" "${4-}"
}
probe='probe = { http = "/healthz"; interval = "200ms"; timeout = "1s"; failures = 3; };'

pid_of() { app web ".workers[] | select(.slot == $1 and .pid) | .pid" | head -n 1; }
well() { # COUNT: so many are ready, alone in their slots, and passed their last probe
	list | json ".apps[0].workers | length == $1 and all(.[];
		.state == \"ready\" and .last_probe.passed and .last_probe.result == \"status 200\")"
}
replaced() { # SLOT PID
	[ "$(pid_of "$1")" != "$2" ] && well 3
}

apps "$(patients 3 "$probe" one)" | config
check "three workers that are probed" supervise web
check "pass their probes" within 10 well 3
before=$(pids_by_slot web)
check "and are left alone" for_all_of 1 equal "$(pids_by_slot web)" "$before"
check "show says how they are probed" says "/healthz every 200ms, sick after 3 failures" ctl show web
check "and what came of it" says "status 200 within" ctl show web

# ---- one is sick ----

sick=$(pid_of 1)
others=$(app web '[.workers[] | select(.slot != 1) | .pid] | @csv')
echo 503 >"$HOUSE/health.$sick"
check "one that fails its probes is avoided" within 10 grep -q "worker $sick is avoided" "$HOUSE/clusterd.log"
check "and replaced" within 10 replaced 1 "$sick"
check "the others are not" equal "$(app web '[.workers[] | select(.slot != 1) | .pid] | @csv')" "$others"
check "the log says what it answered" grep -q "3 probes of /healthz in a row failed: status 503" \
	"$HOUSE/clusterd.log"
check "show says why it ended" says "recycled: 3 failed probes" ctl show web.1

sick=$(pid_of 2)
echo hang >"$HOUSE/health.$sick"
check "one that answers no more is replaced as well" within 10 replaced 2 "$sick"
check "and told as such" grep -q "in a row failed: no answer" "$HOUSE/clusterd.log"
check "and killed when it does not drain" within 5 gone "$sick"

passes_after() { # MOMENT
	list | json ".apps[0].workers[0].last_probe | .passed and .at > \"$1\""
}
sick=$(pid_of 0)
for _ in 1 2 3; do
	echo once >"$HOUSE/health.$sick.new"
	mv "$HOUSE/health.$sick.new" "$HOUSE/health.$sick"
	check "a probe fails" within 10 test ! -e "$HOUSE/health.$sick"
	pause 0.05
	check "and the next one passes" within 10 passes_after "$(date -u +%FT%T.%3NZ)"
done
check "one that fails now and then is kept" equal "$(pid_of 0)" "$sick"

# ---- all are sick: it is what they share ----

before=$(pids web)
echo 503 >"$HOUSE/health"
staff() { # no fewer serve than are wanted, and one at most is new beside whom it replaces
	list | json '.apps[0].instances.ready >= 3 and .apps[0].instances.running <= 4'
}
check "when all fail at once" within 10 eval \
	'[ "$(grep -c "is avoided" "$HOUSE/clusterd.log")" -ge 5 ]'
check "nobody goes before another serves, and no two at a time" for_all_of 3 staff
check "somebody is tried, in vain" within 10 grep -q "was just recycled and has 3 failed probes" \
	"$HOUSE/clusterd.log"
check "while none passes, clients are answered on" eval 'fetch "$(port web)" / | grep -q .'
rm "$HOUSE/health"
check "when what they share is back, so are they" within 15 well 3

# ---- a reload ----

echo 500 >"$HOUSE/health.two"
before=$(pids_by_slot web)
apps "$(patients 3 "$probe" two)" | config
check "a new version that fails its probes is refused" exits 1 ctl reload web
check "with the reason" eval 'says "probes of /healthz in a row failed: status 500" cat "$HOUSE/check" ||
	grep -q "going back: slot 0: 3 probes of /healthz in a row failed: status 500" "$HOUSE/clusterd.log"'
check "and costs one slot only" equal "$(cut -d, -f2- <<<"$(pids_by_slot web)")" "$(cut -d, -f2- <<<"$before")"
check "which the old version has again" within 5 eval \
	'equal "$(app web "[.workers[].generation] | unique | length")" 1 && well 3'
echo 200 >"$HOUSE/health.two"
check "once it passes them, it is taken" ctl reload web
check "everywhere" well 3

# ---- the supervisor itself is late ----

# Nearly always a probe is under way, and the first that fails would be told.
echo slow >"$HOUSE/health.two"
patient=${probe/1s/2s}
apps "$(patients 3 "${patient/failures = 3/failures = 1}" two)" | config
check "one failure is too many now, and workers are slow" eval 'ctl start >/dev/null && within 10 well 3'
before=$(pids_by_slot web)
told=$(grep -c "is avoided" "$HOUSE/clusterd.log")
kill -STOP "$INNER"
pause 2.5
kill -CONT "$INNER"
untold() { equal "$(grep -c "is avoided" "$HOUSE/clusterd.log")" "$told"; }
check "answers that came while the supervisor was stopped are heard" for_all_of 1 untold
# shellcheck disable=SC2046 # pids
kill -STOP "$INNER" $(pids web)
pause 2.5
kill -CONT "$INNER"
pause 0.1
# shellcheck disable=SC2086 # pids
kill -CONT ${before//,/ }
check "and none counts as missing when all were stopped" for_all_of 1 untold
check "nobody was replaced for it" equal "$(pids_by_slot web)" "$before"
echo 200 >"$HOUSE/health.two"

# ---- numbers, and other ways to ask ----

apps "$(patients 3 "${probe/200ms/300ms}" two)" | config
check "another interval" says "probe" ctl plan
check "changes in place" eval 'ctl start >/dev/null && equal "$(pids_by_slot web)" "'"$before"'"'
apps "$(patients 3 "" two)" | config
check "none any more" ctl start
check "and nothing is told of any" eval 'list | json "all(.apps[0].workers[]; .last_probe == null)"'
apps "$(patients 3 'probe = { tcp = true; interval = "200ms"; timeout = "1s"; failures = 2; };' two)" | config
accepted() { list | json 'all(.apps[0].workers[]; .last_probe.result == "accepted")'; }
check "to be accepted can be enough" eval 'ctl start >/dev/null && within 5 accepted'
sick=$(pid_of 1)
kill -STOP "$sick"
check "a stopped worker accepts nothing and is replaced" within 10 eval \
	'[ "$(pid_of 1)" != '"$sick"' ] && accepted'
check "whatever the kernel has queued for it" grep -q "of its port in a row failed: not accepted" \
	"$HOUSE/clusterd.log"
