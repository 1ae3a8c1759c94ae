//! How many lines are under way: the bound on memory, and the end of the run.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A line is under way from its place's being taken until its result is written, or given up.
pub struct Window {
    state: Mutex<State>,
    room: Condvar,
    size: u32,
}

#[derive(Default)]
struct State {
    under_way: u32,
    next: u64,
    closed: bool,
}

impl Window {
    pub fn new(size: u32) -> Self {
        Window { state: Mutex::default(), room: Condvar::new(), size }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of another line, once there is room for it; nothing where the window is closed.
    pub fn begin(&self) -> Option<u64> {
        let full = |state: &mut State| state.under_way >= self.size && !state.closed;
        let mut state = self.room.wait_while(self.state(), full).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.under_way += 1;
        state.next += 1;
        Some(state.next - 1)
    }

    pub fn end(&self, count: u32) {
        self.state().under_way -= count;
        self.room.notify_all();
    }

    /// Nothing begins from now on.
    pub fn close(&self) {
        self.state().closed = true;
        self.room.notify_all();
    }

    /// Nothing is under way, and nothing will be.
    pub fn is_over(&self) -> bool {
        let state = self.state();
        state.closed && state.under_way == 0
    }

    pub fn under_way(&self) -> u32 {
        self.state().under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fills_and_ends() {
        let window = Window::new(2);
        assert_eq!([window.begin(), window.begin()], [Some(0), Some(1)]);
        std::thread::scope(|scope| {
            let third = scope.spawn(|| window.begin());
            window.end(1);
            assert_eq!(third.join().unwrap(), Some(2));
            let fourth = scope.spawn(|| window.begin());
            window.close();
            assert_eq!(fourth.join().unwrap(), None);
        });
        assert!(!window.is_over());
        window.end(2);
        assert!(window.is_over());
    }
}
