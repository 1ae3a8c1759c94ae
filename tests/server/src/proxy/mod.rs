//! Proxies: HTTP (forwarding and CONNECT, in clear and in TLS, with and without credentials) and SOCKS 4, 4a and 5. Each
//! remembers what it was asked for. Whatever name they are given leads to the server's own address.

mod http;
mod socks;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConfig;

use crate::certs::Identity;
use crate::listen::{accept_loop, handshake};
use crate::state::{OpenConnection, State};

/// What the proxies want to hear where they want credentials.
pub const USER: &str = "proxy-user";
pub const PASSWORD: &str = "proxy word";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    Nothing,
    Basic,
    Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Http(Demand),
    Tls(Identity),
    /// Version 4 or 5; with credentials or without.
    Socks(Demand),
}

pub struct ProxyPort(pub &'static str, pub Kind);

pub const PORTS: [ProxyPort; 7] = [
    ProxyPort("proxy", Kind::Http(Demand::Nothing)),
    ProxyPort("proxy_basic", Kind::Http(Demand::Basic)),
    ProxyPort("proxy_digest", Kind::Http(Demand::Digest)),
    ProxyPort("proxy_tls", Kind::Tls(Identity::Good)),
    ProxyPort("proxy_stranger", Kind::Tls(Identity::Untrusted)),
    ProxyPort("socks", Kind::Socks(Demand::Nothing)),
    ProxyPort("socks_auth", Kind::Socks(Demand::Basic)),
];

/// One thing that a proxy was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub port: &'static str,
    /// `forward`, `connect`, `socks4`, `socks4a` or `socks5`.
    pub how: &'static str,
    /// Host and port as the client named them; for `forward` the URL.
    pub target: String,
    /// Whether the target was named, and not given as an address.
    pub named: bool,
    pub user: Option<String>,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// What the proxy answered: a status, or the code of SOCKS.
    pub answer: u16,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The last things that the proxies were asked for, oldest first.
#[derive(Default)]
pub struct Log(Mutex<VecDeque<Asked>>);

impl Log {
    const MOST: usize = 10_000;

    fn push(&self, asked: Asked) {
        let mut log = self.0.lock().unwrap();
        if log.len() == Self::MOST {
            log.pop_front();
        }
        log.push_back(asked);
    }

    /// Those of one port.
    pub fn of(&self, port: &str) -> Vec<Asked> {
        self.0.lock().unwrap().iter().filter(|asked| asked.port == port).cloned().collect()
    }

    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// Opens the way to a target.
async fn connect(state: &State, host: &str, port: u16) -> io::Result<TcpStream> {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>().unwrap_or(state.config.ip);
    let stream = TcpStream::connect(SocketAddr::new(ip, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn is_name(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_err()
}

pub async fn serve_port(
    state: Arc<State>,
    port: &'static ProxyPort,
    tls: Option<Arc<ServerConfig>>,
    listener: std::net::TcpListener,
) {
    accept_loop(listener, |stream, _| {
        let (state, tls) = (state.clone(), tls.clone());
        async move {
            let open = OpenConnection::new(&state, port.0);
            match (port.1, tls) {
                (Kind::Http(demand), _) => http::serve(state.clone(), port.0, demand, stream).await,
                (Kind::Socks(demand), _) => {
                    // A client that goes away in the middle is no concern of anyone's.
                    let _ = socks::serve(&state, port.0, demand, stream).await;
                }
                (Kind::Tls(_), Some(config)) => {
                    let Ok(stream) = handshake(stream, config).await else { return };
                    open.handshake_done();
                    http::serve(state.clone(), port.0, Demand::Nothing, stream).await;
                }
                (Kind::Tls(_), None) => {}
            }
        }
    })
    .await;
}
