//! `hs_proxy_options`: through which proxies a worker's requests go.

use super::options;
use super::request;
use super::sized::{self, Sized32};
use super::text::{hs_header, hs_str};
use super::tls;
use crate::error::Error;
use crate::http::headers::Header;
use crate::http::proxy::bypass::Bypass;
use crate::http::proxy::environment::Environment;
use crate::http::proxy::{self, Credentials, Proxies, Proxy, ProxyAuth};
use crate::http::tls::CaSource;
use std::sync::Arc;

/// In `hs_proxy_options.flags`: HTTP proxies open a tunnel (CONNECT) for http targets too, in place of being given the
/// request to pass on.
pub const HS_PROXY_TUNNEL: u32 = 1;
/// In `hs_proxy_options.flags`: what the fields leave open is taken from the environment, once, by `hs_worker_new`:
/// `http_proxy` (small letters only: in a CGI program a client sets the other), `https_proxy`, `all_proxy` and `no_proxy`,
/// the last three also in capitals. Entries of `no_proxy` that cannot be read are left out.
pub const HS_PROXY_FROM_ENVIRONMENT: u32 = 2;

/// HTTP proxies are told user and password at once (RFC 7617).
pub const HS_PROXY_AUTH_BASIC: u32 = 0;
/// HTTP proxies are asked for a challenge first, and the password is not sent (RFC 7616).
pub const HS_PROXY_AUTH_DIGEST: u32 = 1;

/// Proxies of a worker. All zero but `struct_size` means none. A proxy is a URL without a path: `http://`, `https://`
/// (TLS to the proxy), `socks4://`, `socks4a://`, `socks5://` or `socks5h://`, host, and port where it is not 80, 443 or
/// 1080; without a scheme it is http. `socks4` and `socks5` are given the target's address, the other kinds its name.
/// User and password in the URL are percent-encoded.
///
/// HTTP proxies open a tunnel (CONNECT) for https targets, and are given requests for http targets to pass on.
///
/// A `Proxy-Authorization` header of a request goes to the HTTP proxy in place of user and password, and never to a
/// server. What is chosen here is chosen again for each hop of a redirect. The worker's address rule judges the proxy's
/// address, and addresses in URLs; what a proxy connects to for a name is up to the proxy.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_proxy_options {
    /// `sizeof(hs_proxy_options)`.
    pub struct_size: u32,
    /// `HS_PROXY_TUNNEL` and `HS_PROXY_FROM_ENVIRONMENT`, or 0.
    pub flags: u32,
    /// For all targets that the next two say nothing about.
    pub all: hs_str,
    /// For http targets.
    pub http_proxy: hs_str,
    /// For https targets.
    pub https_proxy: hs_str,
    /// Targets that are asked directly, separated by commas or blanks: `example.com` (that and all names below it),
    /// `.example.com` (only those below it), `10.0.0.1`, `[::1]`, `10.0.0.0/8`, `fd00::/8`, each but the networks also
    /// with a port (`example.com:8080`), or `*`. Names are not resolved to be compared with addresses.
    pub no_proxy: hs_str,
    /// For proxies whose URL has none.
    pub user: hs_str,
    pub password: hs_str,
    /// Fields for HTTP proxies alone: sent with CONNECT, never to a server. With requests that are passed on only
    /// `Proxy-Authorization` goes along.
    pub headers: *const hs_header,
    /// How many there are; at most 100.
    pub header_count: usize,
    /// A PEM file with the CA certificates to trust for `https://` proxies. Default: those for servers.
    pub ca_file: hs_str,
    /// The same as text in memory; at most one of the two.
    pub ca_pem: hs_str,
    /// `HS_PROXY_AUTH_…`
    pub auth: u32,
    /// Must be 0.
    pub reserved: u32,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_proxy_options {
    const NAME: &'static str = "hs_proxy_options";
    const SMALLEST: usize = std::mem::offset_of!(hs_proxy_options, http_proxy);
}

const MOST_HEADERS: usize = 100;

/// The proxies that a worker was given, and whom it trusts to be one.
///
/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to.
pub unsafe fn chosen(pointer: *const hs_proxy_options) -> Result<(Proxies, Option<CaSource>), Error> {
    if pointer.is_null() {
        return Ok((Proxies::default(), None));
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    if given.flags & !(HS_PROXY_TUNNEL | HS_PROXY_FROM_ENVIRONMENT) != 0 {
        return Err(options::invalid(format!("hs_proxy_options.flags is {:#x}: unknown bits", given.flags)));
    }
    options::unused(u64::from(given.reserved), "hs_proxy_options.reserved")?;
    let auth = match given.auth {
        HS_PROXY_AUTH_BASIC => ProxyAuth::Basic,
        HS_PROXY_AUTH_DIGEST => ProxyAuth::Digest,
        other => return Err(options::invalid(format!("hs_proxy_options.auth is {other}: not a HS_PROXY_AUTH_…"))),
    };
    // SAFETY: as the caller promises.
    unsafe {
        let environment = match given.flags & HS_PROXY_FROM_ENVIRONMENT {
            0 => Environment::default(),
            _ => Environment::read(|name| std::env::var_os(name))?,
        };
        let credentials = credentials(given.user, given.password)?;
        let proxy = |text: hs_str, what: &str| -> Result<Option<Proxy>, Error> {
            match text.bytes(what)? {
                [] => Ok(None),
                text => Proxy::parse(text, what).map(Some),
            }
        };
        let all = proxy(given.all, "hs_proxy_options.all")?;
        let finished = |proxy: Option<Proxy>| {
            let what = "hs_proxy_options.user and password";
            proxy.map(|proxy| proxy.with(credentials.clone(), what).map(Arc::new)).transpose()
        };
        let scheme = |own: Option<Proxy>, theirs: &Option<Proxy>| {
            finished(own.or(all.clone()).or(theirs.clone()).or(environment.all.clone()))
        };
        let proxies = Proxies {
            http: scheme(proxy(given.http_proxy, "hs_proxy_options.http_proxy")?, &environment.http)?,
            https: scheme(proxy(given.https_proxy, "hs_proxy_options.https_proxy")?, &environment.https)?,
            bypass: bypass(given.no_proxy, environment.bypass)?,
            tunnel: given.flags & HS_PROXY_TUNNEL != 0,
            auth,
            headers: headers(&given)?,
        };
        Ok((proxies, ca(&given)?))
    }
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn credentials(user: hs_str, password: hs_str) -> Result<Option<Credentials>, Error> {
    // SAFETY: as the caller promises.
    let (user, password) =
        unsafe { (user.bytes("hs_proxy_options.user")?, password.bytes("hs_proxy_options.password")?) };
    if user.is_empty() && password.is_empty() {
        return Ok(None);
    }
    Credentials::new(user, password, "hs_proxy_options.user and password").map(Some)
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn bypass(list: hs_str, environment: Option<Bypass>) -> Result<Bypass, Error> {
    const WHAT: &str = "hs_proxy_options.no_proxy";
    // SAFETY: as the caller promises.
    let bytes = unsafe { list.bytes(WHAT) }?;
    if bytes.is_empty() {
        return Ok(environment.unwrap_or_default());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| options::invalid(format!("{WHAT} is not UTF-8")))?;
    Bypass::parse(text).map_err(|why| options::invalid(format!("{WHAT}: {why}")))
}

/// # Safety
/// As for `options::array` and `hs_str::bytes`.
unsafe fn headers(given: &hs_proxy_options) -> Result<Vec<Header>, Error> {
    // SAFETY: as the caller promises.
    let fields =
        unsafe { options::array(given.headers, given.header_count, MOST_HEADERS, "hs_proxy_options.headers") }?;
    let read = fields.iter().enumerate().map(|(index, field)| {
        // SAFETY: as the caller promises.
        let header = unsafe { request::header(index, field) }?;
        proxy::check_header(index, &header)?;
        Ok(header)
    });
    read.collect()
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn ca(given: &hs_proxy_options) -> Result<Option<CaSource>, Error> {
    // SAFETY: as the caller promises.
    match unsafe { tls::ca(given.ca_file, given.ca_pem, hs_str::NONE) }? {
        CaSource::System => Ok(None),
        given => Ok(Some(given)),
    }
}
