//! Trust in servers. Which CA certificates a worker trusts, and how libcurl's TLS library is told.

#[cfg(feature = "bundled-curl")]
mod store;
#[cfg(feature = "bundled-curl")]
pub use store::{Trust, configure, configure_proxy, has_unread, init, negotiated, version};

#[cfg(not(feature = "bundled-curl"))]
mod system;
#[cfg(not(feature = "bundled-curl"))]
pub use system::{Trust, configure, configure_proxy, has_unread, init, negotiated, version};

/// The CA certificates to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CaSource {
    /// What this machine trusts, found at run time.
    #[default]
    System,
    /// Only these: the text of a PEM file, and what to call it in an error.
    Pem { text: Vec<u8>, origin: String },
}
