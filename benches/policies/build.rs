//! The library's side of it is C, as callers write it, over the shared library in `HS_LIB_DIR` (`target/release`).

use std::path::PathBuf;

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let library = std::env::var_os("HS_LIB_DIR").map_or_else(|| root.join("target/release"), PathBuf::from);
    cc::Build::new()
        .file("src/ours.c")
        .include(root.join("include"))
        .std("c99")
        .warnings_into_errors(true)
        .compile("ours");
    println!("cargo::rerun-if-env-changed=HS_LIB_DIR");
    println!("cargo::rerun-if-changed=src/ours.c");
    println!("cargo::rerun-if-changed={}", root.join("include/http_sentinel.h").display());
    println!("cargo::rustc-link-search=native={}", library.display());
    println!("cargo::rustc-link-lib=dylib=http_sentinel");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", library.display());
}
