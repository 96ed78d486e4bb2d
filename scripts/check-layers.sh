#!/bin/bash
# check-layers.sh - the floors of the house, as a law.
#
# An include points down or sideways within its folder, never up; the pure core sees
# nothing of the world; each foreign library is met in one room; only those who know what a
# failure means log it.  Every breach is one line, FILE:LINE: why; none is exit code 0.
set -u
cd "$(dirname "$0")/.." || exit 1

# Rooms of the supervisor: modules that are one thing in several files, named after the one
# whose header the others see.  In `supervisor` all meet, and failures are logged.
rooms='
supervisor > supervisor apply report recall launch origin app generation digest environment
	operation seat spawn route broker channel snare checkup dealing crowd linger bounds holding
	signals conduit logger
	status rights estate clusterd sharing layout remember adopt salvage kin
	tell fate happening chronicle entry service keeping upgrade housing succession
	shutdown
control > control access reserve commands adjust call judge orders view select queries
	follow retell describe
config > config settings assign source value draft gather permit identity trust
listener > listener group port local retreat
ledger > ledger notes
state > state record memory
process > process birth
'

# Which room may look into another, and at which header of it: ROOM > MODULE...
edges='
supervisor > *
control > supervisor app adhoc answers config happening chronicle
listener > steer rotor sockdiag
keeper > store process
state > store layout
'

# Which folder may include which: FOLDER > PREFIX...
floors='
common > common/
supervisor/core > supervisor/core/ common/base.h
supervisor/ctl > supervisor/ctl/ common/
supervisor/top > supervisor/top/ supervisor/ctl/ common/
supervisor/import > supervisor/import/ supervisor/settings.h supervisor/core/ common/
supervisor > supervisor/core/ supervisor/bridge/ common/
supervisor/bridge > supervisor/bridge/ supervisor/core/ common/
worker/libclusterworker > worker/libclusterworker/ common/base.h
worker/http > worker/http/ worker/libclusterworker/ common/
worker/logger > worker/logger/ common/
worker/preload > worker/preload/ common/ask.h common/base.h
worker/examples > worker/libclusterworker/
'

# Which files may meet a library: HEADER > PATH...
libraries='
libconfig.h > supervisor/config.c
systemd/* > supervisor/notify.c supervisor/store.c
jansson.h > common/json.[ch] common/varlink.[ch]
libsmartcols* > supervisor/ctl/*
*curses.h > supervisor/top/screen.c
microhttpd.h > worker/http/*
yaml.h > supervisor/import/yaml.c
zstd.h > worker/logger/zstd.c
zlib.h > worker/logger/gzip.c
ev.h > supervisor/*.[ch] worker/http/*
common/log.h > common/log.c supervisor/happening.h supervisor/keeper.c SUPERVISOR supervisor/control.c worker/http/cluster-worker.c
'
pure='assert.h limits.h stdbool.h stddef.h stdint.h string.h'

# Those who may write to stdout or stderr: the programs that people run, and the log.
speakers='common/log.c supervisor/clusterd.c supervisor/ctl/*.c worker/http/cluster-worker.c
	supervisor/import/cluster-import.c worker/logger/cluster-logger.c worker/examples/*.c'

breaches=0
breach() {
	printf '%s\n' "$*"
	breaches=$((breaches + 1))
}

# Does WORD match one of the patterns after it?
matches() {
	local word=$1 pattern
	shift
	for pattern; do
		# shellcheck disable=SC2053 # the right side is a pattern
		[[ $word == $pattern ]] && return 0
	done
	return 1
}

# The right side of the first row of a table whose left side matches.
right_of() {
	local left
	while read -r left _ right; do
		# shellcheck disable=SC2053 # the left side is a pattern
		[[ -n $left && $1 == $left ]] && return 0
	done <<<"$2"
	right=
	return 1
}
unfold() { printf '%s' "$1" | sed -e ':a' -e 'N;$!ba' -e 's/\n\t/ /g'; }
rooms=$(unfold "$rooms")
libraries=$(unfold "$libraries")
right_of supervisor "$rooms"
# shellcheck disable=SC2086 # a list
libraries=${libraries/SUPERVISOR/$(printf 'supervisor/%s.c ' $right)}

# The room of a module; one that is in no list has a room of its own.
room_of() {
	local name modules
	while read -r name _ modules; do
		[[ " $modules " == *" $1 "* ]] && break
	done <<<"$rooms"
	echo "${name:-$1}"
}

set -f # the patterns are for the names above, not for the folder we are in

check_ours() { # FILE LINE INCLUDED
	local folder=${1%/*} module target room
	right_of "$folder" "$floors" || return 0
	# shellcheck disable=SC2086,SC2046 # a list
	matches "$3" $(printf '%s* ' $right) && return 0

	if [[ $folder == supervisor && $3 == supervisor/* && $3 != supervisor/*/* ]]; then
		module=$(basename "${1%.[ch]}")
		target=$(basename "${3%.h}")
		room=$(room_of "$module")
		[ "$room" = "$(room_of "$target")" ] && return 0
		right_of "$room" "$edges"
		# shellcheck disable=SC2086
		matches "$target" $right && return 0
		breach "$1:$2: $room may not include $target; in supervisor they meet"
		return 0
	fi
	breach "$1:$2: $folder may not include $3"
}

check_include() { # FILE LINE INCLUDED, as found
	if [[ $1 == supervisor/core/* && $3 != */* ]]; then
		# shellcheck disable=SC2086
		matches "$3" $pure || breach "$1:$2: the core is pure: not <$3>"
	fi
	if right_of "$3" "$libraries"; then
		# shellcheck disable=SC2086
		matches "$1" $right || breach "$1:$2: $3 belongs to: $right"
	fi
	[[ $3 == common/* || $3 == supervisor/* || $3 == worker/* ]] && check_ours "$@"
}

check_header() { # own header first proves that it stands alone; the guard is the path
	local own=${1%.c}.h first guard
	if [[ $1 == *.c && -e $own ]]; then
		first=$(sed -n 's/^#include [<"]\(.*\)[>"].*/\1/p;T;q' "$1")
		[ "$first" = "$own" ] || breach "$1:1: its own header comes first"
	elif [[ $1 == *.h && $1 != worker/libclusterworker/cluster_worker.h ]]; then
		guard=$(tr 'a-z/.-' 'A-Z___' <<<"$1")
		grep -qx "#define $guard" "$1" || breach "$1:1: its guard is $guard"
	fi
}

files=$(find common supervisor worker -name '*.[ch]' | sort)
for file in $files; do
	while IFS=: read -r line included; do
		check_include "$file" "$line" "$included"
	done < <(sed -n '/^ *# *include/{=;s/.*[<"]\(.*\)[>"].*/\1/p}' "$file" | paste -d: - -)
	check_header "$file"

	# shellcheck disable=SC2086
	matches "$file" $speakers && continue
	while IFS=: read -r line _; do
		breach "$file:$line: only mains and the log speak; return what you know"
	done < <(grep -nE '\b(v?printf|v?fprintf|v?dprintf|f?puts|perror|putchar|v?syslog) *\(' "$file" |
		grep -vE '^[0-9]+:[[:space:]]*(/?\*|.*PRINTF)')
done

library=${BUILD:-build}/libclusterworker.so
if [ -e "$library" ]; then
	needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
	[ "$needed" = "libc.so.6 " ] || breach "$library: needs more than libc: $needed"
fi

[ "$breaches" = 0 ]
