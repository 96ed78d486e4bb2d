#!/usr/bin/env bash
# `clusterctl start app.js -i 4` of apps that know nothing of it, by each Node.js that we
# promise: four workers on one port, and reloads that lose no request, kept connections
# included.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"
. "$(dirname "$0")/nodes.sh"

if ! command -v node npm >/dev/null; then
	skip "Node.js of several versions" "no node or no npm here"
	exit
elif ! npm_packages; then
	skip "Node.js of several versions" "npm cannot install packages"
	exit
fi
ln -s "$NPM/apps/node_modules" "$SITE/node_modules"

declare -A file=([commonjs]=http.cjs [modules]=http.mjs [express]=express.cjs
	[fastify]=fastify.mjs [ws]=websocket.cjs)
APPS=(commonjs modules express fastify ws)
declare -A at=()
if [ -n "${SOAK:-}" ]; then
	RATE=$(scaled 1000) KEPT=64
else
	RATE=$(scaled 100) # each, and all at once
fi

cat >"$SITE/caller.cjs" <<'END'
const { WebSocket } = require('ws');
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}`);
socket.on('open', () => socket.send('me'));
socket.on('message', (text) => process.exit(/^\d+ heard me$/.test(text) ? 0 : 1));
END

# Its version is that of the PATH of whoever starts it.
start() { # FOLDER APP
	at[$2]=$(free_port)
	PATH=$1:$PATH ctl start "$SITE/${file[$2]}" -n "$2" -i 4 -e PORT="${at[$2]}"
}
runs_by() { # FOLDER APP
	local pid real
	real=$(realpath "$1/node")
	for pid in $(pids "$2"); do equal "$(readlink "/proc/$pid/exe")" "$real" || return; done
}
load_all_begin() { # APP...
	for app; do
		load_begin "$app.new" --rate "$RATE" --timeout 10s "127.0.0.1:${at[$app]}"
		load_begin "$app.kept" --keepalive "$KEPT" --think 100ms --timeout 10s \
			"127.0.0.1:${at[$app]}"
	done
}
load_all_end() {
	for app; do load_end "$app.new" && load_end "$app.kept" || return; done
}
show_no_loss() { # VERSION APP...
	local version=$1
	shift
	for app; do
		check "$version: $app: no request on a new connection failed" unharmed "$app.new" "$RATE"
		check "$version: $app: nor did one on a kept connection" unharmed "$app.kept" "$KEPT"
	done
}

try_version() { # VERSION FOLDER
	local version=$1 folder=$2 app old fastify
	version="$version ($("$folder/node" --version))"
	case $version in *\(v18.*) fastify="fastify-4" ;; *) fastify="fastify" ;; esac
	sed -i "s|'fastify[-4]*'|'$fastify'|" "$SITE/fastify.mjs"
	for app in "${APPS[@]}"; do
		check "$version: $app starts" start "$folder" "$app"
		check "$version: $app: it is that Node.js" runs_by "$folder" "$app"
		check "$version: $app: four pids answer on one port" all_answered "${at[$app]}" 4
	done
	[ "$folder" = "$(node_folder system)" ] || check "$version: it passes the tests of the preload" \
		env PATH="$folder:$PATH" "$TOP/tests/node/test_node_preload.sh"
	check "$version: a WebSocket is opened, and answered" node "$SITE/caller.cjs" "${at[ws]}"
	if [ -n "${SOAK:-}" ]; then
		for app in "${APPS[@]}"; do
			load_all_begin "$app"
			check "$version: $app is reloaded $RELOADS times under load" reload_often "$app"
			check "$version: $app: load ends" load_all_end "$app"
			show_no_loss "$version" "$app"
		done
	else
		old=$(pids commonjs)
		load_all_begin "${APPS[@]}"
		check "$version: all are reloaded under load" ctl reload
		check "$version: load ends" load_all_end "${APPS[@]}"
		check "$version: each is another process" not equal "$(pids commonjs)" "$old"
		show_no_loss "$version" "${APPS[@]}"
	fi
	check "$version: a WebSocket is opened at their heirs, too" node "$SITE/caller.cjs" "${at[ws]}"
	check "$version: they go" ctl delete "${APPS[@]}"
}

apps "$FIRST" | config
check "a supervisor is there" supervise first
lay_out 8000
sed 's|^import \(.*\) from \(.*\);|const \1 = require(\2);|' "$SITE/http.mjs" >"$SITE/http.cjs"
for version in $(node_versions); do
	if folder=$(node_folder "$version"); then
		try_version "$version" "$folder"
	else
		skip "Node.js $version runs apps" "npm cannot install it"
	fi
done
