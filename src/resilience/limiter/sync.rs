//! The atomics that the lock-free parts stand on. `tests/models` puts its own in their place.

pub use std::sync::atomic::{AtomicU64, Ordering};
