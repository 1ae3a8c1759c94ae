#!/usr/bin/env bash
# make test: everything, in the order in which a failure says most; stops at the first.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"
export CARGO_NET_OFFLINE=true

begin_steps
stop() {
    end_steps "make test" || true
    say "make test: stopped at the first failure"
    exit 1
}

# The tests of the library as it is shipped: the release build is what the C side links against.
rust_tests() { HS_LIB_DIR=$LIB cargo test --locked; }

# The tests over the distribution's libcurl, without those that do not come near it and the slowest ring of the ABI's.
# curl-sys quietly builds its own when it finds none: that is no pass.
# (cargo test leaves the shared library that it builds in deps, and only there.)
system_curl_tests() {
    local dir=$TARGET/system-curl part
    # What does not depend on libcurl is there already: a copy of it spares minutes of a first run.
    if [ ! -d "$dir" ]; then
        rm -rf "$dir.new"
        mkdir -p "$dir.new/debug"
        for part in deps build .fingerprint; do cp -al "$TARGET/debug/$part" "$dir.new/debug/"; done
        find "$dir.new/debug" -maxdepth 2 \( -name '*http[-_]sentinel*' -o -name '*hs[-_]*' \) -exec rm -rf {} +
        mv "$dir.new" "$dir"
    fi
    HS_LIB_DIR=$dir/debug/deps CARGO_TARGET_DIR=$dir cargo test --locked --no-default-features --features system-curl \
        --lib --test abi --test behaviour -- --skip valgrind:: || return
    readelf -d "$dir/debug/deps/libhttp_sentinel.so" | grep -q 'NEEDED.*libcurl' || { say "not linked to the system's libcurl"; return 1; }
}

say "tools"
"$ROOT/.ci/tools.sh" test || stop
say "build"
"$ROOT/.ci/build.sh" || stop
say "gates"
step "exports" "$ROOT/.ci/check-exports.sh" || stop
"$ROOT/.ci/check-header.sh" || stop
# A panic inside the library, seen from C: in the debug profile, since the library with faults in it is not shipped.
panic_tests() { cargo test --locked --features fault-injection --test abi -- panics; }

say "tests"
step "test server's own tests" cargo test --locked -p hs-test-server || stop
step "library tests" rust_tests || stop
step "hs-batch" cargo test --locked --features batch --bin hs-batch --test batch || stop
step "lock-free parts, in every order of threads" cargo test --locked -p hs-models || stop
step "a panic, seen from C" panic_tests || stop
step "threads, under ThreadSanitizer" "$ROOT/.ci/tsan.sh" || stop
step "README's programs" examples/check_readme.sh || stop
step "library tests, system libcurl" system_curl_tests || stop
step "fuzzing" env FUZZ_SEED=1 "$ROOT/.ci/fuzz.sh" || stop
say "packages"
"$ROOT/.ci/test-cpp.sh" || stop
step "Go package" mk test-go || stop
"$ROOT/.ci/test-zig.sh" || stop
step "trading clients" mk test-trading || stop
say "examples, as in make demo"
"$ROOT/.ci/demo.sh" || stop
say "soak, short form"
step "soak, ${SOAK:-20000} requests" mk soak-run REQUESTS="${SOAK:-20000}" THREADS=50 || stop
end_steps "make test"
