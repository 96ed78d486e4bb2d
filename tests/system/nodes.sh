# shellcheck shell=bash
# nodes.sh - Node.js of other versions than the system's, and packages for its apps: npm
# brings them into the build folder, once.  Sourced after lib.sh.
#
# NODE_VERSIONS: which, such as "18 22", in place of the usual ones.

NPM=$BUILD/npm

# npm_install FOLDER PROOF PACKAGE...: into NPM/FOLDER, unless PROOF is there already.
npm_install() {
	local folder=$NPM/$1 proof=$NPM/$1/node_modules/$2
	shift 2
	[ -e "$proof" ] && return
	command -v node npm >/dev/null || return
	mkdir -p "$folder"
	flock "$NPM/lock" timeout $((120 * TIME_SCALE)) npm install --prefix "$folder" \
		--no-audit --no-fund --no-save --omit=dev "$@" >"$HOUSE/npm.out" 2>&1
	[ -e "$proof" ]
}

# Fastify's newest is for Node.js 20 and later.
npm_packages() {
	npm_install apps ws express@4 fastify@5 fastify-4@npm:fastify@4 ws@8
}

# node_folder VERSION: where `node` of it is, "system" being the one that is there.
node_folder() {
	local program
	if [ "$1" = system ]; then
		program=$(command -v node) && dirname "$program"
		return
	fi
	npm_install "node-$1" node/bin/node "node@$1" && echo "$NPM/node-$1/node_modules/node/bin"
}

# The system's and one that it is not; a soak takes all.
node_versions() {
	local there
	there=$(node --version 2>/dev/null)
	if [ -n "${NODE_VERSIONS:-}" ]; then
		echo "$NODE_VERSIONS"
	elif [ -n "${SOAK:-}" ]; then
		echo 18 20 22 24
	elif [ "${there%%.*}" = v24 ]; then
		echo system 18
	else
		echo system 24
	fi
}
