//! For the tests of the tests: a race that ThreadSanitizer must find, in a library that is never shipped.

use std::cell::UnsafeCell;

struct Shared(UnsafeCell<u64>);

// SAFETY: it is not safe, which is what it is for; it exists with the feature `fault-injection` alone.
unsafe impl Sync for Shared {}

/// Adds one to a number that all threads share, without any care.
pub fn race() {
    static NUMBER: Shared = Shared(UnsafeCell::new(0));
    // SAFETY: a race on a number of which nothing depends.
    unsafe { NUMBER.0.get().write_volatile(NUMBER.0.get().read_volatile().wrapping_add(1)) };
}
