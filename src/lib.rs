//! HTTP Sentinel: a thread-per-worker HTTP client behind a C ABI, over libcurl.
//!
//! The public face is `include/http_sentinel.h`; `src/README.md` is the map of the rooms.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

#[cfg(all(feature = "bundled-curl", feature = "system-curl"))]
compile_error!("choose one libcurl: `system-curl` needs `--no-default-features`");
#[cfg(not(any(feature = "bundled-curl", feature = "system-curl")))]
compile_error!("choose a libcurl: `bundled-curl` (the default) or `system-curl`");
#[cfg(not(target_pointer_width = "64"))]
compile_error!("handles are packed into 64-bit pointers; 32-bit targets are not supported");

mod body;
mod call;
mod cancel;
mod cookies;
mod dns;
mod engine;
mod error;
mod hop;
mod http;
mod observe;
mod panics;
mod pool;
mod process;
mod resilience;
mod runtime;
mod worker;

pub mod ffi;
#[doc(hidden)]
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod status;
