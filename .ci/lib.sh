# shellcheck shell=bash
# shellcheck disable=SC2034  # used where this is sourced
# Shared by the scripts in this folder: where things are, and how a step is run and reported. To be sourced.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET=$ROOT/target                      # also where a CARGO_TARGET_DIR or build.target is set: other programs look here
export CARGO_TARGET_DIR=$TARGET
unset CARGO_BUILD_TARGET
LIB=$TARGET/release                      # where the release library is, and what the examples' rpath points at
LOGS=$TARGET/logs                        # one log a step
TOOLS=$ROOT/.tools                       # private tools; git-ignored
STEPS=${HS_STEPS:-$LOGS/steps.tsv}       # one line a step that was run: ok|FAIL|not-run, seconds, name, note

ZIG16=$TOOLS/zig-0.16.0/zig
ZIG17=$TOOLS/zig-0.17.1/zig
GO_PRIVATE=$TOOLS/go-1.27.3/bin/go

command -v cargo >/dev/null 2>&1 || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
mkdir -p "$LOGS"

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { warn "error: $*"; exit 1; }

# "go1.26.8" -> true if >= 1.23, which the trading client needs
go_is_new_enough() { "$1" version 2>/dev/null | grep -qE ' go1\.(2[3-9]|[3-9][0-9]|[1-9][0-9]{2,})([^0-9]|$)| go[2-9]'; }

# Zig's caches for whatever builds with it. What Zig compiles for itself, which takes it minutes, is kept with the tool.
zig_caches() { export ZIG_LOCAL_CACHE_DIR=$TARGET/zig-$1 ZIG_GLOBAL_CACHE_DIR=$TOOLS/zig-$1.cache; }

# The Go to use: the system's if it is new enough, else the private one. Prints nothing and fails when there is none.
go_command() {
    local go
    for go in go /usr/local/go/bin/go /usr/lib/go/bin/go "$GO_PRIVATE"; do
        if command -v "$go" >/dev/null 2>&1 && go_is_new_enough "$go"; then command -v "$go"; return 0; fi
    done
    return 1
}

record() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$STEPS"; }

# step NAME COMMAND...: runs the command with its output in target/logs/NAME.log, and prints one line. What the command
# writes to file descriptor 9 is put on that line. On failure the end of the log is shown and the status passed on.
step() {
    local name=$1 log status=0 started=$SECONDS note notes
    shift
    log=$LOGS/$(tr -cs 'A-Za-z0-9._' - <<<"$name" | sed 's/-*$//').log
    notes=$log.note
    [ -t 1 ] && printf '  ...   %s\r' "$name"
    "$@" >"$log" 2>&1 </dev/null 9>"$notes" || status=$?
    note=$(tr '\n' ' ' <"$notes" | sed 's/ *$//'); rm -f "$notes"
    # cargo's own summaries say how many tests ran
    if [ -z "$note" ] && grep -q '^test result: ' "$log"; then
        note=$(awk '/^test result: / { p += $4; f += $6 } END { printf "%d tests passed, %d failed", p, f }' "$log")
    fi
    if [ $status -eq 0 ]; then
        printf '  ok    %-34s %4d s%s\n' "$name" $((SECONDS - started)) "${note:+   $note}"
        record ok $((SECONDS - started)) "$name" "$note"
    else
        printf '  FAIL  %-34s %4d s   exit status %d\n' "$name" $((SECONDS - started)) $status
        record FAIL $((SECONDS - started)) "$name" "exit status $status"
        printf '        the end of %s:\n' "${log#"$ROOT"/}"
        tail -n "${HS_LOG_TAIL:-40}" "$log" | sed 's/^/        | /'
    fi
    return $status
}

# not_run NAME REASON: a step that could not be run at all. Counts as a failure of the whole, never as a success.
not_run() {
    printf '  ----  %-34s         not run: %s\n' "$1" "$2"
    record not-run 0 "$1" "$2"
}

# A script's steps begin and end with these two. A script that another one runs adds to that one's steps.
begin_steps() {
    if [ -z "${HS_STEPS:-}" ]; then export HS_STEPS=$STEPS; : >"$STEPS"; fi
    touch "$STEPS"
    STEPS_BEFORE=$(wc -l <"$STEPS")
}
count_steps() { tail -n +$((STEPS_BEFORE + 1)) "$STEPS" | grep -c "^$1"$'\t' || true; }
end_steps() { # end_steps NAME: the closing summary; false unless every step passed
    local passed failed skipped
    passed=$(count_steps ok) failed=$(count_steps FAIL) skipped=$(count_steps not-run)
    say "$1: $passed steps passed, $failed failed, $skipped not run, in $((SECONDS / 60)) min $((SECONDS % 60)) s (logs: ${LOGS#"$ROOT"/}/)"
    [ "$failed" -eq 0 ] && [ "$skipped" -eq 0 ]
}

# make, quietly, for the rules that build things; stays out of the way of a make that runs this script.
mk() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s --no-print-directory -C "$ROOT" "$@"; }

# The test server says where everything is in one line of JSON; the programs of tests/abi/c are told as name=value.
server_arguments() { grep -oE '"[a-z0-9_]+":"[^"]*"' <<<"$HS_TEST_SERVER_JSON" | sed -E 's/^"([^"]*)":"(.*)"$/\1=\2/'; }
