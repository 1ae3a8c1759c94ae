//! A stand-in for a broker: Alpaca's Trading API (v2) and Market Data API (v2) as far as a trading client needs them,
//! with accounts that add up, prices that stand still, and faults on demand. See the README.

mod account;
mod admin;
mod data;
mod faults;
mod limit;
mod market;
mod money;
mod orders;
mod refusal;
mod rules;
mod time;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use hyper::body::Frame;
use hyper::{Method, Response, Version};

use self::account::Account;
use self::faults::{Drawn, Fault};
use self::limit::Standing;
use self::market::{ASSETS, Asset};
use self::refusal::{Answer, refusal};
use crate::endpoints::{Abort, Call, receive};
use crate::query::{Query, segments};
use crate::reply::{self, Reply, ReplyExt};
use crate::serve::Connection;

const LARGEST_BODY: usize = 1 << 20;

/// Which of the broker's two services a port has; `None` where it has neither.
pub fn services(port: &str) -> Option<(bool, bool)> {
    match port {
        "broker" => Some((true, false)),
        "broker_data" => Some((false, true)),
        "broker_tls" => Some((true, true)),
        _ => None,
    }
}

#[derive(Default)]
pub struct Accounts {
    by_key: HashMap<String, Account>,
    opened: u64,
}

impl Accounts {
    fn next_number(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }
}

#[derive(Default)]
pub struct Broker(Mutex<Accounts>);

/// What is known of a request before its body is read.
struct Admitted {
    key: String,
    drawn: Drawn,
    standing: Standing,
}

pub async fn handle(call: Call) -> Result<Reply, Abort> {
    let path = call.parts.uri.path().to_owned();
    let parts = segments(&path);
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    let broker = &call.state.broker;
    if let ["admin", "accounts", rest @ ..] = parts.as_slice() {
        let body = receive(call.body, LARGEST_BODY, false).await?.quoted;
        let done = admin::administer(&mut broker.0.lock().unwrap(), &call.parts.method, rest, &body);
        return Ok(plain(done.unwrap_or_else(|refused| refused)));
    }
    let data = matches!(parts.as_slice(), ["v2", "stocks", ..]);
    let (trades, shows) = services(call.connection.port).unwrap_or_default();
    if if data { !shows } else { !trades } {
        return Ok(plain(refusal(404, serde_json::json!({ "message": "endpoint not found." }))));
    }
    let admitted = match admit(&call, data) {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(plain(refused)),
    };
    let Admitted { key, drawn, standing } = admitted;
    let method = call.parts.method.clone();
    let (connection, version, query) = (call.connection.clone(), call.parts.version, call.parts.uri.query());
    if drawn.fault == Fault::ResetUnread {
        return Err(reset(&connection, version));
    }
    let body = receive(call.body, LARGEST_BODY, false).await?.quoted;
    if let (&Method::POST | &Method::PATCH, ["v2", "orders", ..]) = (&method, parts.as_slice())
        && let Some(account) = broker.0.lock().unwrap().by_key.get_mut(&key)
    {
        orders::came(account, &body);
    }
    if drawn.fault == Fault::Late
        && let (&Method::POST, ["v2", "orders"]) = (&method, parts.as_slice())
        && let Some(account) = broker.0.lock().unwrap().by_key.get_mut(&key)
    {
        account.late.push(body);
        return Err(reset(&connection, version));
    }
    if matches!(drawn.fault, Fault::ResetBefore | Fault::Late) {
        return Err(reset(&connection, version));
    }
    if drawn.fault == Fault::Delay {
        tokio::time::sleep(Duration::from_millis(drawn.delay_ms)).await;
    }
    let failed =
        || refusal(drawn.status, serde_json::json!({ "code": 50_010_000, "message": "internal server error" }));
    let answer = if !standing.allowed {
        refusal::too_many(data)
    } else if drawn.fault == Fault::ErrorBefore {
        failed()
    } else {
        let mut accounts = broker.0.lock().unwrap();
        match accounts.by_key.get_mut(&key) {
            Some(account) => {
                let query = Query::new(query);
                let answer = route(account, &method, &parts, &query, &body).unwrap_or_else(|refused| refused);
                orders::arrive_late(account);
                answer
            }
            None => refusal::forbidden(),
        }
    };
    let answer = match drawn.fault {
        Fault::ResetAfter => return Err(reset(&connection, version)),
        Fault::ErrorAfter => failed(),
        _ => answer,
    };
    let midway = drawn.fault == Fault::ResetMidway;
    let reply = if midway { cut(&connection, version, answer)? } else { plain(answer) };
    Ok(reply
        .with_header("x-ratelimit-limit", &standing.limit.to_string())
        .with_header("x-ratelimit-remaining", &standing.remaining.to_string())
        .with_header("x-ratelimit-reset", &standing.reset.to_string()))
}

/// Who asks, within which limit, and what fault comes of it.
fn admit(call: &Call, data: bool) -> Result<Admitted, Answer> {
    let (Some(key), Some(secret)) = (call.header("apca-api-key-id"), call.header("apca-api-secret-key")) else {
        return Err(refusal::unauthorized());
    };
    let mut accounts = call.state.broker.0.lock().unwrap();
    let account = accounts.by_key.get_mut(key).filter(|account| account.secret == secret);
    let account = account.ok_or_else(refusal::forbidden)?;
    account.seen.requests += 1;
    let drawn = account.faults.draw(call.parts.method.as_str());
    let standing = if data { account.data.take() } else { account.trading.take() };
    account.seen.throttled += u64::from(!standing.allowed);
    Ok(Admitted { key: key.to_owned(), drawn, standing })
}

fn route(
    account: &mut Account,
    method: &Method,
    path: &[&str],
    query: &Query<'_>,
    body: &[u8],
) -> Result<Answer, Answer> {
    let ["v2", path @ ..] = path else { return Err(refusal::not_found("endpoint not found")) };
    match (method.as_str(), path) {
        ("GET", ["account"]) => Ok(Answer::ok(account.json())),
        ("GET", ["account", "portfolio", "history"]) => history(account, query),
        ("GET", ["positions"]) => Ok(account.all_positions()),
        ("DELETE", ["positions"]) => Ok(orders::close_all_positions(account, query)),
        ("GET", ["positions", symbol]) => account.position(symbol),
        ("DELETE", ["positions", symbol]) => orders::close_position(account, symbol, query),
        ("GET", ["orders"]) => orders::list(account, query),
        ("POST", ["orders"]) => orders::submit(account, body),
        ("DELETE", ["orders"]) => Ok(orders::cancel_all(account)),
        ("GET", ["orders:by_client_order_id"]) => orders::get_by_client_id(account, query),
        ("GET", ["orders", id]) => orders::get(account, id),
        ("PATCH", ["orders", id]) => orders::replace(account, id, body),
        ("DELETE", ["orders", id]) => orders::cancel(account, id),
        ("GET", ["assets"]) => Ok(assets(query)),
        ("GET", ["assets", symbol]) => match Asset::find(symbol) {
            Some(asset) => Ok(Answer::ok(asset.json())),
            None => Err(refusal::not_found(format!("asset not found for {symbol}"))),
        },
        ("GET", ["clock"]) => Ok(Answer::ok(market::clock(account.now()))),
        ("GET", ["calendar"]) => calendar(query),
        ("GET", ["stocks", "bars"]) => data::bars_of_many(account, query),
        ("GET", ["stocks", symbol, "bars"]) => data::bars_of_one(account, symbol, query),
        ("GET", ["stocks", symbol, "quotes", "latest"]) => data::quote(account, symbol),
        ("GET", ["stocks", symbol, "trades", "latest"]) => data::trade(account, symbol),
        _ => Err(refusal::not_found("endpoint not found")),
    }
}

fn assets(query: &Query) -> Answer {
    let active = query.get("status").is_none_or(|status| status == "active");
    let stocks = query.get("asset_class").is_none_or(|class| class == "us_equity");
    let exchange = query.get("exchange");
    let wanted = |asset: &&Asset| active && stocks && exchange.as_ref().is_none_or(|own| own == asset.exchange);
    Answer::ok(ASSETS.iter().filter(wanted).map(Asset::json).collect())
}

fn calendar(query: &Query) -> Result<Answer, Answer> {
    let day = |name: &str, otherwise: &str| {
        let text = query.get(name).unwrap_or_else(|| otherwise.to_owned().into());
        let moment = time::parse(&text).ok_or_else(|| refusal::invalid(format!("invalid {name}: {text}")))?;
        Ok((moment / time::SECOND / 86_400) as i64)
    };
    let (start, end) = (day("start", "2026-01-01")?, day("end", "2026-12-31")?);
    if end - start > 10 * 366 {
        return Err(refusal::unprocessable("this stand-in has at most ten years at once"));
    }
    Ok(Answer::ok(market::calendar(start, end)))
}

fn history(account: &Account, query: &Query) -> Result<Answer, Answer> {
    let days = match query.get("period").as_deref() {
        Some("1D") => 1,
        Some("1W") => 5,
        None | Some("1M") => 21,
        Some("3M") => 63,
        Some("1A") => 252,
        Some(other) => return Err(refusal::unprocessable(format!("invalid period: {other}"))),
    };
    match query.get("timeframe").as_deref() {
        None | Some("1D") => Ok(account.history(days, "1D")),
        Some(other) => Err(refusal::unprocessable(format!("this stand-in has the timeframe 1D only, not {other}"))),
    }
}

fn plain(answer: Answer) -> Reply {
    let reply = match answer.body {
        Some(body) => reply::json(&body),
        None => Response::new(reply::full(Bytes::new())),
    };
    reply.with_status(answer.status)
}

/// Ends the connection with RST (in HTTP/2 the stream).
fn reset(connection: &Connection, version: Version) -> Abort {
    if version != Version::HTTP_2 {
        connection.tap.reset();
    }
    Abort::Asked(h2::Error::from(h2::Reason::INTERNAL_ERROR))
}

/// Half of an answer, and then a reset.
fn cut(connection: &Arc<Connection>, version: Version, answer: Answer) -> Result<Reply, Abort> {
    let Some(body) = &answer.body else { return Err(reset(connection, version)) };
    let bytes = Bytes::from(serde_json::to_vec(body).unwrap_or_default());
    let (length, half) = (bytes.len() as u64, bytes.slice(..bytes.len() / 2));
    let pieces = stream::unfold((Some(half), connection.clone()), move |(half, connection)| async move {
        if let Some(half) = half {
            return Some((Ok(Frame::data(half)), (None, connection)));
        }
        connection.tap.until_flushed().await;
        if version != Version::HTTP_2 {
            connection.tap.reset();
        }
        Some((Err(io::Error::other("cut off as asked")), (None, connection)))
    });
    let reply = Response::new(reply::streamed(pieces)).with_header("content-type", "application/json");
    Ok(reply.with_status(answer.status).with_length(length))
}
