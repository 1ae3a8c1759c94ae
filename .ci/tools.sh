#!/usr/bin/env bash
# Makes sure that the programs a target needs are there, and installs or fetches what is missing, saying what and where.
#
#   .ci/tools.sh NEED...     needs: build go zig16 zig17 system-curl valgrind sanitizers cmake peers jansson lints, or demo, test
#   (groups)
#
# Compilers and libraries come from the system's package manager (system-wide, with sudo when not root). Zig and, where
# the system has no Go of 1.23 or later, Go come from the Python package index, pinned in pins.txt, into .tools/.
# Nothing is asked of the network and no package manager is started when nothing is missing. What could not be had is
# said in plain words, and the exit status is 1 if any of it is needed.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"

log=$LOGS/tools.log
: >"$log"
missing=()

have() { command -v "$1" >/dev/null 2>&1; }

# ---- the package manager -------------------------------------------------------------------------------------------

manager=none
for m in apt-get dnf microdnf yum pacman apk zypper; do
    if have $m; then manager=$m; break; fi
done

# What each need is called by each manager.
packages_for() {
    case $manager:$1 in
        apt-get:cc) echo gcc libc6-dev ;;          apk:cc) echo gcc musl-dev linux-headers ;;
        *:cc) echo gcc ;;
        apt-get:c++ | apk:c++) echo g++ ;;         dnf:c++ | microdnf:c++ | yum:c++ | zypper:c++) echo gcc-c++ ;;
        *:c++) echo gcc ;;
        dnf:perl | microdnf:perl | yum:perl) echo perl-core ;;
        *:perl) echo perl ;;
        apt-get:python) echo python3 python3-venv ;;
        pacman:python) echo python python-pip ;;   apk:python) echo python3 py3-pip ;;
        *:python) echo python3 python3-pip ;;
        apt-get:go) echo golang-go ;;              dnf:go | microdnf:go | yum:go) echo golang ;;
        *:go) echo go ;;
        apt-get:pkg-config) echo pkg-config ;;     pacman:pkg-config | apk:pkg-config) echo pkgconf ;;
        *:pkg-config) echo pkgconf-pkg-config ;;
        apt-get:libcurl) echo libcurl4-openssl-dev ;;
        pacman:libcurl) echo curl ;;               apk:libcurl) echo curl-dev ;;
        *:libcurl) echo libcurl-devel ;;
        dnf:sanitizers | microdnf:sanitizers | yum:sanitizers) echo libasan libubsan libtsan ;;
        *:sanitizers) echo gcc ;;
        dnf:shellcheck | microdnf:shellcheck | yum:shellcheck | zypper:shellcheck) echo ShellCheck ;;
        apt-get:nghttpd) echo nghttp2-server ;;    pacman:nghttpd) echo libnghttp2 ;;
        *:nghttpd) echo nghttp2 ;;
        apt-get:jansson) echo libjansson-dev ;;    zypper:jansson) echo libjansson-devel ;;
        apk:jansson) echo jansson-dev ;;           pacman:jansson) echo jansson ;;
        *:jansson) echo jansson-devel ;;
        *) echo "$1" ;;
    esac
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif have sudo && [ -t 0 ] && [ -t 2 ]; then sudo "$@"
    elif have sudo; then sudo -n "$@"
    else return 1
    fi
}

run_manager() {
    case $manager in
        apt-get)
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" && return
            as_root apt-get update -q &&
                as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" ;;
        dnf | microdnf | yum) as_root $manager install -y "$@" ;;
        pacman) as_root pacman -S --noconfirm --needed "$@" || as_root pacman -Sy --noconfirm --needed "$@" ;;
        apk) as_root apk add "$@" ;;
        zypper) as_root zypper --non-interactive install "$@" ;;
    esac
}

# install_packages NEED...: false when it could not be done; says why.
install_packages() {
    local need names=()
    read -ra names < <(for need in "$@"; do packages_for "$need"; done | tr ' ' '\n' | awk '!seen[$0]++' | paste -sd' ')
    if [ $manager = none ]; then
        warn "  could not install ${names[*]}: no package manager that is known here (apt-get, dnf, yum, pacman, apk, zypper)"
        return 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then
        warn "  could not install ${names[*]}: not root, and there is no sudo. As root: $manager install ${names[*]}"
        return 1
    fi
    say "  installing with $manager, system-wide: ${names[*]}"
    if ! run_manager "${names[@]}" >>"$log" 2>&1; then
        warn "  $manager could not install ${names[*]}; it said:"
        tail -n 5 "$log" | sed 's/^/    | /' >&2
        return 1
    fi
}

# ---- is it there? --------------------------------------------------------------------------------------------------

compiles() { # compiles COMPILER LANGUAGE CODE [OPTION...]
    local compiler=$1 language=$2 code=$3
    shift 3
    have "$compiler" && printf '%s\n' "$code" | "$compiler" -x "$language" - -o "$LOGS/probe" "$@" 2>>"$log" && rm -f "$LOGS/probe"
}
has_cc() { compiles gcc c '#include <stdio.h>
#include <linux/version.h>
int main(void) { return puts("") < 0; }' && have cc && have ar && have nm && have readelf; }
# shellcheck disable=SC2329  # called as has_$need
has_c++() { compiles g++ c++ '#include <string>
int main() { return static_cast<int>(std::string().size()); }'; }
# OpenSSL's build needs modules that the smallest Perls leave out.
has_perl() { perl -MFindBin -MIPC::Cmd -MFile::Compare -MFile::Copy -MFile::Path -MPOSIX -MTime::Piece -e 1 2>>"$log"; }
has_make() { have make; }
has_python() { have python3 && { python3 -m pip --version || python3 -c 'import ensurepip, venv'; } >>"$log" 2>&1; }
has_pkg-config() { have pkg-config; }
has_libcurl() { have pkg-config && pkg-config --exists libcurl; }
has_valgrind() { have valgrind; }
has_cmake() { have cmake; }
has_sanitizers() {
    compiles gcc c 'int main(void) { return 0; }' -fsanitize=address,undefined && compiles gcc c 'int main(void) { return 0; }' -fsanitize=thread
}
# Servers are where only root's PATH has them.
has_server() { PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin have "$1"; }
has_jansson() { compiles gcc c '#include <jansson.h>
int main(void) { json_decref(json_object()); return 0; }' -ljansson; }
has_nginx() { has_server nginx; }
has_haproxy() { has_server haproxy; }
has_nghttpd() { has_server nghttpd; }
has_tinyproxy() { has_server tinyproxy; }
has_squid() { has_server squid; }
has_microsocks() { has_server microsocks; }
has_shellcheck() { have shellcheck; }
has_ca-certificates() {
    local f
    for f in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem /etc/ssl/ca-bundle.pem; do
        [ -n "$f" ] && [ -s "$f" ] && return 0
    done
    return 1
}

# The tests start servers themselves. What a package that was just installed has started as a service is stopped.
keep_off() {
    local need
    [ -d /run/systemd/system ] || return 0
    for need in "$@"; do
        case $need in
            nginx | haproxy | tinyproxy | squid | microsocks) as_root systemctl disable --now "$need" >>"$log" 2>&1 || true ;;
        esac
    done
}

# system NEED...: one run of the package manager for all that is missing.
system() {
    local need wanted=()
    for need in "$@"; do "has_$need" || wanted+=("$need"); done
    [ ${#wanted[@]} -eq 0 ] && return 0
    install_packages "${wanted[@]}" || true
    keep_off "${wanted[@]}"
    for need in "${wanted[@]}"; do
        "has_$need" || missing+=("$need (package $(packages_for "$need"))")
    done
}

# ---- private tools -------------------------------------------------------------------------------------------------

# pip: the system's, or that of a private virtual environment, so that the system's Python is never written to.
pip() {
    if python3 -m pip --version >>"$log" 2>&1; then
        python3 -m pip --disable-pip-version-check "$@"
    else
        if [ ! -x "$TOOLS/pip/bin/python" ]; then
            say "  making a private Python environment with pip in .tools/pip"
            python3 -m venv "$TOOLS/pip" >>"$log" 2>&1 || { rm -rf "$TOOLS/pip"; return 1; }
        fi
        "$TOOLS/pip/bin/python" -m pip --disable-pip-version-check "$@"
    fi
}

# fetch FOLDER WHAT: the pinned package into .tools/FOLDER, whole or not at all.
fetch() {
    local folder=$1 what=$2 requirement hashes
    read -r _ requirement hashes < <(grep "^$folder " "$ROOT/.ci/pins.txt" | tr -s ' ')
    say "  fetching $what from the Python package index ($requirement) into .tools/$folder"
    rm -rf "${TOOLS:?}/$folder.part" "${TOOLS:?}/$folder"
    mkdir -p "$TOOLS/$folder.part"
    printf '%s --hash=%s\n' "$requirement" "${hashes// / --hash=}" >"$TOOLS/$folder.part/requirement.txt"
    if ! pip install --no-deps --only-binary :all: --no-compile --require-hashes --target "$TOOLS/$folder.part/package" \
        --requirement "$TOOLS/$folder.part/requirement.txt" >>"$log" 2>&1; then
        rm -rf "$TOOLS/$folder.part"
        warn "  could not fetch $what; pip said:"
        grep -E '^ *(ERROR|error|Could not)' "$log" | tail -n 2 | cut -c1-300 | sed 's/^/    | /' >&2
        return 1
    fi
    mv "$TOOLS/$folder.part" "$TOOLS/$folder"
}

need_zig() { # need_zig VERSION
    local version=$1 zig=$TOOLS/zig-$1/zig
    [ "$("$zig" version 2>>"$log")" = "$version" ] && return
    if have zig && [ "$(zig version 2>>"$log")" = "$version" ]; then
        mkdir -p "${zig%/*}"
        ln -sfn "$(command -v zig)" "$zig"
        return
    fi
    system python
    if has_python && fetch "zig-$version" "Zig $version"; then
        ln -sfn package/ziglang/zig "$zig"
        [ "$("$zig" version 2>>"$log")" = "$version" ] && return
    fi
    missing+=("Zig $version")
}

need_go() {
    go_command >>"$log" && return
    say "  no Go of 1.23 or later found on this system"
    local folder=go-1.27.3
    system python
    if has_python && fetch $folder "Go ${folder#go-}"; then
        ln -sfn package/go/bin "$TOOLS/$folder/bin"
        go_command >>"$log" && return
    fi
    install_packages go || true
    go_command >>"$log" || missing+=("Go, 1.23 or later")
}

need_rust() {
    have cargo || die "Rust is not installed (no cargo on the PATH). Install it with rustup, or from the package manager if that has Rust 1.88 or later, and run this again."
    local version
    version=$(rustc --version | awk '{ print $2 }')
    awk -v v="$version" 'BEGIN { split(v, p, "."); exit !(p[1] > 1 || p[2] >= 88) }' ||
        die "Rust $version is too old: 1.88 or later is needed (rustup update stable)."
}

# The source packages that Cargo.lock names for this platform. Asks the network only when some are not there yet.
need_crates() {
    local host
    host=$(rustc -vV | awk '/^host:/ { print $2 }')
    cargo fetch --locked --offline --target "$host" >>"$log" 2>&1 && return
    say "  fetching the Rust packages that Cargo.lock names into ${CARGO_HOME:-~/.cargo}"
    cargo fetch --locked --target "$host" >>"$log" 2>&1 && return
    warn "  could not fetch them; cargo said:"
    tail -n 5 "$log" | sed 's/^/    | /' >&2
    missing+=("the Rust packages of Cargo.lock")
}

need_rust_component() { # need_rust_component COMPONENT CARGO-COMMAND
    cargo "$2" --version >>"$log" 2>&1 && return
    if have rustup; then
        say "  adding $1 to the Rust toolchain with rustup"
        rustup component add "$1" >>"$log" 2>&1 || true
    fi
    cargo "$2" --version >>"$log" 2>&1 || missing+=("cargo $2 (rustup component add $1)")
}

# ---- the needs -----------------------------------------------------------------------------------------------------

needs=" $* "
needs=${needs/ test / demo zig17 system-curl valgrind sanitizers cmake peers }
needs=${needs/ demo / build go zig16 jansson }
wants() { [[ $needs == *" $1 "* ]]; }

need_rust
list=()
wants build && list+=(ca-certificates cc c++ make perl)
wants system-curl && list+=(pkg-config libcurl)
wants jansson && list+=(jansson)
wants valgrind && list+=(valgrind)
wants sanitizers && list+=(sanitizers)
wants cmake && list+=(cmake pkg-config)
wants peers && list+=(nginx haproxy nghttpd tinyproxy squid microsocks)
if wants zig16 && [ ! -x "$ZIG16" ] || wants zig17 && [ ! -x "$ZIG17" ]; then list+=(python); fi
[ ${#list[@]} -gt 0 ] && system "${list[@]}"
wants build && need_crates
wants go && need_go
wants zig16 && need_zig 0.16.0
wants zig17 && need_zig 0.17.1
if wants lints; then
    need_rust_component rustfmt fmt
    need_rust_component clippy clippy
    # Only the shell scripts' lint needs this one, so its absence is said by the lint itself.
    has_shellcheck || install_packages shellcheck || true
fi

if [ ${#missing[@]} -gt 0 ]; then
    warn "could not provide:"
    printf '  - %s\n' "${missing[@]}" >&2
    warn "the log is ${log#"$ROOT"/}"
    exit 1
fi
