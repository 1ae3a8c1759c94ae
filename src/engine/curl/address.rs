//! Holds libcurl to the address rule: it asks for the socket of every attempt to connect, and gets none for an address
//! that the rule forbids. It then goes on to the next address of the host, if there is one.

use super::easy::Options;
use super::network::Wiring;
use super::sys;
use super::transfer::{Transfer, transfer};
use crate::error::Error;
use crate::http::network::HostPort;
use crate::status::HS_ERR_ADDRESS_REFUSED;
use std::ffi::{c_int, c_void};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Attempts to connect of one transfer, where there is a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// The first address that the rule forbade.
    refused: Option<IpAddr>,
    /// Some address was allowed.
    allowed: bool,
}

impl Transfer {
    /// An address that a proxy would be asked to connect to is judged before the proxy is asked. All other connections
    /// are judged when their sockets are opened.
    pub fn check_target(&self, wiring: &Wiring) -> Result<(), Error> {
        if self.route.is_none() {
            return Ok(());
        }
        match self.destination(wiring).and_then(|target| target.address()) {
            Some(ip) if !self.allows(ip) => Err(self.forbidden(ip)),
            _ => Ok(()),
        }
    }

    pub fn allows(&self, ip: IpAddr) -> bool {
        self.rule.as_ref().is_none_or(|rule| rule.allows(ip))
    }

    /// Where the connection leads, be it through a proxy; `None` where it is to a Unix socket.
    pub fn destination<'a>(&'a self, wiring: &'a Wiring) -> Option<HostPort<'a>> {
        let url = &self.exchange.request.url;
        wiring.destination(HostPort { host: url.host(), port: url.port() })
    }

    /// The error of a transfer for which no address was left.
    pub fn address_refused(&self, attempts: Attempts) -> Option<Error> {
        match attempts {
            Attempts { refused: Some(ip), allowed: false } => Some(self.forbidden(ip)),
            _ => None,
        }
    }

    pub fn forbidden(&self, ip: IpAddr) -> Error {
        let host = self.exchange.request.url.host();
        Error::new(HS_ERR_ADDRESS_REFUSED, format!("the address rule of the worker forbids {ip} (for {host})"))
    }

    /// Whether a socket may be opened for this family and address.
    fn on_open(&self, family: c_int, ip: Option<IpAddr>) -> bool {
        let attempts = &mut self.state.borrow_mut().attempts;
        // A path in the file system comes from the worker's own options, never from a URL or a name server.
        let allowed = ip.map_or(family == libc::AF_UNIX, |ip| self.allows(ip));
        if allowed {
            attempts.allowed = true;
        } else {
            attempts.refused = attempts.refused.or(ip);
        }
        allowed
    }
}

pub fn configure(transfer: &Transfer, options: &Options) -> Result<(), Error> {
    if transfer.rule.is_some() {
        let callback: sys::curl_opensocket_callback = open_socket;
        options.function(sys::CURLOPT_OPENSOCKETFUNCTION, callback as *const c_void)?;
        options.data(sys::CURLOPT_OPENSOCKETDATA, std::ptr::from_ref(transfer) as *mut c_void)?;
    }
    Ok(())
}

extern "C" fn open_socket(
    data: *mut c_void,
    _purpose: sys::curlsocktype,
    address: *mut sys::curl_sockaddr,
) -> sys::curl_socket_t {
    // SAFETY: libcurl hands back the data that `configure` set, and an address that is valid during the call.
    let (transfer, asked, ip) = unsafe { (transfer(data), &*address, ip(address)) };
    let mut socket = sys::CURL_SOCKET_BAD;
    transfer.guarded(|| {
        if transfer.on_open(asked.family, ip) {
            // SAFETY: plain numbers.
            socket = unsafe { libc::socket(asked.family, asked.socktype, asked.protocol) };
        }
        Ok(())
    });
    socket
}

/// # Safety
/// `address` is valid, and the socket address at its end is of its family.
unsafe fn ip(address: *const sys::curl_sockaddr) -> Option<IpAddr> {
    // SAFETY: as the caller promises; libcurl keeps room for every family there.
    unsafe {
        let place = &raw const (*address).addr;
        match (*address).family {
            libc::AF_INET => {
                let address = place.cast::<libc::sockaddr_in>().read_unaligned();
                Some(Ipv4Addr::from_bits(u32::from_be(address.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let address = place.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}
