//! Quotas as servers tell of them: the structured fields, and before them three fields with a number each.

use super::{Fields, Names, ResetFormat, Window, time};
use crate::http::headers::decimal;
use sfv::{BareItem, Item, List, ListEntry, Parser};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// What a server may make us look at.
const MOST_BYTES: usize = 4_096;
const MOST_POLICIES: usize = 8;

pub fn windows(fields: &(impl Fields + ?Sized), received_wall: i64, names: &Names) -> Vec<Window> {
    let structured = structured(fields);
    if !structured.is_empty() {
        return structured;
    }
    // GitLab writes seconds since 1970 where the draft had seconds from now.
    let older =
        three(fields, received_wall, ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"], ResetFormat::Auto);
    let theirs = || three(fields, received_wall, [&*names.limit, &*names.remaining, &*names.reset], names.format);
    older.or_else(theirs).into_iter().collect()
}

/// All lines of a list; `None` where there are none, too many or malformed ones.
fn list(fields: &(impl Fields + ?Sized), name: &str) -> Option<List> {
    let mut joined = Vec::new();
    fields.each(name, &mut |value| {
        if !joined.is_empty() {
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(value);
    });
    if joined.is_empty() || joined.len() > MOST_BYTES {
        return None;
    }
    Parser::new(&joined).parse().ok()
}

fn items(list: &List) -> impl Iterator<Item = (&str, &Item)> {
    list.iter().filter_map(|entry| match entry {
        ListEntry::Item(item) => Some((item.bare_item.as_string()?.as_str(), item)),
        ListEntry::InnerList(_) => None,
    })
}

fn number(item: &Item, key: &str) -> Option<u64> {
    u64::try_from(i64::from(item.params.get(key)?.as_integer()?)).ok()
}

fn structured(fields: &(impl Fields + ?Sized)) -> Vec<Window> {
    let Some(limits) = list(fields, "RateLimit") else { return Vec::new() };
    let policies = list(fields, "RateLimit-Policy").unwrap_or_default();
    let policy = |name: &str| items(&policies).find(|(found, _)| *found == name).map(|(_, item)| item);
    // A quota of bytes or of requests at a time is none that requests are counted against.
    let counts_requests = |name: &str| {
        let unit = policy(name).and_then(|item| item.params.get("qu"));
        unit.is_none_or(|unit| unit.as_string().is_some_and(|unit| unit.as_str() == "requests"))
    };
    let window = |(name, item): (&str, &Item)| {
        let mut hash = DefaultHasher::new();
        // Quotas of one name that are kept for different parts are different quotas.
        (name, item.params.get("pk").and_then(BareItem::as_byte_sequence)).hash(&mut hash);
        let (remaining, reset) = (number(item, "r")?, Duration::from_secs(number(item, "t")?));
        let limit = policy(name).and_then(|item| number(item, "q"));
        counts_requests(name).then(|| Window { policy: hash.finish().max(1), limit, remaining, reset })
    };
    items(&limits).filter_map(window).take(MOST_POLICIES).collect()
}

/// The strictest of what several lines say. Without a remainder or a reset there is nothing to go by.
fn three(
    fields: &(impl Fields + ?Sized),
    received_wall: i64,
    [limit, remaining, reset]: [&str; 3],
    format: ResetFormat,
) -> Option<Window> {
    let smallest = |name: &str| {
        let mut smallest: Option<u64> = None;
        fields.each(name, &mut |value| {
            smallest =
                decimal(value).map_or(smallest, |number| Some(smallest.map_or(number, |least| least.min(number))));
        });
        smallest
    };
    let remaining = smallest(remaining)?;
    let mut latest = None;
    fields.each(reset, &mut |value| latest = latest.max(time::reset(value, format, fields, received_wall)));
    Some(Window { policy: 0, limit: smallest(limit), remaining, reset: latest? })
}
