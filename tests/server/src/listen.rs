//! The accept loops.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, rustls::ProtocolVersion};

use crate::serve::{Connection, Protocol, TlsFacts, serve};
use crate::state::{OpenConnection, State};

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(60);

/// A client's byte stream, in the clear or in TLS.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The socket below.
    fn tcp(&self) -> &TcpStream;
}

impl Io for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Io for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Accepts for ever, each connection in a task of its own.
pub async fn accept_loop<F, Task>(listener: std::net::TcpListener, handle: F)
where
    F: Fn(TcpStream, SocketAddr) -> Task,
    Task: Future<Output = ()> + Send + 'static,
{
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(handle(stream, peer));
            }
            // Out of descriptors: they come back when connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

pub async fn handshake(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<TlsStream<TcpStream>> {
    let accepted = TlsAcceptor::from(config).accept(stream).into_fallible();
    match tokio::time::timeout(HANDSHAKE_LIMIT, accepted).await? {
        Ok(stream) => Ok(stream),
        Err((error, mut stream)) => {
            // A client of TLS 1.3 has sent its request already: closing on it would reset the alert away.
            let _ = stream.shutdown().await;
            let mut sink = [0; 4096];
            let drained = async { while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {} };
            let _ = tokio::time::timeout(HANDSHAKE_LIMIT, drained).await;
            Err(error)
        }
    }
}

fn tls_facts(stream: &TlsStream<TcpStream>) -> TlsFacts {
    let session = stream.get_ref().1;
    TlsFacts {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "unknown",
        },
        alpn: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        sni: session.server_name().map(str::to_owned),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        client_certificate: session.peer_certificates().is_some(),
    }
}

pub async fn http(state: Arc<State>, port: &'static str, protocol: Protocol, listener: std::net::TcpListener) {
    accept_loop(listener, |stream, peer| {
        let state = state.clone();
        async move {
            let _open = OpenConnection::new(&state, port);
            let connection = Connection::new(&state, port, peer, protocol, None);
            serve(state, connection, stream, protocol).await;
        }
    })
    .await;
}

pub async fn https(state: Arc<State>, port: &'static str, config: Arc<ServerConfig>, listener: std::net::TcpListener) {
    accept_loop(listener, |stream, peer| {
        let (state, config) = (state.clone(), config.clone());
        async move {
            let open = OpenConnection::new(&state, port);
            let Ok(stream) = handshake(stream, config).await else { return };
            open.handshake_done();
            let facts = tls_facts(&stream);
            let protocol = if facts.alpn.as_deref() == Some("h2") { Protocol::Http2 } else { Protocol::Http1 };
            let connection = Connection::new(&state, port, peer, protocol, Some(facts));
            serve(state, connection, stream, protocol).await;
        }
    })
    .await;
}

/// Accepts, reads and never says a word.
pub async fn silence(state: Arc<State>, port: &'static str, listener: std::net::TcpListener) {
    accept_loop(listener, |mut stream, _| {
        let state = state.clone();
        async move {
            let _open = OpenConnection::new(&state, port);
            let mut sink = [0; 4096];
            while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {}
        }
    })
    .await;
}
