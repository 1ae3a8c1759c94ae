mod channel;
mod completions;
mod whole;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What goes wrong in a pool, the next so many times.
#[derive(Default)]
pub struct Faults {
    /// A thread is not started.
    pub starts: AtomicUsize,
    /// The loop of a thread panics.
    pub loops: AtomicUsize,
}

impl Faults {
    pub fn at_start(&self) -> io::Result<()> {
        if happens(&self.starts) { Err(io::Error::from_raw_os_error(libc::EAGAIN)) } else { Ok(()) }
    }

    pub fn in_loop(&self) {
        assert!(!happens(&self.loops), "the mine");
    }
}

fn happens(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}
