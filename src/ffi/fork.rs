//! Learns of forks. Handles from before a fork are refused in the child, whose copies of the parent's connections
//! are never touched: closing one would say goodbye to the server in the parent's name.

use crate::process;
use std::sync::Once;

#[cfg(unix)]
pub fn watch() {
    extern "C" fn prepare() {
        process::before_fork();
    }
    extern "C" fn parent() {
        process::after_fork_in_parent();
    }
    extern "C" fn child() {
        process::after_fork_in_child();
    }
    static WATCH: Once = Once::new();
    // SAFETY: three functions that stay loaded (the library is linked with -z nodelete) and do not unwind.
    WATCH.call_once(|| unsafe {
        libc::pthread_atfork(Some(prepare), Some(parent), Some(child));
    });
}

#[cfg(not(unix))]
pub fn watch() {}
