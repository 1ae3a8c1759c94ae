//! The bar, on a terminal and nowhere else.

use crate::program::{ask, command, http, run, start, wait_for};
use std::fs::File;
use std::io::Read;
use std::os::fd::FromRawFd;
use std::process::Stdio;
use std::ptr::{null, null_mut};

/// A terminal: the end to read from, and the one that a program has.
fn terminal() -> (File, File) {
    let (mut ours, mut theirs) = (-1, -1);
    let size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: two descriptors are written, and are ours then.
    unsafe {
        assert_eq!(libc::openpty(&mut ours, &mut theirs, null_mut(), null(), &size), 0);
        (File::from_raw_fd(ours), File::from_raw_fd(theirs))
    }
}

/// What a terminal shows until the program ends, after having been seen at work.
fn shown(arguments: &[&str], key: &str) -> String {
    let manifest = tempfile::NamedTempFile::new().unwrap();
    let hold = format!("{{\"url\":\"{}\"}}\n", http(&format!("/hold/{key}")));
    std::fs::write(manifest.path(), hold.repeat(2)).unwrap();
    let (mut ours, theirs) = terminal();
    let mut command = command(arguments);
    command.arg(manifest.path()).env("TERM", "xterm").stdout(Stdio::null()).stderr(theirs);
    let mut child = command.spawn().unwrap();
    // The command has this end too.
    drop(command);
    wait_for(&format!("held:{key}"), 2);
    let mut text = String::new();
    let mut piece = [0; 4096];
    if !arguments.contains(&"never") {
        while !text.contains("2 under way") {
            let count = ours.read(&mut piece).unwrap();
            text += str::from_utf8(&piece[..count]).unwrap();
        }
    }
    ask(&format!("/release/{key}"));
    // A terminal that nobody has any more is an error to read from.
    while let Ok(count @ 1..) = ours.read(&mut piece) {
        text += &String::from_utf8_lossy(&piece[..count]);
    }
    assert_eq!(child.wait().unwrap().code(), Some(0), "{text}");
    text
}

#[test]
fn a_bar_on_a_terminal() {
    for when in ["auto", "always"] {
        let text = shown(&["--progress", when], &format!("bar-{when}"));
        assert!(text.contains("100%") && text.contains("done") && text.contains('\x1b'), "{text:?}");
        let end = &text[text.rfind("\x1b[").unwrap()..];
        assert!(end.contains("requests  2 in"), "the summary is below what was cleared: {text:?}");
    }
}

#[test]
fn none_where_it_is_not_wanted() {
    let text = shown(&["--progress", "never"], "bar-never");
    assert!(text.starts_with("requests  2 in") && !text.contains('\x1b'), "{text:?}");
    let ran = run(&[], format!("{{\"url\":\"{}\"}}\n", http("/delay/300"))).ended(0);
    assert!(ran.err.starts_with("requests  1 in"), "{}", ran.err);
}

#[test]
fn lines_where_there_is_no_terminal() {
    let mut running = start(&["--progress", "always"], format!("{{\"url\":\"{}\"}}\n", http("/hold/lines")));
    running.wait_for("0 done, 0 failed, 1 under way");
    ask("/release/lines");
    running.end().ended(0);
}
