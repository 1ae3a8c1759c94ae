//! What is traded, at which prices, and when.

use serde_json::{Value, json};

use super::money::Decimal;
use super::time::{self, Moment, SECOND};

#[derive(Debug)]
pub struct Asset {
    pub symbol: &'static str,
    pub name: &'static str,
    pub exchange: &'static str,
    /// What it costs as long as nobody sets another price, in cents.
    cents: i64,
    pub behaviour: Behaviour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Ordinary,
    /// Half of an order is filled, and the rest stays open.
    Thin,
    /// Orders are accepted, and rejected by the exchange.
    Rejecting,
    NotTradable,
}

use Behaviour::{NotTradable, Ordinary, Rejecting, Thin};

const fn asset(
    symbol: &'static str,
    name: &'static str,
    exchange: &'static str,
    cents: i64,
    behaviour: Behaviour,
) -> Asset {
    Asset { symbol, name, exchange, cents, behaviour }
}

pub const ASSETS: [Asset; 12] = [
    asset("AAPL", "Apple Inc. Common Stock", "NASDAQ", 19_050, Ordinary),
    asset("AMZN", "Amazon.com, Inc. Common Stock", "NASDAQ", 17_825, Ordinary),
    asset("BRK.B", "Berkshire Hathaway Inc. Class B", "NYSE", 41_210, Ordinary),
    asset("F", "Ford Motor Company", "NYSE", 1_205, Ordinary),
    asset("GOOGL", "Alphabet Inc. Class A Common Stock", "NASDAQ", 15_340, Ordinary),
    asset("HALTED", "A company whose trading is halted", "NYSE", 500, NotTradable),
    asset("MSFT", "Microsoft Corporation Common Stock", "NASDAQ", 41_500, Ordinary),
    asset("NVDA", "NVIDIA Corporation Common Stock", "NASDAQ", 87_535, Ordinary),
    asset("REJECT", "A company whose orders are rejected", "NYSE", 1_000, Rejecting),
    asset("SPY", "SPDR S&P 500 ETF Trust", "ARCA", 51_275, Ordinary),
    asset("THIN", "A company whose shares are hard to come by", "AMEX", 2_500, Thin),
    asset("TSLA", "Tesla, Inc. Common Stock", "NASDAQ", 17_540, Ordinary),
];

impl Asset {
    pub fn find(symbol_or_id: &str) -> Option<&'static Asset> {
        ASSETS.iter().find(|asset| asset.symbol == symbol_or_id || asset.id() == symbol_or_id)
    }

    pub fn price(&self) -> Decimal {
        Decimal::cents(self.cents)
    }

    pub fn id(&self) -> String {
        uuid(0xa55e7, self.symbol.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte))))
    }

    pub fn json(&self) -> Value {
        json!({
            "id": self.id(), "class": "us_equity", "exchange": self.exchange, "symbol": self.symbol, "name": self.name,
            "status": "active", "tradable": self.behaviour != NotTradable, "marginable": true, "shortable": false,
            "easy_to_borrow": false, "fractionable": true, "maintenance_margin_requirement": 30,
            "margin_requirement_long": "30", "margin_requirement_short": "100", "attributes": [],
        })
    }
}

/// splitmix64's last steps: the same numbers for everybody who wants some.
pub fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A version 4 UUID in looks, the same for the same numbers.
pub fn uuid(kind: u64, number: u64) -> String {
    let (high, low) = (mix(kind), mix(mix(kind) ^ number));
    let tail = mix(low) & 0xffff_ffff_ffff;
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{tail:012x}", low >> 32, low >> 16 & 0xffff, low & 0xfff, high & 0xfff)
}

/// Monday, the second of March 2026, at ten in New York: when every account begins.
pub fn opening() -> Moment {
    time::in_new_york(time::days(2026, 3, 2), 10, 0)
}

pub fn clock(now: Moment) -> Value {
    let today = (now / SECOND / 86_400) as i64;
    let next = |hour, minute| {
        let moments = (today..today + 10).filter(|day| time::is_trading_day(*day));
        moments.map(|day| time::in_new_york(day, hour, minute)).find(|moment| *moment > now).unwrap_or(now)
    };
    let (open, close) = (next(9, 30), next(16, 0));
    json!({
        "timestamp": time::new_york(now), "is_open": close < open,
        "next_open": time::new_york(open), "next_close": time::new_york(close),
    })
}

pub fn calendar(start: i64, end: i64) -> Value {
    let days = (start..=end).filter(|day| time::is_trading_day(*day));
    let next_day = |day: i64| (day + 1..).find(|day| time::is_trading_day(*day)).unwrap_or(day);
    days.map(|day| {
        json!({ "date": time::date(day), "open": "09:30", "close": "16:00", "session_open": "0400",
            "session_close": "2000", "settlement_date": time::date(next_day(day)) })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_found_by_symbol_and_id() {
        for asset in &ASSETS {
            assert!(std::ptr::eq(Asset::find(asset.symbol).unwrap(), Asset::find(&asset.id()).unwrap()));
        }
        assert!(Asset::find("aapl").is_none());
        assert_eq!(ASSETS[0].id().len(), 36);
    }

    #[test]
    fn the_clock_knows_what_is_next() {
        let monday = clock(opening());
        assert_eq!(monday["is_open"], true);
        assert_eq!(monday["next_close"], "2026-03-02T16:00:00-05:00");
        assert_eq!(monday["next_open"], "2026-03-03T09:30:00-05:00");
        let friday = clock(time::in_new_york(time::days(2026, 3, 6), 16, 0));
        assert_eq!((&friday["is_open"], &friday["next_open"]), (&json!(false), &json!("2026-03-09T09:30:00-04:00")));
    }

    #[test]
    fn the_calendar_leaves_out_weekends_and_holidays() {
        let days = calendar(time::days(2026, 7, 1), time::days(2026, 7, 7));
        let dates: Vec<_> = days.as_array().unwrap().iter().map(|day| day["date"].as_str().unwrap()).collect();
        assert_eq!(dates, ["2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07"]);
    }
}
