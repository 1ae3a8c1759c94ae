//! Servers of one kind each. They live as long as the program.

use crate::authority::{Authority, Shown};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Server {
    pub port: u16,
    requests: Arc<AtomicUsize>,
}

pub enum Talk {
    Tls(SslContext),
    Clear,
    /// These bytes in answer to the first ones, and then the end.
    Bytes(Vec<u8>),
    /// Nothing, ever.
    Silence,
}

/// TLS with nothing weak ruled out on this side: it is the client that has to refuse.
pub fn tls(shown: &Shown, oldest: SslVersion, newest: SslVersion, clients_of: Option<&Authority>) -> Talk {
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    builder.set_security_level(0);
    builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    builder.set_min_proto_version(Some(oldest)).unwrap();
    builder.set_max_proto_version(Some(newest)).unwrap();
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_certificate(&shown.chain[0]).unwrap();
    for between in &shown.chain[1..] {
        builder.add_extra_chain_cert(between.clone()).unwrap();
    }
    builder.set_private_key(&shown.key).unwrap();
    if let Some(authority) = clients_of {
        builder.cert_store_mut().add_cert(authority.certificate()).unwrap();
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    Talk::Tls(builder.build())
}

impl Server {
    pub fn start(talk: Talk) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { port: listener.local_addr().unwrap().port(), requests: Arc::default() };
        let (talk, requests) = (Arc::new(talk), server.requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (talk, requests) = (talk.clone(), requests.clone());
                std::thread::spawn(move || serve(&talk, stream, &requests));
            }
        });
        server
    }

    /// How many requests it has read.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(talk: &Talk, mut stream: TcpStream, requests: &AtomicUsize) {
    match talk {
        Talk::Tls(context) => {
            let mut secured = SslStream::new(Ssl::new(context).unwrap(), stream).unwrap();
            if secured.accept().is_ok() {
                answer(&mut secured, requests);
                let _ = secured.shutdown();
            }
            finish(secured.get_mut());
        }
        Talk::Clear => {
            answer(&mut stream, requests);
            finish(&mut stream);
        }
        Talk::Bytes(bytes) => {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
            finish(&mut stream);
        }
        Talk::Silence => while matches!(stream.read(&mut [0; 4096]), Ok(count) if count > 0) {},
    }
}

/// Closing on unread bytes would reset the last words away.
fn finish(stream: &mut TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    while matches!(stream.read(&mut [0; 4096]), Ok(count) if count > 0) {}
}

fn answer(stream: &mut (impl Read + Write), requests: &AtomicUsize) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(count) if count > 0 => head.extend_from_slice(&part[..count]),
            _ => return,
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    let _ = stream.flush();
}
