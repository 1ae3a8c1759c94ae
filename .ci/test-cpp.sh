#!/usr/bin/env bash
# make test-cpp: the C++ package against the release library and the test server.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

begin_steps
failed=0
run() { step "$@" || failed=1; }

# The tests of one way of compiling; the last line that they print is shown.
tests() { "$ROOT/.ci/with-server.sh" "$TARGET/cpp/$1/tests" | tee /dev/fd/9; }

run "C++: each header alone" mk -j2 cpp-headers
run "C++: compile the tests" mk -j2 cpp-tests
for way in 17 20 23 bare; do
    [ $failed -eq 0 ] || break
    run "C++: tests, $way" tests $way
done
end_steps "make test-cpp"
