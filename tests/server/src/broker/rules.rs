//! When an order is filled, and what that does to the account.

use super::account::Account;
use super::market::{Asset, Behaviour};
use super::money::Decimal;
use super::orders::{Kind, Status};
use super::time::Moment;

/// An order that was just accepted: what the exchange does with it at once.
pub fn arrive(account: &mut Account, at: usize) {
    let asset = account.orders[at].asset;
    if asset.behaviour == Behaviour::Rejecting {
        let now = account.tick();
        let order = &mut account.orders[at];
        (order.status, order.failed_at, order.updated_at) = (Status::Rejected, Some(now), now);
        return;
    }
    match_one(account, at);
    let order = &account.orders[at];
    if order.is_open() && matches!(order.time_in_force.as_str(), "ioc" | "fok") {
        let now = account.tick();
        account.orders[at].close(Status::Canceled, now);
    }
}

/// The price has changed: every open order for it is looked at again, the oldest first.
pub fn match_all(account: &mut Account, asset: &'static Asset) {
    for at in account.open.clone() {
        if account.orders[at].is_open() && account.orders[at].symbol == asset.symbol {
            match_one(account, at);
        }
    }
}

fn match_one(account: &mut Account, at: usize) {
    let order = &account.orders[at];
    let price = account.price(order.asset);
    let buys = order.is_buy();
    let stop_reached = order.stop_price.is_none_or(|stop| if buys { price >= stop } else { price <= stop });
    let triggered = order.triggered || stop_reached;
    let limit = order.limit_price.filter(|_| matches!(order.kind, Kind::Limit | Kind::StopLimit));
    let crosses = limit.is_none_or(|limit| if buys { price <= limit } else { price >= limit });
    account.orders[at].triggered = triggered;
    if !(triggered && crosses) {
        account.orders[at].status = Status::New;
        return;
    }
    let left = account.orders[at].left(price);
    let half = left.over(Decimal::whole(2));
    let thin = account.orders[at].asset.behaviour == Behaviour::Thin && account.orders[at].filled_qty == Decimal::ZERO;
    let qty = if thin && half.is_whole() { half } else { left };
    let now = account.tick();
    let order = &account.orders[at];
    // A price that has run away from a stop: what cannot be paid is not bought.
    if order.is_buy() && qty.times(price) > account.buying_power() + order.held_cash(account) {
        account.orders[at].close(Status::Canceled, now);
        return;
    }
    fill(account, at, qty, price, now);
}

fn fill(account: &mut Account, at: usize, qty: Decimal, price: Decimal, now: Moment) {
    let order = &mut account.orders[at];
    let amount = qty.times(price);
    order.filled_qty += qty;
    order.paid += amount;
    order.updated_at = now;
    if order.left(price) == Decimal::ZERO || order.notional.is_some() {
        order.status = Status::Filled;
        order.filled_at = Some(now);
    } else {
        order.status = Status::PartiallyFilled;
    }
    let (symbol, buys) = (order.symbol, order.is_buy());
    let position = account.positions.entry(symbol).or_default();
    if buys {
        position.qty += qty;
        position.cost += amount;
        account.cash -= amount;
    } else {
        position.cost -= position.cost.share(qty, position.qty);
        position.qty -= qty;
        account.cash += amount;
    }
    if account.positions[symbol].qty == Decimal::ZERO {
        account.positions.remove(symbol);
    }
}
