//! What tests set and look at, under `/admin/`: it needs no key, and no fault comes near it.

use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Accounts;
use super::account::Account;
use super::faults::Faults;
use super::limit::Window;
use super::market::Asset;
use super::money::Decimal;
use super::refusal::{Answer, refusal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Opening {
    secret: String,
    cash: String,
    limit: u64,
    data_limit: u64,
    window_ms: u64,
}

impl Default for Opening {
    fn default() -> Self {
        let cash = "100000".to_owned();
        Opening { secret: String::new(), cash, limit: 200, data_limit: 200, window_ms: 60_000 }
    }
}

fn bad(why: impl std::fmt::Display) -> Answer {
    refusal(400, json!({ "message": why.to_string() }))
}

pub fn administer(accounts: &mut Accounts, method: &Method, path: &[&str], body: &[u8]) -> Result<Answer, Answer> {
    let [key, what @ ..] = path else { return Err(bad("no account is named")) };
    if (method, what) == (&Method::PUT, &[][..]) {
        let opening: Opening = serde_json::from_slice(body).map_err(bad)?;
        let cash = Decimal::parse(&opening.cash).ok_or_else(|| bad("cash is no number"))?;
        let mut account = Account::new(accounts.next_number(), opening.secret, cash);
        let window = Duration::from_millis(opening.window_ms);
        account.trading = Window::new(opening.limit, window);
        account.data = Window::new(opening.data_limit, window);
        let told = account.json();
        accounts.by_key.insert((*key).to_owned(), account);
        return Ok(Answer::ok(told));
    }
    if (method, what) == (&Method::DELETE, &[][..]) {
        accounts.by_key.remove(*key);
        return Ok(Answer::nothing());
    }
    let account = accounts.by_key.get_mut(*key).ok_or_else(|| refusal(404, json!({ "message": "no such account" })))?;
    match (method.as_str(), what) {
        ("GET", []) => Ok(Answer::ok(seen(account))),
        ("GET", ["received", client_order_id]) => {
            Ok(Answer::ok(json!(account.seen.orders.get(*client_order_id).copied().unwrap_or(0))))
        }
        ("PUT", ["faults"]) => {
            let mut faults: Faults = serde_json::from_slice(body).map_err(bad)?;
            faults.injected = std::mem::take(&mut account.faults.injected);
            account.faults = faults;
            Ok(Answer::nothing())
        }
        ("PUT", ["prices"]) => {
            let prices: Map<String, Value> = serde_json::from_slice(body).map_err(bad)?;
            for (symbol, price) in &prices {
                let asset = Asset::find(symbol).ok_or_else(|| bad(format!("no asset {symbol}")))?;
                let price = Decimal::from_json(price).filter(|price| price.is_positive());
                account.set_price(asset, price.ok_or_else(|| bad(format!("no price of {symbol}")))?);
            }
            Ok(Answer::nothing())
        }
        _ => Err(bad("no such thing to administer")),
    }
}

fn seen(account: &Account) -> Value {
    let seen = &account.seen;
    let injected: Map<String, Value> =
        account.faults.injected.iter().map(|(fault, count)| (format!("{fault:?}"), json!(count))).collect();
    json!({
        "requests": seen.requests, "throttled": seen.throttled, "orders": account.orders.len(),
        "orders_received": seen.orders.values().sum::<u64>(), "client_order_ids": seen.orders.len(),
        "most_of_one": seen.orders.values().max().copied().unwrap_or(0), "duplicates_refused": seen.duplicates,
        "closes": seen.closes, "faults": injected, "cash": account.cash, "equity": account.equity(),
        "contradictions": account.contradictions(),
    })
}
