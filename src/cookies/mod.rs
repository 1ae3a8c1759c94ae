//! Cookies: RFC 6265bis. A jar belongs to one worker, or to all that are given it on purpose: it is the one thing on the
//! way of a request that has a lock, and only where there is a jar.

pub mod date;
mod line;
mod netscape;
mod place;
mod store;

use crate::error::{Error, quoted};
use crate::http::headers::{Header, HeaderBlock};
use crate::http::request::Request;
use crate::http::url::Url;
use crate::status::HS_ERR_INVALID_COOKIE;
use place::Place;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use store::Store;

/// A jar; a clone is the same jar.
#[derive(Clone, Default)]
pub struct Jar(Arc<Mutex<Store>>);

impl Jar {
    /// Puts in what a line of a `Set-Cookie` field says, as if the server at that URL had sent it.
    pub fn set(&self, url: &Url, line: &[u8]) -> Result<(), Error> {
        let result = self.store().set(&Place::of(url), line, now());
        result.map_err(|why| {
            // The name is all that may be shown: without a "=" even that is a value.
            let pair = line.split(|&byte| byte == b';').next().unwrap_or_default();
            let name = pair.iter().position(|&byte| byte == b'=').map_or(&b""[..], |at| &pair[..at]);
            let message = format!("cookie {} of {} refused: {why}", quoted(name), url.origin());
            Error::new(HS_ERR_INVALID_COOKIE, message)
        })
    }

    /// Takes what a response sets; what is malformed or not the server's to set is passed over.
    pub fn take(&self, url: &Url, headers: &HeaderBlock) {
        let mut lines = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"set-cookie")).peekable();
        if lines.peek().is_none() {
            return;
        }
        let (mut store, now) = (self.store(), now());
        for (_, line) in lines {
            let _ = store.set(&Place::of(url), line, now);
        }
    }

    /// The value of the `Cookie` header for that URL; empty where there is nothing to send.
    pub fn header(&self, url: &Url) -> Vec<u8> {
        self.store().header(&Place::of(url), &|_| false, now())
    }

    /// Adds the cookies for a request's URL. Those that the caller's own `Cookie` header names stay as he gave them.
    pub fn dress(&self, request: &mut Request) {
        let at = request.headers.iter().position(|header| header.is("cookie"));
        let given = |name: &[u8]| {
            let own = request.headers.iter().filter(|header| header.is("cookie"));
            own.flat_map(|header| header.value.split(|&byte| byte == b';')).any(|pair| {
                let own_name = pair.split(|&byte| byte == b'=').next().unwrap_or_default();
                pair.contains(&b'=') && own_name.trim_ascii() == name
            })
        };
        let pairs = self.store().header(&Place::of(&request.url), &given, now());
        match at {
            _ if pairs.is_empty() => {}
            Some(at) => {
                let own = &mut request.headers[at].value;
                if !own.is_empty() {
                    own.extend_from_slice(b"; ");
                }
                own.extend_from_slice(&pairs);
            }
            None => request.headers.push(Header { name: "Cookie".into(), value: pairs, sensitive: true }),
        }
    }

    pub fn count(&self) -> usize {
        let mut store = self.store();
        store.purge(now());
        store.len()
    }

    pub fn clear(&self) {
        self.store().clear();
    }

    /// All cookies in the format of Netscape's `cookies.txt`.
    pub fn export(&self) -> Vec<u8> {
        let mut store = self.store();
        store.purge(now());
        netscape::write(&store.all())
    }

    /// Puts in what such a text has: all of it, or nothing where a line is not in the format.
    pub fn import(&self, text: &[u8]) -> Result<(), Error> {
        let now = now();
        let cookies = netscape::read(text, now)?;
        let mut store = self.store();
        for (cookie, is_address) in cookies {
            store.put(cookie, is_address, now);
        }
        Ok(())
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jar")
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests;
