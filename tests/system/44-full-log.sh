#!/usr/bin/env bash
# A full log device costs lines, not service: workers and the supervisor go on, and write
# again when there is room.
if [ "$(id -u)" = 0 ] && [ -z "${OWN_MOUNTS-}" ] && unshare -m true 2>/dev/null; then
	OWN_MOUNTS=1 exec unshare -m "$0" # so that what is mounted goes with us
fi
. "$(dirname "$0")/lib.sh"

if [ -z "${OWN_MOUNTS-}" ]; then
	skip "K25 a full log device" "needs root, and a mount namespace of its own"
	exit
fi
mkdir "$CLUSTERD_HOME/log"
if ! mount -t tmpfs -o size=256k tmpfs "$CLUSTERD_HOME/log"; then
	skip "K25 a full log device" "cannot mount a tmpfs"
	exit
fi

no_room() { [ "$(df --output=avail "$CLUSTERD_HOME/log" | tail -n 1)" -eq 0 ]; }
loud="while :; do echo 0123456789012345678901234567890123456789; sleep 0.001; done 2>/dev/null"
apps "$(http_app web 2 "$TCP $QUICK")" \
	"{ name = \"loud\"; command = [ \"/bin/bash\", \"-c\", \"$loud\" ]; heartbeat = false; }" |
	config
check "an app, and one that writes a lot" supervise web loud
head -c 300000 /dev/zero >"$CLUSTERD_HOME/log/ballast" 2>/dev/null
check "the device is full" within 10 no_room
before=$(pids loud)
load_begin full --rate "$(scaled 200)" --timeout 5s "127.0.0.1:$(port web)"
check "K25 a reload works" ctl reload web
check "K25 so does scaling" eval 'ctl scale web 3 && ctl scale web 2'
kill -KILL "$(pids web | head -n 1)"
check "K25 a worker is replaced" within 5 ready_are web 2
load_end full
# Who was killed may have held some.
check "K25 requests are served all the while" load_shows full \
	".refused == 0 and .timeout == 0 and .failed <= 3 and .ok > $(scaled 50)"
check "K25 the supervisor answers" answers
check "K25 the one that writes was not ended for it" equal "$(pids loud)" "$before"
rm "$CLUSTERD_HOME/log/ballast"
lines() { wc -l <"$CLUSTERD_HOME/log/loud-out.log"; }
count=$(lines)
writes() { [ "$(lines)" -gt "$count" ]; }
check "K25 with room it writes again" within 10 writes
umount -l "$CLUSTERD_HOME/log"
