//! The machine under `crate::dns`: its resolver, `getaddrinfo`, and threads that take no signals. One for the process;
//! a child of a fork, which has none of its parent's threads, starts with its own.

use super::signals::Blocked;
use crate::dns::{self, Addresses, Failure, Query, Resolver};
use crate::http::network::Family;
use crate::process;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use std::ffi::{CStr, CString, c_int};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[derive(Clone, Copy)]
pub struct System;

/// The resolver of this process.
pub fn resolver() -> Resolver<System> {
    static SHARED: Mutex<Option<(u32, Resolver<System>)>> = Mutex::new(None);
    // No fork happens while this is held: the child finds the other lock free.
    let _whole = process::lock();
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*shared {
        Some((generation, resolver)) if *generation == process::generation() => resolver.clone(),
        _ => {
            let resolver = Resolver::new(System);
            // The parent's is left alone: a thread that is not here may have it locked.
            std::mem::forget(shared.replace((process::generation(), resolver.clone())));
            resolver
        }
    }
}

impl dns::System for System {
    fn look_up(&self, query: &Query) -> Result<Addresses, Failure> {
        let failure = |reason: &str, os_error| Failure { reason: reason.to_owned(), os_error };
        let host = CString::new(&*query.host).map_err(|_| failure("the name has a NUL", 0))?;
        let (code, found) = look_up(&host, query.family);
        if code != 0 {
            let error = std::io::Error::last_os_error();
            return Err(match code {
                libc::EAI_SYSTEM => Failure { reason: error.to_string(), os_error: error.raw_os_error().unwrap_or(0) },
                // SAFETY: a static string for every number.
                _ => failure(&unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy(), 0),
            });
        }
        if found.ips.is_empty() { Err(failure("it has no addresses", 0)) } else { Ok(found) }
    }

    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn start_thread(&self, run: Box<dyn FnOnce() + Send>) -> bool {
        let _blocked = Blocked::all();
        std::thread::Builder::new().name("hs-resolver".into()).spawn(run).is_ok()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// The status of `getaddrinfo`, and what it found.
fn look_up(host: &CStr, family: Family) -> (c_int, Addresses) {
    let mut found = Addresses { ips: Vec::new(), scope_id: 0 };
    // SAFETY: an all-zero addrinfo is a valid one without wishes. The name is NUL-terminated, the list is read while it
    // lives and freed once.
    unsafe {
        let mut wishes: libc::addrinfo = std::mem::zeroed();
        wishes.ai_family = match family {
            Family::Any => libc::AF_UNSPEC,
            Family::Ipv4 => libc::AF_INET,
            Family::Ipv6 => libc::AF_INET6,
        };
        wishes.ai_socktype = libc::SOCK_STREAM;
        // Addresses of families that this machine has none of would only be tried in vain.
        wishes.ai_flags = libc::AI_ADDRCONFIG;
        let mut list: *mut libc::addrinfo = std::ptr::null_mut();
        let code = libc::getaddrinfo(host.as_ptr(), std::ptr::null(), &wishes, &mut list);
        if code != 0 {
            return (code, found);
        }
        let mut at = list;
        while let Some(entry) = at.as_ref() {
            match entry.ai_family {
                libc::AF_INET => {
                    let address = entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned();
                    found.ips.push(IpAddr::from(Ipv4Addr::from_bits(u32::from_be(address.sin_addr.s_addr))));
                }
                libc::AF_INET6 => {
                    let address = entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned();
                    let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
                    if ip.is_unicast_link_local() && found.scope_id == 0 {
                        found.scope_id = address.sin6_scope_id;
                    }
                    found.ips.push(IpAddr::from(ip));
                }
                _ => {}
            }
            at = entry.ai_next;
        }
        if !list.is_null() {
            libc::freeaddrinfo(list);
        }
    }
    (0, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dns::System as _;

    fn query(host: &str) -> Query {
        Query { host: host.into(), family: Family::Any }
    }

    #[test]
    fn the_systems_resolver_is_asked() {
        let found = System.look_up(&query("127.0.0.1")).unwrap();
        assert_eq!(found.ips, [IpAddr::from(Ipv4Addr::LOCALHOST)]);
        assert!(!System.look_up(&query("no\0name")).unwrap_err().reason.is_empty());
        assert!(!System.look_up(&query("-.invalid")).unwrap_err().reason.is_empty());
    }
}
