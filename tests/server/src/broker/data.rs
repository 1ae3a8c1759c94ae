//! Market data: quotes, trades and bars, the same for the same question.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::market::{Asset, mix};
use super::money::Decimal;
use super::refusal::{Answer, refusal};
use super::time::{self, Moment, SECOND};
use crate::query::Query;

const MOST_BARS: usize = 10_000;

fn bad(message: impl Into<String>) -> Answer {
    refusal(400, json!({ "message": message.into() }))
}

fn known(symbol: &str) -> Result<&'static Asset, Answer> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte == b'.';
    if symbol.is_empty() || !symbol.bytes().all(plain) {
        return Err(bad(format!("invalid symbol: {symbol}")));
    }
    Asset::find(symbol).ok_or_else(|| refusal(404, json!({ "message": format!("no data found for {symbol}") })))
}

pub fn quote(account: &Account, symbol: &str) -> Result<Answer, Answer> {
    let asset = known(symbol)?;
    let price = account.price(asset);
    let quote = json!({ "t": time::utc(account.now()), "ax": "Q", "ap": (price + Decimal::cents(1)).number(), "as": 3,
        "bx": "Q", "bp": (price - Decimal::cents(1)).number(), "bs": 2, "c": ["R"], "z": "C" });
    Ok(Answer::ok(json!({ "symbol": symbol, "quote": quote })))
}

pub fn trade(account: &Account, symbol: &str) -> Result<Answer, Answer> {
    let asset = known(symbol)?;
    let trade = json!({ "t": time::utc(account.now()), "x": "Q", "p": account.price(asset).number(), "s": 100,
        "c": ["@"], "i": 55_340, "z": "C" });
    Ok(Answer::ok(json!({ "symbol": symbol, "trade": trade })))
}

/// The moments at which bars of a time frame begin within a day.
fn starts(timeframe: &str, day: i64) -> Option<Vec<Moment>> {
    let at = timeframe.find(|letter: char| !letter.is_ascii_digit())?;
    let count: i64 = timeframe[..at].parse().ok()?;
    let minutes = match (&timeframe[at..], count) {
        ("Min" | "T", 1..=59) => count,
        ("Hour" | "H", 1..=23) => count * 60,
        ("Day" | "D", 1) => return Some(vec![time::in_new_york(day, 0, 0)]),
        _ => return None,
    };
    let open = time::in_new_york(day, 9, 30);
    Some((0..390).step_by(minutes as usize).map(|minute| open + Moment::from(minute) * 60 * SECOND).collect())
}

fn bar(asset: &Asset, start: Moment) -> Value {
    let seed =
        mix((start / SECOND) as u64 ^ mix(asset.symbol.bytes().fold(7, |hash, byte| mix(hash ^ u64::from(byte)))));
    let cents = |spread: u64, nth: u32| Decimal::cents((mix(seed ^ u64::from(nth)) % spread) as i64);
    let (open, close) = (asset.price() + cents(200, 1) - Decimal::cents(100), asset.price());
    let (high, low) = (open.max(close) + cents(50, 2), open.min(close) - cents(50, 3));
    let middle = (high + low).over(Decimal::whole(2));
    json!({ "t": time::utc(start), "o": open.number(), "h": high.number(), "l": low.number(), "c": close.number(),
        "v": 1_000 + mix(seed) % 100_000, "n": 10 + mix(seed ^ 4) % 500, "vw": middle.number() })
}

struct Page<'a> {
    timeframe: &'a str,
    start: Moment,
    end: Moment,
    limit: usize,
    /// Where it goes on: after this bar.
    after: Option<(String, Moment)>,
}

/// A page's token names the last bar of the page before.
fn token(symbol: &str, start: Moment) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE.encode(format!("{symbol}|M|{}", time::utc(start)))
}

fn read_token(text: &str) -> Option<(String, Moment)> {
    use base64::Engine;
    let text = String::from_utf8(base64::engine::general_purpose::URL_SAFE.decode(text).ok()?).ok()?;
    let mut parts = text.split('|');
    let (symbol, _, start) = (parts.next()?, parts.next()?, parts.next()?);
    Some((symbol.to_owned(), time::parse(start)?))
}

fn page<'a>(account: &Account, timeframe: &'a str, query: &Query) -> Result<Page<'a>, Answer> {
    let moment = |name: &str, otherwise: Moment| match query.get(name) {
        None => Ok(otherwise),
        Some(text) => time::parse(&text).ok_or_else(|| bad(format!("Invalid format for parameter {name}: {text}"))),
    };
    let today = account.now() / SECOND / 86_400 * 86_400 * SECOND;
    let (start, end) = (moment("start", today)?, moment("end", account.now())?);
    if end < start {
        return Err(bad("end should not be before start"));
    }
    if end - start > 86_400 * SECOND * 3_660 {
        return Err(bad("this stand-in has at most ten years at once"));
    }
    starts(timeframe, 0).ok_or_else(|| bad(format!("invalid timeframe: {timeframe}")))?;
    let limit = match query.get("limit") {
        None => 1_000,
        Some(text) => match text.parse() {
            Ok(limit) if (1..=MOST_BARS).contains(&limit) => limit,
            _ => return Err(bad(format!("invalid limit: {text}"))),
        },
    };
    let after = match query.get("page_token") {
        None => None,
        Some(text) => Some(read_token(&text).ok_or_else(|| bad("invalid page_token"))?),
    };
    Ok(Page { timeframe, start, end, limit, after })
}

impl Page<'_> {
    /// Bars of the symbols in turn, `limit` in all, and the token of the next page where there are more.
    fn bars(&self, assets: &[&'static Asset]) -> (Map<String, Value>, Value) {
        let mut found: Map<String, Value> = Map::new();
        let mut last: Option<(&str, Moment)> = None;
        let mut count = 0;
        for asset in assets {
            if self.after.as_ref().is_some_and(|(symbol, _)| asset.symbol < symbol.as_str()) {
                continue;
            }
            let mut bars = Vec::new();
            for start in self.moments(asset.symbol) {
                if count == self.limit {
                    if !bars.is_empty() {
                        found.insert(asset.symbol.to_owned(), bars.into());
                    }
                    let token = last.map(|(symbol, start)| token(symbol, start));
                    return (found, json!(token));
                }
                bars.push(bar(asset, start));
                last = Some((asset.symbol, start));
                count += 1;
            }
            if !bars.is_empty() {
                found.insert(asset.symbol.to_owned(), bars.into());
            }
        }
        (found, Value::Null)
    }

    fn moments(&self, symbol: &str) -> impl Iterator<Item = Moment> {
        let after = self.after.as_ref().filter(|(own, _)| own == symbol).map(|(_, start)| *start);
        let day = |moment: Moment| moment.div_euclid(86_400 * SECOND) as i64;
        let days = (day(self.start) - 1..=day(self.end)).filter(|day| time::is_trading_day(*day));
        let moments = days.flat_map(|day| starts(self.timeframe, day).unwrap_or_default());
        let (start, end) = (self.start, self.end);
        moments.filter(move |at| *at >= start && *at <= end && after.is_none_or(|after| *at > after))
    }
}

pub fn bars_of_one(account: &Account, symbol: &str, query: &Query) -> Result<Answer, Answer> {
    let asset = known(symbol)?;
    let timeframe = query.get("timeframe").ok_or_else(|| bad("timeframe is required"))?;
    let (mut found, next) = page(account, &timeframe, query)?.bars(&[asset]);
    let bars = found.remove(symbol).unwrap_or(Value::Null);
    Ok(Answer::ok(json!({ "bars": bars, "symbol": symbol, "next_page_token": next })))
}

pub fn bars_of_many(account: &Account, query: &Query) -> Result<Answer, Answer> {
    let symbols = query.get("symbols").filter(|text| !text.is_empty()).ok_or_else(|| bad("symbols is required"))?;
    let timeframe = query.get("timeframe").ok_or_else(|| bad("timeframe is required"))?;
    let mut assets = symbols.split(',').map(known).collect::<Result<Vec<_>, _>>()?;
    assets.sort_by_key(|asset| asset.symbol);
    assets.dedup_by_key(|asset| asset.symbol);
    let (found, next) = page(account, &timeframe, query)?.bars(&assets);
    Ok(Answer::ok(json!({ "bars": found, "next_page_token": next })))
}
