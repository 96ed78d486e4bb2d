#!/bin/bash
# check-manuals.sh - what the tables say, the manuals, the reference and completions say too.
#
# The list of commands is common/commands.h, that of settings is supervisor/settings.c; each
# thing that is missing somewhere is one line.
set -u
cd "$(dirname "$0")/.." || exit 1

missing=0
miss() {
	printf '%s\n' "$*"
	missing=$((missing + 1))
}

# The rows of a macro table, one a line, as the preprocessor sees them.
rows() { # HEADER TABLE
	printf '#include <stddef.h>\n#include "%s"\nROWS %s(ROW)\n' "$1" "$2" |
		gcc -E -P -I. -xc - | tr '\n' ' ' | sed 's/.*ROWS//; s/ROW(/\n&/g' | grep '^ROW('
}

# Does the page name it, as an item or within a sentence?
page_names() { # PAGE WORD
	grep -qE "^\.(.*[[:space:]\"])?${2//./\\.}([[:space:]\"].*)?$" "$1"
}

commands() { rows common/commands.h COMMANDS | sed -nE 's/^ROW\([A-Z_]+, "([^"]+)".*/\1/p'; }
offered() {
	rows common/commands.h COMMANDS |
		sed -nE '/ PLANNED,/!s/^ROW\([A-Z_]+, "([^"]+)".*/\1/p'
}
flags() { rows common/commands.h FLAGS | sed -nE 's/^ROW\([A-Z_]+, "([^"]+)".*/\1/p' | sort -u; }

# NAME DEFAULT of each setting that is supported; no default where the reference shows
# another value on purpose, or a group in its place.
settings() {
	sed -nE -e 's/^\tROW\("([^"]+)", *(INSTANCES|HEARTBEAT).*/\1/p;t' -e 's/^\t(ROW)\("([^"]+)", *[A-Z_]+, *[^"N]*(NULL|"([^"]*)").*/\2 \4/p' \
		-e 's/^\t(CHOICE)\("([^"]+)",[^"]*"([^"]*)".*/\2 \3/p' supervisor/settings.c
}

if [ -e common/commands.h ]; then
	page=man/clusterctl.1
	for command in $(commands); do
		page_names $page "$command" || miss "$page: command $command is not there"
	done
	for flag in $(flags); do
		page_names $page "-$flag" || miss "$page: option --$flag is not there"
	done
	for kind in $(rows supervisor/happening.h HAPPENINGS | sed -nE 's/^ROW\([A-Z_]+, "([^"]+)".*/\1/p'); do
		page_names $page "$kind" || miss "$page: event $kind is not there"
		id=$(printf 'org.clusterd.%s' "$kind" | sha256sum | cut -c 1-32)
		grep -qxF ".It Li $id Ta $kind" man/clusterd.8 ||
			miss "man/clusterd.8: not in the list of the journal: .It Li $id Ta $kind"
	done
	# What the program itself prints comes from the table, if it is built.
	if [ -x "${BUILD:-build}/clusterctl" ]; then
		for shell in bash fish zsh; do
			said=$("${BUILD:-build}/clusterctl" completion $shell)
			for command in $(offered); do
				grep -qw -- "$command" <<<"$said" ||
					miss "completion $shell: command $command is not there"
			done
		done
	fi
fi

if [ -e supervisor/settings.c ]; then
	page=man/cluster.conf.5
	reference=conf/cluster.conf
	count=0
	while read -r name default; do
		count=$((count + 1))
		page_names $page "$name" || miss "$page: setting $name is not there"
		grep -qE "(^|[^a-z_])${name##*.} = \"?${default//[.*+]/.}" $reference ||
			miss "$reference: setting $name is not there with its default: $default"
	done < <(settings)
	[ "$count" -gt 20 ] || miss "check-manuals.sh: cannot read supervisor/settings.c any more"
fi

[ "$missing" = 0 ]
