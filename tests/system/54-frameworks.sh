#!/usr/bin/env bash
# Node.js apps of well-known packages, as the examples configure them: no request is lost,
# kept connections included.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"
. "$(dirname "$0")/nodes.sh"

if ! command -v node npm >/dev/null; then
	skip "Node.js packages serve" "no node or no npm here"
	exit
elif ! npm_packages; then
	skip "Node.js packages serve" "npm cannot install them"
	exit
fi
ln -s "$NPM/apps/node_modules" "$SITE/node_modules"

apps "$FIRST" | config
check "a supervisor is there" supervise first

for name in http express fastify websocket; do
	try_out "$name"
	check "$name: nor did a request on a kept connection" unharmed "$name.kept" "$KEPT"
done
