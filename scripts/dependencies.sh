#!/bin/sh
# dependencies.sh - installs the Debian packages that a kind of work needs.
#
#   scripts/dependencies.sh build|run|test|lint|fuzz|valgrind|deb|bench ...
#
# Everything there: one dpkg-query and out.  Something missing: apt-get installs it, as root
# or by a sudo that asks nothing; else the line to type is printed and the exit code is 1.
set -eu

packages_for() {
	case $1 in
	build) echo gcc make pkg-config libc6-dev libev-dev libconfig-dev libsystemd-dev \
		libjansson-dev libsmartcols-dev libmicrohttpd-dev libncurses-dev libyaml-dev \
		libzstd-dev zlib1g-dev ;;
	run) echo curl ;;
	test) echo check curl jq iproute2 procps python3 systemd systemd-container \
		debhelper dpkg-dev fakeroot lintian \
		golang-go gunicorn haproxy nginx-light nodejs php-cli puma uvicorn \
		prometheus python3-prometheus-client ;;
	lint) echo check clang-format clang-tidy cppcheck mandoc shellcheck ;;
	fuzz) echo check clang libclang-rt-14-dev ;;
	valgrind) echo valgrind libc6-dbg ;;
	deb) echo debhelper dpkg-dev fakeroot ;;
	bench) echo check gnuplot-nox nginx-light python3 s6 strace ;;
	*)
		echo "dependencies.sh: no such kind of work: $1" >&2
		exit 2
		;;
	esac
}

# The names of those packages, of all asked for, that are not fully installed.
missing_of() {
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		awk -v wanted="$*" '
			$2 == "installed" { has[$1] = 1 }
			END {
				count = split(wanted, name, " ")
				for (i = 1; i <= count; i++)
					if (!(name[i] in has))
						printf "%s ", name[i]
			}'
}

wanted=$(for work in "$@"; do packages_for "$work"; done | tr '\n' ' ')

if ! command -v dpkg-query >/dev/null; then
	echo "dependencies.sh: not a Debian system; going on, trusting that it has: $wanted" >&2
	exit 0
fi

# shellcheck disable=SC2086 # a list of words
missing=$(missing_of $wanted)
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root="sudo -n"
else
	echo "Missing packages. Please type this, then try again:" >&2
	echo "  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing% }" >&2
	exit 1
fi

echo "Installing what is missing: $missing"
apt() {
	# shellcheck disable=SC2086 # nothing, or two words
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" \
		</dev/null
}
log=$(mktemp)

# Debian starts the daemons of what it installs, and ours are only for tests: while apt-get
# works nothing is started.  Whoever has a policy of his own keeps it.
policy=/usr/sbin/policy-rc.d
hold_daemons() {
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\n# of a running scripts/dependencies.sh of clusterd\nexit 101\n' |
		$as_root tee "$policy" >/dev/null
	held=yes
	$as_root chmod 755 "$policy"
}
let_go() {
	rm -f "$log"
	[ -z "$held" ] || $as_root rm -f "$policy"
}
held=
trap let_go EXIT
trap 'exit 1' HUP INT TERM
hold_daemons
# shellcheck disable=SC2086 # a list of words
if ! { apt update && apt install --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	echo "dependencies.sh: apt-get could not install: $missing" >&2
	exit 1
fi
