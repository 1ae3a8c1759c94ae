#!/usr/bin/env bash
# The C programs with several threads under ThreadSanitizer, with the library instrumented as well. rustc keeps that
# behind a switch of its own, which is turned here for a library that is only tested. It goes over the system's libcurl,
# which is not instrumented: a worker's libcurl is on one thread, and what races is ours.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

dir=$TARGET/tsan
triple=$(rustc -vV | sed -n 's/^host: //p')
RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" CARGO_TARGET_DIR=$dir \
    cargo build --locked --lib --target "$triple" --no-default-features --features system-curl,fault-injection
lib=$dir/$triple/debug
[ "$(nm -D "$lib/libhttp_sentinel.so" | grep -c __tsan_write)" -gt 0 ] || die "the library is not instrumented"

# The server says where everything is in one line of JSON; the programs are told as name=value.
words() { grep -oE '"[a-z0-9_]+":"[^"]*"' <<<"$HS_TEST_SERVER_JSON" | sed -E 's/^"([^"]*)":"(.*)"$/\1=\2/'; }

run() { # run PROGRAM STATUS
    local binary=$dir/$1 status=0 arguments
    gcc -std=c99 -Wall -Wextra -pedantic -Werror -g -fsanitize=thread -pthread -I"$ROOT/include" -I"$ROOT/tests/abi/c" \
        "$ROOT/tests/abi/c/$1.c" "$ROOT/tests/abi/tsan/memory.c" -o "$binary" -L"$lib" -lhttp_sentinel \
        -Wl,-rpath,"$lib" -Wl,--export-dynamic -ldl
    mapfile -t arguments < <(words)
    LD_LIBRARY_PATH=$lib TSAN_OPTIONS="exitcode=66 halt_on_error=1" "$binary" "${arguments[@]}" seconds=300 length=300000 || status=$?
    [ "$status" -eq "$2" ] || die "$1 ended with $status, not $2"
}

if [ -z "${HS_TEST_SERVER_JSON:-}" ]; then
    exec "$ROOT/.ci/with-server.sh" "$0"
fi
run races 66 2>"$dir/races.log" || { cat "$dir/races.log"; exit 1; }
grep -q 'data race' "$dir/races.log" || die "ThreadSanitizer did not name the race that it was shown"
# Not `counters` and `cookies`: what std's OnceLock, and a Mutex that is fought for, do to hand a value over is compiled
# into std, where nothing is instrumented, and looks like a race.
for program in threads streams; do run "$program" 0; done
{ echo "a planted race found; threads and streams clean" >&9; } 2>/dev/null || true
