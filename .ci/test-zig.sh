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
flat() { "$ROOT/.ci/with-server.sh" "$0" flat "$1"; }
examples() { "$ROOT/.ci/with-server.sh" "$0" examples "$1"; }

# As if the library had been installed: found by pkg-config alone.
installed() { # installed VERSION LINKAGE
    local prefix=$programs/$1-installed-$2 needs=dynamic
    mkdir -p "$programs/pc"
    printf 'Name: http_sentinel\nDescription: HTTP client\nVersion: 0.1.0\nLibs: -L%s -lhttp_sentinel\nCflags: -I%s\n' \
        "$LIB" "$ROOT/include" >"$programs/pc/http_sentinel.pc"
    PKG_CONFIG_PATH=$programs/pc zig "$1" "$package" programs -Dsystem=true -Dlinkage="$2" -Dinclude-dir=/nowhere \
        -Dlib-dir=/nowhere --prefix "$prefix"
    readelf -d "$prefix/bin/flat" | grep -q 'NEEDED.*\[libhttp_sentinel\.' || needs=static
    [ $needs = "$2" ] || { echo "$prefix/bin/flat is $needs, not $2"; return 1; }
}

# Called again with a server beside it.
case ${1:-} in
    tests) zig "$2" "$package" test --summary line; exit ;;
    examples)
        bin=$programs/$2/bin
        "$bin/get" "$HS_TEST_HTTP/"
        "$bin/get" "$HS_TEST_HTTPS/" "$HS_TEST_CA"
        "$bin/workers" "$HS_TEST_HTTP/" 16 50
        "$bin/fetch" "$HS_TEST_HTTP/" 200
        "$bin/stream" "$HS_TEST_HTTP/big/5000000"
        exit ;;
    flat) "$programs/$2/bin/flat" "$HS_TEST_HTTP/anything" "${ZIG_REQUESTS:-5000}"; exit ;;
esac

run "Zig: README's programs" "$ROOT/examples/check_readme.sh" bindings/zig/README.md 3
for version in 0.16 0.17; do
    run "Zig $version: the package's tests" tests $version
    run "Zig $version: its examples are built" zig $version "$package/examples" --prefix "$programs/$version"
    run "Zig $version: its examples run" examples $version
    run "Zig $version: linked statically" zig $version "$package/examples" -Dlinkage=static --prefix "$programs/$version-static"
    run "Zig $version: and run" examples $version-static
    run "Zig $version: with an installed library" installed $version dynamic
    run "Zig $version: with an installed static one" installed $version static
    run "Zig $version: build what looks at memory" zig $version "$package" programs --prefix "$programs/$version"
    run "Zig $version: memory and threads are flat" flat $version
done
end_steps "make test-zig"
