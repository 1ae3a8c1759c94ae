//! Signals belong to the host: a thread of the library must never run one of its handlers. Threads inherit the mask of
//! their maker, so all signals wait while one is started.

/// While this lives, no signal is delivered to the calling thread.
#[cfg(unix)]
pub struct Blocked {
    before: libc::sigset_t,
}

#[cfg(unix)]
impl Blocked {
    pub fn all() -> Blocked {
        // SAFETY: both sets are locals, and the first call fills the one that the second reads.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            Blocked { before }
        }
    }
}

#[cfg(unix)]
impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: a set that `all` filled.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}

#[cfg(not(unix))]
pub struct Blocked;

#[cfg(not(unix))]
impl Blocked {
    pub fn all() -> Blocked {
        Blocked
    }
}
