#!/usr/bin/env bash
# make test-zig: the Zig package against the release library and the test server, with both versions of Zig.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

begin_steps
package=$ROOT/bindings/zig
programs=$TARGET/bindings/zig
run() { step "$@" || true; }

zig() { # zig VERSION DIRECTORY ARGUMENTS...
    local version=$1 zig=$ZIG16
    [ "$version" = 0.16 ] || zig=$ZIG17
    (zig_caches "$version" && cd "$2" && "$zig" build "${@:3}")
}
tests() { "$ROOT/.ci/with-server.sh" "$0" tests "$1"; }
examples() { "$ROOT/.ci/with-server.sh" "$0" examples "$1"; }

# Called again with a server beside it.
case ${1:-} in
    tests) zig "$2" "$package" test --summary line; exit ;;
    examples)
        bin=$programs/$2/bin
        "$bin/get" "$HS_TEST_HTTP/"
        "$bin/get" "$HS_TEST_HTTPS/" "$HS_TEST_CA"
        "$bin/workers" "$HS_TEST_HTTP/" 16 50
        exit ;;
esac

for version in 0.16 0.17; do
    run "Zig $version: the package's tests" tests $version
    run "Zig $version: its examples are built" zig $version "$package/examples" --prefix "$programs/$version"
    run "Zig $version: its examples run" examples $version
done
end_steps "make test-zig"
