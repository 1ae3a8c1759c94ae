//! `hs_network_options`: where and how a worker's connections are made.

use super::options;
use super::sized::{self, Sized32};
use super::text::hs_str;
use super::version::{HS_INFINITE, HS_NO_KEEP_ALIVE, HS_SEND_DELAY};
use crate::error::Error;
use crate::http::network::{ConnectTo, Family, KeepAlive, LocalPorts, LocalSocket, Network, Source};
use std::time::Duration;

/// Addresses of either family, whichever connects first. The default.
pub const HS_FAMILY_ANY: u32 = 0;
/// IPv4 addresses alone.
pub const HS_FAMILY_IPV4: u32 = 4;
/// IPv6 addresses alone.
pub const HS_FAMILY_IPV6: u32 = 6;

/// Connections for one host and port go to another. The `Host` header and the name that the server's certificate must
/// have stay those of the URL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_connect_to {
    /// The host of the URL; empty: every host.
    pub host: hs_str,
    /// Where to connect instead: a name or an address; empty: the same host.
    pub connect_host: hs_str,
    /// The port of the URL; 0: every port.
    pub port: u32,
    /// The port to connect to; 0: the same.
    pub connect_port: u32,
}

/// Where and how connections are made. All zero but `struct_size` means defaults, and 0 or empty the default at each
/// field. Nothing of it is needed after `hs_worker_new`, which refuses what is malformed or contradicts itself with
/// `HS_ERR_INVALID_ARGUMENT`, and with `HS_ERR_LIBCURL` what the libcurl underneath is too old for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_network_options {
    /// `sizeof(hs_network_options)`.
    pub struct_size: u32,
    /// `HS_NO_KEEP_ALIVE` and `HS_SEND_DELAY`, or 0.
    pub flags: u32,
    /// The path of a Unix socket that every connection goes to; at most 107 bytes. The URL gives path and `Host` as
    /// ever, and with https the name to verify. The addresses in `hs_metrics` are then all zero.
    pub unix_socket: hs_str,
    /// The same by a name in the abstract namespace of Linux, without the leading NUL. At most one of the two.
    pub abstract_socket: hs_str,
    /// Hosts whose connections go elsewhere; the first entry that fits counts.
    pub connect_to: *const hs_connect_to,
    /// How many there are; at most 1,000.
    pub connect_to_count: usize,
    /// The interface that connections leave through, for instance "eth0". Not there: `HS_ERR_LOCAL_ADDRESS`.
    pub local_interface: hs_str,
    /// The address that connections leave from, never a name. At most one of the two.
    pub local_address: hs_str,
    /// The first local port to use. Default: the system chooses.
    pub local_port: u32,
    /// How many ports from there on are tried. Default 1. Where all are taken: `HS_ERR_LOCAL_ADDRESS`.
    pub local_port_count: u32,
    /// `HS_FAMILY_…`: which addresses of host names are used. An address in the URL is used as it stands.
    pub family: u32,
    /// How many unanswered keep-alive probes end a connection. Default 9; needs libcurl 8.9.
    pub keep_alive_count: u32,
    /// How long a connection is silent before the first probe; rounded up to seconds. Default 60,000.
    pub keep_alive_idle_ms: u64,
    /// The time between probes; rounded up to seconds. Default 60,000.
    pub keep_alive_interval_ms: u64,
    /// How long IPv6 is tried before IPv4 is tried too. Default 200.
    pub happy_eyeballs_ms: u64,
    /// The most bytes that are read at once, 1,024 to 1,048,576. Default 16,384. A worker keeps one such buffer.
    pub receive_buffer_bytes: u32,
    /// The most bytes of a body that are sent at once, 16,384 to 1,048,576. Default 65,536.
    pub send_buffer_bytes: u32,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_network_options {
    const NAME: &'static str = "hs_network_options";
    const SMALLEST: usize = 8;
}

const MOST_CONNECT_TO: usize = 1_000;
const MOST_PROBES: u32 = 127;
/// What the system takes for keep-alive times.
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(32_767);

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to.
pub unsafe fn chosen(pointer: *const hs_network_options) -> Result<Network, Error> {
    if pointer.is_null() {
        return Ok(Network::default());
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::unused(u64::from(given.flags & !(HS_NO_KEEP_ALIVE | HS_SEND_DELAY)), "hs_network_options.flags")?;
    // SAFETY: as the caller promises.
    let (socket, connect_to, source) = unsafe {
        let entries =
            options::array(given.connect_to, given.connect_to_count, MOST_CONNECT_TO, "hs_network_options.connect_to")?;
        let connect_to = entries.iter().enumerate().map(|(index, entry)| connect_to(index, entry));
        (
            LocalSocket::parse(
                given.unix_socket.bytes("unix_socket")?,
                given.abstract_socket.bytes("abstract_socket")?,
            )?,
            connect_to.collect::<Result<_, _>>()?,
            Source::parse(
                given.local_interface.bytes("local_interface")?,
                given.local_address.bytes("local_address")?,
            )?,
        )
    };
    let network = Network {
        socket,
        connect_to,
        family: family(given.family)?,
        source,
        ports: LocalPorts::parse(given.local_port, given.local_port_count)?,
        keep_alive: keep_alive(&given)?,
        no_delay: given.flags & HS_SEND_DELAY == 0,
        receive_buffer: set(given.receive_buffer_bytes),
        send_buffer: set(given.send_buffer_bytes),
        happy_eyeballs: happy_eyeballs(given.happy_eyeballs_ms)?,
    };
    network.check()?;
    Ok(network)
}

fn set(value: u32) -> Option<u32> {
    (value != 0).then_some(value)
}

fn family(value: u32) -> Result<Family, Error> {
    match value {
        HS_FAMILY_ANY => Ok(Family::Any),
        HS_FAMILY_IPV4 => Ok(Family::Ipv4),
        HS_FAMILY_IPV6 => Ok(Family::Ipv6),
        _ => Err(options::invalid(format!("hs_network_options.family is {value}: not a HS_FAMILY_… constant"))),
    }
}

fn keep_alive(given: &hs_network_options) -> Result<Option<KeepAlive>, Error> {
    let (idle, interval, count) = (given.keep_alive_idle_ms, given.keep_alive_interval_ms, given.keep_alive_count);
    if given.flags & HS_NO_KEEP_ALIVE != 0 {
        if (idle, interval, count) != (0, 0, 0) {
            return Err(options::invalid("HS_NO_KEEP_ALIVE is set, and so is keep_alive_…: choose one".into()));
        }
        return Ok(None);
    }
    if count > MOST_PROBES {
        return Err(options::invalid(format!("keep_alive_count is {count}: at most {MOST_PROBES}")));
    }
    let seconds = |value: u64, what: &str| match value {
        0 => Ok(None),
        _ if value <= LONGEST_KEEP_ALIVE.as_millis() as u64 => Ok(Some(options::seconds(value, Duration::ZERO))),
        _ => Err(options::invalid(format!("{what} is {value}: at most {}", LONGEST_KEEP_ALIVE.as_millis()))),
    };
    Ok(Some(KeepAlive {
        idle: seconds(idle, "keep_alive_idle_ms")?,
        interval: seconds(interval, "keep_alive_interval_ms")?,
        count: set(count),
    }))
}

fn happy_eyeballs(milliseconds: u64) -> Result<Option<Duration>, Error> {
    const MOST: u64 = 60_000;
    match milliseconds {
        0 => Ok(None),
        1..=MOST => Ok(Some(Duration::from_millis(milliseconds))),
        HS_INFINITE => Err(options::invalid("happy_eyeballs_ms is HS_INFINITE: ask for one family instead".into())),
        _ => Err(options::invalid(format!("happy_eyeballs_ms is {milliseconds}: at most {MOST}"))),
    }
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn connect_to(index: usize, entry: &hs_connect_to) -> Result<ConnectTo, Error> {
    // SAFETY: as the caller promises.
    let parsed = unsafe {
        let host = entry.host.bytes("host");
        let connect_host = entry.connect_host.bytes("connect_host");
        host.and_then(|host| ConnectTo::parse(host, entry.port, connect_host?, entry.connect_port))
    };
    parsed.map_err(|mut error| {
        let message = &mut error.details_mut().message;
        *message = format!("connect_to[{index}].{message}");
        error
    })
}
