//! What threads meet at. `tests/models` puts its own in their place.

pub use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
