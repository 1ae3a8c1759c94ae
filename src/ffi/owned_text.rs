//! `hs_text`: text that the library made for a caller.

use super::guard;
use super::handle::{self, Handled, Kind};
use super::text::hs_str;
use crate::status::hs_status;

/// Text that belongs to the caller. It may be read on any thread; free it with `hs_text_free` when nobody reads it any
/// more.
pub struct hs_text {
    _private: [u8; 0],
}

/// The bytes behind it.
pub struct OwnedText(pub Vec<u8>);

impl Handled for OwnedText {
    const KIND: Kind = Kind::Text;
    type C = hs_text;
}

/// What it says; `len == 0` where it says nothing. Borrowed from the text until it is freed; `data == NULL` for anything
/// that is not a live text.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_text_value(text: *const hs_text) -> hs_str {
    guard::value(hs_str::NONE, || Some(hs_str::borrowed(&handle::open::<OwnedText>(text).ok()?.0)))
}

/// Frees a text; what was read from it is gone. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_text_free(text: *mut hs_text) -> hs_status {
    guard::status(|| if text.is_null() { Ok(()) } else { handle::close::<OwnedText>(text) })
}
