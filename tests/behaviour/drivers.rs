//! Builds the drivers. A compiler that is missing is a failure.

use crate::fields;
use crate::library::{library_folder, root};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Clone)]
pub struct Driver {
    pub language: &'static str,
    /// Tells its counters from those of the others.
    #[allow(dead_code)] // scenarios have none
    pub mark: char,
    pub program: PathBuf,
    /// Its requests go through a pool.
    #[allow(dead_code)] // scenarios have none
    pub pool: bool,
}

type Builder = fn(&Path);

pub const LANGUAGES: [&str; 4] = ["c", "cpp", "go", "zig"];

pub fn build(folder: &str, languages: &[&str]) -> Vec<Driver> {
    let folder = &Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let builders: [(&str, char, Builder); 4] = [("c", 'c', c), ("cpp", 'p', cpp), ("go", 'g', go), ("zig", 'z', zig)];
    let builders = builders.into_iter().filter(|(language, ..)| languages.contains(language));
    std::thread::scope(|scope| {
        let start = |(language, mark, builder): (&'static str, char, Builder)| {
            let program = folder.join(language).join("driver");
            std::fs::create_dir_all(program.parent().expect("its folder")).expect("a folder");
            scope.spawn(move || {
                builder(&program);
                Driver { language, mark, program, pool: false }
            })
        };
        let running: Vec<_> = builders.map(start).collect();
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
    native(program, false, "c", "-std=c99");
}

fn cpp(program: &Path) {
    native(program, true, "cpp", "-std=c++17");
}

/// All sources of a folder, with the tables that are made of the header.
fn native(program: &Path, cpp: bool, folder: &str, standard: &str) {
    let made = program.parent().expect("its folder");
    fields::write(made);
    let sources = std::fs::read_dir(source(folder)).expect("the driver's folder");
    let sources = sources.map(|entry| entry.expect("an entry").path());
    let sources: Vec<_> = sources.filter(|path| path.extension().is_some_and(|kind| kind == folder)).collect();
    let target = env!("HS_TARGET");
    let mut build = cc::Build::new();
    let compiler = build.cpp(cpp).target(target).host(target).opt_level(1).cargo_metadata(false).get_compiler();
    let mut command = compiler.to_command();
    command.args([standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-g", "-pthread"]);
    command.arg("-I").arg(root().join("bindings/cpp/include")); // what C does not know does not disturb it
    command.arg("-I").arg(root().join("include")).arg("-I").arg(made).args(sources).arg("-o").arg(program);
    command.arg("-L").arg(library_folder()).arg("-lhttp_sentinel").arg(search());
    run(&mut command);
}

/// Go and Zig are found as the Makefile finds them, and use its caches.
fn with_tools(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.current_dir(root()).arg("-ec").arg(format!(". .ci/lib.sh; {script}"));
    command.env("HS_LIBRARY_FOLDER", library_folder());
    command
}

fn go(program: &Path) {
    let script = r#"
        go=$(go_command) || die "there is no Go of 1.22 or later here (make tools)"
        export GOCACHE=$TARGET/go-cache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false CGO_ENABLED=1
        export CGO_CFLAGS="-O1 -g -I$ROOT/include -DHS_HEADER_SUM=$(cksum <include/http_sentinel.h | cut -d' ' -f1)"
        export CGO_LDFLAGS="-L$HS_LIBRARY_FOLDER -lhttp_sentinel -Wl,-rpath,$HS_LIBRARY_FOLDER"
        cd tests/drivers/go && "$go" vet . && "$go" build -o "$HS_PROGRAM" ."#;
    run(with_tools(script).env("HS_PROGRAM", program));
}

fn zig(program: &Path) {
    let script = r#"
        [ -x "$ZIG16" ] || die "there is no Zig 0.16 here (make tools)"
        zig_caches 0.16
        cd tests/drivers/zig && "$ZIG16" build --prefix "$HS_PREFIX" -Dlib-dir="$HS_LIBRARY_FOLDER""#;
    let folder = program.parent().expect("its folder");
    run(with_tools(script).env("HS_PREFIX", folder));
    std::fs::rename(folder.join("bin/driver"), program).expect("the program that Zig built");
}
