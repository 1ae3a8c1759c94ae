#!/usr/bin/env bash
# Runs a command with the test server beside it:  .ci/with-server.sh COMMAND...
#
# Starts target/release/hs-test-server, waits for the one JSON line in which it prints its addresses, and hands them on:
#   HS_TEST_HTTP  http://127.0.0.1:PORT        HS_TEST_CA           file with the certificate of its own CA
#   HS_TEST_HTTPS https://localhost:PORT       HS_TEST_SERVER_JSON  the whole line
#   HS_TEST_BROKER, HS_TEST_BROKER_DATA, HS_TEST_BROKER_TLS  the stand-in for a broker: trading, market data, both
# The server is stopped when the command ends, and its status is passed on.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

server=${HS_TEST_SERVER:-$TARGET/release/hs-test-server}
[ -x "$server" ] || die "$server is not built yet (make build)"

# The pipe stays open until the end, so that the server can always write to it.
exec 3< <(exec "$server" 2>"$LOGS/test-server.log" </dev/null)
pid=$!
# shellcheck disable=SC2317  # run by the trap
stop() {
    local tries=50
    kill "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! IFS= read -r -t 60 HS_TEST_SERVER_JSON <&3; then
    warn "error: the test server printed no line with its addresses. Its log:"
    tail -n 20 "$LOGS/test-server.log" >&2
    exit 1
fi

field() { [[ $HS_TEST_SERVER_JSON =~ \"$1\"[[:space:]]*:[[:space:]]*\"([^\"]*)\" ]] && printf '%s' "${BASH_REMATCH[1]}"; }
if ! { HS_TEST_HTTP=$(field http) && HS_TEST_HTTPS=$(field https) && HS_TEST_CA=$(field ca_file); }; then
    die "the test server's line lacks http, https or ca_file: $HS_TEST_SERVER_JSON"
fi
HS_TEST_BROKER=$(field broker) HS_TEST_BROKER_DATA=$(field broker_data) HS_TEST_BROKER_TLS=$(field broker_tls)
export HS_TEST_BROKER HS_TEST_BROKER_DATA HS_TEST_BROKER_TLS
export HS_TEST_SERVER_JSON HS_TEST_HTTP HS_TEST_HTTPS HS_TEST_CA

status=0
"$@" 3<&- || status=$?
exit $status
