//! What threads meet at. `tests/models` puts its own in their place.

pub use std::sync::atomic::{AtomicU64, Ordering};
pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
