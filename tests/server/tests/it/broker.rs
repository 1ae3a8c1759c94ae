//! The stand-in for a broker: an account that adds up, orders that end as they should, refusals as documented, and
//! faults where they were asked for.

use std::io::ErrorKind;

use bytes::Bytes;
use hs_test_server::TestServer;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::http2::tls;

const HEADERS: &str = "APCA-API-KEY-ID: PK1\r\nAPCA-API-SECRET-KEY: secret\r\n";

struct Broker {
    server: TestServer,
    client: Client,
}

impl Broker {
    fn open(opening: Value) -> Broker {
        let server = TestServer::start().unwrap();
        let client = Client::connect(&server.addresses().broker);
        let mut broker = Broker { server, client };
        broker.admin("PUT", "", opening);
        broker
    }

    fn new() -> Broker {
        Broker::open(json!({ "secret": "secret" }))
    }

    fn admin(&mut self, method: &str, path: &str, body: Value) -> Value {
        let mut client = Client::connect(&self.server.addresses().broker);
        let answer = client.request(method, &format!("/admin/accounts/PK1{path}"), "", &body.to_string());
        assert!(answer.status < 300, "{}", answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    fn seen(&mut self) -> Value {
        let seen = self.admin("GET", "", Value::Null);
        assert_eq!(seen["contradictions"], json!([]));
        seen
    }

    fn ask(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.request(method, path, HEADERS, &body)
    }

    fn get(&mut self, path: &str) -> Value {
        let answer = self.ask("GET", path, Value::Null);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    fn data(&mut self, path: &str) -> Answer {
        Client::connect(&self.server.addresses().broker_data).request("GET", path, HEADERS, "")
    }

    fn order(&mut self, mut fields: Value) -> Value {
        for (name, value) in [("side", "buy"), ("type", "market"), ("time_in_force", "day"), ("symbol", "AAPL")] {
            let fields = fields.as_object_mut().unwrap();
            fields.entry(name).or_insert_with(|| json!(value));
        }
        let answer = self.ask("POST", "/v2/orders", fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn again(&mut self, order: &Value) -> Value {
        self.get(&format!("/v2/orders/{}", order["id"].as_str().unwrap()))
    }

    fn refused(&mut self, method: &str, path: &str, body: Value) -> (u16, Value, String) {
        let answer = self.ask(method, path, body);
        let told = answer.json();
        (answer.status, told["code"].clone(), told["message"].as_str().unwrap().to_owned())
    }
}

fn refusal(status: u16, code: u32, message: &str) -> (u16, Value, String) {
    (status, json!(code), message.to_owned())
}

#[test]
fn who_has_no_key_or_a_wrong_one_is_refused() {
    let broker = Broker::new();
    let mut client = Client::connect(&broker.server.addresses().broker);
    let answer = client.get("/v2/account");
    assert_eq!((answer.status, answer.json()["code"].clone()), (401, json!(40_110_000)));
    let wrong = HEADERS.replace("secret", "guess");
    assert_eq!(client.request("GET", "/v2/account", &wrong, "").status, 403);
    assert_eq!(client.request("GET", "/v2/account", HEADERS, "").status, 200);
    assert_eq!(client.request("GET", "/v2/stocks/AAPL/trades/latest", HEADERS, "").status, 404);
}

#[test]
fn a_market_order_is_filled_and_the_account_adds_up() {
    let mut broker = Broker::new();
    let account = broker.get("/v2/account");
    assert_eq!((&account["cash"], &account["portfolio_value"]), (&json!("100000"), &json!("100000")));
    assert_eq!((&account["status"], &account["multiplier"]), (&json!("ACTIVE"), &json!("1")));

    let order = broker.order(json!({ "qty": "10", "client_order_id": "mine" }));
    assert_eq!((&order["status"], &order["filled_qty"]), (&json!("pending_new"), &json!("0")));
    let order = broker.again(&order);
    assert_eq!((&order["status"], &order["filled_qty"]), (&json!("filled"), &json!("10")));
    assert_eq!((&order["filled_avg_price"], &order["client_order_id"]), (&json!("190.5"), &json!("mine")));
    assert_eq!(broker.get("/v2/orders:by_client_order_id?client_order_id=mine"), order);

    let account = broker.get("/v2/account");
    assert_eq!((&account["cash"], &account["buying_power"]), (&json!("98095"), &json!("98095")));
    assert_eq!((&account["long_market_value"], &account["equity"]), (&json!("1905"), &json!("100000")));
    let position = broker.get("/v2/positions/AAPL");
    assert_eq!((&position["qty"], &position["avg_entry_price"]), (&json!("10"), &json!("190.5")));

    broker.admin("PUT", "/prices", json!({ "AAPL": "200.5" }));
    let position = broker.get("/v2/positions")[0].clone();
    assert_eq!((&position["unrealized_pl"], &position["market_value"]), (&json!("100"), &json!("2005")));
    assert_eq!(broker.get("/v2/account")["portfolio_value"], "100100");
    broker.seen();
}

#[test]
fn a_limit_order_waits_for_its_price_and_holds_what_it_needs() {
    let mut broker = Broker::new();
    let order = broker.order(json!({ "type": "limit", "qty": 100, "limit_price": "150.25", "time_in_force": "gtc" }));
    assert_eq!(broker.again(&order)["status"], "new");
    assert_eq!(broker.get("/v2/account")["buying_power"], "84975");
    assert_eq!(broker.get("/v2/orders").as_array().unwrap().len(), 1);
    broker.admin("PUT", "/prices", json!({ "AAPL": 150 }));
    let order = broker.again(&order);
    assert_eq!((&order["status"], &order["filled_avg_price"]), (&json!("filled"), &json!("150")));
    assert_eq!(broker.get("/v2/orders"), json!([]));

    let stop = broker.order(json!({ "type": "stop", "side": "sell", "qty": "40", "stop_price": "140" }));
    assert_eq!(broker.get("/v2/positions/AAPL")["qty_available"], "60");
    let (status, _, message) = broker.refused("DELETE", "/v2/positions/AAPL", Value::Null);
    let wanted = "insufficient qty available for order (requested: 100, available: 60)";
    assert_eq!((status, message.as_str()), (403, wanted));
    broker.admin("PUT", "/prices", json!({ "AAPL": "139.5" }));
    assert_eq!(broker.again(&stop)["filled_avg_price"], "139.5");
    let fractional = broker.order(json!({ "notional": "279" }));
    assert_eq!(broker.again(&fractional)["filled_qty"], "2");
    let unfilled = broker.order(json!({ "type": "limit", "limit_price": "1", "qty": "1", "time_in_force": "ioc" }));
    assert_eq!(broker.again(&unfilled)["status"], "canceled");
    broker.seen();
}

#[test]
fn what_a_runaway_price_makes_too_dear_is_not_bought() {
    let mut broker = Broker::open(json!({ "secret": "secret", "cash": "200" }));
    let order = broker.order(json!({ "symbol": "F", "type": "stop", "qty": "10", "stop_price": "20" }));
    broker.admin("PUT", "/prices", json!({ "F": "21" }));
    assert_eq!(broker.again(&order)["status"], "canceled");
    broker.seen();
}

#[test]
fn orders_are_cancelled_and_replaced_while_they_are_open() {
    let mut broker = Broker::new();
    let order = broker.order(json!({ "type": "limit", "qty": "5", "limit_price": "100", "client_order_id": "a" }));
    let id = order["id"].as_str().unwrap();
    let path = format!("/v2/orders/{id}");
    let answer = broker.ask("PATCH", &path, json!({ "qty": "7", "limit_price": "101", "client_order_id": "b" }));
    let replaced = answer.json();
    assert_eq!((&replaced["replaces"], &replaced["qty"]), (&json!(id), &json!("7")));
    let order = broker.again(&order);
    assert_eq!((&order["status"], &order["replaced_by"]), (&json!("replaced"), &replaced["id"]));
    let (_, _, message) = broker.refused("PATCH", &path, json!({ "qty": "8" }));
    assert_eq!(message, "order is already in \"replaced\" state");
    assert_eq!(broker.refused("DELETE", &path, Value::Null).0, 422);

    let open = format!("/v2/orders/{}", replaced["id"].as_str().unwrap());
    let answer = broker.ask("DELETE", &open, Value::Null);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(broker.again(&replaced)["status"], "canceled");
    assert_eq!(broker.refused("DELETE", "/v2/orders/none", Value::Null).1, 40_410_000);

    for price in ["10", "11"] {
        broker.order(json!({ "type": "limit", "qty": "1", "limit_price": price }));
    }
    let answer = broker.ask("DELETE", "/v2/orders", Value::Null);
    assert_eq!((answer.status, answer.json().as_array().unwrap().len()), (207, 2));
    assert_eq!(answer.json()[0]["status"], 200);
    assert_eq!(broker.get("/v2/account")["buying_power"], "100000");
    broker.seen();
}

#[test]
fn lists_of_orders_are_chosen_and_paged() {
    let mut broker = Broker::new();
    let orders: Vec<Value> = (0..6)
        .map(|nth| {
            let (symbol, kind) = (["AAPL", "MSFT"][nth % 2], ["market", "limit"][nth / 3]);
            let price = if kind == "limit" { json!("10") } else { Value::Null };
            broker.order(json!({ "symbol": symbol, "type": kind, "qty": "1", "limit_price": price }))
        })
        .collect();
    let mut ids = |query: &str| -> Vec<Value> {
        let found = broker.get(&format!("/v2/orders?{query}"));
        found.as_array().unwrap().iter().map(|order| order["id"].clone()).collect()
    };
    let expected = |which: &[usize]| -> Vec<Value> { which.iter().map(|nth| orders[*nth]["id"].clone()).collect() };
    assert_eq!(ids(""), expected(&[5, 4, 3]));
    assert_eq!(ids("status=closed&direction=asc"), expected(&[0, 1, 2]));
    assert_eq!(ids("status=all&symbols=MSFT,F&limit=2"), expected(&[5, 3]));
    let after = orders[1]["submitted_at"].as_str().unwrap();
    let until = orders[4]["submitted_at"].as_str().unwrap();
    assert_eq!(ids(&format!("status=all&after={after}&until={until}")), expected(&[3, 2]));
    assert_eq!(broker.refused("GET", "/v2/orders?limit=501", Value::Null).0, 422);
    assert_eq!(broker.refused("GET", "/v2/orders?status=odd", Value::Null).0, 422);
}

#[test]
fn positions_are_closed_in_parts_and_all_at_once() {
    let mut broker = Broker::new();
    for symbol in ["AAPL", "MSFT"] {
        broker.order(json!({ "symbol": symbol, "qty": "10" }));
    }
    assert_eq!(broker.ask("DELETE", "/v2/positions/AAPL?qty=3", Value::Null).json()["qty"], "3");
    assert_eq!(broker.ask("DELETE", "/v2/positions/MSFT?percentage=50", Value::Null).json()["qty"], "5");
    assert_eq!(broker.get("/v2/positions/AAPL")["qty"], "7");
    let answer = broker.ask("DELETE", "/v2/positions?cancel_orders=true", Value::Null);
    assert_eq!((answer.status, answer.json()[1]["symbol"].clone()), (207, json!("MSFT")));
    assert_eq!(answer.json()[0]["body"]["qty"], "7");
    assert_eq!(broker.get("/v2/positions"), json!([]));
    let refused = broker.refused("DELETE", "/v2/positions/AAPL", Value::Null);
    assert_eq!(refused, refusal(404, 40_410_000, "position does not exist"));
    assert_eq!(broker.get("/v2/account")["cash"], "100000");
    assert_eq!(broker.seen()["closes"], 4);
}

#[test]
fn refusals_are_as_documented() {
    let mut broker = Broker::new();
    let order = |fields: Value| {
        let mut order =
            json!({ "symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day" });
        order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        order
    };
    let mut post = |fields: Value| broker.refused("POST", "/v2/orders", order(fields));
    assert_eq!(post(json!({ "qty": "1000" })), refusal(403, 40_310_000, "insufficient buying power"));
    let message = "insufficient qty available for order (requested: 1, available: 0)";
    assert_eq!(post(json!({ "side": "sell" })), refusal(403, 40_310_000, message));
    assert_eq!(post(json!({ "qty": null })), refusal(422, 40_010_001, "qty or notional is required"));
    assert_eq!(post(json!({ "qty": "0" })), refusal(422, 40_010_001, "qty must be > 0"));
    assert_eq!(post(json!({ "side": "hold" })), refusal(422, 40_010_001, "invalid side: hold"));
    assert_eq!(post(json!({ "type": "limit" })), refusal(422, 40_010_001, "limit orders require limit price"));
    assert_eq!(post(json!({ "symbol": "ZZZ" })), refusal(422, 42_210_000, "asset \"ZZZ\" not found"));
    assert_eq!(post(json!({ "symbol": "HALTED" })), refusal(422, 42_210_000, "asset \"HALTED\" is not tradable"));
    let message = "invalid limit_price 1.234. sub-penny increment does not fulfill minimum pricing criteria";
    assert_eq!(post(json!({ "type": "limit", "limit_price": "1.234" })), refusal(422, 42_210_000, message));
    assert_eq!(post(json!({ "client_order_id": "x".repeat(129) })).0, 422);

    broker.order(json!({ "qty": "1", "client_order_id": "once" }));
    let again = broker.refused("POST", "/v2/orders", order(json!({ "client_order_id": "once" })));
    assert_eq!(again, refusal(422, 40_010_001, "client_order_id must be unique"));
    assert_eq!(broker.ask("POST", "/v2/orders", json!("no object")).status, 400);
    let seen = broker.seen();
    assert_eq!((&seen["orders"], &seen["duplicates_refused"], &seen["most_of_one"]), (&json!(1), &json!(1), &json!(2)));
    assert_eq!(broker.admin("GET", "/received/once", Value::Null), 2);
}

#[test]
fn some_companies_fill_in_parts_or_never() {
    let mut broker = Broker::new();
    let thin = broker.order(json!({ "symbol": "THIN", "qty": "10" }));
    let found = broker.again(&thin);
    assert_eq!((&found["status"], &found["filled_qty"]), (&json!("partially_filled"), &json!("5")));
    broker.admin("PUT", "/prices", json!({ "THIN": "27" }));
    assert_eq!(broker.again(&thin)["filled_avg_price"], "26");
    let rejected = broker.order(json!({ "symbol": "REJECT", "qty": "10" }));
    assert_eq!(broker.again(&rejected)["status"], "rejected");
    broker.seen();
}

#[test]
fn every_answer_says_how_much_of_the_limit_is_left() {
    let mut broker = Broker::open(json!({ "secret": "secret", "limit": 2, "window_ms": 3_600_000 }));
    let left: Vec<_> = (0..3).map(|_| broker.ask("GET", "/v2/clock", Value::Null)).collect();
    let field = |nth: usize, name: &str| left[nth].header(name).unwrap().to_owned();
    assert_eq!([left[0].status, left[1].status, left[2].status], [200, 200, 429]);
    assert_eq!([field(0, "X-RateLimit-Remaining"), field(2, "X-RateLimit-Remaining")], ["1", "0"]);
    assert_eq!(field(1, "x-ratelimit-limit"), "2");
    assert_eq!(field(2, "x-ratelimit-reset").parse::<u64>().unwrap() % 3_600, 0);
    assert_eq!(left[2].json(), json!({ "code": 42_910_000, "message": "rate limit exceeded" }));
    assert_eq!(broker.data("/v2/stocks/AAPL/trades/latest").status, 200, "market data has a limit of its own");
    assert_eq!(broker.seen()["throttled"], 1);
}

#[test]
fn assets_clock_calendar_and_history() {
    let mut broker = Broker::new();
    let assets = broker.get("/v2/assets?status=active&asset_class=us_equity&exchange=NASDAQ");
    assert!(assets.as_array().unwrap().iter().all(|asset| asset["exchange"] == "NASDAQ" && asset["tradable"] == true));
    let asset = broker.get("/v2/assets/BRK.B");
    assert_eq!(broker.get(&format!("/v2/assets/{}", asset["id"].as_str().unwrap())), asset);
    let refused = broker.refused("GET", "/v2/assets/ZZZ", Value::Null);
    assert_eq!(refused, refusal(404, 40_410_000, "asset not found for ZZZ"));
    assert_eq!(broker.get("/v2/clock")["timestamp"], "2026-03-02T10:00:00-05:00");
    let days = broker.get("/v2/calendar?start=2026-03-06&end=2026-03-09");
    assert_eq!(
        days[1],
        json!({ "date": "2026-03-09", "open": "09:30", "close": "16:00", "session_open": "0400",
        "session_close": "2000", "settlement_date": "2026-03-10" })
    );
    broker.order(json!({ "qty": "10" }));
    broker.admin("PUT", "/prices", json!({ "AAPL": "200.5" }));
    let history = broker.get("/v2/account/portfolio/history?period=1W&timeframe=1D");
    assert_eq!(history["equity"], json!([100000.0, 100000.0, 100000.0, 100000.0, 100100.0]));
    assert_eq!(history["timestamp"].as_array().unwrap().len(), 5);
    assert_eq!((&history["profit_loss"][4], &history["profit_loss_pct"][4]), (&json!(100.0), &json!(0.001)));
}

#[test]
fn quotes_trades_and_pages_of_bars() {
    let mut broker = Broker::new();
    let quote = broker.data("/v2/stocks/AAPL/quotes/latest").json();
    assert_eq!((&quote["quote"]["ap"], &quote["quote"]["bp"]), (&json!(190.51), &json!(190.49)));
    assert_eq!(broker.data("/v2/stocks/MSFT/trades/latest").json()["trade"]["p"], 415.0);
    assert_eq!(broker.data("/v2/stocks/a1/trades/latest").status, 400);
    assert_eq!(broker.data("/v2/stocks/ZZZ/trades/latest").status, 404);

    let whole = "/v2/stocks/bars?symbols=MSFT,AAPL&timeframe=1Day&start=2026-02-01&end=2026-02-28";
    let all = broker.data(whole).json();
    assert_eq!(all["bars"]["AAPL"].as_array().unwrap().len(), 19, "trading days of a month with a holiday");
    assert_eq!(all["next_page_token"], Value::Null);
    let (mut token, mut pages, mut paged) = (String::new(), 0, json!({ "AAPL": [], "MSFT": [] }));
    loop {
        let page = broker.data(&format!("{whole}&limit=7{token}")).json();
        for (symbol, bars) in page["bars"].as_object().unwrap() {
            paged[symbol].as_array_mut().unwrap().extend(bars.as_array().unwrap().clone());
        }
        pages += 1;
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    assert_eq!((pages, &paged), (6, &all["bars"]));

    let minutes = "/v2/stocks/AAPL/bars?timeframe=5Min&start=2026-02-27T14:30:00Z&end=2026-02-27T15:30:00Z";
    let minutes = broker.data(minutes).json();
    assert_eq!(
        (minutes["bars"].as_array().unwrap().len(), &minutes["bars"][0]["t"]),
        (13, &json!("2026-02-27T14:30:00Z"))
    );
    let bar = &minutes["bars"][0];
    assert!(bar["h"].as_f64() >= bar["o"].as_f64() && bar["l"].as_f64() <= bar["c"].as_f64());
    assert_eq!(broker.data("/v2/stocks/AAPL/bars?timeframe=1Month").status, 400);
    assert_eq!(broker.data("/v2/stocks/AAPL/bars?timeframe=1Day&limit=0").status, 400);
}

/// Asks on a connection of its own, and says what came of it: the status, or how far the answer got.
fn outcome(broker: &Broker, body: Value) -> Result<u16, (ErrorKind, usize)> {
    let mut client = Client::connect(&broker.server.addresses().broker);
    let body = body.to_string();
    client
        .send(format!("POST /v2/orders HTTP/1.1\r\nHost: x\r\n{HEADERS}Content-Length: {}\r\n\r\n{body}", body.len()));
    let gone = |error: std::io::Error, got| (error.kind(), got);
    let head = client.head().map_err(|error| gone(error, 0))?;
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    client.take(length / 2).map_err(|error| gone(error, 1))?;
    client.take(length - length / 2).map_err(|error| gone(error, 2))?;
    Ok(head.status)
}

#[test]
fn faults_happen_where_they_were_asked_for() {
    let mut broker = Broker::new();
    let next = [
        "reset_before",
        "reset_after",
        "reset_midway",
        "error_before",
        "error_after",
        "nothing",
        "late",
        "reset_unread",
    ];
    broker.admin("PUT", "/faults", json!({ "methods": ["POST"], "next": next, "statuses": [504] }));
    let order = |id: &str| json!({ "symbol": "F", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day", "client_order_id": id });
    let outcomes: Vec<_> = next.iter().map(|id| outcome(&broker, order(id))).collect();
    let reset = |got| Err((ErrorKind::ConnectionReset, got));
    assert_eq!(outcomes, [reset(0), reset(0), reset(2), Ok(504), Ok(504), Ok(200), reset(0), reset(0)]);
    let placed: Vec<_> = next
        .iter()
        .map(|id| broker.ask("GET", &format!("/v2/orders:by_client_order_id?client_order_id={id}"), Value::Null).status)
        .collect();
    assert_eq!(placed, [404, 200, 200, 404, 200, 200, 200, 404], "the late one came when the first was asked for");
    let seen = broker.seen();
    assert_eq!((&seen["orders"], &seen["orders_received"], &seen["most_of_one"]), (&json!(5), &json!(7), &json!(1)));
    assert_eq!(seen["faults"]["ResetAfter"], 1);
}

/// Asks one after the other on one connection of HTTP/2; `None` is a stream that was reset.
async fn over_http2(server: &TestServer, targets: &[&str]) -> Vec<Option<u16>> {
    let io = tls(server, &server.addresses().broker_tls, "localhost").await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for target in targets {
        let request = Request::get(format!("https://localhost{target}"))
            .header("apca-api-key-id", "PK1")
            .header("apca-api-secret-key", "secret")
            .body(Empty::<Bytes>::new())
            .unwrap();
        answers.push(sender.send_request(request).await.ok().map(|answer| answer.status().as_u16()));
    }
    answers
}

#[test]
fn both_services_are_there_in_tls_and_streams_are_reset_alone() {
    let mut broker = Broker::new();
    broker.admin("PUT", "/faults", json!({ "next": ["nothing", "reset_after", "nothing", "nothing"] }));
    let server = &broker.server;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let targets = ["/v2/account", "/v2/account", "/v2/clock", "/v2/stocks/F/trades/latest"];
    let answers = runtime.block_on(over_http2(server, &targets));
    assert_eq!(answers, [Some(200), None, Some(200), Some(200)]);
    assert_eq!(server.connections("broker_tls").0, 1);
}

#[test]
fn whatever_is_asked_at_random_the_account_adds_up() {
    let mut broker = Broker::open(json!({ "secret": "secret", "limit": 1_000_000, "cash": "20000" }));
    let mut state = 42_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut statuses = std::collections::BTreeSet::new();
    for round in 0..600 {
        let symbol = ["AAPL", "F", "THIN", "REJECT", "MSFT"][random(5) as usize];
        let side = ["buy", "sell"][random(2) as usize];
        let answer = match random(8) {
            0..=3 => {
                let kind = ["market", "limit", "stop", "stop_limit"][random(4) as usize];
                let price = |wanted: bool, cents: u64| {
                    if wanted { json!(format!("{}.{:02}", cents / 100, cents % 100)) } else { Value::Null }
                };
                let (limit, stop) = (
                    price(kind.ends_with("limit"), 500 + random(40_000)),
                    price(kind.starts_with("stop"), 500 + random(40_000)),
                );
                let qty = if random(4) == 0 { "1.5".to_owned() } else { (1 + random(20)).to_string() };
                let order = json!({ "symbol": symbol, "qty": qty, "side": side, "type": kind, "time_in_force": "day",
                    "limit_price": limit, "stop_price": stop });
                broker.ask("POST", "/v2/orders", order)
            }
            4 => {
                broker.admin("PUT", "/prices", json!({ symbol: format!("{}", 5 + random(300)) }));
                broker.ask("GET", "/v2/account", Value::Null)
            }
            5 => broker.ask("DELETE", &format!("/v2/positions/{symbol}?percentage={}", 1 + random(100)), Value::Null),
            6 => {
                let open = broker.get("/v2/orders?limit=1");
                let id = open[0]["id"].as_str().unwrap_or("none").to_owned();
                broker.ask("PATCH", &format!("/v2/orders/{id}"), json!({ "qty": 1 + random(30) }))
            }
            _ => {
                let open = broker.get("/v2/orders?limit=1");
                broker.ask("DELETE", &format!("/v2/orders/{}", open[0]["id"].as_str().unwrap_or("none")), Value::Null)
            }
        };
        statuses.insert(answer.status);
        if round % 20 == 0 {
            broker.seen();
        }
    }
    broker.seen();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 204, 403, 404]);
}
