//! What all ports and connections share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::Barrier;

use crate::broker::Broker;
use crate::certs::Certs;
use crate::config::{Addresses, Config};
use crate::counters::{Counter, Counters};
use crate::endpoints::limited::Limits;
use crate::proxy::Log;
use crate::script::Scripts;

pub struct State {
    pub config: Config,
    pub certs: Certs,
    pub counters: Counters,
    pub scripts: Scripts,
    pub limits: Limits,
    pub proxied: Log,
    pub broker: Broker,
    pub ports: Vec<Port>,
    pub addresses: OnceLock<Addresses>,
    pub secret: [u8; 16],
    next_connection: AtomicU64,
    barriers: Mutex<HashMap<String, Arc<Barrier>>>,
}

/// How many connections a port has accepted, and how many are open now.
#[derive(Default)]
pub struct Port {
    pub name: &'static str,
    pub accepted: AtomicU64,
    pub open: AtomicU64,
    pub handshakes: AtomicU64,
    /// The counter `closed:{name}`, so that a test can wait for connections to end.
    closed: Arc<Counter>,
}

impl State {
    pub fn new(config: Config, certs: Certs, ports: &[&'static str]) -> State {
        let mut secret = [0; 16];
        let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
        secret[..8].copy_from_slice(&seed.to_le_bytes());
        let counters = Counters::default();
        let port =
            |name: &&'static str| Port { name, closed: counters.entry(&format!("closed:{name}")), ..Port::default() };
        State {
            ports: ports.iter().map(port).collect(),
            config,
            certs,
            counters,
            scripts: Scripts::default(),
            limits: Limits::default(),
            proxied: Log::default(),
            broker: Broker::default(),
            addresses: OnceLock::new(),
            secret,
            next_connection: AtomicU64::new(1),
            barriers: Mutex::default(),
        }
    }

    pub fn port(&self, name: &str) -> &Port {
        self.ports.iter().find(|port| port.name == name).expect("every listener has its port")
    }

    pub fn connection_id(&self) -> u64 {
        self.next_connection.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns when `parties` callers wait under that key.
    pub async fn meet(&self, key: &str, parties: usize) {
        let name = format!("{key}/{parties}");
        let barrier =
            self.barriers.lock().unwrap().entry(name).or_insert_with(|| Arc::new(Barrier::new(parties))).clone();
        barrier.wait().await;
    }
}

/// Counts a connection as open until it is dropped.
pub struct OpenConnection {
    state: Arc<State>,
    port: &'static str,
}

impl OpenConnection {
    pub fn new(state: &Arc<State>, port: &'static str) -> Self {
        let entry = state.port(port);
        entry.accepted.fetch_add(1, Ordering::Relaxed);
        entry.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection { state: state.clone(), port }
    }

    pub fn handshake_done(&self) {
        self.state.port(self.port).handshakes.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let port = self.state.port(self.port);
        port.open.fetch_sub(1, Ordering::Relaxed);
        port.closed.add_one();
    }
}
