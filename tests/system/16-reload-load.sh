#!/usr/bin/env bash
# Twenty reloads in a row while clients come and go: not one request is lost.
. "$(dirname "$0")/lib.sh"

apps "$(http_app web 4 "$TCP $QUICK")" | config
check "four workers" supervise web
port=$(port web)
pids web >"$HOUSE/seen"
load_begin all --rate "$(scaled 2000)" --keepalive "$(scaled 64)" --think 500ms --post 30 \
	--path /_test/id --echo /_test/echo "127.0.0.1:$port"
within 5 eval '[ "$(app web ".workers | map(.requests // 0) | add")" -gt 0 ]'

reloads() {
	for _ in $(seq "$1"); do
		ctl reload web --timeout "$((20 * TIME_SCALE))s" || return
		pids web >>"$HOUSE/seen"
	done
}
check "K1 K2 20 reloads in a row succeed" reloads 20
check "K1 every pid was new each time" equal "$(sort "$HOUSE/seen" | uniq -d)" ""
check "K1 it is generation 21" equal "$(app web .generation)" 21
check "the load is reported" load_end all
check "K1 K2 of all requests, new connections and keep-alive, GET and POST, none failed" \
	unharmed all "$(scaled 4000)"
check "K2 and there were both of them" load_shows all \
	'.new.ok > 0 and .keepalive.ok > 0 and .posts > 0'
check "they were answered by workers of many generations" load_shows all '.workers | length >= 40'
