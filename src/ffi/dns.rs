//! `hs_dns_options`: how a worker gets from names to addresses.

use super::sized::{self, Sized32};
use super::text::hs_str;
use super::version::HS_INFINITE;
use super::{guard, options};
use crate::dns::Options;
use crate::dns::pins::Pin;
use crate::engine::dns::resolver;
use crate::error::{Error, quoted};
use crate::status::hs_status;
use std::net::IpAddr;
use std::time::Duration;

/// In `hs_dns_options.flags`: answers that were got before are not used. A look-up that is under way is still shared.
pub const HS_DNS_NO_CACHE: u32 = 1;

/// A name whose addresses the caller knows: it is not looked up. What is sent and what a certificate must say stays.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_dns_pin {
    /// The host as it is in URLs; not an address.
    pub host: hs_str,
    /// IPv4 or IPv6 addresses, without brackets, in the order in which they are to be tried. At least one.
    pub addresses: *const hs_str,
    /// At most 64.
    pub address_count: usize,
    /// For this port only; 0 for every port.
    pub port: u32,
}

/// How a worker gets from names to addresses. All workers of the process share one resolver: however many of them ask
/// for a name at once, the system's resolver is asked once, on a thread of the library's (at most 8, which take no
/// signals); its answers are kept for a while. A slow name server keeps neither a deadline nor a cancel nor
/// `hs_worker_free` waiting. "localhost" and names that end in ".localhost" are this machine, and nobody is asked.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_dns_options {
    /// `sizeof(hs_dns_options)`.
    pub struct_size: u32,
    /// `HS_DNS_…` or 0.
    pub flags: u32,
    /// How old an answer may be that is used again for a new connection, whatever its name server says: the system does
    /// not tell. Default 60,000; `HS_INFINITE` for as long as the process lives. Failures are not kept.
    pub cache_ms: u64,
    /// The first one that fits counts.
    pub pins: *const hs_dns_pin,
    /// At most 65,536.
    pub pin_count: usize,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_dns_options {
    const NAME: &'static str = "hs_dns_options";
    const SMALLEST: usize = 8;
}

const MOST_PINS: usize = 65_536;
const MOST_ADDRESSES: usize = 64;

/// Forgets the addresses of all names, for all workers: the next connection to a name asks the system's resolver, also
/// where a look-up of it is under way. Open connections and pins stay as they are.
///
/// Thread: any. Errors: none but `HS_ERR_PANIC`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_dns_flush() -> hs_status {
    guard::status(|| {
        resolver().flush();
        Ok(())
    })
}

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to.
pub unsafe fn chosen(pointer: *const hs_dns_options) -> Result<Options, Error> {
    let defaults = Options::default();
    if pointer.is_null() {
        return Ok(defaults);
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::unused(u64::from(given.flags & !HS_DNS_NO_CACHE), "hs_dns_options.flags beyond HS_DNS_NO_CACHE")?;
    let max_age = match (given.flags & HS_DNS_NO_CACHE != 0, given.cache_ms) {
        (true, 0) => Duration::ZERO,
        (true, _) => return Err(options::invalid("hs_dns_options.cache_ms is set with HS_DNS_NO_CACHE".into())),
        (false, 0) => defaults.max_age,
        (false, HS_INFINITE) => Duration::MAX,
        (false, milliseconds) => Duration::from_millis(milliseconds),
    };
    // SAFETY: as the caller promises.
    let pins = unsafe { options::array(given.pins, given.pin_count, MOST_PINS, "hs_dns_options.pins") }?;
    // SAFETY: as the caller promises.
    let pins = pins.iter().enumerate().map(|(at, given)| unsafe { pin(given, &format!("hs_dns_options.pins[{at}]")) });
    Ok(Options { max_age, pins: pins.collect::<Result<_, Error>>()? })
}

/// # Safety
/// What `given` points to is valid.
unsafe fn pin(given: &hs_dns_pin, what: &str) -> Result<Pin, Error> {
    // SAFETY: as the caller promises.
    let (host, addresses) = unsafe {
        (
            given.host.bytes(&format!("{what}.host"))?,
            options::array(given.addresses, given.address_count, MOST_ADDRESSES, &format!("{what}.addresses"))?,
        )
    };
    let port = u16::try_from(given.port)
        .map_err(|_| options::invalid(format!("{what}.port is {}: at most 65535", given.port)))?;
    let address = |(at, text): (usize, &hs_str)| {
        let what = format!("{what}.addresses[{at}]");
        // SAFETY: as the caller promises.
        let bytes = unsafe { text.bytes(&what) }?;
        let ip = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<IpAddr>().ok());
        ip.ok_or_else(|| options::invalid(format!("{what} is {}: not an IP address", quoted(bytes))))
    };
    let ips = addresses.iter().enumerate().map(address).collect::<Result<Vec<IpAddr>, Error>>()?;
    let text = std::str::from_utf8(host).map_err(|_| "not UTF-8".to_owned());
    let port = (port != 0).then_some(port);
    let made = text.and_then(|host| Pin::new(host, port, ips));
    made.map_err(|why| options::invalid(format!("{what} for {}: {why}", quoted(host))))
}
