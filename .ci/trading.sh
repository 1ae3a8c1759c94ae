#!/usr/bin/env bash
# Checks the trading clients, inside of .ci/with-server.sh:  .ci/trading.sh LANGUAGE...
#
# Each language's trading_safety runs as it is and with faults; what it prints last is shown. THREADS and REQUESTS set how
# much it asks, FAULTS the seed.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

failed=0
safety() { # safety LANGUAGE ARGUMENT...
    local program=$TARGET/examples/trading/$1/trading_safety output status=0
    shift
    output=$("$program" --threads "${THREADS:-50}" --requests "${REQUESTS:-100}" "$@" 2>&1) || status=$?
    if [ $status -eq 0 ]; then printf '%s\n' "$output" | tail -n 1; else printf '%s\n' "$output"; failed=1; fi
}

for language in "$@"; do
    clear=(--broker "$HS_TEST_BROKER" --data "$HS_TEST_BROKER_DATA")
    safety "$language" "${clear[@]}"
    safety "$language" "${clear[@]}" --faults "${FAULTS:-1}"
done
# Over TLS and HTTP/2, those that have an option for the certificate.
tls=(--broker "$HS_TEST_BROKER_TLS" --data "$HS_TEST_BROKER_TLS" --ca "$HS_TEST_CA")
if [[ " $* " == *" zig "* ]]; then
    safety zig "${tls[@]}" --faults "${FAULTS:-1}"
    APCA_API_KEY_ID=PK-ZIG-OPERATIONS APCA_API_SECRET_KEY="a secret" "$TARGET/examples/trading/zig/bin/one_order" AAPL 2 150.25 \
        "$HS_TEST_BROKER_TLS" "$HS_TEST_CA" || failed=1
fi
if [[ " $* " == *" go "* ]]; then safety go "${tls[@]}" --faults "${FAULTS:-1}"; fi
if [[ " $* " == *" c "* ]]; then
    safety c "${tls[@]}" --faults "${FAULTS:-1}"
    # The example, at an account that the check has left.
    APCA_API_KEY_ID=PK-C-OPERATIONS APCA_API_SECRET_KEY="a secret" "$TARGET/examples/trading/c/one_order" AAPL 2 150.25 \
        "$HS_TEST_BROKER_TLS" "$HS_TEST_CA" || failed=1
fi
exit $failed
