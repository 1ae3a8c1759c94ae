//! TLS, ALPN and HTTP/2, with hyper's own client.

use std::sync::Arc;

use bytes::Bytes;
use hs_test_server::TestServer;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

pub async fn tls(server: &TestServer, url: &str, name: &'static str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca_pem().as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let tcp = TcpStream::connect(("127.0.0.1", port_of(url))).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), tcp).await
}

async fn h2_get<S>(io: S, target: &str) -> Response<hyper::body::Incoming>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("https://localhost{target}")).body(Empty::<Bytes>::new()).unwrap();
    sender.send_request(request).await.unwrap()
}

async fn json(response: Response<hyper::body::Incoming>) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn alpn_picks_http2_or_http1() {
    let server = TestServer::start().unwrap();
    let io = tls(&server, server.https_url(), "localhost").await.unwrap();
    assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let response = h2_get(io, "/get").await;
    assert_eq!(response.version(), Version::HTTP_2);
    let told = json(response).await;
    assert_eq!((&told["version"], &told["tls"]["alpn"]), (&"HTTP/2".into(), &"h2".into()));

    let io = tls(&server, server.https_h1_url(), "any.test.internal").await.unwrap();
    assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/get").header("host", "x").body(Empty::<Bytes>::new()).unwrap();
    let told = json(sender.send_request(request).await.unwrap()).await;
    assert_eq!((&told["version"], &told["tls"]["sni"]), (&"HTTP/1.1".into(), &"any.test.internal".into()));
}

#[tokio::test]
async fn wrong_certificates_are_wrong_in_their_own_way() {
    let server = TestServer::start().unwrap();
    let at = server.addresses().clone();
    for (url, wrong) in [
        (&at.untrusted, "UnknownIssuer"),
        (&at.expired, "Expired"),
        (&at.not_yet_valid, "NotValidYet"),
        (&at.wrong_host, "NotValidForName"),
        (&at.self_signed, "UnknownIssuer"),
    ] {
        let error = format!("{:?}", tls(&server, url, "localhost").await.unwrap_err());
        assert!(error.contains(wrong), "{url}: {error}");
    }
    assert!(tls(&server, &at.tls12, "localhost").await.is_ok());
    assert!(tls(&server, &at.tls13, "localhost").await.is_ok());
}

#[tokio::test]
async fn http2_in_clear_with_trailers_resets_and_goaway() {
    let server = TestServer::start().unwrap();
    let address = server.h2c_url().trim_start_matches("http://").to_owned();
    let io = TcpStream::connect(&address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut get = |target: &str| {
        sender.send_request(Request::get(format!("http://x{target}")).body(Empty::<Bytes>::new()).unwrap())
    };

    let collected = get("/trailers?trailer=X-Sum:42").await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "42");

    let error = get("/abort?code=7").await.unwrap_err();
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<h2::Error>()).unwrap();
    assert_eq!(cause.reason(), Some(h2::Reason::REFUSED_STREAM));

    let cut = get("/range/100000?fail_after=5000").await.unwrap();
    let mut body = cut.into_body();
    let mut received = 0;
    let failed = loop {
        match body.frame().await {
            Some(Ok(frame)) => received += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert_eq!((received, failed), (5000, true));

    assert_eq!(get("/goaway").await.unwrap().status(), 200);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_plain_port_takes_http2_too() {
    let server = TestServer::start().unwrap();
    let io = TcpStream::connect(server.http_url().trim_start_matches("http://")).await.unwrap();
    assert_eq!(json(h2_get(io, "/get").await).await["version"], "HTTP/2");
}
