//! Memory does not grow with the manifest.

use crate::program::{command, http};
use std::io::{Read, Write};
use std::mem::zeroed;
use std::process::Stdio;

/// Runs it over so many lines, which it is told to end well with; its largest resident size in KiB.
#[allow(clippy::zombie_processes, reason = "it is waited for with wait4, which tells of its memory")]
fn largest(lines: usize, arguments: &[&str]) -> i64 {
    let url = http("/echo");
    let body = "0123456789abcdef".repeat(256);
    let mut child = command(&[&["-c", "16", "--output", "/dev/stdout"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hs-batch");
    let (mut stdin, mut stdout, mut stderr) =
        (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let writer = std::thread::spawn(move || {
        for id in 0..lines {
            writeln!(stdin, "{{\"id\":{id},\"method\":\"PUT\",\"url\":\"{url}\",\"body\":\"{body}\"}}")
                .expect("to be read");
        }
    });
    let reader = std::thread::spawn(move || {
        let (mut piece, mut found) = ([0; 1 << 16], 0);
        loop {
            match stdout.read(&mut piece).expect("its output") {
                0 => return found,
                count => found += piece[..count].iter().filter(|byte| **byte == b'\n').count(),
            }
        }
    });
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    writer.join().unwrap();
    assert_eq!(reader.join().unwrap(), lines, "{said}");
    let mut status = 0;
    // SAFETY: integers alone.
    let mut usage: libc::rusage = unsafe { zeroed() };
    // SAFETY: both are ours to write; the child is waited for here and nowhere else.
    let waited = unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut usage) };
    assert_eq!((waited, status), (child.id() as i32, 0), "{said}");
    usage.ru_maxrss
}

#[test]
fn a_hundred_times_the_manifest_is_not_more_memory() {
    for arguments in [&[][..], &["--ordered"]] {
        let (small, large) = (largest(100, arguments), largest(10_000, arguments));
        // The manifest is 41 MB and the results are as much.
        println!("{arguments:?}: {small} KiB, {large} KiB");
        assert!(large < small + 12 * 1024, "{arguments:?}: {small} KiB for 100 lines, {large} KiB for 10,000");
    }
}
