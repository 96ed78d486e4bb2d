# shellcheck shell=bash
# lib.sh - what every soak begins with: a house as of the system tests, and what must not
# grow in it.  Sourced, not run.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"

fds() { find "/proc/$INNER/fd" -mindepth 1 | wc -l; }
files() { find "$CLUSTERD_HOME/run" -mindepth 1 | wc -l; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$INNER/status"; }

# remember: what is there now is what there may be.
remember() {
	fds_before=$(fds)
	files_before=$(files)
	rss_before=$(rss_kib)
}

no_more_than() { # WHAT IS MOST
	[ "$2" -le "$3" ] || { echo "$1: $2, and it was to be $3 at most" && return 1; }
}
fds_are_few() { no_more_than descriptors "$(fds)" "$fds_before"; }
files_are_few() { no_more_than files "$(files)" "$files_before"; }

check_that_nothing_grew() {
	check "no descriptor is left open" within 10 fds_are_few
	check "no file is left in the run directory" within 10 files_are_few
	check "the supervisor's memory does not grow" \
		no_more_than "KiB resident" "$(rss_kib)" $((rss_before + 1024))
}
