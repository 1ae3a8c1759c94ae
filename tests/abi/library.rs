//! Where the library is that programs are linked with.

use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where `libhttp_sentinel.so` and its soname's link are: `HS_LIB_DIR`, or beside this test, where cargo put the one
/// that it built for it.
pub fn library_folder() -> PathBuf {
    let folder = match std::env::var_os("HS_LIB_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_exe().expect("this test's path").parent().expect("its folder").to_owned(),
    };
    for name in [String::from("libhttp_sentinel.so"), format!("libhttp_sentinel.so.{}", abi_major())] {
        assert!(folder.join(&name).exists(), "{name} is not in {}: build the library first", folder.display());
    }
    folder
}

fn abi_major() -> u32 {
    http_sentinel::ffi::version::HS_ABI_MAJOR
}
