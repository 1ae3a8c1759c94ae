//! Faults that are asked for: by chance from a seed, or one by one in a list.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use serde::Deserialize;

use super::market::mix;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset before the body is read.
    ResetUnread,
    /// It is reset before anything is done.
    ResetBefore,
    /// It is done, and the connection reset in place of the answer.
    ResetAfter,
    /// It is done, and the connection reset in the middle of the answer.
    ResetMidway,
    /// As `ResetBefore`, but it is on its way still: an order is placed once the next request was answered.
    Late,
    /// A status (`statuses`) and nothing done.
    ErrorBefore,
    /// It is done, and the answer is such a status.
    ErrorAfter,
    /// It takes up to `delay_ms` longer.
    Delay,
    /// Nothing: a place in a list for a request that is to go well.
    Nothing,
}

/// As it is set: `{"seed": 1, "reset_after": 0.02, "methods": ["POST"]}`, or `{"next": ["reset_after", "nothing"]}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    seed: u64,
    reset_unread: f64,
    reset_before: f64,
    reset_after: f64,
    reset_midway: f64,
    error_before: f64,
    error_after: f64,
    delay: f64,
    late: f64,
    delay_ms: u64,
    statuses: Vec<u16>,
    /// Requests by other methods have no faults, and use up nothing of `next`. Empty: all have them.
    methods: Vec<String>,
    /// What the next requests get; when it is used up, chance decides.
    next: VecDeque<Fault>,
    #[serde(skip)]
    drawn: u64,
    #[serde(skip)]
    pub injected: BTreeMap<Fault, u64>,
}

/// What one request gets.
#[derive(Debug, Clone, Copy)]
pub struct Drawn {
    pub fault: Fault,
    pub status: u16,
    pub delay_ms: u64,
}

impl Faults {
    pub fn draw(&mut self, method: &str) -> Drawn {
        let nothing = Drawn { fault: Fault::Nothing, status: 503, delay_ms: 0 };
        if !self.methods.is_empty() && !self.methods.iter().any(|own| own == method) {
            return nothing;
        }
        self.drawn += 1;
        let random = mix(self.seed ^ mix(self.drawn));
        let fault = self.next.pop_front().unwrap_or_else(|| self.by_chance(random));
        if fault == Fault::Nothing {
            return nothing;
        }
        *self.injected.entry(fault).or_default() += 1;
        let other = mix(random);
        let among: &[u16] = if self.statuses.is_empty() { &[500, 503, 504] } else { &self.statuses };
        let status = among[other as usize % among.len()];
        Drawn { fault, status, delay_ms: other % (self.delay_ms + 1) }
    }

    fn by_chance(&self, random: u64) -> Fault {
        let mut left = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let shares = [
            (Fault::ResetUnread, self.reset_unread),
            (Fault::ResetBefore, self.reset_before),
            (Fault::ResetAfter, self.reset_after),
            (Fault::ResetMidway, self.reset_midway),
            (Fault::ErrorBefore, self.error_before),
            (Fault::ErrorAfter, self.error_after),
            (Fault::Delay, self.delay),
            (Fault::Late, self.late),
        ];
        for (fault, share) in shares {
            if left < share {
                return fault;
            }
            left -= share;
        }
        Fault::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str) -> Faults {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_list_is_used_up_first_and_only_by_its_methods() {
        let mut faults =
            faults(r#"{"methods": ["POST"], "next": ["reset_after", "nothing", "error_before"], "statuses": [504]}"#);
        let mut draw = |method| faults.draw(method).fault;
        let drawn = [draw("GET"), draw("POST"), draw("POST"), draw("GET"), draw("POST"), draw("POST")];
        use Fault::{ErrorBefore, Nothing, ResetAfter};
        assert_eq!(drawn, [Nothing, ResetAfter, Nothing, Nothing, ErrorBefore, Nothing]);
        assert_eq!(faults.injected.values().sum::<u64>(), 2);
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let text = r#"{"seed": 7, "reset_before": 0.1, "reset_after": 0.1, "delay": 0.2, "delay_ms": 5}"#;
        let (mut one, mut two) = (faults(text), faults(text));
        let drawn: Vec<_> = (0..1_000).map(|_| one.draw("GET").fault).collect();
        assert!(drawn.iter().all(|fault| two.draw("GET").fault == *fault));
        let count = |wanted| drawn.iter().filter(|fault| **fault == wanted).count();
        assert!((50..150).contains(&count(Fault::ResetBefore)) && (120..280).contains(&count(Fault::Delay)));
        assert_eq!(count(Fault::ErrorAfter), 0);
    }

    #[test]
    fn each_has_its_own_share() {
        let names = [
            "reset_unread",
            "reset_before",
            "reset_after",
            "reset_midway",
            "error_before",
            "error_after",
            "delay",
            "late",
        ];
        for name in names {
            let mut some = faults(&format!(r#"{{"{name}": 1}}"#));
            let wanted: Fault = serde_json::from_str(&format!("\"{name}\"")).unwrap();
            assert!((0..100).all(|_| some.draw("GET").fault == wanted), "{name}");
        }
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        assert!(serde_json::from_str::<Faults>(r#"{"reset_befor": 0.1}"#).is_err());
        assert!(serde_json::from_str::<Faults>(r#"{"next": ["explode"]}"#).is_err());
    }
}
