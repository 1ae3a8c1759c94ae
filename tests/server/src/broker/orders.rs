//! Orders: what may be asked, and what is told of them.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::market::{self, Asset, Behaviour};
use super::money::Decimal;
use super::refusal::{self, Answer, invalid, unprocessable};
use super::rules;
use super::time::{self, Moment};
use crate::query::Query;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Market => "market",
            Kind::Limit => "limit",
            Kind::Stop => "stop",
            Kind::StopLimit => "stop_limit",
        }
    }

    fn has_limit(self) -> bool {
        matches!(self, Kind::Limit | Kind::StopLimit)
    }

    fn has_stop(self) -> bool {
        matches!(self, Kind::Stop | Kind::StopLimit)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    PendingNew,
    New,
    PartiallyFilled,
    Filled,
    Canceled,
    Replaced,
    Rejected,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::PendingNew => "pending_new",
            Status::New => "new",
            Status::PartiallyFilled => "partially_filled",
            Status::Filled => "filled",
            Status::Canceled => "canceled",
            Status::Replaced => "replaced",
            Status::Rejected => "rejected",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Order {
    pub id: String,
    pub client_order_id: String,
    pub asset: &'static Asset,
    pub symbol: &'static str,
    pub qty: Option<Decimal>,
    pub notional: Option<Decimal>,
    pub side: &'static str,
    pub kind: Kind,
    pub time_in_force: String,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    pub extended_hours: bool,
    pub status: Status,
    /// Whether its stop price was reached.
    pub triggered: bool,
    pub filled_qty: Decimal,
    /// What the filled shares cost, or brought in.
    pub paid: Decimal,
    pub submitted_at: Moment,
    pub updated_at: Moment,
    pub filled_at: Option<Moment>,
    pub canceled_at: Option<Moment>,
    pub failed_at: Option<Moment>,
    pub replaced_at: Option<Moment>,
    pub replaced_by: Option<String>,
    pub replaces: Option<String>,
}

impl Order {
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::PendingNew | Status::New | Status::PartiallyFilled)
    }

    pub fn is_buy(&self) -> bool {
        self.side == "buy"
    }

    /// How many shares are still to be filled at a price.
    pub fn left(&self, price: Decimal) -> Decimal {
        match (self.qty, self.notional) {
            (Some(qty), _) => qty - self.filled_qty,
            (None, Some(amount)) => amount.over(price),
            (None, None) => Decimal::ZERO,
        }
    }

    fn expected_price(&self, account: &Account) -> Decimal {
        self.limit_price.or(self.stop_price).unwrap_or_else(|| account.price(self.asset))
    }

    /// What it may still cost.
    pub fn held_cash(&self, account: &Account) -> Decimal {
        let price = self.expected_price(account);
        if self.is_buy() { self.notional.unwrap_or_else(|| self.left(price).times(price)) } else { Decimal::ZERO }
    }

    /// What it may still sell. (An order by amount is filled at once or not at all.)
    pub fn held_shares(&self) -> Decimal {
        if self.is_buy() { Decimal::ZERO } else { self.qty.unwrap_or_default() - self.filled_qty }
    }

    pub fn close(&mut self, status: Status, now: Moment) {
        self.status = status;
        self.updated_at = now;
        match status {
            Status::Canceled => self.canceled_at = Some(now),
            Status::Replaced => self.replaced_at = Some(now),
            _ => {}
        }
    }

    pub fn json(&self) -> Value {
        let moment = |at: Option<Moment>| at.map(time::utc);
        let filled = self.filled_qty.is_positive();
        json!({
            "id": self.id, "client_order_id": self.client_order_id, "created_at": time::utc(self.submitted_at),
            "updated_at": time::utc(self.updated_at), "submitted_at": time::utc(self.submitted_at),
            "filled_at": moment(self.filled_at), "expired_at": null, "canceled_at": moment(self.canceled_at),
            "failed_at": moment(self.failed_at), "replaced_at": moment(self.replaced_at),
            "replaced_by": self.replaced_by, "replaces": self.replaces, "asset_id": self.asset.id(),
            "symbol": self.symbol, "asset_class": "us_equity", "notional": self.notional, "qty": self.qty,
            "filled_qty": self.filled_qty,
            "filled_avg_price": filled.then(|| self.paid.over(self.filled_qty)), "order_class": "",
            "order_type": self.kind.name(), "type": self.kind.name(), "side": self.side,
            "time_in_force": self.time_in_force, "limit_price": self.limit_price, "stop_price": self.stop_price,
            "status": self.status.name(), "extended_hours": self.extended_hours, "legs": null, "trail_percent": null,
            "trail_price": null, "hwm": null, "subtag": null, "source": null, "expires_at": null,
        })
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A field that is a positive number, or is not there.
fn positive(fields: &Map<String, Value>, name: &str) -> Result<Option<Decimal>, Answer> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match Decimal::from_json(value) {
            Some(number) if number.is_positive() => Ok(Some(number)),
            Some(_) => Err(invalid(format!("{name} must be > 0"))),
            None => Err(invalid(format!("invalid {name}: {value}"))),
        },
    }
}

fn one_of(fields: &Map<String, Value>, name: &str, known: &[&'static str]) -> Result<&'static str, Answer> {
    let given = text(fields, name).ok_or_else(|| invalid(format!("{name} is required")))?;
    known.iter().find(|own| **own == given).copied().ok_or_else(|| invalid(format!("invalid {name}: {given}")))
}

const TIMES: [&str; 6] = ["day", "gtc", "opg", "cls", "ioc", "fok"];

/// Counts an order that has come, whatever becomes of it.
pub fn came(account: &mut Account, body: &[u8]) {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body)
        && let Some(id) = text(&fields, "client_order_id")
    {
        *account.seen.orders.entry(id.to_owned()).or_default() += 1;
    }
}

fn client_id(account: &mut Account, fields: &Map<String, Value>) -> Result<String, Answer> {
    let Some(given) = text(fields, "client_order_id") else {
        return Ok(market::uuid(0xc11e, account.orders.len() as u64 + account.number * 1_000_000));
    };
    if given.len() > 128 {
        return Err(invalid("client_order_id must be no more than 128 characters"));
    }
    if account.by_client_id.contains_key(given) {
        account.seen.duplicates += 1;
        return Err(invalid("client_order_id must be unique"));
    }
    Ok(given.to_owned())
}

fn sub_penny(name: &str, price: Option<Decimal>) -> Result<(), Answer> {
    let places = |price: Decimal| if price >= Decimal::whole(1) { 2 } else { 4 };
    match price.filter(|price| price.has_more_places_than(places(*price))) {
        Some(price) => Err(unprocessable(format!(
            "invalid {name} {price}. sub-penny increment does not fulfill minimum pricing criteria"
        ))),
        None => Ok(()),
    }
}

/// What is wrong with an order by itself.
fn check(order: &Order) -> Result<(), Answer> {
    match (order.qty, order.notional) {
        (None, None) => return Err(invalid("qty or notional is required")),
        (Some(_), Some(_)) => return Err(invalid("only one of qty or notional is accepted")),
        (None, Some(_)) if order.kind != Kind::Market => {
            return Err(unprocessable("notional orders must be market orders"));
        }
        _ => {}
    }
    let fractional = order.notional.is_some() || order.qty.is_some_and(|qty| !qty.is_whole());
    if fractional && order.time_in_force != "day" {
        return Err(unprocessable("fractional orders must be DAY orders"));
    }
    let name = order.kind.name().replace('_', " ");
    match (order.kind.has_limit(), order.limit_price, order.kind.has_stop(), order.stop_price) {
        (true, None, ..) => return Err(invalid(format!("{name} orders require limit price"))),
        (.., true, None) => return Err(invalid(format!("{name} orders require stop price"))),
        (false, Some(_), ..) => return Err(unprocessable(format!("{name} orders must not have limit price"))),
        (.., false, Some(_)) => return Err(unprocessable(format!("{name} orders must not have stop price"))),
        _ => {}
    }
    sub_penny("limit_price", order.limit_price)?;
    sub_penny("stop_price", order.stop_price)?;
    if order.asset.behaviour == Behaviour::NotTradable {
        return Err(unprocessable(format!("asset \"{}\" is not tradable", order.symbol)));
    }
    Ok(())
}

/// Whether the account can pay for it.
fn afford(account: &Account, order: &Order) -> Result<(), Answer> {
    if order.is_buy() {
        let (cost, available) = (order.held_cash(account), account.buying_power());
        return if cost > available { Err(refusal::buying_power(available, cost)) } else { Ok(()) };
    }
    let asked = order.left(account.price(order.asset));
    let (existing, held) = (account.qty(order.symbol), account.held(order.symbol));
    if asked > existing - held { Err(refusal::quantity(order.symbol, asked, existing, held)) } else { Ok(()) }
}

/// Keeps the order, says what it is like at that moment, and only then lets the exchange see it.
fn accept(account: &mut Account, order: Order) -> Value {
    let at = account.orders.len();
    account.by_id.insert(order.id.clone(), at);
    account.by_client_id.insert(order.client_order_id.clone(), at);
    let told = order.json();
    account.orders.push(order);
    account.open.push(at);
    rules::arrive(account, at);
    let orders = &account.orders;
    account.open.retain(|at| orders[*at].is_open());
    told
}

fn fresh(account: &mut Account, asset: &'static Asset, side: &'static str, client_order_id: String) -> Order {
    let now = account.tick();
    let number = account.number * 1_000_000 + account.orders.len() as u64;
    Order {
        id: market::uuid(0x0d3, number),
        client_order_id,
        asset,
        symbol: asset.symbol,
        qty: None,
        notional: None,
        side,
        kind: Kind::Market,
        time_in_force: "day".to_owned(),
        limit_price: None,
        stop_price: None,
        extended_hours: false,
        status: Status::PendingNew,
        triggered: false,
        filled_qty: Decimal::ZERO,
        paid: Decimal::ZERO,
        submitted_at: now,
        updated_at: now,
        filled_at: None,
        canceled_at: None,
        failed_at: None,
        replaced_at: None,
        replaced_by: None,
        replaces: None,
    }
}

pub fn submit(account: &mut Account, body: &[u8]) -> Result<Answer, Answer> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return Err(refusal::malformed()) };
    // Before all else, as the broker does: what it has already, it refuses for that.
    let client_order_id = client_id(account, &fields)?;
    let symbol = text(&fields, "symbol").ok_or_else(|| invalid("symbol is required"))?;
    let asset = Asset::find(symbol).ok_or_else(|| unprocessable(format!("asset \"{symbol}\" not found")))?;
    let side = one_of(&fields, "side", &["buy", "sell"])?;
    let kind = match one_of(&fields, "type", &["market", "limit", "stop", "stop_limit"])? {
        "market" => Kind::Market,
        "limit" => Kind::Limit,
        "stop" => Kind::Stop,
        _ => Kind::StopLimit,
    };
    let time_in_force = one_of(&fields, "time_in_force", &TIMES)?;
    if text(&fields, "order_class").is_some_and(|class| class != "simple") {
        return Err(unprocessable("this stand-in has simple orders only"));
    }
    let mut order = fresh(account, asset, side, client_order_id);
    order.kind = kind;
    order.time_in_force = time_in_force.to_owned();
    order.qty = positive(&fields, "qty")?;
    order.notional = positive(&fields, "notional")?;
    order.limit_price = positive(&fields, "limit_price")?;
    order.stop_price = positive(&fields, "stop_price")?;
    order.extended_hours = fields.get("extended_hours").and_then(Value::as_bool).unwrap_or(false);
    check(&order)?;
    afford(account, &order)?;
    Ok(Answer::ok(accept(account, order)))
}

/// Places what was on its way; nobody is told what became of it.
pub fn arrive_late(account: &mut Account) {
    for body in std::mem::take(&mut account.late) {
        let _ = submit(account, &body);
    }
}

fn find(account: &Account, id: &str) -> Result<usize, Answer> {
    account.by_id.get(id).copied().ok_or_else(|| refusal::not_found(format!("order not found for {id}")))
}

fn find_open(account: &Account, id: &str) -> Result<usize, Answer> {
    let at = find(account, id)?;
    let order = &account.orders[at];
    if order.is_open() {
        return Ok(at);
    }
    Err(unprocessable(format!("order is already in \"{}\" state", order.status.name())))
}

/// A new order in place of an open one, which is closed.
pub fn replace(account: &mut Account, id: &str, body: &[u8]) -> Result<Answer, Answer> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return Err(refusal::malformed()) };
    let client_order_id = client_id(account, &fields)?;
    let at = find_open(account, id)?;
    let old = account.orders[at].clone();
    let mut order = fresh(account, old.asset, old.side, client_order_id);
    order.kind = old.kind;
    order.qty = match positive(&fields, "qty")? {
        // What is filled already counts as a part of the new quantity.
        Some(qty) if qty > old.filled_qty => Some(qty - old.filled_qty),
        Some(_) => return Err(unprocessable("qty must be greater than the quantity that is filled")),
        None => old.qty.map(|qty| qty - old.filled_qty),
    };
    order.limit_price = positive(&fields, "limit_price")?.or(old.limit_price);
    order.stop_price = positive(&fields, "stop_price")?.or(old.stop_price);
    order.time_in_force = match text(&fields, "time_in_force") {
        Some(_) => one_of(&fields, "time_in_force", &TIMES)?.to_owned(),
        None => old.time_in_force.clone(),
    };
    order.extended_hours = old.extended_hours;
    order.replaces = Some(old.id.clone());
    check(&order)?;
    // What the old one held is free again for the new one.
    account.orders[at].status = Status::Replaced;
    if let Err(refused) = afford(account, &order) {
        account.orders[at].status = old.status;
        return Err(refused);
    }
    let now = order.submitted_at;
    account.orders[at].close(Status::Replaced, now);
    account.orders[at].replaced_by = Some(order.id.clone());
    Ok(Answer::ok(accept(account, order)))
}

pub fn get(account: &Account, id: &str) -> Result<Answer, Answer> {
    Ok(Answer::ok(account.orders[find(account, id)?].json()))
}

pub fn get_by_client_id(account: &Account, query: &Query) -> Result<Answer, Answer> {
    let id = query.get("client_order_id").ok_or_else(|| invalid("client_order_id is required"))?;
    let at = account.by_client_id.get(id.as_ref());
    let at = at.ok_or_else(|| refusal::not_found(format!("order not found for {id}")))?;
    Ok(Answer::ok(account.orders[*at].json()))
}

pub fn list(account: &Account, query: &Query) -> Result<Answer, Answer> {
    let moment = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) => time::parse(&text).map(Some).ok_or_else(|| invalid(format!("invalid {name}: {text}"))),
    };
    let (after, until) = (moment("after")?, moment("until")?);
    let limit = match query.get("limit") {
        None => 50,
        Some(text) => match text.parse() {
            Ok(limit) if (1..=500).contains(&limit) => limit,
            _ => return Err(invalid("limit must be between 1 and 500")),
        },
    };
    let status = query.get("status").unwrap_or("open".into());
    if !["open", "closed", "all"].contains(&status.as_ref()) {
        return Err(invalid(format!("invalid status: {status}")));
    }
    let symbols = query.get("symbols");
    let side = query.get("side");
    let wanted = |order: &&Order| {
        (status == "all" || order.is_open() == (status == "open"))
            && after.is_none_or(|after| order.submitted_at > after)
            && until.is_none_or(|until| order.submitted_at < until)
            && symbols.as_ref().is_none_or(|all| all.split(',').any(|symbol| symbol == order.symbol))
            && side.as_ref().is_none_or(|side| side == order.side)
    };
    let orders = account.orders.iter().filter(wanted);
    let found: Vec<Value> = match query.get("direction").as_deref() {
        None | Some("desc") => orders.rev().take(limit).map(Order::json).collect(),
        Some("asc") => orders.take(limit).map(Order::json).collect(),
        Some(other) => return Err(invalid(format!("invalid direction: {other}"))),
    };
    Ok(Answer::ok(found.into()))
}

pub fn cancel(account: &mut Account, id: &str) -> Result<Answer, Answer> {
    let at = find_open(account, id)?;
    let now = account.tick();
    account.orders[at].close(Status::Canceled, now);
    Ok(Answer::nothing())
}

pub fn cancel_all(account: &mut Account) -> Answer {
    let open = std::mem::take(&mut account.open).into_iter().filter(|at| account.orders[*at].is_open());
    let done = open.collect::<Vec<_>>().into_iter().map(|at| {
        let now = account.tick();
        account.orders[at].close(Status::Canceled, now);
        json!({ "id": account.orders[at].id, "status": 200 })
    });
    Answer::many(done.collect())
}

fn sell(account: &mut Account, asset: &'static Asset, qty: Decimal) -> Result<Value, Answer> {
    account.seen.closes += 1;
    let id = client_id(account, &Map::new())?;
    let mut order = fresh(account, asset, "sell", id);
    order.qty = Some(qty);
    afford(account, &order)?;
    Ok(accept(account, order))
}

/// Sells a position, or `?qty=` or `?percentage=` of it.
pub fn close_position(account: &mut Account, symbol_or_id: &str, query: &Query) -> Result<Answer, Answer> {
    let asset = Asset::find(symbol_or_id).filter(|asset| account.positions.contains_key(asset.symbol));
    let asset = asset.ok_or_else(|| refusal::not_found("position does not exist"))?;
    let number = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) => match Decimal::parse(&text).filter(|number| number.is_positive()) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid(format!("invalid {name}: {text}"))),
        },
    };
    let all = account.qty(asset.symbol);
    let qty = match (number("qty")?, number("percentage")?) {
        (Some(_), Some(_)) => return Err(invalid("only one of qty or percentage is accepted")),
        (Some(qty), None) => qty,
        (None, Some(percentage)) if percentage > Decimal::whole(100) => {
            return Err(invalid("percentage must be between 0 and 100"));
        }
        (None, Some(percentage)) => all.share(percentage, Decimal::whole(100)),
        (None, None) => all,
    };
    Ok(Answer::ok(sell(account, asset, qty)?))
}

pub fn close_all_positions(account: &mut Account, query: &Query) -> Answer {
    if query.flag("cancel_orders") {
        cancel_all(account);
    }
    let all: Vec<(&'static str, Decimal)> = account.positions.iter().map(|(symbol, has)| (*symbol, has.qty)).collect();
    let closed = all.into_iter().filter_map(|(symbol, qty)| {
        let (status, body) = match sell(account, Asset::find(symbol)?, qty) {
            Ok(order) => (200, Some(order)),
            Err(refused) => (refused.status.as_u16(), refused.body),
        };
        Some(json!({ "symbol": symbol, "status": status, "body": body }))
    });
    Answer::many(closed.collect())
}
