//! Names to addresses: one resolver for the whole process, with few threads and one cache. However many workers ask for
//! a name, it is looked up once; whoever waits can stop waiting, since the look-up runs on a thread of its own.

mod cache;
pub mod pins;
mod resolver;

pub use resolver::{Asked, Resolver, System, Ticket};

use crate::http::network::Family;
use crate::runtime::clock::Instant;
use pins::Pin;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    pub host: Box<str>,
    pub family: Family,
}

/// The addresses of a name in the order in which they are to be tried; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub ips: Vec<IpAddr>,
    /// The interface of link-local addresses among them, 0 where there are none.
    pub scope_id: u32,
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: String,
    /// The operating system's error number, 0 where it has none.
    pub os_error: i32,
}

pub type Answer = Result<Arc<Addresses>, Failure>;

/// How one worker resolves.
#[derive(Clone, Debug)]
pub struct Options {
    /// How old an answer of the cache may be; zero for none from there.
    pub max_age: Duration,
    pub pins: Vec<Pin>,
}

impl Default for Options {
    fn default() -> Self {
        Options { max_age: Duration::from_secs(60), pins: Vec::new() }
    }
}

/// What is known about a host without asking anybody: what the caller has pinned, and names that are the machine itself
/// (RFC 6761, section 6.3), which no name server may answer otherwise.
pub fn known(options: &Options, host: &str, port: u16) -> Option<Arc<Addresses>> {
    if let Some(pin) = options.pins.iter().find(|pin| pin.is_for(host, port)) {
        return Some(pin.addresses.clone());
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name != "localhost" && !name.ends_with(".localhost") {
        return None;
    }
    let ips = vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
    Some(Arc::new(Addresses { ips, scope_id: 0 }))
}

/// Whether something that was found out at `then` may still be used.
fn is_fresh(then: Instant, now: Instant, max_age: Duration) -> bool {
    now.since(then) < max_age
}
