//! How many connections an engine has, for any thread to read at any time. The engine's own thread alone writes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Of one engine. Each number is exact at each moment, the two together are not: they are read one after the other.
#[derive(Debug, Default)]
pub struct ConnectionGauge {
    open: AtomicU64,
    idle: AtomicU64,
}

impl ConnectionGauge {
    /// How many sockets to servers and proxies are open: of connections that serve or wait to serve again, that are
    /// being made (two of them while IPv6 and IPv4 race) and that say goodbye in TLS.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many of them have served and have no exchange now. One whose server has closed it is counted until libcurl
    /// finds out, once a second at most and with the next exchange. Always 0 where libcurl is older than 8.2, which does
    /// not tell connections apart.
    pub fn idle(&self) -> u64 {
        self.idle.load(Ordering::Relaxed)
    }

    /// A part of what is counted has changed from one to the other: open, and idle.
    pub fn change(&self, from: (usize, usize), to: (usize, usize)) {
        let add = |to: &AtomicU64, from: usize, now: usize| {
            to.store(to.load(Ordering::Relaxed).wrapping_add(now as u64).wrapping_sub(from as u64), Ordering::Relaxed);
        };
        add(&self.open, from.0, to.0);
        add(&self.idle, from.1, to.1);
    }
}
