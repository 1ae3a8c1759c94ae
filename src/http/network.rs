//! Where and how connections are made: what a caller may say of it, checked.

use crate::error::{Error, quoted};
use crate::status::HS_ERR_INVALID_ARGUMENT;
use std::ffi::{CStr, CString};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;
use url::Host;

/// What fits into the path of a `sockaddr_un` besides its NUL.
const LONGEST_SOCKET_NAME: usize = 107;
/// What fits into `IFNAMSIZ` besides its NUL.
const LONGEST_INTERFACE: usize = 15;
const RECEIVE_BUFFER: RangeInclusive<u32> = 1 << 10..=1 << 20;
const SEND_BUFFER: RangeInclusive<u32> = 16 << 10..=1 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    #[default]
    Any,
    Ipv4,
    Ipv6,
}

/// A socket on this machine that takes the place of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalSocket {
    Path(CString),
    Abstract(CString),
}

/// Connections for one host and port go to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// As libcurl wants it.
    entry: CString,
    /// Empty: every host, or the same.
    host: String,
    to_host: String,
    /// 0: every port, or the same.
    port: u16,
    to_port: u16,
}

/// A host as URLs have it, and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    pub host: &'a str,
    pub port: u16,
}

impl HostPort<'_> {
    /// Whether it must be looked up, being no address.
    pub fn is_name(&self) -> bool {
        self.address().is_none()
    }

    pub fn address(&self) -> Option<IpAddr> {
        match self.host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            None => self.host.parse().ok(),
        }
    }
}

/// This end of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Interface(CString),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPorts {
    pub first: u16,
    pub count: u16,
}

/// When the system asks whether a silent peer is still there. `None`: libcurl's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAlive {
    pub idle: Option<Duration>,
    pub interval: Option<Duration>,
    pub count: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub socket: Option<LocalSocket>,
    pub connect_to: Vec<ConnectTo>,
    pub family: Family,
    pub source: Option<Source>,
    pub ports: Option<LocalPorts>,
    pub keep_alive: Option<KeepAlive>,
    pub no_delay: bool,
    /// Bytes; `None`: libcurl's own choice.
    pub receive_buffer: Option<u32>,
    pub send_buffer: Option<u32>,
    pub happy_eyeballs: Option<Duration>,
}

impl Default for Network {
    fn default() -> Self {
        Network {
            socket: None,
            connect_to: Vec::new(),
            family: Family::Any,
            source: None,
            ports: None,
            keep_alive: Some(KeepAlive::default()),
            no_delay: true,
            receive_buffer: None,
            send_buffer: None,
            happy_eyeballs: None,
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(HS_ERR_INVALID_ARGUMENT, message)
}

impl LocalSocket {
    /// At most one of the two; `None` where neither is there.
    pub fn parse(path: &[u8], name: &[u8]) -> Result<Option<LocalSocket>, Error> {
        match (path.is_empty(), name.is_empty()) {
            (true, true) => Ok(None),
            (false, true) => socket_name(path, "unix_socket").map(|path| Some(LocalSocket::Path(path))),
            (true, false) => socket_name(name, "abstract_socket").map(|name| Some(LocalSocket::Abstract(name))),
            (false, false) => Err(invalid("both unix_socket and abstract_socket are set: choose one".into())),
        }
    }
}

fn socket_name(bytes: &[u8], what: &str) -> Result<CString, Error> {
    if bytes.len() > LONGEST_SOCKET_NAME {
        let length = bytes.len();
        return Err(invalid(format!("{what} has {length} bytes: at most {LONGEST_SOCKET_NAME} fit a socket address")));
    }
    CString::new(bytes).map_err(|_| invalid(format!("{what} {} has a NUL", quoted(bytes))))
}

impl ConnectTo {
    /// An empty host is any host, or the one that was asked for; port 0 likewise.
    pub fn parse(host: &[u8], port: u32, to_host: &[u8], to_port: u32) -> Result<ConnectTo, Error> {
        let (host, to_host) = (host_text(host, "host")?, host_text(to_host, "connect_host")?);
        let (port, to_port) = (port_number(port, "port")?, port_number(to_port, "connect_port")?);
        if to_host.is_empty() && to_port == 0 {
            return Err(invalid("connect_host and connect_port are both empty: it would change nothing".into()));
        }
        let shown = |port: u16| if port == 0 { String::new() } else { port.to_string() };
        let entry = CString::new(format!("{host}:{}:{to_host}:{}", shown(port), shown(to_port)))
            .map_err(|_| invalid("a NUL".into()))?;
        Ok(ConnectTo { entry, host, to_host, port, to_port })
    }

    /// Where connections for a host and port go, if this is for them.
    fn apply<'a>(&'a self, asked: HostPort<'a>) -> Option<HostPort<'a>> {
        let fits = (self.host.is_empty() || self.host == asked.host) && (self.port == 0 || self.port == asked.port);
        fits.then(|| HostPort {
            host: if self.to_host.is_empty() { asked.host } else { &self.to_host },
            port: if self.to_port == 0 { asked.port } else { self.to_port },
        })
    }

    pub fn entry(&self) -> &CStr {
        &self.entry
    }
}

/// A host as URLs have it once they are parsed: lower case, no Unicode, IPv6 in brackets.
fn host_text(bytes: &[u8], what: &str) -> Result<String, Error> {
    let refuse = || invalid(format!("{what} {} is no host", quoted(bytes)));
    let text = std::str::from_utf8(bytes).map_err(|_| refuse())?;
    if text.is_empty() {
        return Ok(String::new());
    }
    let host = text.parse::<Ipv6Addr>().map(Host::Ipv6).or_else(|_| Host::parse(text));
    host.map(|host| host.to_string()).map_err(|_| refuse())
}

fn port_number(port: u32, what: &str) -> Result<u16, Error> {
    u16::try_from(port).map_err(|_| invalid(format!("{what} is {port}: at most 65535")))
}

impl Source {
    /// At most one of the two; `None` where neither is there.
    pub fn parse(interface: &[u8], address: &[u8]) -> Result<Option<Source>, Error> {
        match (interface.is_empty(), address.is_empty()) {
            (true, true) => Ok(None),
            (false, true) => {
                let fine = interface.len() <= LONGEST_INTERFACE
                    && interface.iter().all(|&byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'!'));
                let name = CString::new(interface).ok().filter(|_| fine);
                let refuse = || invalid(format!("local_interface {} is no interface's name", quoted(interface)));
                name.map(|name| Some(Source::Interface(name))).ok_or_else(refuse)
            }
            (true, false) => {
                let ip = std::str::from_utf8(address).ok().and_then(|text| text.parse().ok());
                let refuse = || invalid(format!("local_address {} is no IP address", quoted(address)));
                ip.map(|ip| Some(Source::Address(ip))).ok_or_else(refuse)
            }
            (false, false) => Err(invalid("both local_interface and local_address are set: choose one".into())),
        }
    }
}

impl LocalPorts {
    pub fn parse(first: u32, count: u32) -> Result<Option<LocalPorts>, Error> {
        if first == 0 && count == 0 {
            return Ok(None);
        }
        let count = count.max(1);
        let last = u64::from(first) + u64::from(count) - 1;
        if first == 0 || last > 65_535 {
            return Err(invalid(format!("local_port {first} and local_port_count {count} leave the range 1 to 65535")));
        }
        Ok(Some(LocalPorts { first: first as u16, count: count as u16 }))
    }
}

impl Network {
    /// What contradicts or is out of its range.
    pub fn check(&self) -> Result<(), Error> {
        let elsewhere = !self.connect_to.is_empty() || self.source.is_some() || self.ports.is_some();
        if self.socket.is_some() && (elsewhere || self.family != Family::Any) {
            let message = "a Unix socket has no hosts, addresses and ports: \
                           connect_to, family, local_interface, local_address and local_port cannot go with it";
            return Err(invalid(message.into()));
        }
        if let Some(Source::Address(ip)) = self.source
            && matches!((self.family, ip), (Family::Ipv4, IpAddr::V6(_)) | (Family::Ipv6, IpAddr::V4(_)))
        {
            return Err(invalid(format!("local_address {ip} is not of the family that is asked for")));
        }
        for (value, range, what) in [
            (self.receive_buffer, RECEIVE_BUFFER, "receive_buffer_bytes"),
            (self.send_buffer, SEND_BUFFER, "send_buffer_bytes"),
        ] {
            if let Some(value) = value.filter(|value| !range.contains(value)) {
                return Err(invalid(format!("{what} is {value}: not in {} to {}", range.start(), range.end())));
            }
        }
        Ok(())
    }

    /// Where connections for a host and port go; `None` where they go to a Unix socket.
    pub fn destination<'a>(&'a self, asked: HostPort<'a>) -> Option<HostPort<'a>> {
        if self.socket.is_some() {
            return None;
        }
        Some(self.connect_to.iter().find_map(|to| to.apply(asked)).unwrap_or(asked))
    }
}

#[cfg(test)]
mod tests;
