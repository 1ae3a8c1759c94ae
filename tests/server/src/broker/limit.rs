//! So many requests a minute, counted in fixed windows, as the broker does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct Window {
    pub limit: u64,
    pub length: Duration,
    /// The number of the window since 1970.
    number: u128,
    used: u64,
}

impl Default for Window {
    fn default() -> Self {
        Window::new(200, Duration::from_secs(60))
    }
}

/// What the headers say.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub limit: u64,
    pub remaining: u64,
    /// When the window ends, in seconds since 1970.
    pub reset: u128,
    pub allowed: bool,
}

impl Window {
    pub fn new(limit: u64, length: Duration) -> Window {
        Window { limit, length: length.max(Duration::from_millis(1)), number: 0, used: 0 }
    }

    /// Counts a request.
    pub fn take(&mut self) -> Standing {
        self.take_at(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn take_at(&mut self, now: Duration) -> Standing {
        let number = now.as_millis() / self.length.as_millis();
        if number != self.number {
            (self.number, self.used) = (number, 0);
        }
        let allowed = self.used < self.limit;
        self.used += u64::from(allowed);
        let end = (number + 1) * self.length.as_millis();
        Standing { limit: self.limit, remaining: self.limit - self.used, reset: end.div_ceil(1_000), allowed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_so_many_and_the_next_one_again() {
        let mut window = Window::new(2, Duration::from_secs(60));
        let at = |seconds| Duration::from_secs(seconds);
        let told = |standing: Standing| (standing.remaining, standing.reset, standing.allowed);
        assert_eq!(told(window.take_at(at(59))), (1, 60, true));
        assert_eq!(told(window.take_at(at(59))), (0, 60, true));
        assert_eq!(told(window.take_at(at(59))), (0, 60, false));
        assert_eq!(told(window.take_at(at(60))), (1, 120, true));
    }
}
