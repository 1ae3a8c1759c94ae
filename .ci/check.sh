#!/usr/bin/env bash
# make check: the fast inner loop. Lints, unit tests and ABI tests, all in the debug profile.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"
export CARGO_NET_OFFLINE=true
export HS_LIB_DIR=$TARGET/debug/deps   # where cargo test leaves the shared library that it builds

begin_steps
"$ROOT/.ci/tools.sh" build lints sanitizers valgrind
step "format" cargo fmt --all --check -- --color never
[ -d "$TARGET/debug/build" ] || say "  the first debug build compiles OpenSSL and libcurl as well: allow some minutes"
step "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
step "clippy, fuzz targets" cargo clippy --locked -p hs-fuzz --no-deps --features targets,bundled-curl -- -D warnings
step "clippy, hs-batch" cargo clippy --locked --features batch --bin hs-batch --test batch -- -D warnings
step "unit and ABI tests" cargo test --locked --lib --test abi
end_steps "make check"
