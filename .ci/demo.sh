#!/usr/bin/env bash
# make demo: builds the library and the test server, builds the examples, and runs each against the test server.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"
path=/get       # what the small examples ask the test server for

# The output goes to the step's log; its last line is the one that is shown.
example() {
    local output status=0
    output=$("$@" 2>&1) || status=$?
    shown "$output"
    return $status
}
shown() {
    printf '%s\n' "$1"
    printf '%s\n' "$1" | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c1-150 >&9
}

# What was started in the background with its output in a file.
started() { # started PROCESS FILE
    local status=0
    wait "$1" || status=$?
    shown "$(cat "$2")"
    return $status
}

# Each language whose examples were built runs the same programs.
run_examples() {
    local language name bin failed=0
    for language in "$@"; do
        for name in first_request threads pool; do
            bin=$TARGET/examples/$language/$name
            [ "$language" = zig ] && bin=$TARGET/examples/zig/bin/$name
            [ -x "$bin" ] || { not_run "$language $name" "it was not built"; failed=1; continue; }
            case $name in
                first_request) step "$language $name" example "$bin" "$HS_TEST_HTTPS$path" "$HS_TEST_CA" || failed=1 ;;
                threads) step "$language $name" example "$bin" "$HS_TEST_HTTP$path" 8 50 || failed=1 ;;
                pool) step "$language $name" example "$bin" "$HS_TEST_HTTP$path" 2000 200 || failed=1 ;;
            esac
        done
    done
    step "safety check, 50 threads" example "$TARGET/examples/c/concurrent_safety" --threads 50 --requests 100 --url "$HS_TEST_HTTP" || failed=1
    # They wait for the broker's limit for most of their time: side by side.
    local -A trading=()
    for language in c go zig; do
        bin=$TARGET/examples/trading/$language/trading_safety
        [ -x "$bin" ] || continue
        "$bin" --threads 10 --broker "$HS_TEST_BROKER" --data "$HS_TEST_BROKER_DATA" --faults 1 >"$LOGS/trading.$language.out" 2>&1 &
        trading[$language]=$!
    done
    for language in c go zig; do
        if [ -n "${trading[$language]:-}" ]; then
            step "trading client in $language" started "${trading[$language]}" "$LOGS/trading.$language.out" || failed=1
        else
            not_run "trading client in $language" "it was not built"; failed=1
        fi
    done
    return $failed
}

if [ "${1:-}" = --run ]; then shift; run_examples "$@"; exit; fi

begin_steps
say "tools"
"$ROOT/.ci/tools.sh" build || die "the library cannot be built without these"
"$ROOT/.ci/tools.sh" go zig16 jansson || say "  (going on without)"

say "build"
"$ROOT/.ci/build.sh"
languages=()
build_examples() { # build_examples LANGUAGE
    if step "$1 examples" mk "example-$1"; then languages+=("$1"); fi
}
build_examples c
build_examples cpp
step "c trading client" mk example-trading-c || true
if go_command >/dev/null; then
    build_examples go
    step "go trading client" mk example-trading-go || true
else not_run "go examples" "there is no Go here, and none could be fetched"; fi
if [ -x "$ZIG16" ]; then
    build_examples zig
    step "zig trading client" mk example-trading-zig || true
else not_run "zig examples" "there is no Zig 0.16.0 here, and it could not be fetched"; fi

say "run, against the test server"
ran=0
"$ROOT/.ci/with-server.sh" "$ROOT/.ci/demo.sh" --run ${languages[@]+"${languages[@]}"} || ran=$?
if [ $ran -ne 0 ] && [ "$(count_steps FAIL)" -eq 0 ]; then not_run "the examples" "the test server did not start"; fi
end_steps "make demo"
