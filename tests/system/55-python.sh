#!/usr/bin/env bash
# Python's servers, as the examples configure them: http.server, gunicorn, uvicorn.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"

apps "$FIRST" | config
check "a supervisor is there" supervise first

try_out python TERM python3 server.py PORT
check "python: it is drained quietly, as one that knows nothing of us" equal "$door" preload
if command -v gunicorn >/dev/null; then
	RATE=20 KEPT=1 try_out gunicorn TERM gunicorn --bind 127.0.0.1:PORT hello:wsgi
else
	skip "gunicorn serves" "not installed"
fi
if command -v uvicorn >/dev/null; then
	try_out uvicorn TERM uvicorn --port PORT --no-access-log hello:asgi
else
	skip "uvicorn serves" "not installed"
fi
