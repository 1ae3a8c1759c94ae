//! `hs_address_rule`: to which addresses a worker may connect.

use super::options;
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::error::{Error, quoted};
use crate::http::address::{AddressRule, Cidr, Mode};

/// What the lists do not name is allowed.
pub const HS_ADDRESS_ANY: u32 = 0;
/// What the lists do not name is allowed if it is of the public internet. Refused are loopback, private, link-local
/// (cloud metadata among them), carrier-grade NAT, multicast, documentation, benchmarking and all else that the IANA
/// keeps for special purposes; IPv6 addresses that carry such an IPv4 address, too.
pub const HS_ADDRESS_PUBLIC: u32 = 1;
/// What the lists do not name is refused.
pub const HS_ADDRESS_LISTED: u32 = 2;

/// To which addresses a worker may connect: against requests that are forged through URLs, names or redirects of
/// others (SSRF). The rule judges the very address of every attempt to connect, on every hop, so that a name that
/// changes its address (DNS rebinding) does not get past it. A proxy's own address is judged too, and an address that
/// stands in the URL also where a proxy would connect to it; a name that a proxy resolves is for the proxy to judge.
/// `deny` beats `allow`, `allow` beats `mode`. Of several addresses of one host those that are allowed are tried.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_address_rule {
    /// `sizeof(hs_address_rule)`.
    pub struct_size: u32,
    /// `HS_ADDRESS_…`
    pub mode: u32,
    /// Ranges, for instance "10.0.0.0/8" or "fd00::/8", or single addresses. IPv4 ranges hold for the same addresses in
    /// IPv6 notation (::ffff:0:0/96), too. Not together with `HS_ADDRESS_ANY`, which they could not limit.
    pub allow: *const hs_str,
    /// At most 65,536.
    pub allow_count: usize,
    /// The same; IPv4 ranges hold for all IPv6 addresses that lead to them (NAT64, 6to4, Teredo), too.
    pub deny: *const hs_str,
    /// At most 65,536.
    pub deny_count: usize,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_address_rule {
    const NAME: &'static str = "hs_address_rule";
    const SMALLEST: usize = 8;
}

const MOST_RANGES: usize = 65_536;

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to.
pub unsafe fn chosen(pointer: *const hs_address_rule) -> Result<AddressRule, Error> {
    if pointer.is_null() {
        return Ok(AddressRule::default());
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    let mode = match given.mode {
        HS_ADDRESS_ANY => Mode::Any,
        HS_ADDRESS_PUBLIC => Mode::Public,
        HS_ADDRESS_LISTED => Mode::Listed,
        other => {
            return Err(options::invalid(format!("hs_address_rule.mode is {other}: not a HS_ADDRESS_… constant")));
        }
    };
    // SAFETY: as the caller promises.
    let (allow, deny) = unsafe {
        (
            ranges(given.allow, given.allow_count, "hs_address_rule.allow")?,
            ranges(given.deny, given.deny_count, "hs_address_rule.deny")?,
        )
    };
    if mode == Mode::Any && !allow.is_empty() {
        let message = "hs_address_rule.allow has no effect with HS_ADDRESS_ANY: choose HS_ADDRESS_PUBLIC or _LISTED";
        return Err(options::invalid(message.into()));
    }
    Ok(AddressRule { mode, allow, deny })
}

/// # Safety
/// `items` is NULL or points to `count` texts, each as for `hs_str::bytes`.
unsafe fn ranges(items: *const hs_str, count: usize, what: &str) -> Result<Vec<Cidr>, Error> {
    // SAFETY: as the caller promises.
    let items = unsafe { options::array(items, count, MOST_RANGES, what) }?;
    let parse = |(at, item): (usize, &hs_str)| {
        let what = format!("{what}[{at}]");
        // SAFETY: as the caller promises.
        let text = unsafe { item.bytes(&what) }?;
        let range = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned()).and_then(Cidr::parse);
        range.map_err(|why| options::invalid(format!("{what} is {}: {why}", quoted(text))))
    };
    items.iter().enumerate().map(parse).collect()
}
