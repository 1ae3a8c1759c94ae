//! A descriptor that is readable or not, as it is told: for the loops of those who reap.

/// As in `std::os::fd`, and there on every system.
pub type RawFd = i32;

#[cfg(unix)]
use std::os::fd::AsRawFd;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use eventfd::Descriptor;
#[cfg(not(unix))]
pub use nothing::Descriptor;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub use pipe::Descriptor;

#[cfg(unix)]
impl Descriptor {
    pub fn raw(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

#[cfg(all(test, unix))]
impl Descriptor {
    /// One of its own for the same thing.
    pub fn another(&self) -> std::os::fd::OwnedFd {
        self.as_fd().try_clone_to_owned().unwrap()
    }

    pub fn is_set(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut polled = [PollFd::from_borrowed_fd(self.as_fd(), PollFlags::IN)];
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod eventfd {
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

    pub struct Descriptor(OwnedFd);

    impl Descriptor {
        /// Not readable. `None` where the process has no descriptors left.
        pub fn new() -> Option<Descriptor> {
            Some(Descriptor(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()?))
        }

        pub fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }

        // It does not block, so that a caller who reads from it himself harms nobody but himself.
        pub fn set(&self) {
            let _ = io::write(&self.0, &1u64.to_ne_bytes());
        }

        pub fn clear(&self) {
            let _ = io::read(&self.0, &mut [0; 8]);
        }
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod pipe {
    use rustix::io;
    use std::io::{PipeReader, PipeWriter};
    use std::os::fd::{AsFd, BorrowedFd};

    /// Has one byte in it, or none.
    pub struct Descriptor {
        reader: PipeReader,
        writer: PipeWriter,
    }

    impl Descriptor {
        /// Not readable. `None` where the process has no descriptors left.
        pub fn new() -> Option<Descriptor> {
            let (reader, writer) = std::io::pipe().ok()?;
            io::ioctl_fionbio(&reader, true).ok()?;
            io::ioctl_fionbio(&writer, true).ok()?;
            Some(Descriptor { reader, writer })
        }

        pub fn as_fd(&self) -> BorrowedFd<'_> {
            self.reader.as_fd()
        }

        // Neither blocks, so that a caller who reads from it himself harms nobody but himself.
        pub fn set(&self) {
            let _ = io::write(&self.writer, &[1]);
        }

        pub fn clear(&self) {
            let _ = io::read(&self.reader, &mut [0; 1]);
        }
    }
}

#[cfg(not(unix))]
mod nothing {
    use super::RawFd;

    pub enum Descriptor {}

    impl Descriptor {
        pub fn new() -> Option<Descriptor> {
            None
        }

        pub fn raw(&self) -> RawFd {
            match *self {}
        }

        pub fn set(&self) {
            match *self {}
        }

        pub fn clear(&self) {
            match *self {}
        }
    }
}
