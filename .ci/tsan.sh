#!/usr/bin/env bash
# The C programs with several threads under ThreadSanitizer, with the library instrumented as well. rustc keeps that
# behind a switch of its own, which is turned here for a library that is only tested. It goes over the system's libcurl,
# which is not instrumented: a worker's libcurl is on one thread, and what races is ours.
#   .ci/tsan.sh                        what make test runs
#   .ci/tsan.sh PROGRAM NAME=VALUE...  one program of tests/abi/c
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

dir=$TARGET/tsan
triple=$(rustc -vV | sed -n 's/^host: //p')

# std is not instrumented: what hands over inside of it is told by tests/abi/tsan/std.c, to which the linker leads.
std=$(echo "$(rustc --print target-libdir)"/libstd-*.rlib)
mkdir -p "$dir"
ar p "$std" "$(ar t "$std" | grep '\.o$')" >"$dir/std.rlib.o"
names=$(readelf -sW "$dir/std.rlib.o" | awk '$4 == "FUNC" && $5 == "GLOBAL" { print $8 }')
wraps=("-Clink-arg=-Wl,--wrap=__tsan_atomic64_fetch_sub") defines=()
lead() { # lead AS PATTERN: the one function of std with such a name
    local name
    name=$(grep -E "$2" <<<"$names" || true)
    [ "$(grep -c . <<<"$name")" -eq 1 ] || die "std has not one function like $2: $name"
    wraps+=("-Clink-arg=-Wl,--wrap=$name") defines+=("-D$1=$name")
}
lead LOCK '5mutex5futex.*14lock_contended$'
lead READ '6rwlock5futex.*14read_contended$'
lead WRITE '6rwlock5futex.*15write_contended$'
lead WAIT '7condvar5futex.*7Condvar4wait$'
lead WAIT_TIMEOUT '7condvar5futex.*12wait_timeout$'
lead ONCE '4once5futex.*4Once4call$'
gcc -std=c99 -Wall -Wextra -Werror -O1 -fPIC -fexceptions "${defines[@]}" -c "$ROOT/tests/abi/tsan/std.c" -o "$dir/std.o"

RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$dir \
    RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer -Clink-arg=$dir/std.o ${wraps[*]}" \
    cargo build --locked --lib --target "$triple" --no-default-features --features system-curl,fault-injection
lib=$dir/$triple/debug
[ "$(nm -D "$lib/libhttp_sentinel.so" | grep -c __tsan_write)" -gt 0 ] || die "the library is not instrumented"

run() { # run PROGRAM STATUS ARGUMENT...
    local binary=$dir/$1 status=0 arguments
    gcc -std=c99 -Wall -Wextra -pedantic -Werror -g -fsanitize=thread -pthread -I"$ROOT/include" -I"$ROOT/tests/abi/c" \
        "$ROOT/tests/abi/c/$1.c" "$ROOT/tests/abi/tsan/memory.c" -o "$binary" -L"$lib" -lhttp_sentinel \
        -Wl,-rpath,"$lib" -Wl,--export-dynamic -ldl
    mapfile -t arguments < <(server_arguments)
    LD_LIBRARY_PATH=$lib TSAN_OPTIONS="exitcode=66 halt_on_error=1" "$binary" "${arguments[@]}" "${@:3}" || status=$?
    [ "$status" -eq "$2" ] || die "$1 ended with $status, not $2"
}

if [ -z "${HS_TEST_SERVER_JSON:-}" ]; then
    exec "$ROOT/.ci/with-server.sh" "$0" "$@"
fi
if [ $# -gt 0 ]; then
    run "$1" 0 "${@:2}"
    exit
fi
run races 66 seconds=300 2>"$dir/races.log" || { cat "$dir/races.log"; exit 1; }
grep -q 'data race' "$dir/races.log" || die "ThreadSanitizer did not name the race that it was shown"
for program in threads streams counters cookies; do run "$program" 0 seconds=300 length=300000; done
run pool_torture 0 seconds=300 submissions=2000
{ echo "a planted race found; threads, streams, counters, cookies and pool_torture clean" >&9; } 2>/dev/null || true
