//! The cookies of a jar: RFC 6265bis, sections 5.7 (storage) and 5.8.3 (retrieval). Time is given, in milliseconds since
//! 1970; the order in which things happened is counted.

use super::line::{self, Line, SameSite};
use super::place::{self, Place};
use std::cmp::Reverse;
use std::collections::HashMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    pub domain: String,
    /// For its domain alone, not for hosts below it.
    pub host_only: bool,
    pub path: Vec<u8>,
    pub secure: bool,
    pub http_only: bool,
    /// Kept for whoever reads the jar; a client that has no pages knows no other site.
    pub same_site: SameSite,
    /// Milliseconds since 1970; `None` for as long as the jar lives.
    pub expires: Option<i64>,
    /// When it was first set and last sent, in the store's own counting.
    pub(super) created: u64,
    pub(super) used: u64,
}

impl Cookie {
    fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn is_for(&self, place: &Place) -> bool {
        let host = if self.host_only { place.host == self.domain } else { place.is_within(&self.domain) };
        host && (!self.secure || place.is_secure) && place::path_matches(place.path, &self.path)
    }

    fn replaces(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// What no cookie may be, wherever it comes from: names that promise more than it keeps.
    pub fn check(&self) -> Result<(), &'static str> {
        let begins = |prefix: &[u8]| {
            let text = if self.name.is_empty() { &self.value } else { &self.name };
            text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let (secure, host) = (begins(b"__Secure-"), begins(b"__Host-"));
        if self.name.is_empty() && (secure || host) {
            return Err("it has no name and a value that looks like a prefixed name");
        }
        if (secure || host) && !self.secure {
            return Err("its prefix demands Secure");
        }
        if host && (!self.host_only || self.path != b"/") {
            return Err("the prefix __Host- demands Path=/ and no Domain");
        }
        Ok(())
    }
}

/// All that is in a jar, by the site that a cookie's domain belongs to: nobody can fill the jar with one site's cookies,
/// and a request looks at one site's alone.
#[derive(Debug, Default)]
pub struct Store {
    sites: HashMap<String, Vec<Cookie>>,
    count: usize,
    events: u64,
}

/// The most cookies of one site, and of all.
pub(super) const MOST_PER_SITE: usize = 180;
const MOST: usize = 3_000;
/// Of a path that a request has and no attribute named.
const LONGEST_PATH: usize = 1_024;

impl Store {
    /// Takes what a response of that place sets; the error says why it does not.
    pub fn set(&mut self, place: &Place, text: &[u8], now: i64) -> Result<(), &'static str> {
        let Line { name, value, domain, path, secure, http_only, same_site, expires } = line::parse(text, now)?;
        let names_its_path = path.is_some();
        let (domain, host_only) = domain_of(place, domain)?;
        let path = path.unwrap_or_else(|| place.default_path().to_vec());
        if path.len() > LONGEST_PATH {
            return Err("its path is longer than 1024 bytes");
        }
        if secure && !place.is_secure {
            return Err("it is Secure and the origin is not");
        }
        if same_site == SameSite::None && !secure {
            return Err("SameSite=None demands Secure");
        }
        let cookie =
            Cookie { name, value, domain, host_only, path, secure, http_only, same_site, expires, ..Cookie::default() };
        cookie.check()?;
        if !names_its_path && cookie.name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"__Host-")) {
            return Err("the prefix __Host- demands Path=/ and no Domain");
        }
        if !place.is_secure && self.hides_a_secure_one(&cookie, place, now) {
            return Err("a Secure cookie of that name cannot be replaced from http");
        }
        self.put(cookie, place.is_address, now);
        Ok(())
    }

    /// From http nobody may put a cookie beside a secure one of https, where it would be sent in its stead.
    fn hides_a_secure_one(&self, new: &Cookie, place: &Place, now: i64) -> bool {
        let site = place::site(&new.domain, place.is_address);
        self.sites.get(site).into_iter().flatten().any(|old| {
            old.secure
                && !old.is_expired(now)
                && old.name == new.name
                && (old.domain == new.domain
                    || place::is_below(&old.domain, &new.domain)
                    || place::is_below(&new.domain, &old.domain))
                && place::path_matches(&new.path, &old.path)
        })
    }

    /// Puts a cookie in; one that has expired takes its older self out.
    pub fn put(&mut self, mut cookie: Cookie, is_address: bool, now: i64) {
        self.events += 1;
        (cookie.created, cookie.used) = (self.events, self.events);
        let site = place::site(&cookie.domain, is_address).to_owned();
        let cookies = self.sites.entry(site.clone()).or_default();
        if let Some(at) = cookies.iter().position(|old| cookie.replaces(old)) {
            cookie.created = cookies.swap_remove(at).created;
            self.count -= 1;
        }
        if !cookie.is_expired(now) {
            cookies.push(cookie);
            self.count += 1;
        }
        if cookies.len() > MOST_PER_SITE {
            self.purge_site(&site, now);
            self.evict_from(&site, MOST_PER_SITE);
        }
        if self.count > MOST {
            self.purge(now);
            while self.count > MOST {
                let oldest = |cookies: &Vec<Cookie>| cookies.iter().map(|cookie| cookie.used).min();
                let longest_unused = self.sites.iter().min_by_key(|(_, cookies)| oldest(cookies).unwrap_or(u64::MAX));
                let Some(site) = longest_unused.map(|(site, _)| site.clone()) else { break };
                let cookies = &self.sites[&site];
                let Some(at) = (0..cookies.len()).min_by_key(|&at| cookies[at].used) else { break };
                self.remove(&site, at);
            }
        }
        self.forget_if_empty(&site);
    }

    /// Those that are not secure go first, then those that were not sent for the longest time.
    fn evict_from(&mut self, site: &str, most: usize) {
        while let Some(cookies) = self.sites.get(site).filter(|cookies| cookies.len() > most) {
            let Some(at) = (0..cookies.len()).min_by_key(|&at| (cookies[at].secure, cookies[at].used)) else { return };
            self.remove(site, at);
        }
    }

    fn remove(&mut self, site: &str, at: usize) {
        if let Some(cookies) = self.sites.get_mut(site) {
            cookies.swap_remove(at);
            self.count -= 1;
        }
        self.forget_if_empty(site);
    }

    fn forget_if_empty(&mut self, site: &str) {
        if self.sites.get(site).is_some_and(Vec::is_empty) {
            self.sites.remove(site);
        }
    }

    fn purge_site(&mut self, site: &str, now: i64) {
        if let Some(cookies) = self.sites.get_mut(site) {
            let before = cookies.len();
            cookies.retain(|cookie| !cookie.is_expired(now));
            self.count -= before - cookies.len();
        }
    }

    /// Drops what has expired.
    pub fn purge(&mut self, now: i64) {
        self.sites.retain(|_, cookies| {
            cookies.retain(|cookie| !cookie.is_expired(now));
            !cookies.is_empty()
        });
        self.count = self.sites.values().map(Vec::len).sum();
    }

    /// The pairs for a request to that place, as `name=value; name=value`, without those of names that are `taken`.
    pub fn header(&mut self, place: &Place, taken: &dyn Fn(&[u8]) -> bool, now: i64) -> Vec<u8> {
        let site = place::site(place.host, place.is_address);
        let Some(cookies) = self.sites.get_mut(site) else { return Vec::new() };
        self.events += 1;
        let fits = |cookie: &&mut Cookie| !cookie.is_expired(now) && cookie.is_for(place) && !taken(&cookie.name);
        let mut chosen: Vec<&mut Cookie> = cookies.iter_mut().filter(fits).collect();
        chosen.sort_by_key(|cookie| (Reverse(cookie.path.len()), cookie.created));
        let mut header = Vec::new();
        for cookie in chosen {
            cookie.used = self.events;
            if !header.is_empty() {
                header.extend_from_slice(b"; ");
            }
            if !cookie.name.is_empty() {
                header.extend_from_slice(&cookie.name);
                header.push(b'=');
            }
            header.extend_from_slice(&cookie.value);
        }
        header
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn clear(&mut self) {
        self.sites.clear();
        self.count = 0;
    }

    /// All, in the order in which they were first set.
    pub fn all(&self) -> Vec<&Cookie> {
        let mut all: Vec<&Cookie> = self.sites.values().flatten().collect();
        all.sort_by_key(|cookie| cookie.created);
        all
    }
}

/// The domain that a line may claim, and whether it is the host alone.
fn domain_of(place: &Place, claimed: Vec<u8>) -> Result<(String, bool), &'static str> {
    if claimed.is_empty() {
        return Ok((place.host.to_owned(), true));
    }
    let claimed = String::from_utf8(claimed).ok().filter(|domain| domain.is_ascii());
    let claimed = claimed.ok_or("its domain is not ASCII")?;
    if place.is_address || place::is_public_suffix(&claimed) {
        return if claimed == place.host { Ok((claimed, true)) } else { Err("its domain is not this host's to name") };
    }
    if place.is_within(&claimed) { Ok((claimed, false)) } else { Err("its domain is not this host's to name") }
}

#[cfg(test)]
mod tests;
