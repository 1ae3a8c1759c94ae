//! One account: cash, positions, orders, and what it is like to ask for them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::faults::Faults;
use super::limit::Window;
use super::market::{self, Asset};
use super::money::Decimal;
use super::orders::Order;
use super::refusal::{self, Answer};
use super::time::{self, Moment, SECOND};

#[derive(Debug, Clone, Default)]
pub struct Position {
    pub qty: Decimal,
    pub cost: Decimal,
}

/// What has happened to an account's requests.
#[derive(Debug, Default)]
pub struct Seen {
    pub requests: u64,
    pub throttled: u64,
    /// POST and PATCH that came whole, by their `client_order_id`, whatever became of them.
    pub orders: HashMap<String, u64>,
    /// Of these, the ones that were refused because the broker had that one already.
    pub duplicates: u64,
    /// Orders to close positions that were asked for with DELETE.
    pub closes: u64,
}

pub struct Account {
    pub number: u64,
    pub secret: String,
    pub start_cash: Decimal,
    pub cash: Decimal,
    pub positions: BTreeMap<&'static str, Position>,
    pub orders: Vec<Order>,
    /// Where the open ones are in `orders`; some may have been closed since.
    pub open: Vec<usize>,
    /// Where the orders are in `orders`.
    pub by_id: HashMap<String, usize>,
    pub by_client_id: HashMap<String, usize>,
    prices: HashMap<&'static str, Decimal>,
    /// How many milliseconds its clock is past the opening: one for each thing that happened to an order.
    ticks: u64,
    pub trading: Window,
    pub data: Window,
    pub faults: Faults,
    /// Bodies of orders that are on their way still.
    pub late: Vec<Vec<u8>>,
    pub seen: Seen,
}

impl Account {
    pub fn new(number: u64, secret: String, cash: Decimal) -> Account {
        Account {
            number,
            secret,
            start_cash: cash,
            cash,
            positions: BTreeMap::new(),
            orders: Vec::new(),
            open: Vec::new(),
            by_id: HashMap::new(),
            by_client_id: HashMap::new(),
            prices: HashMap::new(),
            ticks: 0,
            trading: Window::default(),
            data: Window::default(),
            faults: Faults::default(),
            late: Vec::new(),
            seen: Seen::default(),
        }
    }

    pub fn now(&self) -> Moment {
        market::opening() + Moment::from(self.ticks) * (SECOND / 1_000)
    }

    /// A moment later than all before.
    pub fn tick(&mut self) -> Moment {
        self.ticks += 1;
        self.now()
    }

    pub fn price(&self, asset: &Asset) -> Decimal {
        self.prices.get(asset.symbol).copied().unwrap_or_else(|| asset.price())
    }

    pub fn price_of(&self, symbol: &str) -> Decimal {
        Asset::find(symbol).map_or(Decimal::ZERO, |asset| self.price(asset))
    }

    pub fn set_price(&mut self, asset: &'static Asset, price: Decimal) {
        self.prices.insert(asset.symbol, price);
        super::rules::match_all(self, asset);
    }

    pub fn qty(&self, symbol: &str) -> Decimal {
        self.positions.get(symbol).map_or(Decimal::ZERO, |position| position.qty)
    }

    pub fn long_market_value(&self) -> Decimal {
        self.positions.iter().map(|(symbol, position)| position.qty.times(self.price_of(symbol))).sum()
    }

    pub fn equity(&self) -> Decimal {
        self.cash + self.long_market_value()
    }

    fn open_orders(&self) -> impl Iterator<Item = &Order> {
        self.open.iter().map(|at| &self.orders[*at]).filter(|order| order.is_open())
    }

    /// Cash that no open order to buy may need.
    pub fn buying_power(&self) -> Decimal {
        self.cash - self.open_orders().map(|order| order.held_cash(self)).sum()
    }

    /// Shares that open orders to sell may need.
    pub fn held(&self, symbol: &str) -> Decimal {
        self.open_orders().filter(|order| order.symbol == symbol).map(Order::held_shares).sum()
    }

    pub fn id(&self) -> String {
        market::uuid(0xacc, self.number)
    }

    pub fn json(&self) -> Value {
        let (equity, long, power) = (self.equity(), self.long_market_value(), self.buying_power());
        let day = (market::opening() / SECOND / 86_400) as i64;
        json!({
            "id": self.id(), "account_number": format!("PA{:010}", self.number), "status": "ACTIVE",
            "crypto_status": "ACTIVE", "currency": "USD", "buying_power": power, "regt_buying_power": power,
            "daytrading_buying_power": "0", "effective_buying_power": power, "non_marginable_buying_power": power,
            "options_buying_power": power, "bod_dtbp": "0", "cash": self.cash, "accrued_fees": "0",
            "portfolio_value": equity, "pattern_day_trader": false, "trading_blocked": false,
            "transfers_blocked": false, "account_blocked": false, "created_at": time::utc(market::opening()),
            "trade_suspended_by_user": false, "multiplier": "1", "shorting_enabled": false, "equity": equity,
            "last_equity": self.start_cash, "long_market_value": long, "short_market_value": "0",
            "position_market_value": long, "initial_margin": long, "maintenance_margin": "0",
            "last_maintenance_margin": "0", "sma": "0", "daytrade_count": 0, "balance_asof": time::date(day - 3),
            "intraday_adjustments": "0", "pending_reg_taf_fees": "0", "admin_configurations": {},
            "user_configurations": null,
        })
    }

    pub fn position_json(&self, symbol: &str) -> Option<Value> {
        let (asset, position) = (Asset::find(symbol)?, self.positions.get(symbol)?);
        let (price, lastday) = (self.price(asset), asset.price());
        let value = position.qty.times(price);
        let (gain, today) = (value - position.cost, position.qty.times(price - lastday));
        Some(json!({
            "asset_id": asset.id(), "symbol": symbol, "exchange": asset.exchange, "asset_class": "us_equity",
            "asset_marginable": true, "avg_entry_price": position.cost.over(position.qty), "qty": position.qty,
            "qty_available": position.qty - self.held(symbol), "side": "long", "market_value": value,
            "cost_basis": position.cost, "unrealized_pl": gain, "unrealized_plpc": gain.over(position.cost),
            "unrealized_intraday_pl": today, "unrealized_intraday_plpc": today.over(position.cost),
            "current_price": price, "lastday_price": lastday, "change_today": (price - lastday).over(lastday),
        }))
    }

    pub fn position(&self, symbol_or_id: &str) -> Result<Answer, Answer> {
        let symbol = Asset::find(symbol_or_id).map_or(symbol_or_id, |asset| asset.symbol);
        let found = self.position_json(symbol).ok_or_else(|| refusal::not_found("position does not exist"))?;
        Ok(Answer::ok(found))
    }

    pub fn all_positions(&self) -> Answer {
        Answer::ok(self.positions.keys().filter_map(|symbol| self.position_json(symbol)).collect())
    }

    /// What it was worth on the last trading days: all cash, until today.
    pub fn history(&self, days: usize, timeframe: &str) -> Answer {
        let today = (self.now() / SECOND / 86_400) as i64;
        let before = (today - 400..today).rev().filter(|day| time::is_trading_day(*day));
        let mut moments: Vec<Moment> = before.take(days - 1).map(|day| time::in_new_york(day, 16, 0)).collect();
        moments.reverse();
        moments.push(self.now());
        let (start, gain) = (self.start_cash, self.equity() - self.start_cash);
        let mut equity = vec![start.number(); days - 1];
        let (mut profit, mut share) = (vec![0.0; days - 1], vec![0.0; days - 1]);
        equity.push(self.equity().number());
        profit.push(gain.number());
        share.push(gain.over(start).number());
        let seconds: Vec<i64> = moments.iter().map(|moment| (moment / SECOND) as i64).collect();
        Answer::ok(json!({ "timestamp": seconds, "equity": equity, "profit_loss": profit, "profit_loss_pct": share,
            "base_value": start.number(), "base_value_asof": time::date(today - 1), "timeframe": timeframe }))
    }

    /// Whether what it has is what its orders have made of what it began with; each contradiction in words.
    pub fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut cash = self.start_cash;
        let mut shares: BTreeMap<&str, Decimal> = BTreeMap::new();
        for order in &self.orders {
            cash += if order.is_buy() { -order.paid } else { order.paid };
            let moved = if order.is_buy() { order.filled_qty } else { -order.filled_qty };
            *shares.entry(order.symbol).or_default() += moved;
            if order.client_order_id.is_empty() || !self.by_client_id.contains_key(&order.client_order_id) {
                wrong.push(format!("order {} is not found by its client_order_id", order.id));
            }
        }
        shares.retain(|_, qty| *qty != Decimal::ZERO);
        if cash != self.cash {
            wrong.push(format!("cash is {} and by the orders {cash}", self.cash));
        }
        let own: BTreeMap<&str, Decimal> = self.positions.iter().map(|(symbol, has)| (*symbol, has.qty)).collect();
        if own != shares {
            wrong.push(format!("positions are {own:?} and by the orders {shares:?}"));
        }
        for (symbol, qty) in &own {
            if !qty.is_positive() || self.held(symbol) > *qty {
                wrong.push(format!("{qty} of {symbol}, of which {} are held", self.held(symbol)));
            }
        }
        if self.open_orders().count() != self.orders.iter().filter(|order| order.is_open()).count() {
            wrong.push("an open order was lost sight of".to_owned());
        }
        if self.cash < Decimal::ZERO || self.buying_power() < Decimal::ZERO {
            wrong.push(format!("cash {}, buying power {}", self.cash, self.buying_power()));
        }
        if self.by_client_id.len() != self.orders.len() || self.by_id.len() != self.orders.len() {
            wrong.push("there are two orders of one id".to_owned());
        }
        wrong
    }
}
