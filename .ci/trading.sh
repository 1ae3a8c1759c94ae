#!/usr/bin/env bash
# Checks the trading clients, inside of .ci/with-server.sh:  .ci/trading.sh LANGUAGE...
#
# Each language's trading_safety runs as it is and with faults; what it prints last is shown. THREADS and REQUESTS set how
# much it asks, FAULTS the seed.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

safety() { # safety LANGUAGE ARGUMENT...
    local program=$TARGET/examples/trading/$1/trading_safety output status=0
    shift
    output=$("$program" --threads "${THREADS:-50}" --requests "${REQUESTS:-100}" "$@" 2>&1) || status=$?
    if [ $status -eq 0 ]; then printf '%s\n' "$output" | tail -n 1; else printf '%s\n' "$output"; failed=1; fi
}

# As it is, with faults, and with faults over TLS and HTTP/2; then the example, at an account that the check has left.
check() { # check LANGUAGE: false when anything failed
    local failed=0 one_order=$TARGET/examples/trading/$1/one_order
    local clear=(--broker "$HS_TEST_BROKER" --data "$HS_TEST_BROKER_DATA")
    local tls=(--broker "$HS_TEST_BROKER_TLS" --data "$HS_TEST_BROKER_TLS" --ca "$HS_TEST_CA")
    safety "$1" "${clear[@]}"
    safety "$1" "${clear[@]}" --faults "${FAULTS:-1}"
    safety "$1" "${tls[@]}" --faults "${FAULTS:-1}"
    [ "$1" = zig ] && one_order=$TARGET/examples/trading/zig/bin/one_order
    if [ "$1" != go ]; then
        APCA_API_KEY_ID=PK-${1^^}-OPERATIONS APCA_API_SECRET_KEY="a secret" "$one_order" AAPL 2 150.25 \
            "$HS_TEST_BROKER_TLS" "$HS_TEST_CA" 2>&1 || failed=1
    fi
    return $failed
}

# They wait for the broker's limit for most of their time: the languages side by side.
declare -A running=()
mkdir -p "$LOGS"
for language in "$@"; do
    check "$language" >"$LOGS/trading.$language.log" &
    running[$language]=$!
done
status=0
for language in "$@"; do
    wait "${running[$language]}" || status=1
    cat "$LOGS/trading.$language.log"
done
exit $status
