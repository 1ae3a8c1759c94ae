//! Trust in servers, and what the worker shows of itself: how libcurl's TLS library is told, and what it says.

mod common;
mod notes;
mod verdict;

#[cfg(feature = "bundled-curl")]
mod certificates;
#[cfg(feature = "bundled-curl")]
mod connection;
#[cfg(feature = "bundled-curl")]
mod context;
#[cfg(feature = "bundled-curl")]
mod identity;
/// cbindgen:ignore
#[cfg(feature = "bundled-curl")]
mod missing;
#[cfg(feature = "bundled-curl")]
mod names;
#[cfg(feature = "bundled-curl")]
mod store;
#[cfg(feature = "bundled-curl")]
mod watch;
#[cfg(feature = "bundled-curl")]
pub use connection::{facts, has_unread, negotiated};
#[cfg(feature = "bundled-curl")]
pub use context::{Trust, configure_proxy, init};

#[cfg(not(feature = "bundled-curl"))]
mod system;
#[cfg(not(feature = "bundled-curl"))]
pub use system::{Trust, configure_proxy, facts, has_unread, init, negotiated};

use super::sys;
use crate::error::Error;
use crate::http::metrics::TlsVersion;
use crate::http::tls::Certificate;
pub use notes::Notes;
use std::sync::Arc;
pub use verdict::status;

/// What is known of the TLS connection that a transfer uses.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub version: TlsVersion,
    pub resumed: bool,
    pub certificates: Arc<[Certificate]>,
}

/// Sets every option of TLS.
///
/// # Safety
/// `easy` is a live easy handle and `trust` outlives its transfers.
pub unsafe fn configure(easy: *mut sys::CURL, trust: &Trust) -> Result<(), Error> {
    // SAFETY: as the caller promises.
    unsafe {
        trust.common().configure(easy)?;
        trust.configure(easy)
    }
}
