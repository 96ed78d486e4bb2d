#!/bin/bash
# lint.sh - every rule that a machine can keep, one after the other; any breach is refused.
#
#   FLAGS='-I. ...' scripts/lint.sh [STEP...]
# shellcheck disable=SC2317 # steps are called by name
set -u
cd "$(dirname "$0")/.." || exit 1

: "${BUILD:=build}" "${FLAGS:=-std=c11 -D_GNU_SOURCE -I. -Iworker/libclusterworker}"
jobs=$(nproc)
mapfile -t sources < <(find common supervisor worker tests -name '*.c' | sort)
mapfile -t headers < <(find common supervisor worker tests -name '*.h' | sort)
mapfile -t scripts < <(find scripts tests .ci -name '*.sh' -o -path .ci/run | sort)
mapfile -t manuals < <(find man -name '*.[1-8]' 2>/dev/null | sort)

lint_format() { clang-format --dry-run -Werror "${sources[@]}" "${headers[@]}"; }
lint_layers() { scripts/check-layers.sh; }
lint_sizes() { scripts/check-sizes.sh; }
lint_manuals() { scripts/check-manuals.sh; }
lint_mandoc() { [ ${#manuals[@]} = 0 ] || mandoc -T lint -W warning "${manuals[@]}"; }
lint_scripts() { shellcheck "${scripts[@]}"; }

lint_cppcheck() {
	# It does not see that CLOSE_FD closes, and takes two labels for two objects.
	cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance --inline-suppr \
		--suppress=missingIncludeSystem --suppress=unknownMacro \
		--suppress=invalidFunctionArg --suppress=resourceLeak \
		--suppress=comparePointers --library=posix \
		--error-exitcode=1 -I. "${sources[@]}"
}

lint_tidy() {
	# The stand-ins of tests/valgrind.c differ from glibc's prototypes in names alone.
	# What it finds is on stdout; stderr counts what it has found in system headers.
	printf '%s\0' "${sources[@]/#*valgrind.c/tests/sanitizer.c}" |
		xargs -0 -n 4 -P "$jobs" sh -c 'clang-tidy --quiet "$@" -- '"$FLAGS"' 2>/dev/null' tidy
}

steps=("$@")
[ $# != 0 ] || steps=(format layers sizes manuals mandoc scripts cppcheck tidy)
failed=0
for step in "${steps[@]}"; do
	started=$SECONDS
	if said=$("lint_$step" 2>&1); then verdict=ok; else verdict=FAIL failed=1; fi
	printf '  %-4s  %-10s %3d s\n' "$verdict" "$step" $((SECONDS - started))
	[ -z "$said" ] || printf '%s\n' "$said"
done
exit "$failed"
