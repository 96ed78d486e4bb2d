#!/usr/bin/env bash
# Node.js apps of well-known packages, as the examples configure them: no request is lost,
# kept connections included.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"

# Once per build folder: the network is not asked again.
PACKAGES=$BUILD/npm
install_packages() {
	[ -d "$PACKAGES/node_modules/ws" ] && return
	mkdir -p "$PACKAGES"
	timeout $((60 * TIME_SCALE)) npm install --prefix "$PACKAGES" --no-audit --no-fund \
		--no-save --omit=dev express@4 fastify@5 ws@8 >"$HOUSE/npm.out" 2>&1
}
if ! command -v node npm >/dev/null; then
	skip "Node.js packages serve" "no node or no npm here"
	exit
elif ! install_packages; then
	skip "Node.js packages serve" "npm cannot install them"
	exit
fi
ln -s "$PACKAGES/node_modules" "$SITE/node_modules"

apps "$FIRST" | config
check "a supervisor is there" supervise first

for name in express fastify websocket; do
	try_out "$name" 0
	check "$name: nor did a request on a kept connection" unharmed "$name.kept" "$KEPT"
done
