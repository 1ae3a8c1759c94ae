#!/usr/bin/env bash
# The pool's torture, tests/abi/c/pool_torture.c, with so many submissions as it is told, under AddressSanitizer with
# UndefinedBehaviorSanitizer and LeakSanitizer, and then under ThreadSanitizer:  .ci/torture.sh 1000000 [NAME=VALUE...]
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -z "${HS_TEST_SERVER_JSON:-}" ]; then
    exec "$ROOT/.ci/with-server.sh" "$0" "$@"
fi
lib=${HS_LIB_DIR:-$LIB}
binary=$TARGET/torture/pool_torture
mkdir -p "$TARGET/torture"
gcc -std=c99 -Wall -Wextra -pedantic -Werror -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -pthread \
    -I"$ROOT/include" "$ROOT/tests/abi/c/pool_torture.c" -o "$binary" -L"$lib" -lhttp_sentinel -Wl,-rpath,"$lib"
arguments=("submissions=$1" seconds=36000 "${@:2}")
mapfile -t server < <(server_arguments)
LD_LIBRARY_PATH=$lib ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 "$binary" "${server[@]}" "${arguments[@]}"
"$ROOT/.ci/tsan.sh" pool_torture "${arguments[@]}"
