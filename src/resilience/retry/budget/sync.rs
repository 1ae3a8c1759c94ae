//! What `account` is built on; the models put loom's in its place.

pub use std::sync::atomic::{AtomicU64, Ordering};
