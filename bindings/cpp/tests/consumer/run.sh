#!/usr/bin/env bash
# Installs the library, moves it, and builds somebody else's programs with it, all in a folder outside of this repository.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install_it() { DESTDIR=$work/stage PREFIX=/opt/hs LIBDIR=/opt/hs/lib INCLUDEDIR='' "$root/.ci/install.sh" "$1"; }
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)

# Only what stands in that folder is to be found.
export PKG_CONFIG_LIBDIR=$work/moved/lib/pkgconfig CMAKE_PREFIX_PATH=$work/moved
unset CPATH LIBRARY_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH

check() { # check PROGRAM yes|no: it runs, and needs the shared library or not
    [ "$("$1")" = "$version" ] || { echo "$1 did not say $version"; exit 1; }
    local needs=no
    if readelf -d "$1" | grep -q 'NEEDED.*\[libhttp_sentinel\.so\.[0-9]*\]'; then needs=yes; fi
    [ $needs = "$2" ] || { echo "$1: needs the shared library: $needs, not $2"; exit 1; }
    echo "ok ${1#"$work"/}"
}
check_all() {
    check "$1/c_shared" yes && check "$1/cxx_shared" yes && check "$1/c_static" no && check "$1/cxx_static" no
}

install_it install
mv "$work/stage/opt/hs" "$work/moved"
if grep -rIl -e "$work/stage" -e /opt/hs "$work/moved"; then echo "these name the prefix"; exit 1; fi
cp "$here"/consumer.* "$here/CMakeLists.txt" "$work"

configure() { cmake -S "$work" -B "$work/$1" -DCMAKE_BUILD_TYPE=Debug "${@:2}" && cmake --build "$work/$1" --parallel 2; }
configure found -DHOW=find_package -DWANTED="$version"
check_all "$work/found"
configure within -DPACKAGE="$root/bindings/cpp"
check_all "$work/within"

mkdir "$work/plain"
[ "$(pkg-config --modversion http_sentinel)" = "$version" ]
read -ra flags < <(pkg-config --cflags --libs http_sentinel)
rpath=-Wl,-rpath,$work/moved/lib
gcc "$work/consumer.c" "${flags[@]}" "$rpath" -o "$work/plain/c_shared"
g++ -std=c++17 "$work/consumer.cpp" "${flags[@]}" "$rpath" -o "$work/plain/cxx_shared"
rm "$work"/moved/lib/libhttp_sentinel.so* # the linker takes the shared one where there are both
read -ra flags < <(pkg-config --static --cflags --libs http_sentinel)
gcc "$work/consumer.c" "${flags[@]}" -o "$work/plain/c_static"
g++ -std=c++17 "$work/consumer.cpp" "${flags[@]}" -o "$work/plain/cxx_static"
check "$work/plain/c_static" no
check "$work/plain/cxx_static" no
install_it install
cp -a "$work/stage/opt/hs/." "$work/moved"
check_all "$work/plain"

install_it uninstall
left=$(find "$work/stage" ! -type d)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo "find_package, add_subdirectory and pkg-config: shared and static, C and C++"
