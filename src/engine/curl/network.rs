//! How libcurl makes connections, where the worker says so.

use super::easy::{Easy, List, Options};
use super::sys;
use crate::error::Error;
use crate::http::network::{Family, HostPort, KeepAlive, LocalSocket, Network, Source};
use crate::status::HS_ERR_LIBCURL;
use std::ffi::{CString, c_long};
use std::time::Duration;

/// The worker's network options in libcurl's terms. What libcurl does not copy lives here.
pub struct Wiring {
    network: Network,
    connect_to: List,
    source: Option<CString>,
}

impl Wiring {
    pub fn new(network: &Network) -> Result<Wiring, Error> {
        let mut connect_to = List::default();
        for to in &network.connect_to {
            connect_to.push(to.entry())?;
        }
        // The prefix says which of the two it is: libcurl would guess, and could ask a name server.
        let source = network.source.as_ref().map(|source| {
            let text = match source {
                Source::Interface(name) => [b"if!", name.as_bytes()].concat(),
                Source::Address(ip) => format!("host!{ip}").into_bytes(),
            };
            CString::new(text).unwrap_or_default()
        });
        let wiring = Wiring { network: network.clone(), connect_to, source };
        if wiring.network != Network::default() {
            // What this libcurl cannot do is said now, not at the first request.
            // SAFETY: the handle is gone before the wiring is.
            unsafe { wiring.configure(&Options::of(&Easy::new()?)) }.map_err(|mut error| {
                error.details_mut().status = HS_ERR_LIBCURL;
                error
            })?;
        }
        Ok(wiring)
    }

    pub fn family(&self) -> Family {
        self.network.family
    }

    pub fn destination<'a>(&'a self, asked: HostPort<'a>) -> Option<HostPort<'a>> {
        self.network.destination(asked)
    }

    /// # Safety
    /// `self` lives until the handle is reset.
    pub unsafe fn configure(&self, options: &Options) -> Result<(), Error> {
        let network = &self.network;
        match &network.socket {
            Some(LocalSocket::Path(path)) => options.text(sys::CURLOPT_UNIX_SOCKET_PATH, path)?,
            Some(LocalSocket::Abstract(name)) => options.text(sys::CURLOPT_ABSTRACT_UNIX_SOCKET, name)?,
            None => {}
        }
        if !network.connect_to.is_empty() {
            options.data(sys::CURLOPT_CONNECT_TO, self.connect_to.raw())?;
        }
        if network.family != Family::Any {
            let family = if network.family == Family::Ipv4 { sys::CURL_IPRESOLVE_V4 } else { sys::CURL_IPRESOLVE_V6 };
            options.number(sys::CURLOPT_IPRESOLVE, c_long::from(family))?;
        }
        if let Some(source) = &self.source {
            options.text(sys::CURLOPT_INTERFACE, source)?;
        }
        if let Some(ports) = network.ports {
            options.number(sys::CURLOPT_LOCALPORT, c_long::from(ports.first))?;
            options.number(sys::CURLOPT_LOCALPORTRANGE, c_long::from(ports.count))?;
        }
        if let Some(keep_alive) = network.keep_alive {
            keep(keep_alive, options)?;
        }
        if !network.no_delay {
            options.number(sys::CURLOPT_TCP_NODELAY, 0)?;
        }
        if let Some(bytes) = network.receive_buffer {
            options.number(sys::CURLOPT_BUFFERSIZE, c_long::from(bytes))?;
        }
        if let Some(bytes) = network.send_buffer {
            options.number(sys::CURLOPT_UPLOAD_BUFFERSIZE, c_long::from(bytes))?;
        }
        if let Some(delay) = network.happy_eyeballs {
            let delay = c_long::try_from(delay.as_millis()).unwrap_or(c_long::MAX);
            options.number(sys::CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, delay)?;
        }
        Ok(())
    }
}

fn keep(keep_alive: KeepAlive, options: &Options) -> Result<(), Error> {
    let seconds = |duration: Duration| c_long::try_from(duration.as_secs()).unwrap_or(c_long::MAX);
    options.number(sys::CURLOPT_TCP_KEEPALIVE, 1)?;
    if let Some(idle) = keep_alive.idle {
        options.number(sys::CURLOPT_TCP_KEEPIDLE, seconds(idle))?;
    }
    if let Some(interval) = keep_alive.interval {
        options.number(sys::CURLOPT_TCP_KEEPINTVL, seconds(interval))?;
    }
    if let Some(count) = keep_alive.count {
        options.number(sys::CURLOPT_TCP_KEEPCNT, c_long::from(count))?;
    }
    Ok(())
}
