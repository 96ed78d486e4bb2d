#!/usr/bin/env bash
# No configuration at all: the embedded default, one built-in worker a core on port 8080.
. "$(dirname "$0")/lib.sh"

# Port 8080 may be anybody's, so this one has a network of its own.
if [ -z "${IN_OWN_NETWORK:-}" ]; then
	own="unshare --net --map-root-user"
	[ "$(id -u)" = 0 ] && own="unshare --net"
	if $own true 2>/dev/null && command -v ip >/dev/null; then
		rm -rf "$HOUSE"
		IN_OWN_NETWORK=1 exec $own "$0"
	fi
	skip "the embedded default serves on 127.0.0.1:8080" "no network namespaces here"
	exit
fi
ip link set lo up

check "start without any configuration" ctl start
check "one worker a core" eval 'name=$(query ".apps[0].name") && ready_are "$name" "$(nproc)"'
check "on 127.0.0.1:8080" equal "$(query '.apps[0].listen | @csv')" '"127.0.0.1:8080"'
check "it answers" eval 'fetch 8080 / | grep -q .'
check "its health is good" fetch 8080 /healthz -f
check "test endpoints are not there unless asked for" not fetch 8080 /_test/id -f
check "init prints a configuration that is valid" eval \
	'ctl init >"$HOUSE/init.conf" && ctl check "$HOUSE/init.conf"'
check "reload works without a file" ctl reload
check "scale works" eval 'ctl scale all 3 && [ "$(query ".apps[0].instances.ready")" = 3 ]'
check "shutdown ends it" ctl shutdown
check "the port is free" not fetch 8080 /
