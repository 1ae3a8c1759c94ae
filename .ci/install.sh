#!/usr/bin/env bash
# make install, make uninstall: the library as `make build` left it, for C and C++, pkg-config and CMake.
#
#   PREFIX=/usr/local  LIBDIR=$PREFIX/lib  INCLUDEDIR=$PREFIX/include  DESTDIR= .ci/install.sh install|uninstall
#
# Nothing in what is installed names the prefix: it may be moved as a whole. LIBDIR and INCLUDEDIR are below it.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
dest=${DESTDIR:-}
from=${HS_LIB_DIR:-$LIB}
package=$ROOT/bindings/cpp

number() { sed -n "s/^#define HS_ABI_$1 \([0-9]*\)$/\1/p" "$ROOT/include/http_sentinel.h"; }
of_cargo() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$ROOT/Cargo.toml" | head -n 1; }
below() { # the path of $1 from the prefix
    case $1 in
        "$prefix"/*) printf '%s' "${1#"$prefix"/}" ;;
        *) die "$1 is not below the prefix $prefix" ;;
    esac
}
up() { sed 's/[^/][^/]*/../g' <<<"$1"; }

version=$(of_cargo version)
soname=libhttp_sentinel.so.$(number MAJOR)
real=$soname.$(number MINOR)
lib=$(below "$libdir")
include=$(below "$includedir")
headers=$(cd "$package/include" && find . -name '*.hpp' -printf '%P\n' | LC_ALL=C sort)

installed() { # every file and link, but for folders
    printf '%s\n' "$includedir/http_sentinel.h" "$libdir/$real" "$libdir/$soname" "$libdir/libhttp_sentinel.so" \
        "$libdir/libhttp_sentinel.a" "$libdir/pkgconfig/http_sentinel.pc" "$libdir"/cmake/http_sentinel/http_sentinel-{config,config-version,targets}.cmake
    local one
    for one in $headers; do printf '%s\n' "$includedir/$one"; done
}

# What the static library needs of the system: what the shared one asks for, and for Rust's unwinder GCC's.
private_libraries() {
    printf '%s\n' -lpthread -ldl -lm
    readelf -dW "$from/libhttp_sentinel.so" | sed -n 's/.*(NEEDED).*\[lib\(.*\)\.so.*\]/-l\1/p' |
        grep -vE '^-l(c|m|dl|rt|pthread|gcc_s|c\.musl.*)$|^-lld-' || true
}

filled() { # filled TEMPLATE: with the values of this installation
    sed -e "s|@to_prefix@|$(up "$lib/cmake/http_sentinel")|" -e "s|@pc_to_prefix@|$(up "$lib/pkgconfig")|" \
        -e "s|@lib@|$lib|" -e "s|@include@|$include|" -e "s|@real@|$real|" -e "s|@soname@|$soname|" -e "s|@version@|$version|" \
        -e "s|@description@|$(of_cargo description)|" -e "s|@private@|$(private_libraries | paste -sd' ')|" \
        -e "s|@private_cmake@|$(private_libraries | sed 's/^-l//' | grep -v '^pthread$' | paste -sd';')|" \
        -e "s|@pointer_bytes@|$pointer_bytes|" "$1"
}

install_all() {
    if [ ! -f "$from/libhttp_sentinel.so" ] || [ ! -f "$from/libhttp_sentinel.a" ]; then die "the library is not built yet (make build)"; fi
    case $(readelf -h "$from/libhttp_sentinel.so" | sed -n 's/.*Class: *//p') in ELF64) pointer_bytes=8 ;; *) pointer_bytes=4 ;; esac
    local one template
    install -d "$dest$includedir/http_sentinel" "$dest$libdir/pkgconfig" "$dest$libdir/cmake/http_sentinel"
    install -m 644 "$ROOT/include/http_sentinel.h" "$dest$includedir/http_sentinel.h"
    for one in $headers; do install -m 644 "$package/include/$one" "$dest$includedir/$one"; done
    install -m 755 "$from/libhttp_sentinel.so" "$dest$libdir/$real"
    ln -sfn "$real" "$dest$libdir/$soname"
    ln -sfn "$soname" "$dest$libdir/libhttp_sentinel.so"
    install -m 644 "$from/libhttp_sentinel.a" "$dest$libdir/libhttp_sentinel.a"
    filled "$package/cmake/http_sentinel.pc.in" >"$dest$libdir/pkgconfig/http_sentinel.pc"
    for template in config config-version; do
        filled "$package/cmake/http_sentinel-$template.cmake.in" >"$dest$libdir/cmake/http_sentinel/http_sentinel-$template.cmake"
    done
    install -m 644 "$package/cmake/http_sentinel-targets.cmake" "$dest$libdir/cmake/http_sentinel/"
    chmod 644 "$dest$libdir/pkgconfig/http_sentinel.pc" "$dest$libdir"/cmake/http_sentinel/*
    say "http_sentinel $version is in $dest$prefix ($lib, $include)"
    [ -n "$dest" ] || say "if programs do not find it when they start, run ldconfig"
}

uninstall_all() {
    local one
    installed | while IFS= read -r one; do rm -f "$dest$one"; done
    for one in "$includedir/http_sentinel" "$libdir/cmake/http_sentinel"; do rmdir "$dest$one" 2>/dev/null || true; done
    say "http_sentinel is gone from $dest$prefix"
}

case ${1:-} in
    install) install_all ;;
    uninstall) uninstall_all ;;
    *) die "usage: $0 install|uninstall" ;;
esac
