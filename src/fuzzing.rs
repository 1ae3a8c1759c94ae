//! What the fuzz targets in `tests/fuzz` take hold of, past the C ABI. No part of the interface.

pub use crate::body::Pipeline;
pub use crate::body::decode::{Coding, codings};
pub use crate::body::multipart::{Content as FormContent, Form, Part as FormPart};
pub use crate::call::download::range_of as content_range;
pub use crate::cookies::Jar;
pub use crate::cookies::date::parse as cookie_date;
pub use crate::error::Error;
pub use crate::hop::auth::challenge::parse as challenges;
pub use crate::hop::redirect;
pub use crate::http::address::{AddressRule, Cidr, Mode as AddressMode};
pub use crate::http::body::{Body, Streamed};
pub use crate::http::credentials::Auth;
pub use crate::http::framing;
pub use crate::http::headers::{HeadLimits, Header, HeaderBlock, decimal};
pub use crate::http::proxy::Proxy;
pub use crate::http::proxy::bypass::Bypass;
pub use crate::http::request::Request;
pub use crate::http::response::Head;
pub use crate::http::url::{ParsedUrl, Url};
pub use crate::resilience::hints;
