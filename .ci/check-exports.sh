#!/usr/bin/env bash
# Holds the shared library against its header:  .ci/check-exports.sh [LIBRARY [HEADER]]
#
# The names that the header declares are exactly the names that the library exports; none of them is one of Hyperscan's
# libhs, which shares our prefix; the soname has the ABI version; the library is never unloaded (NODELETE), and needs
# nothing at run time but the C library's family.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

library=${1:-$LIB/libhttp_sentinel.so}
header=${2:-$ROOT/include/http_sentinel.h}
work=$TARGET/check-exports
mkdir -p "$work"
failures=0
fail() { say "FAIL: $*"; failures=$((failures + 1)); }

# Declarations, after the preprocessor: "hs_x(" but not "hs_status (*callback)(".
gcc -E -P -xc "$header" | grep -oE '\bhs_[a-z0-9_]+ *\( *[^* ]' | grep -oE '^hs_[a-z0-9_]+' | LC_ALL=C sort -u >"$work/declared"
nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $NF); print $NF }' | LC_ALL=C sort -u >"$work/exported"
[ -s "$work/declared" ] || fail "no function declarations found in $header"
for name in $(LC_ALL=C comm -23 "$work/declared" "$work/exported"); do fail "$name is in the header, but not exported"; done
for name in $(LC_ALL=C comm -13 "$work/declared" "$work/exported"); do fail "$name is exported, but not in the header"; done

hyperscan='alloc_scratch|clone_scratch|close_stream|compile|compile_(ext_)?multi|compile_lit|compile_lit_multi
compress_stream|copy_stream|database_info|database_size|deserialize_database|deserialize_database_at|expand_stream
expression_(ext_)?info|free_compile_error|free_database|free_scratch|open_stream|populate_platform
reset_and_copy_stream|reset_and_expand_stream|reset_stream|scan|scan_stream|scan_vector|scratch_size
serialize_database|serialized_database_(info|size)|set_(database_|misc_|scratch_|stream_)?allocator|stream_size
valid_platform|version|direct_[a-z_]*|initialize|teardown'
for name in $(grep -xE "hs_(${hyperscan//$'\n'/|})" "$work/declared" || true); do fail "$name is a function of Hyperscan's libhs"; done

readelf -dW "$library" >"$work/dynamic"
# The number in the soname is the header's HS_ABI_MAJOR.
soname=$(sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' "$work/dynamic")
abi=$(printf '#include "%s"\nabi_major_is HS_ABI_MAJOR\n' "$header" | gcc -E -P -xc - | sed -n 's/^abi_major_is *(*\([0-9][0-9]*\).*/\1/p')
[ "$soname" = "libhttp_sentinel.so.${abi:-?}" ] || fail "the soname is '$soname', not libhttp_sentinel.so.${abi:-(no HS_ABI_MAJOR)}"
grep -qE 'FLAGS_1\).*NODELETE' "$work/dynamic" || fail "not linked with -z nodelete"
if grep -qE '\((RPATH|RUNPATH|TEXTREL)\)' "$work/dynamic"; then fail "has a run path, or text relocations"; fi
if readelf -lW "$library" | grep 'GNU_STACK' | grep -q 'RWE'; then fail "asks for an executable stack"; fi
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" >"$work/needed"
others=$(grep -vE '^(lib(c|m|pthread|dl|rt)\.so\.[0-9]+|libgcc_s\.so\.1|ld-linux.*\.so\.[0-9]+|libc\.musl-.*\.so\.[0-9]+)$' "$work/needed" || true)
for name in $others; do fail "needs $name at run time"; done
[ "$(readlink -f "$(dirname "$library")/$soname")" = "$(readlink -f "$library")" ] || fail "$soname beside the library does not lead to it"

[ $failures -eq 0 ] || exit 1
summary="$(wc -l <"$work/exported") names, $soname, needs $(paste -sd' ' "$work/needed")"
say "$summary"
{ say "$summary" >&9; } 2>/dev/null || true
