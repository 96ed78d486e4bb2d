#!/usr/bin/env bash
# Python's servers, as the examples configure them: http.server, gunicorn, uvicorn.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"

apps "$(w_app first 1 "$TCP")" | config
check "a supervisor is there" supervise first

# Neither waits for whom it has accepted and not yet heard.
try_out python "$DEPARTURES" TERM python3 server.py PORT
if command -v gunicorn >/dev/null; then
	try_out gunicorn 0 TERM gunicorn --bind 127.0.0.1:PORT hello:wsgi
else
	skip "gunicorn serves" "not installed"
fi
if command -v uvicorn >/dev/null; then
	try_out uvicorn "$DEPARTURES" TERM uvicorn --port PORT --no-access-log hello:asgi
else
	skip "uvicorn serves" "not installed"
fi
