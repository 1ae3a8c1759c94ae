//! Compiles the C programs. A compiler that is missing is a failure.

pub use crate::library::{library_folder, root};
use std::path::{Path, PathBuf};

/// Under what a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    Plain,
    Sanitized,
    Valgrind,
}

pub fn sources() -> PathBuf {
    root().join("tests/abi/c")
}

/// A place for what is built here, apart for each test.
pub fn output(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi");
    std::fs::create_dir_all(&folder).expect("a folder under the target directory");
    folder.join(name)
}

/// The flags of every C file of the project, and those of the ring.
fn flags(ring: Ring) -> Vec<&'static str> {
    let mut flags = vec!["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-g", "-pthread"];
    if ring == Ring::Sanitized {
        flags.extend(["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"]);
    }
    flags
}

/// Compiles a program; `linked` with the library, or not.
pub fn compile(sources: &[PathBuf], output: &Path, ring: Ring, linked: bool) {
    let target = env!("HS_TARGET");
    let compiler = cc::Build::new().target(target).host(target).opt_level(1).cargo_metadata(false).get_compiler();
    let mut command = compiler.to_command();
    command.args(flags(ring));
    command.arg("-I").arg(root().join("include")).arg("-I").arg(self::sources());
    command.args(sources).arg("-o").arg(output);
    if linked {
        let folder = library_folder();
        let mut search = std::ffi::OsString::from("-Wl,-rpath,");
        search.push(&folder);
        command.arg("-L").arg(&folder).arg("-lhttp_sentinel").arg(search);
    }
    command.arg("-ldl");
    let result = command.output().unwrap_or_else(|error| panic!("cannot run the C compiler {command:?}: {error}"));
    let said = String::from_utf8_lossy(&result.stderr);
    let arguments: Vec<_> = command.get_args().collect();
    assert!(
        result.status.success() && said.is_empty(),
        "{}: {}\n{arguments:?}\n{said}",
        output.display(),
        result.status
    );
}

/// Compiles the files of `tests/abi/c` of these names to a program, once for each ring.
pub fn program(names: &[&str], ring: Ring, linked: bool) -> PathBuf {
    let files: Vec<PathBuf> = names.iter().map(|name| sources().join(format!("{name}.c"))).collect();
    let binary = output(&format!("{}-{ring:?}", names[0]).to_lowercase());
    compile(&files, &binary, ring, linked);
    binary
}
