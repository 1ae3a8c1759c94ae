#!/usr/bin/env bash
# Holds the header against every compiler that its users have:  .ci/check-header.sh [HEADER [LIBRARY-FOLDER]]
#
# Alone and included twice, under C99, C11, C17 and C++11, C++20, pedantic and with warnings as errors, by gcc and by
# Zig's clang; then every function, constant and type of it through cgo, and through Zig's @cImport (0.16) and
# addTranslateC (0.16 and 0.17), linked to the library and run.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

header=${1:-$ROOT/include/http_sentinel.h}
lib=${2:-$LIB}
include=$(cd "$(dirname "$header")" && pwd)
work=$TARGET/check-header
mkdir -p "$work"
flags=(-Wall -Wextra -pedantic -Werror -I"$include" -c -o "$work/out.o")
file=$(basename "$header")

printf '#include "%s"\n' "$file" >"$work/alone.c"
printf '#include "%s"\n#include "%s"\nint main(void) { return (int)hs_abi_version(); }\n' "$file" "$file" >"$work/twice.c"
cp "$work/alone.c" "$work/alone.cpp"
printf '#include "%s"\n#include "%s"\nint main() { return static_cast<int>(hs_abi_version()); }\n' "$file" "$file" >"$work/twice.cpp"

c_and_cpp() { # c_and_cpp C-COMPILER C++-COMPILER, each a command in one string
    local std how count=0
    for how in alone twice; do
        for std in c99 c11 c17; do $1 -std=$std "${flags[@]}" "$work/$how.c" || { say "FAIL: $1 -std=$std, $how"; return 1; }; count=$((count + 1)); done
        for std in c++11 c++20; do $2 -std=$std "${flags[@]}" "$work/$how.cpp" || { say "FAIL: $2 -std=$std, $how"; return 1; }; count=$((count + 1)); done
    done
    say "$count compilations" >&9
}

# The header's own text after the preprocessor, without what it includes; and its names.
own_text() { gcc -E -xc "$header" | awk -v file="\"$header\"" '/^# [0-9]+ / { own = ($3 == file); next } own'; }
functions() { own_text | tr '\n' ' ' | grep -oE '\bhs_[a-z0-9_]+ *\( *[^* ]' | grep -oE '^hs_[a-z0-9_]+' | sort -u; }
types() { own_text | tr '\n' ' ' | grep -oE '(\}|typedef [a-z0-9_ ]+) *\bhs_[a-z0-9_]+ *;' | grep -oE 'hs_[a-z0-9_]+ *;$' | tr -d ' ;' | sort -u; }
constants() { gcc -E -dM -xc "$header" | awk '$1 == "#define" && $2 ~ /^HS_[A-Z0-9_]+$/ && NF > 2 { print $2 }' | sort -u; }

cgo() {
    local go dir=$work/cgo name
    go=$(go_command) || { say "there is no Go here"; return 1; }
    mkdir -p "$dir"
    printf 'module header\n\ngo 1.19\n' >"$dir/go.mod"
    {
        printf '// Every name of the header, used. Generated.\npackage main\n\n// #include "%s"\nimport "C"\n\n' "$file"
        printf 'import (\n\t"fmt"\n\t"unsafe"\n)\n\nconst (\n'
        for name in $(constants); do printf '\t_ = C.%s\n' "$name"; done
        printf ')\n\nvar (\n'
        for name in $(types); do printf '\t_ *C.%s\n' "$name"; done
        printf ')\n\nvar functions = []unsafe.Pointer{\n'
        for name in $(functions); do printf '\tunsafe.Pointer(C.%s),\n' "$name"; done
        printf '}\n\nfunc main() {\n\tif C.hs_abi_version()>>16 != C.HS_ABI_MAJOR {\n\t\tpanic("the ABI version differs")\n\t}\n'
        printf '\tfmt.Println(len(functions), "functions,", %d, "constants,", %d, "types")\n}\n' "$(constants | wc -l)" "$(types | wc -l)"
    } >"$dir/main.go"
    (cd "$dir" && GOCACHE=$TARGET/go-cache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false CGO_ENABLED=1 \
        CGO_CFLAGS="-I$include -DHS_HEADER_SUM=$(cksum <"$header" | cut -d' ' -f1)" CGO_LDFLAGS="-L$lib -lhttp_sentinel -Wl,-rpath,$lib" \
        "$go" build -o header .) && "$dir/header" | tee /dev/fd/9
}

zig() { # zig ZIG VERSION [OPTION...]
    local zig=$1 version=$2
    shift 2
    [ -x "$zig" ] || { say "${zig#"$ROOT"/} is not there (make tools)"; return 1; }
    zig_caches "$version"
    (cd "$ROOT/tests/abi/zig-translate" && "$zig" build --prefix "$work/zig-$version" -Dinclude-dir="$include" -Dlib-dir="$lib" "$@") &&
        "$work/zig-$version/bin/translate" 2>&1 | tee /dev/fd/9
}
clang() { zig_caches 0.16; c_and_cpp "$ZIG16 cc" "$ZIG16 c++"; }

step "header: gcc and g++" c_and_cpp gcc g++
step "header: clang (zig cc and zig c++)" clang
step "header: cgo" cgo
step "header: Zig 0.16 @cImport" zig "$ZIG16" 0.16 -Dcimport=true
step "header: Zig 0.16 addTranslateC" zig "$ZIG16" 0.16
step "header: Zig 0.17 addTranslateC" zig "$ZIG17" 0.17
