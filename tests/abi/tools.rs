//! The tools are awake: each reports a program that is broken on purpose, and has nothing to say about a sound one.

use crate::compile::{self, Ring};
use crate::run::{self, SANITIZER_REPORT, VALGRIND_REPORT};
use std::process::Command;

fn broken(ring: Ring, fault: &str) -> (Option<i32>, String) {
    let binary = compile::output(&format!("broken-{ring:?}-{fault}").to_lowercase());
    compile::compile(&[compile::sources().join("broken.c")], &binary, ring, false);
    let output = run::output(run::under(ring, &binary).arg(fault));
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn reported(ring: Ring, status: i32, fault: &str, words: &str) {
    let (ended, said) = broken(ring, fault);
    assert!(ended == Some(status) && said.contains(words), "{ring:?} slept through {fault}: {ended:?}\n{said}");
}

#[test]
fn the_sanitizers_are_awake() {
    assert_eq!(broken(Ring::Sanitized, "none"), (Some(0), String::new()));
    reported(Ring::Sanitized, SANITIZER_REPORT, "overflow", "heap-buffer-overflow");
    reported(Ring::Sanitized, SANITIZER_REPORT, "use-after-free", "heap-use-after-free");
    reported(Ring::Sanitized, SANITIZER_REPORT, "leak", "LeakSanitizer: detected memory leaks");
    let (ended, said) = broken(Ring::Sanitized, "undefined");
    assert!(ended != Some(0) && said.contains("signed integer overflow"), "{ended:?}\n{said}");
}

#[test]
fn the_sanitizers_are_in_the_programs() {
    let binary = compile::output("tools-sanitized");
    compile::compile(&[compile::sources().join("null.c")], &binary, Ring::Sanitized, true);
    let symbols = run::output(Command::new("nm").arg(&binary));
    let symbols = String::from_utf8_lossy(&symbols.stdout).into_owned();
    for needed in ["__asan_init", "__ubsan_handle"] {
        assert!(symbols.contains(needed), "{needed} is not in a program that was compiled with sanitizers");
    }
}

#[test]
fn valgrind_is_awake() {
    assert_eq!(broken(Ring::Valgrind, "none"), (Some(0), String::new()));
    reported(Ring::Valgrind, VALGRIND_REPORT, "overflow", "Invalid read");
    reported(Ring::Valgrind, VALGRIND_REPORT, "use-after-free", "Invalid read");
    reported(Ring::Valgrind, VALGRIND_REPORT, "leak", "definitely lost");
    reported(Ring::Valgrind, VALGRIND_REPORT, "uninitialised", "uninitialised");
}

#[test]
fn a_word_on_stdout_or_stderr_is_noticed() {
    let binary = compile::program(&["broken"], Ring::Plain, false);
    let verdict = |fault| run::verdict("broken", 0, &run::output(run::under(Ring::Plain, &binary).arg(fault)));
    assert_eq!(verdict("none"), Ok(String::new()));
    for fault in ["stdout", "stderr"] {
        assert!(verdict(fault).is_err(), "{fault} went unnoticed");
    }
}
