//! What the fuzz targets in `tests/fuzz` take hold of, past the C ABI. No part of the interface.

pub use crate::cookies::Jar;
pub use crate::error::Error;
pub use crate::hop::redirect;
pub use crate::http::credentials::Auth;
pub use crate::http::headers::{HeadLimits, Header, HeaderBlock};
pub use crate::http::request::Request;
pub use crate::http::url::{ParsedUrl, Url};
