//! `hs_auth`: credentials that the library sends, and keeps where they belong.

use super::options;
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::error::Error;
use crate::hop::auth::Bound;
use crate::http::credentials::{Auth, Credentials};
use crate::http::url::Url;
use std::sync::Arc;

/// No credentials; of a request: not the worker's either.
pub const HS_AUTH_NONE: u32 = 0;
/// User and password with each request (RFC 7617), in UTF-8. The user has no colon.
pub const HS_AUTH_BASIC: u32 = 1;
/// A token with each request (RFC 6750): letters, digits and `-._~+/`, with `=` at its end.
pub const HS_AUTH_BEARER: u32 = 2;
/// User and password, proved but not told (RFC 7616): the request goes out without credentials and is sent again when a
/// 401 asks for them; later ones prove themselves at once. MD5, SHA-256 and SHA-512-256, each also as `-sess`, of which
/// the strongest is chosen; `qop=auth` or none; hashed users. The 401 is the response where nothing of that is offered,
/// where the proof is refused, or where the body cannot be sent again. Bodies are not proved (`auth-int`).
pub const HS_AUTH_DIGEST: u32 = 3;

/// Credentials. They go to one origin (scheme, host and port) and are dropped for the rest of a call that a redirect
/// leads to another, also where it leads back. They are not for proxies, and no error shows them.
///
/// Of a request, they go to the origin of its URL, and nothing else may name credentials: an `Authorization` header, or
/// user and password in the URL, give `HS_ERR_INVALID_ARGUMENT`. Of a worker, they go with requests whose URL is of
/// `origin` and that have none of their own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_auth {
    /// `sizeof(hs_auth)`.
    pub struct_size: u32,
    /// `HS_AUTH_…`
    pub scheme: u32,
    /// For Basic and Digest; UTF-8 without control characters.
    pub user: hs_str,
    /// The same.
    pub password: hs_str,
    /// For Bearer.
    pub token: hs_str,
    /// Of a worker: where they go, for instance "https://api.example:8443"; required. Of a request: empty.
    pub origin: hs_str,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_auth {
    const NAME: &'static str = "hs_auth";
    const SMALLEST: usize = 8;
}

/// What a request says.
///
/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and its text is valid as `hs_str` says.
pub unsafe fn of_request(pointer: *const hs_auth) -> Result<Auth, Error> {
    if pointer.is_null() {
        return Ok(Auth::Unsaid);
    }
    // SAFETY: as the caller promises.
    let (credentials, origin) = unsafe { parts(pointer) }?;
    if !origin.is_empty() {
        return Err(options::invalid(
            "hs_auth.origin is set: credentials of a request go to the origin of its URL".into(),
        ));
    }
    Ok(credentials.map_or(Auth::None, |credentials| Auth::Given(Arc::new(credentials))))
}

/// What a worker is given.
///
/// # Safety
/// As for `of_request`.
pub unsafe fn of_worker(pointer: *const hs_auth) -> Result<Option<Bound>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let (credentials, origin) = unsafe { parts(pointer) }?;
    let Some(credentials) = credentials else { return Ok(None) };
    if origin.is_empty() {
        return Err(options::invalid("hs_auth.origin is empty: a worker's credentials need one to go to".into()));
    }
    let parsed = Url::parse(origin).map_err(|mut error| {
        let message = &mut error.details_mut().message;
        *message = format!("hs_auth.origin: {message}");
        error
    })?;
    if parsed.basic_authorization.is_some() || parsed.url.target() != "/" {
        let message = "hs_auth.origin has more than scheme, host and port: credentials go to the whole origin";
        return Err(options::invalid(message.into()));
    }
    Ok(Some(Bound { origin: parsed.url.origin().to_owned(), credentials: Arc::new(credentials) }))
}

/// # Safety
/// As for `of_request`, but not NULL.
unsafe fn parts<'a>(pointer: *const hs_auth) -> Result<(Option<Credentials>, &'a [u8]), Error> {
    // SAFETY: as the caller promises.
    let (scheme, user, password, token, origin) = unsafe {
        let given = sized::read(pointer)?;
        let (user, password) = (given.user.bytes("hs_auth.user")?, given.password.bytes("hs_auth.password")?);
        (given.scheme, user, password, given.token.bytes("hs_auth.token")?, given.origin.bytes("hs_auth.origin")?)
    };
    let has_user = !user.is_empty() || !password.is_empty();
    let credentials = match (scheme, has_user, !token.is_empty()) {
        (HS_AUTH_NONE, false, false) => None,
        (HS_AUTH_BASIC, _, false) => Some(Credentials::basic(user, password)?),
        (HS_AUTH_DIGEST, _, false) => Some(Credentials::digest(user, password)?),
        (HS_AUTH_BEARER, false, _) => Some(Credentials::bearer(token)?),
        (HS_AUTH_NONE..=HS_AUTH_DIGEST, ..) => {
            let message =
                format!("hs_auth.scheme is {scheme}, which does not use all of user, password and token that are set");
            return Err(options::invalid(message));
        }
        _ => return Err(options::invalid(format!("hs_auth.scheme is {scheme}: not a HS_AUTH_… constant"))),
    };
    Ok((credentials, origin))
}
