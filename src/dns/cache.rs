//! Answers that were got before. Each asker says how old they may be.

use super::{Addresses, Query, is_fresh};
use crate::runtime::clock::Instant;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// More names than one process talks to; one that talks to more looks some of them up more often.
const MOST_NAMES: usize = 4_096;

#[derive(Default)]
pub struct Cache(HashMap<Query, Known>);

struct Known {
    addresses: Arc<Addresses>,
    since: Instant,
}

impl Cache {
    pub fn get(&self, query: &Query, now: Instant, max_age: Duration) -> Option<Arc<Addresses>> {
        let known = self.0.get(query)?;
        is_fresh(known.since, now, max_age).then(|| known.addresses.clone())
    }

    pub fn insert(&mut self, query: Query, addresses: Arc<Addresses>, now: Instant) {
        if self.0.len() >= MOST_NAMES && !self.0.contains_key(&query) {
            let oldest = self.0.iter().min_by_key(|(_, known)| known.since).map(|(query, _)| query.clone());
            oldest.and_then(|oldest| self.0.remove(&oldest));
        }
        self.0.insert(query, Known { addresses, since: now });
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::network::Family;

    fn query(host: &str) -> Query {
        Query { host: host.into(), family: Family::Any }
    }

    fn addresses(ip: &str) -> Arc<Addresses> {
        Arc::new(Addresses { ips: vec![ip.parse().unwrap()], scope_id: 0 })
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_answer_is_used_until_it_is_as_old_as_the_asker_allows() {
        let mut cache = Cache::default();
        let start = Instant(5_000_000_000);
        cache.insert(query("a"), addresses("192.0.2.1"), start);
        let later = start.saturating_add(SECOND);
        assert!(cache.get(&query("a"), later, 2 * SECOND).is_some());
        assert!(cache.get(&query("a"), later, SECOND).is_none());
        assert!(cache.get(&query("a"), later, Duration::MAX).is_some());
        assert!(cache.get(&query("a"), start, Duration::ZERO).is_none());
        assert!(cache.get(&query("b"), start, Duration::MAX).is_none());
    }

    #[test]
    fn the_oldest_name_makes_room() {
        let mut cache = Cache::default();
        for number in 0..MOST_NAMES + 10 {
            cache.insert(query(&number.to_string()), addresses("192.0.2.1"), Instant(number as u64));
        }
        assert_eq!(cache.0.len(), MOST_NAMES);
        let has = |number: usize| cache.get(&query(&number.to_string()), Instant(0), Duration::MAX).is_some();
        assert!(!has(9) && has(10) && has(MOST_NAMES + 9));
    }
}
