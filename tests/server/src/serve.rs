//! One HTTP connection: hyper on the wire, endpoints behind it.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde::Serialize;
use tokio::sync::Notify;

use crate::endpoints;
use crate::listen::Io;
use crate::state::State;
use crate::wire::{Tap, Wire};

const MAX_HEADERS: usize = 512;
const MAX_HEADER_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1, or HTTP/2 when the client starts with its preface.
    Either,
    Http1,
    Http2,
}

#[derive(Debug, Clone, Serialize)]
pub struct TlsFacts {
    pub version: &'static str,
    pub alpn: Option<String>,
    pub sni: Option<String>,
    pub resumed: bool,
    pub client_certificate: bool,
}

pub struct Connection {
    pub id: u64,
    pub port: &'static str,
    pub peer: SocketAddr,
    pub tls: Option<TlsFacts>,
    pub tap: Arc<Tap>,
    /// Told to finish its running requests and close (a GOAWAY in HTTP/2).
    pub wind_down: Notify,
}

impl Connection {
    pub fn new(state: &State, port: &'static str, peer: SocketAddr, protocol: Protocol, tls: Option<TlsFacts>) -> Self {
        let tap = if protocol == Protocol::Http2 { Tap::http2() } else { Tap::http1() };
        Connection { id: state.connection_id(), port, peer, tls, tap, wind_down: Notify::new() }
    }
}

fn builder(protocol: Protocol) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .http2()
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .max_concurrent_streams(1000)
        // Clients under test cancel a lot, on purpose.
        .max_pending_accept_reset_streams(100_000)
        .max_local_error_reset_streams(None);
    match protocol {
        Protocol::Either => builder,
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    }
}

pub async fn serve<S>(state: Arc<State>, connection: Connection, io: S, protocol: Protocol)
where
    S: Io,
{
    let connection = Arc::new(connection);
    let io = TokioIo::new(Wire::new(io, connection.tap.clone()));
    let service = service_fn(|request: Request<Incoming>| {
        let (state, connection) = (state.clone(), connection.clone());
        async move { endpoints::handle(state, connection, request).await }
    });
    let builder = builder(protocol);
    let running = builder.serve_connection(io, service);
    tokio::pin!(running);
    tokio::select! {
        _ = &mut running => return,
        () = connection.wind_down.notified() => running.as_mut().graceful_shutdown(),
    }
    let _ = running.await;
}
