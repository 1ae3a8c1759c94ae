#!/usr/bin/env bash
# make test-cpp: the C++ package against the release library and the test server.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
begin_steps
failed=0
run() { step "$@" || failed=1; }

# The tests of one way of compiling; the last line that they print is shown.
tests() { "$ROOT/.ci/with-server.sh" "$TARGET/cpp/$1/tests" | tee /dev/fd/9; }

run "C++: nothing of the C header is missing" bindings/cpp/tests/complete.sh
run "C++: each header alone" mk -j2 cpp-headers
run "C++: compile the tests" mk -j2 cpp-tests
for way in 17 20 23 bare; do
    [ $failed -eq 0 ] || break
    run "C++: tests, $way" tests $way
done
# Each against the test server; what it prints last is shown.
# shellcheck disable=SC2016  # that is for the inner shell
examples() {
    "$ROOT/.ci/with-server.sh" bash -euc '
        cd "$0"
        ./first_request "$HS_TEST_HTTPS/get" "$HS_TEST_CA"
        if ./first_request http://127.0.0.1:1/; then exit 1; fi
        ./order "$HS_TEST_HTTP/anything" secret
        test "$(./order "${HS_TEST_HTTP%:*}:1/orders" secret | head -n 1)" = "not placed: it may be sent again"
        ./threads "$HS_TEST_HTTP/get" 4 25
        ./pool "$HS_TEST_HTTP/get" 500 50
        script=$(sed "s/.*\"script\":\"\([^\"]*\)\".*/\1/" <<<"$HS_TEST_SERVER_JSON")
        test "$(./order "http://$script/close-after-request" secret | head -n 1)" = "perhaps placed: ask for its state before anything else"
        [[ $(./stream "$HS_TEST_HTTP/stall/body?bytes=10" 100 100) == "stopped after "*" bytes: HS_ERR_CANCELLED" ]]
        ./stream "$HS_TEST_HTTP/big/100000000" 5000000' "$TARGET/cpp/examples" | tee "$LOGS/cpp-examples.txt"
    tail -n 1 "$LOGS/cpp-examples.txt" >&9
}
flat() { mk flat-cpp FLAT=5000 | tee /dev/stderr | tail -n 1 >&9; }
run "C++: flat" flat
run "C++: README's programs" examples/check_readme.sh bindings/cpp/README.md 4
run "C++: compile the examples" mk -j2 cpp-examples
run "C++: examples" examples
run "C++: installations" "$ROOT/bindings/cpp/tests/consumer/run.sh"
end_steps "make test-cpp"
