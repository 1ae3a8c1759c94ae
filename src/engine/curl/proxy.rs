//! Transfers through a proxy: how libcurl is told, and what its codes mean while the proxy is all there is to talk to.

use super::easy::{List, Options, refused};
use super::sys;
use super::tls::{self, Trust};
use super::transfer::{State, Transfer};
use super::tunnel::{self, Guard, Turn};
use crate::error::Error;
use crate::http::headers::Header;
use crate::http::proxy::{Proxies, Proxy, ProxyAuth, ProxyScheme};
use crate::http::url::Url;
use crate::status::*;
use std::ffi::{CString, c_long};
use std::rc::Rc;
use std::sync::Arc;

/// The proxies of an engine, and whom it trusts to be one where that is not whom it trusts to be a server.
pub struct Routes {
    proxies: Proxies,
    trust: Option<Rc<Trust>>,
    pub turn: Turn,
}

/// The way of one transfer through its proxy.
pub struct Route {
    pub proxy: Arc<Proxy>,
    /// The proxy gets the whole request to pass on; there is no tunnel.
    pub forwards: bool,
    /// Whom to trust to be the proxy; `None`: the same as servers.
    pub trust: Option<Rc<Trust>>,
    auth: ProxyAuth,
    pub guard: Guard,
}

impl Routes {
    /// `elsewhere`: targets may be connected to in another place than their URL says, for which libcurl wants a tunnel.
    pub fn new(mut proxies: Proxies, trust: Option<Trust>, elsewhere: bool) -> Routes {
        proxies.tunnel |= elsewhere;
        Routes { proxies, trust: trust.map(Rc::new), turn: Turn::default() }
    }

    /// The way of a transfer; `None` where it goes straight to its target.
    pub fn choose(&self, target: &Url) -> Option<Route> {
        let proxy = self.proxies.choose(target)?.clone();
        let forwards = proxy.forwards(target, self.proxies.tunnel);
        let guard = Guard::new(&self.turn);
        Some(Route { proxy, forwards, trust: self.trust.clone(), auth: self.proxies.auth, guard })
    }
}

impl Route {
    fn is_secure(&self) -> bool {
        self.proxy.scheme == ProxyScheme::Https
    }
}

/// Sets every option that has to do with proxies.
///
/// # Safety
/// `transfer` and `servers`, the trust in servers, stay where they are until the handle is reset.
pub unsafe fn configure(options: &Options, transfer: &Transfer, routes: &Routes, servers: &Trust) -> Result<(), Error> {
    let Some(route) = &transfer.route else {
        // An empty proxy keeps libcurl from reading the environment.
        return options.text(sys::CURLOPT_PROXY, c"");
    };
    let proxy = &route.proxy;
    let address = CString::new(proxy.address.as_str()).map_err(|_| Error::plain(HS_ERR_INTERNAL))?;
    options.text(sys::CURLOPT_PROXY, &address)?;
    // What goes around the proxy was decided already; without this libcurl would look into the environment.
    options.text(sys::CURLOPT_NOPROXY, c"")?;
    options.number(sys::CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)?;
    let own_word = |header: &&Header| header.is("proxy-authorization");
    let callers_word = transfer.exchange.request.headers.iter().filter(own_word);
    let mut headers = List::default();
    let mut authorized = false;
    if proxy.scheme.is_http() {
        options.number(sys::CURLOPT_HTTPPROXYTUNNEL, c_long::from(!route.forwards))?;
        if !route.forwards {
            tunnel::configure(options, transfer)?;
        }
        for header in callers_word {
            headers.push_header(header)?;
            authorized = true;
        }
        // A proxy passes on what it is given with a request: only what it must take out itself may go along.
        let for_proxy = routes.proxies.headers.iter().filter(|header| !route.forwards || own_word(header));
        for header in for_proxy.filter(|header| !authorized || !own_word(header)) {
            headers.push_header(header)?;
        }
        authorized |= routes.proxies.headers.iter().any(|header| own_word(&header));
        options.number(sys::CURLOPT_HEADEROPT, sys::CURLHEADER_SEPARATE)?;
        options.data(sys::CURLOPT_PROXYHEADER, headers.raw())?;
        transfer.easy.keep_proxy_headers(headers);
    }
    if let (Some(credentials), false) = (&proxy.credentials, authorized) {
        let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| Error::plain(HS_ERR_INTERNAL));
        options.text(sys::CURLOPT_PROXYUSERNAME, &text(&credentials.user)?)?;
        options.text(sys::CURLOPT_PROXYPASSWORD, &text(&credentials.password)?)?;
        let auth = match route.auth {
            ProxyAuth::Basic => sys::CURLAUTH_BASIC,
            // With one bit alone libcurl would ask for the challenge by a request without its body, which a proxy that does
            // not ask back passes on. The second bit makes it ask with the request itself; no proxy can choose it.
            ProxyAuth::Digest => sys::CURLAUTH_DIGEST | sys::CURLAUTH_BEARER,
        };
        options.number(sys::CURLOPT_PROXYAUTH, auth as c_long)?;
    }
    if proxy.scheme == ProxyScheme::Socks5 || proxy.scheme == ProxyScheme::Socks5h {
        options.number(sys::CURLOPT_SOCKS5_AUTH, sys::CURLAUTH_BASIC as c_long)?;
    }
    if route.is_secure() {
        options.number(sys::CURLOPT_PROXY_SSLVERSION, sys::CURL_SSLVERSION_TLSv1_2 as c_long)?;
        let trust = route.trust.as_deref().unwrap_or(servers);
        // SAFETY: as the caller promises; the transfer keeps the proxy's trust.
        unsafe { tls::configure_proxy(options.0, trust) }
            .map_err(|code| refused(sys::CURLOPT_PROXY_CAINFO_BLOB, code))?;
    }
    Ok(())
}

impl Transfer {
    /// Whether a TLS handshake that begins now is one with the proxy.
    pub fn handshakes_with_proxy(&self) -> bool {
        self.route.as_ref().is_some_and(|route| route.is_secure() && (route.forwards || !self.has_tunnel()))
    }

    /// Whether it uses TLS at all, with its target or with its proxy.
    pub fn needs_tls(&self) -> bool {
        self.exchange.request.url.is_secure() || self.route.as_ref().is_some_and(Route::is_secure)
    }

    /// Whether the proxy is all there is to talk to yet.
    pub fn is_with_proxy(&self, state: &State) -> bool {
        self.route.is_some() && state.sends == 0 && !state.handshaking
    }

    /// A forwarding proxy has refused the request for want of credentials: its target has not seen it, and libcurl may
    /// be about to send it again with an answer to the proxy's question.
    pub fn is_refused_by_proxy(&self, status: u16) -> bool {
        const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;
        status == PROXY_AUTHENTICATION_REQUIRED && self.route.as_ref().is_some_and(|route| route.forwards)
    }

    /// What the proxy answered to CONNECT; 0 before that.
    fn connect_status(&self) -> c_long {
        // SAFETY: the live easy handle of this transfer and a long value.
        unsafe { sys::info_long(self.easy.raw(), sys::CURLINFO_HTTP_CONNECTCODE) }
    }

    /// The proxy's answer to CONNECT begins as one that grants it; whether it has an end is another question.
    fn has_tunnel(&self) -> bool {
        self.connect_status() / 100 == 2
    }

    /// The status of a failure that the proxy has a part in; `None` where it is as without one.
    pub fn classify_with_proxy(&self, code: sys::CURLcode, state: &State) -> Option<hs_status> {
        let route = self.route.as_ref()?;
        if state.refused_by_proxy {
            return Some(HS_ERR_PROXY_AUTH);
        }
        if code == sys::CURLE_PROXY {
            // SAFETY: the live easy handle of this transfer and a long value.
            return Some(match unsafe { sys::info_long(self.easy.raw(), sys::CURLINFO_PROXY_ERROR) } {
                sys::CURLPX_RESOLVE_HOST => HS_ERR_DNS,
                sys::CURLPX_NO_AUTH | sys::CURLPX_USER_REJECTED => HS_ERR_PROXY_AUTH,
                _ => HS_ERR_PROXY_HANDSHAKE,
            });
        }
        if !self.is_with_proxy(state) {
            return None;
        }
        // SAFETY: the live easy handle of this transfer and a long value.
        let refused_by_system = unsafe { sys::info_long(self.easy.raw(), sys::CURLINFO_OS_ERRNO) } != 0;
        Some(match (code, self.connect_status()) {
            (sys::CURLE_OPERATION_TIMEDOUT | sys::CURLE_OUT_OF_MEMORY | sys::CURLE_COULDNT_RESOLVE_HOST, _) => {
                return None;
            }
            (_, 407) => HS_ERR_PROXY_AUTH,
            // TLS libraries that do not tell when a handshake begins.
            (
                sys::CURLE_SSL_CONNECT_ERROR | sys::CURLE_PEER_FAILED_VERIFICATION | sys::CURLE_SSL_ISSUER_ERROR,
                200..300,
            ) => return None,
            (_, 200..300) => HS_ERR_PROXY,
            (_, 1..) => HS_ERR_PROXY_REFUSED,
            // The connection was made, and what came over it was no answer.
            (sys::CURLE_COULDNT_CONNECT, _) if !refused_by_system => HS_ERR_PROXY,
            (
                sys::CURLE_COULDNT_RESOLVE_PROXY
                | sys::CURLE_COULDNT_CONNECT
                | sys::CURLE_SSL_CONNECT_ERROR
                | sys::CURLE_PEER_FAILED_VERIFICATION
                | sys::CURLE_SSL_ISSUER_ERROR
                | sys::CURLE_SSL_CERTPROBLEM
                | sys::CURLE_SSL_CACERT_BADFILE,
                _,
            ) => HS_ERR_PROXY_CONNECT,
            _ if route.proxy.scheme.is_http() => HS_ERR_PROXY,
            _ => HS_ERR_PROXY_HANDSHAKE,
        })
    }

    /// The proxy for an error, and what it answered where libcurl's words do not have it.
    pub fn proxy_in_words(&self, status: hs_status) -> String {
        let Some(route) = &self.route else { return String::new() };
        match status {
            HS_ERR_PROXY | HS_ERR_PROXY_CONNECT | HS_ERR_PROXY_AUTH | HS_ERR_PROXY_HANDSHAKE => {
                format!(" (proxy {})", route.proxy.address)
            }
            HS_ERR_PROXY_REFUSED => {
                format!(" (proxy {} answered CONNECT with {})", route.proxy.address, self.connect_status())
            }
            _ => String::new(),
        }
    }
}
