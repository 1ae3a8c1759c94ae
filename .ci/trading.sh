#!/usr/bin/env bash
# Checks the trading clients, inside of .ci/with-server.sh:  .ci/trading.sh LANGUAGE...
#
# Each language's trading_safety runs as it is and with faults; what it prints last is shown. THREADS and REQUESTS set how
# much it asks, FAULTS the seed.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

failed=0
for language in "$@"; do
    program=$TARGET/examples/trading/$language/trading_safety
    for faults in "" "--faults ${FAULTS:-1}"; do
        status=0
        # shellcheck disable=SC2086  # two words
        output=$("$program" --broker "$HS_TEST_BROKER" --data "$HS_TEST_BROKER_DATA" --threads "${THREADS:-50}" \
            --requests "${REQUESTS:-100}" $faults 2>&1) || status=$?
        if [ $status -eq 0 ]; then printf '%s\n' "$output" | tail -n 1; else printf '%s\n' "$output"; failed=1; fi
    done
done
exit $failed
