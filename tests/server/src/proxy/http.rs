//! The HTTP proxy: requests with a whole URL are passed on, CONNECT opens a tunnel.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::{Asked, Demand, PASSWORD, USER, connect, is_name};
use crate::endpoints::digest;
use crate::listen::Io;
use crate::reply::{self, Reply, ReplyExt};
use crate::state::State;

pub async fn serve<S: Io>(state: Arc<State>, port: &'static str, demand: Demand, stream: S) {
    let service = service_fn(|request| {
        let state = state.clone();
        async move { Ok::<_, io::Error>(answer(state, port, demand, request).await) }
    });
    let builder = hyper::server::conn::http1::Builder::new();
    let _ = builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// Notes what was asked and carries it out.
async fn answer(state: Arc<State>, port: &'static str, demand: Demand, request: Request<Incoming>) -> Reply {
    let tunnel = request.method() == Method::CONNECT;
    let host = request.uri().host().unwrap_or_default().to_owned();
    let headers = request.headers().iter();
    let mut asked = Asked {
        port,
        how: if tunnel { "connect" } else { "forward" },
        target: request.uri().to_string(),
        named: is_name(&host),
        user: user(&request),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect(),
        answer: 0,
    };
    let reply = if !knows(&state, demand, &request) {
        challenge(&state, demand)
    } else if host.is_empty() {
        reply::bad_request("a proxy needs a whole URL")
    } else if tunnel {
        open_tunnel(&state, &host, request).await
    } else {
        forward(&state, &host, request).await
    };
    asked.answer = reply.status().as_u16();
    state.proxied.push(asked);
    reply
}

fn credentials<'a>(request: &'a Request<Incoming>, scheme: &str) -> Option<&'a str> {
    let (sent, rest) = request.headers().get("proxy-authorization")?.to_str().ok()?.split_once(' ')?;
    sent.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn basic(request: &Request<Incoming>) -> Option<String> {
    let decoded = BASE64_STANDARD.decode(credentials(request, "basic")?).ok()?;
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

fn user(request: &Request<Incoming>) -> Option<String> {
    match basic(request) {
        Some(both) => both.split(':').next().map(str::to_owned),
        None => digest::parameters(credentials(request, "digest")?).remove("username"),
    }
}

fn knows(state: &State, demand: Demand, request: &Request<Incoming>) -> bool {
    match demand {
        Demand::Nothing => true,
        Demand::Basic => basic(request).is_some_and(|both| both == format!("{USER}:{PASSWORD}")),
        Demand::Digest => credentials(request, "digest").is_some_and(|sent| {
            let (method, uri) = (request.method().as_str(), request.uri().to_string());
            let path = request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned();
            // Of a whole URL some clients take all and some its path.
            [uri, path]
                .iter()
                .any(|uri| digest::is_good(&state.secret, &digest::parameters(sent), method, uri, USER, PASSWORD))
        }),
    }
}

fn challenge(state: &State, demand: Demand) -> Reply {
    let text = match demand {
        Demand::Digest => digest::challenge(&state.secret),
        Demand::Nothing | Demand::Basic => String::from("Basic realm=\"proxy\""),
    };
    reply::text("who are you?\n")
        .with_status(StatusCode::PROXY_AUTHENTICATION_REQUIRED)
        .with_header("proxy-authenticate", &text)
}

async fn open_tunnel(state: &State, host: &str, request: Request<Incoming>) -> Reply {
    let Some(port) = request.uri().port_u16() else { return reply::bad_request("CONNECT needs a port") };
    let Ok(mut target) = connect(state, host, port).await else {
        return reply::refuse(StatusCode::BAD_GATEWAY, "no connection");
    };
    tokio::spawn(async move {
        if let Ok(client) = hyper::upgrade::on(request).await {
            let _ = copy_bidirectional(&mut TokioIo::new(client), &mut target).await;
        }
    });
    // Head fields that a client might take for those of the response behind the tunnel.
    reply::status(StatusCode::OK).with_header("x-from-proxy", "yes").with_header("set-cookie", "proxy=yes")
}

/// A connection for each request: nothing is known of the one before.
async fn forward(state: &State, host: &str, request: Request<Incoming>) -> Reply {
    let failed = |why: String| reply::refuse(StatusCode::BAD_GATEWAY, why);
    let (mut parts, body) = request.into_parts();
    if parts.uri.scheme_str() != Some("http") {
        return reply::bad_request("only http is passed on");
    }
    let target = match connect(state, host, parts.uri.port_u16().unwrap_or(80)).await {
        Ok(target) => target,
        Err(error) => return failed(error.to_string()),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().unwrap_or(Uri::from_static("/"));
    for name in ["proxy-authorization", "proxy-connection", "connection"] {
        parts.headers.remove(name);
    }
    let (mut sender, connection) = match hyper::client::conn::http1::handshake(TokioIo::new(target)).await {
        Ok(both) => both,
        Err(error) => return failed(error.to_string()),
    };
    tokio::spawn(connection);
    match sender.send_request(Request::from_parts(parts, body)).await {
        Ok(response) => {
            response.map(|body| body.map_err(io::Error::other).boxed_unsync()).with_header("via", "1.1 proxy")
        }
        Err(error) => failed(error.to_string()),
    }
}
