//! The scripted ports: raw bytes, stalls, closes and resets, chosen by the path of a request.

mod builtin;
mod frames;
mod player;
mod steps;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::rustls::ServerConfig;

use self::player::{Outcome, Player};
use self::steps::{Plan, ScriptFile, Steps, Transport};
use crate::certs::Identity;
use crate::endpoints::{Abort, Call};
use crate::listen::{Io, accept_loop, handshake};
use crate::query::{Query, segments};
use crate::reply::{self, Reply};
use crate::sockets;
use crate::state::{OpenConnection, State};

const SCRIPT_LIMIT: usize = 16 << 20;

struct Script {
    plan: Plan,
    connections: AtomicUsize,
    requests: AtomicUsize,
    listener: Option<AbortHandle>,
}

impl Drop for Script {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl Script {
    fn steps(&self, connection: usize, nth: usize) -> Steps {
        let pick = |lists: &[Steps], index: usize| lists[index.min(lists.len() - 1)].clone();
        match &self.plan {
            Plan::Each(steps) => steps.clone(),
            Plan::PerRequest(lists) => pick(lists, nth),
            Plan::PerConnection(lists) => pick(lists, connection),
            Plan::Sequence(lists) => pick(lists, self.requests.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn next_connection(&self) -> usize {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }
}

#[derive(Default)]
pub struct Scripts(RwLock<HashMap<String, Arc<Script>>>);

impl Scripts {
    fn get(&self, name: &str) -> Option<Arc<Script>> {
        self.0.read().unwrap().get(name).cloned()
    }
}

/// Installs or replaces a script. Needs the runtime's context when the script asks for a port of its own.
pub fn install(state: &Arc<State>, name: &str, json: &[u8]) -> io::Result<Option<SocketAddr>> {
    let mut file = ScriptFile::parse(json)?;
    let plan = file.plan()?;
    let mut script = Script { plan, connections: 0.into(), requests: 0.into(), listener: None };
    let mut addr = None;
    if let Some(transport) = file.listen {
        let tls = if transport == Transport::Tls {
            let alpn: Vec<&str> = file.alpn.iter().map(String::as_str).collect();
            Some(state.certs.server_config(Identity::Good, &alpn, &[])?)
        } else {
            None
        };
        let (bound, listeners) = sockets::listen(state.config.ip, false)?;
        addr = Some(bound);
        for listener in listeners {
            let task = tokio::spawn(serve_own_port(state.clone(), name.to_owned(), tls.clone(), listener));
            script.listener = Some(task.abort_handle());
        }
    }
    state.scripts.0.write().unwrap().insert(name.to_owned(), Arc::new(script));
    Ok(addr)
}

/// `POST /script/{name}` installs, `DELETE` removes.
pub async fn administer(call: Call, name: &str) -> Result<Reply, Abort> {
    if call.parts.method == Method::DELETE {
        let known = call.state.scripts.0.write().unwrap().remove(name).is_some();
        return Ok(reply::json(&json!({ "name": name, "removed": known })));
    }
    let received = crate::endpoints::receive(call.body, SCRIPT_LIMIT, false).await?;
    Ok(match install(&call.state, name, &received.quoted) {
        Ok(addr) => {
            let port = addr.map(|addr| addr.port());
            reply::json(&json!({ "name": name, "addr": addr.map(|addr| addr.to_string()), "port": port }))
        }
        Err(error) => reply::refuse(StatusCode::BAD_REQUEST, error.to_string()),
    })
}

pub async fn serve_port(
    state: Arc<State>,
    port: &'static str,
    tls: Option<Arc<ServerConfig>>,
    listener: std::net::TcpListener,
) {
    accept_loop(listener, |stream, _| {
        let (state, tls) = (state.clone(), tls.clone());
        async move {
            let open = OpenConnection::new(&state, port);
            match tls {
                None => converse(state.clone(), stream).await,
                Some(config) => {
                    let Ok(stream) = handshake(stream, config).await else { return };
                    open.handshake_done();
                    converse(state.clone(), stream).await;
                }
            }
        }
    })
    .await;
}

/// The path of a request target, which through a proxy is a whole URL.
fn script_name(target: &str) -> (String, Query<'_>) {
    let (path, query) = Query::split(target);
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => path,
    };
    (segments(path).join("/"), query)
}

async fn converse<S: Io>(state: Arc<State>, io: S) {
    let mut player = Player::new(state.clone(), io, "");
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for nth in 0.. {
        let Ok(head) = player.choose().await else { return };
        let target = head.target();
        let (name, query) = script_name(&target);
        player.name.clone_from(&name);
        player.settle();
        let steps: Steps = match state.scripts.get(&name) {
            Some(script) => {
                let number = *numbers.entry(name).or_insert_with(|| script.next_connection());
                script.steps(number, nth)
            }
            None => builtin::steps(&name, &query, nth).unwrap_or_else(|| builtin::unknown(&name)).into(),
        };
        if !matches!(player.play(&steps).await, Ok(Outcome::Open)) {
            return;
        }
    }
}

async fn serve_own_port(
    state: Arc<State>,
    name: String,
    tls: Option<Arc<ServerConfig>>,
    listener: std::net::TcpListener,
) {
    accept_loop(listener, |stream, _| own_connection(state.clone(), name.clone(), tls.clone(), stream)).await;
}

async fn own_connection(state: Arc<State>, name: String, tls: Option<Arc<ServerConfig>>, stream: TcpStream) {
    let Some(script) = state.scripts.get(&name) else { return };
    state.counters.add_one(&format!("conn:{name}"));
    let number = script.next_connection();
    match tls {
        None => monologue(state, &name, &script, number, stream).await,
        Some(config) => {
            if let Ok(stream) = handshake(stream, config).await {
                monologue(state, &name, &script, number, stream).await;
            }
        }
    }
}

/// Steps and per-connection lists start with the connection; the others wait for requests, whatever their paths.
async fn monologue<S: Io>(state: Arc<State>, name: &str, script: &Script, number: usize, io: S) {
    let mut player = Player::new(state, io, name);
    if matches!(script.plan, Plan::Each(_) | Plan::PerConnection(_)) {
        let steps = script.steps(number, 0);
        let closing = [steps::Step::Close(steps::How::Plain(true))];
        if let Ok(Outcome::Open) = player.play(&steps).await {
            let _ = player.play(&closing).await;
        }
        return;
    }
    for nth in 0.. {
        if player.choose().await.is_err() {
            return;
        }
        player.settle();
        if !matches!(player.play(&script.steps(number, nth)).await, Ok(Outcome::Open)) {
            return;
        }
    }
}
