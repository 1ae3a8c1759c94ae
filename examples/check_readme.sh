#!/usr/bin/env bash
# Holds the programs in a README.md against the files that they were taken from:  examples/check_readme.sh [README [PROGRAMS]]
#
# A program is a code block under a line <!-- examples/FILE -->, with the path from where the README is. Its lines are lines of
# that file, in their order and without gaps, except where a line "// …" stands for whatever was left out. Without arguments:
# the README at the top, with one program for each of the four languages.
set -euo pipefail
cd "$(dirname "$0")/.."
readme=${1:-README.md}
programs=${2:-4}
cd "$(dirname "$readme")"

awk -v readme="$readme" -v wanted="$programs" '
function fail(text) { print readme ": " text > "/dev/stderr"; failed = 1 }

function match_run(    start, i) {
    for (start = next_line; run_lines && start + run_lines - 1 <= file_lines; start++) {
        for (i = 1; i <= run_lines && file[start + i - 1] == run[i]; i++);
        if (i > run_lines) { next_line = start + run_lines; run_lines = 0 }
    }
    if (run_lines) fail("line " run_begin " and what follows is not in " name)
    run_lines = 0
}

/^<!-- (bindings\/[a-z]+\/)?examples\/[^ ]+ -->$/ {
    name = $2; file_lines = 0; next_line = 1
    while ((getline text < name) > 0) file[++file_lines] = text
    close(name)
    if (!file_lines) fail(name " is empty or not there")
    next
}
/^```/ && name { if (!inside) inside = 1; else { match_run(); inside = 0; name = ""; programs++ } next }
inside && /^[ \t]*\/\/ …$/ { match_run(); next }
inside { if (!run_lines) run_begin = NR; run[++run_lines] = $0 }

END {
    if (programs != wanted) fail(programs + 0 " programs found; there should be " wanted)
    if (failed) exit 1
    print "the " programs " programs in " readme " are as in examples/"
}' "$(basename "$readme")"
