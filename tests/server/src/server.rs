//! Starting and stopping: one call brings up every port.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_rustls::rustls::SupportedProtocolVersion;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::certs::{Certs, Identity};
use crate::config::{Addresses, Config};
use crate::serve::Protocol;
use crate::sockets::{self, Closed, StallConnect};
use crate::state::State;
use crate::{listen, proxy, script, unix};

const BOTH: &[&str] = &["h2", "http/1.1"];
const H1: &[&str] = &["http/1.1"];

struct TlsPort(&'static str, Identity, &'static [&'static str], &'static [&'static SupportedProtocolVersion]);

const TLS_PORTS: [TlsPort; 11] = [
    TlsPort("https", Identity::Good, BOTH, &[]),
    TlsPort("https_h1", Identity::Good, H1, &[]),
    TlsPort("untrusted", Identity::Untrusted, BOTH, &[]),
    TlsPort("expired", Identity::Expired, BOTH, &[]),
    TlsPort("not_yet_valid", Identity::NotYetValid, BOTH, &[]),
    TlsPort("wrong_host", Identity::WrongHost, BOTH, &[]),
    TlsPort("self_signed", Identity::SelfSigned, BOTH, &[]),
    TlsPort("tls12", Identity::Good, BOTH, &[&TLS12]),
    TlsPort("tls13", Identity::Good, BOTH, &[&TLS13]),
    TlsPort("mtls", Identity::ClientDemanded, BOTH, &[]),
    TlsPort("broker_tls", Identity::Good, BOTH, &[]),
];

const CLEAR_PORTS: [&str; 7] = ["http", "h2c", "broker", "broker_data", "script", "script_tls", "stall_tls"];

/// The whole server, running until it is dropped.
pub struct TestServer {
    state: Arc<State>,
    addresses: Addresses,
    closed: Closed,
    _stall_connect: StallConnect,
    _directory: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    runtime: Handle,
}

impl TestServer {
    pub fn start() -> io::Result<TestServer> {
        Self::start_with(Config::default())
    }

    pub fn start_with(config: Config) -> io::Result<TestServer> {
        sockets::raise_descriptor_limit();
        let names = CLEAR_PORTS.into_iter().chain(TLS_PORTS.iter().map(|port| port.0));
        let names: Vec<_> = names.chain(proxy::PORTS.iter().map(|port| port.0)).collect();
        let state = Arc::new(State::new(config.clone(), Certs::generate()?, &names));

        let directory = tempfile::Builder::new().prefix("hs-test-server-").tempdir()?;
        let write = |name: &str, text: &str| -> io::Result<String> {
            let path = directory.path().join(name);
            std::fs::write(&path, text)?;
            Ok(path.to_string_lossy().into_owned())
        };
        let ca_file = write("ca.pem", &state.certs.ca_pem)?;
        let stranger_ca_file = write("stranger.pem", &state.certs.stranger_ca_pem)?;
        let client_cert_file = write("client.pem", &state.certs.client_cert_pem)?;
        let client_key_file = write("client.key", &state.certs.client_key_pem)?;

        let (server_cert, server_key) = state.certs.server_pem()?;
        let server_cert_file = write("server.pem", &server_cert)?;
        let server_key_file = write("server.key", &server_key)?;

        let closed = Closed::new(config.ip)?;
        let stall_connect = StallConnect::new(config.ip)?;

        let runtime = Builder::new_multi_thread()
            .worker_threads(config.workers.max(1))
            .thread_name("hs-test-server")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let bound = bind_all(&state, &handle)?;
        let address = |name: &str| {
            bound.iter().find(|(known, _)| *known == name).map(|(_, addr)| *addr).expect("every name is bound")
        };
        let (unix_socket, abstract_socket) = unix::forward(&state, &handle, directory.path(), address("http"))?;
        let http = |name| format!("http://{}", address(name));
        let https = |name| format!("https://localhost:{}", address(name).port());
        let addresses = Addresses {
            http: http("http"),
            https: https("https"),
            https_h1: https("https_h1"),
            h2c: http("h2c"),
            untrusted: https("untrusted"),
            expired: https("expired"),
            not_yet_valid: https("not_yet_valid"),
            wrong_host: https("wrong_host"),
            self_signed: https("self_signed"),
            tls12: https("tls12"),
            tls13: https("tls13"),
            mtls: https("mtls"),
            script: address("script").to_string(),
            script_tls: format!("localhost:{}", address("script_tls").port()),
            stall_connect: stall_connect.addr.to_string(),
            stall_tls: address("stall_tls").to_string(),
            closed: closed.addr.to_string(),
            unix_socket,
            abstract_socket,
            proxy: http("proxy"),
            proxy_basic: http("proxy_basic"),
            proxy_digest: http("proxy_digest"),
            proxy_tls: https("proxy_tls"),
            proxy_stranger: https("proxy_stranger"),
            socks: address("socks").to_string(),
            socks_auth: address("socks_auth").to_string(),
            broker: http("broker"),
            broker_data: http("broker_data"),
            broker_tls: https("broker_tls"),
            ca_file,
            stranger_ca_file,
            client_cert_file,
            client_key_file,
            server_cert_file,
            server_key_file,
            pid: std::process::id(),
        };
        let _ = state.addresses.set(addresses.clone());

        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("hs-test-server-owner".into()).spawn(move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(Duration::from_secs(2));
        })?;
        Ok(TestServer {
            state,
            addresses,
            closed,
            _stall_connect: stall_connect,
            _directory: directory,
            stop: Some(stop),
            thread: Some(thread),
            runtime: handle,
        })
    }

    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The addresses as the one JSON line of the program.
    pub fn json_line(&self) -> String {
        serde_json::to_string(&self.addresses).expect("plain strings serialise")
    }

    pub fn http_url(&self) -> &str {
        &self.addresses.http
    }

    pub fn https_url(&self) -> &str {
        &self.addresses.https
    }

    pub fn https_h1_url(&self) -> &str {
        &self.addresses.https_h1
    }

    pub fn h2c_url(&self) -> &str {
        &self.addresses.h2c
    }

    pub fn ca_file(&self) -> PathBuf {
        Path::new(&self.addresses.ca_file).to_owned()
    }

    pub fn ca_pem(&self) -> &str {
        &self.state.certs.ca_pem
    }

    pub fn script_addr(&self) -> &str {
        &self.addresses.script
    }

    pub fn script_tls_addr(&self) -> &str {
        &self.addresses.script_tls
    }

    pub fn stall_connect_addr(&self) -> &str {
        &self.addresses.stall_connect
    }

    pub fn stall_tls_addr(&self) -> &str {
        &self.addresses.stall_tls
    }

    pub fn closed_addr(&self) -> &str {
        &self.addresses.closed
    }

    pub fn closed_port(&self) -> u16 {
        self.closed.addr.port()
    }

    pub fn stranger_ca_pem(&self) -> &str {
        &self.state.certs.stranger_ca_pem
    }

    /// What a proxy port (named as in [`Addresses`]) was asked for, oldest first.
    pub fn proxied(&self, port: &str) -> Vec<proxy::Asked> {
        self.state.proxied.of(port)
    }

    /// Forgets what the proxies were asked for.
    pub fn clear_proxied(&self) {
        self.state.proxied.clear();
    }

    pub fn counter(&self, key: &str) -> u64 {
        self.state.counters.get(key)
    }

    pub fn reset_counter(&self, key: &str) -> u64 {
        self.state.counters.reset(key)
    }

    /// Waits until the counter has reached `at_least`; false when the limit passes first.
    pub fn wait_counter(&self, key: &str, at_least: u64, limit: Duration) -> bool {
        let counter = self.state.counters.entry(key);
        let (done, outcome) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            let reached = tokio::time::timeout(limit, counter.reached(at_least)).await.is_ok();
            let _ = done.send(reached);
        });
        outcome.recv().unwrap_or(false)
    }

    /// Connections of a port (named as in [`Addresses`]): accepted so far, and open now.
    pub fn connections(&self, port: &str) -> (u64, u64) {
        let port = self.state.port(port);
        (port.accepted.load(Ordering::Relaxed), port.open.load(Ordering::Relaxed))
    }

    /// Installs a script from its JSON text; see the README. Returns the address of its own port if it asked for one.
    pub fn install_script(&self, name: &str, json: &str) -> io::Result<Option<SocketAddr>> {
        let _context = self.runtime.enter();
        script::install(&self.state, name, json.as_bytes())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bind_all(state: &Arc<State>, runtime: &Handle) -> io::Result<Vec<(&'static str, SocketAddr)>> {
    let mut bound = Vec::new();
    let script_tls = state.certs.server_config(Identity::Good, H1, &[])?;
    for name in CLEAR_PORTS {
        let (addr, listeners) = sockets::listen(state.config.ip, state.config.dual_stack)?;
        bound.push((name, addr));
        for listener in listeners {
            let state = state.clone();
            match name {
                "http" | "broker" | "broker_data" => {
                    runtime.spawn(listen::http(state, name, Protocol::Either, listener))
                }
                "h2c" => runtime.spawn(listen::http(state, name, Protocol::Http2, listener)),
                "script" => runtime.spawn(script::serve_port(state, name, None, listener)),
                "script_tls" => runtime.spawn(script::serve_port(state, name, Some(script_tls.clone()), listener)),
                _ => runtime.spawn(listen::silence(state, name, listener)),
            };
        }
    }
    for TlsPort(name, identity, alpn, versions) in TLS_PORTS {
        let config = state.certs.server_config(identity, alpn, versions)?;
        let (addr, listeners) = sockets::listen(state.config.ip, state.config.dual_stack)?;
        bound.push((name, addr));
        for listener in listeners {
            runtime.spawn(listen::https(state.clone(), name, config.clone(), listener));
        }
    }
    for port in &proxy::PORTS {
        let tls = match port.1 {
            proxy::Kind::Tls(identity) => Some(state.certs.server_config(identity, H1, &[])?),
            proxy::Kind::Http(_) | proxy::Kind::Socks(_) => None,
        };
        let (addr, listeners) = sockets::listen(state.config.ip, state.config.dual_stack)?;
        bound.push((port.0, addr));
        for listener in listeners {
            runtime.spawn(proxy::serve_port(state.clone(), port, tls.clone(), listener));
        }
    }
    Ok(bound)
}
