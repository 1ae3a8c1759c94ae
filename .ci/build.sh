#!/usr/bin/env bash
# The release library (shared and static) and the test server:  .ci/build.sh [hs-batch], with that program as well
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"
export CARGO_NET_OFFLINE=true   # tools.sh has fetched what Cargo.lock names

[ -d "$LIB/build" ] || say "  the first build compiles OpenSSL and libcurl as well: allow some minutes"
# Before the library, which its build overwrites; and only when it has to be: cargo would build both anew each time, since
# the library is not the same with the feature and without. It takes as long as the library does, and no example needs it.
if [ "${1:-}" = hs-batch ] && { [ ! -x "$LIB/hs-batch" ] ||
    [ -n "$(cd "$ROOT" && find Cargo.toml Cargo.lock build.rs .cargo src -newer "$LIB/hs-batch" -print -quit)" ]; }; then
    step "hs-batch" cargo build --locked --release --features batch --bin hs-batch
    touch "$LIB/hs-batch"
fi
# Cargo leaves link-time optimisation out as soon as an rlib is among the crate types, so the two that are shipped are
# named here. An rlib build in the same folder overwrites them; cargo notices, and builds them anew at the next run.
step "library" cargo rustc --locked --release --lib --crate-type cdylib,staticlib
[ -e "$LIB/libhttp_sentinel.so.1" ] || ln -sfn libhttp_sentinel.so "$LIB/libhttp_sentinel.so.1"
step "test server" cargo build --locked --release -p hs-test-server
