#!/usr/bin/env bash
# Web servers as workers, as the examples configure them: nginx.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"

apps "$(w_app first 1 "$TCP")" | config
check "a supervisor is there" supervise first

if [ -x /usr/sbin/nginx ]; then
	mkdir "$SITE/temporary"
	try_out nginx 0 QUIT /usr/sbin/nginx -p . -c nginx.conf -e stderr
else
	skip "nginx serves" "not installed"
fi
