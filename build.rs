//! The shared library's soname comes from the ABI's major version, and the library is never unloaded.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/ffi/version.rs");
    println!("cargo:rustc-env=HS_TARGET={}", env::var("TARGET").expect("cargo sets TARGET"));
    let target_os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if !matches!(target_os.as_str(), "linux" | "android" | "freebsd") {
        return;
    }
    let soname = format!("libhttp_sentinel.so.{}", abi_major());
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{soname}");
    // Thread-local destructors of the library may run after `dlclose`.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    link_under_soname(&soname);
    if target_os == "linux" && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu") {
        link_unwinder_statically();
    }
}

/// rustc asks for libgcc_s, a second library that every host would need. A linker script of that name that stands
/// first in the search path answers with GCC's static unwinder instead, where the compiler has it.
fn link_unwinder_statically() {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let found = Command::new(compiler).arg("-print-file-name=libgcc_eh.a").output();
    let has_it = found.is_ok_and(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).is_absolute());
    if has_it && env::var("HOST") == env::var("TARGET") {
        let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n").expect("write into OUT_DIR");
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
}

fn abi_major() -> u32 {
    let source = fs::read_to_string("src/ffi/version.rs").expect("src/ffi/version.rs");
    source
        .lines()
        .find_map(|line| line.strip_prefix("pub const HS_ABI_MAJOR: u32 = "))
        .and_then(|rest| rest.trim_end_matches(';').parse().ok())
        .expect("HS_ABI_MAJOR in src/ffi/version.rs")
}

/// Programs that were linked with the library look for its soname: make it findable beside the library itself, so
/// that a plain `cargo build` is enough to run them. Best effort; an installation has its own links.
fn link_under_soname(soname: &str) {
    #[cfg(unix)]
    if let Some(profile) = env::var_os("OUT_DIR").map(PathBuf::from).as_deref().and_then(|out| out.ancestors().nth(3)) {
        for folder in [profile.to_path_buf(), profile.join("deps")] {
            if !folder.join(soname).exists() {
                let _ = std::os::unix::fs::symlink("libhttp_sentinel.so", folder.join(soname));
            }
        }
    }
}
