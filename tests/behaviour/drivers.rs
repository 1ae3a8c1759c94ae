//! Builds the drivers. A compiler that is missing is a failure.

use crate::library::{library_folder, root};
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Driver {
    pub language: &'static str,
    /// Tells its counters from those of the others.
    pub mark: char,
    pub program: PathBuf,
}

type Builder = fn(&Path);

pub fn build() -> Vec<Driver> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("behaviour");
    std::fs::create_dir_all(&folder).expect("a folder under the target directory");
    let builders: [(&str, char, Builder); 2] = [("c", 'c', c), ("cpp", 'p', cpp)];
    std::thread::scope(|scope| {
        let start = |(language, mark, builder): (&'static str, char, Builder)| {
            let program = folder.join(language).join("driver");
            std::fs::create_dir_all(program.parent().expect("its folder")).expect("a folder");
            scope.spawn(move || {
                builder(&program);
                Driver { language, mark, program }
            })
        };
        let running: Vec<_> = builders.into_iter().map(start).collect();
        running.into_iter().map(|thread| thread.join().expect("a driver that can be built")).collect()
    })
}

fn source(name: &str) -> PathBuf {
    root().join("tests/drivers").join(name)
}

fn search() -> String {
    format!("-Wl,-rpath,{}", library_folder().display())
}

fn run(command: &mut Command) {
    let result = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let said = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{command:?}: {}\n{said}", result.status);
}

fn c(program: &Path) {
    native(program, false, "c/driver.c", "-std=c99");
}

fn cpp(program: &Path) {
    native(program, true, "cpp/driver.cpp", "-std=c++17");
}

fn native(program: &Path, cpp: bool, file: &str, standard: &str) {
    let target = env!("HS_TARGET");
    let mut build = cc::Build::new();
    let compiler = build.cpp(cpp).target(target).host(target).opt_level(1).cargo_metadata(false).get_compiler();
    let mut command = compiler.to_command();
    command.args([standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-g", "-pthread"]);
    command.arg("-I").arg(root().join("include")).arg(source(file)).arg("-o").arg(program);
    command.arg("-L").arg(library_folder()).arg("-lhttp_sentinel").arg(search());
    run(&mut command);
}
