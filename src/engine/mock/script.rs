//! What a mock knows: its rules, and what it was asked. Shared by the program and the workers that have it.

use super::rule::{Asked, Fields, Mismatch, Rule};
use crate::error::Error;
use crate::status::HS_ERR_MOCK;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Default)]
pub struct Mock(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    rules: Vec<Scripted>,
    calls: Vec<Arc<Seen>>,
    /// Grows when all is forgotten: answers from before count for nothing.
    era: u32,
}

struct Scripted {
    rule: Arc<Rule>,
    begun: u32,
    completed: u32,
}

/// A request as the mock got it. Never changed: what is read from it stays where it is.
#[derive(Debug, Default)]
pub struct Seen {
    pub method: String,
    pub url: String,
    pub headers: Fields,
    /// At most `MOST_BODY_KEPT` bytes.
    pub body: Vec<u8>,
    pub body_bytes: u64,
    /// The number of the rule that answered, counted from 1; 0 for none.
    pub rule: u32,
}

/// What is kept of the body of a request.
pub(crate) const MOST_BODY_KEPT: usize = 64 << 20;

/// A rule that was chosen for a request.
#[derive(Clone)]
pub struct Chosen {
    pub rule: Arc<Rule>,
    index: usize,
    era: u32,
}

impl Chosen {
    pub fn number(&self) -> u32 {
        self.index as u32 + 1
    }
}

impl Mock {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, rule: Rule) {
        self.script().rules.push(Scripted { rule: Arc::new(rule), begun: 0, completed: 0 });
    }

    pub fn add_all(&self, rules: Vec<Rule>) {
        let scripted = rules.into_iter().map(|rule| Scripted { rule: Arc::new(rule), begun: 0, completed: 0 });
        self.script().rules.extend(scripted);
    }

    /// Forgets rules and calls.
    pub fn clear(&self) {
        let mut script = self.script();
        *script = Script { era: script.era.wrapping_add(1), ..Script::default() };
    }

    pub fn calls(&self) -> usize {
        self.script().calls.len()
    }

    pub fn call(&self, index: usize) -> Option<Arc<Seen>> {
        self.script().calls.get(index).cloned()
    }

    pub fn saw(&self, seen: Seen) {
        self.script().calls.push(Arc::new(seen));
    }

    /// How many rules have answered to the end fewer times than they are for, those for any number not once.
    pub fn unused(&self) -> usize {
        self.script().rules.iter().filter(|known| known.completed < known.rule.times.max(1)).count()
    }

    /// The first rule that is for the request, taken; `None` where its body must be read before that can be said.
    pub fn choose(&self, asked: &Asked<'_>) -> Result<Option<Chosen>, Error> {
        let mut script = self.script();
        let era = script.era;
        let mut nearest: Option<(usize, Mismatch)> = None;
        for (index, scripted) in script.rules.iter_mut().enumerate() {
            let times = scripted.rule.times;
            let mismatch = match scripted.rule.check(asked) {
                Err(mismatch) => mismatch,
                Ok(()) if times != 0 && scripted.begun >= times => Mismatch::Exhausted(times),
                Ok(()) if asked.body.is_none() && scripted.rule.reads_body() => return Ok(None),
                Ok(()) => {
                    scripted.begun = scripted.begun.saturating_add(1);
                    return Ok(Some(Chosen { rule: scripted.rule.clone(), index, era }));
                }
            };
            if nearest.as_ref().is_none_or(|(_, known)| mismatch > *known && !same_kind(&mismatch, known)) {
                nearest = Some((index, mismatch));
            }
        }
        let message = format!("no rule of the mock is for {} {}", asked.method, super::shown(asked.url));
        let why = match nearest {
            None => String::from("; it has no rules"),
            Some((index, mismatch)) => {
                format!("; of its {} rules, number {} comes nearest: {mismatch}", script.rules.len(), index + 1)
            }
        };
        Err(Error::new(HS_ERR_MOCK, message + &why))
    }

    /// The answer of a rule was received to its end.
    pub fn completed(&self, chosen: &Chosen) {
        let mut script = self.script();
        if script.era == chosen.era
            && let Some(scripted) = script.rules.get_mut(chosen.index)
        {
            scripted.completed = scripted.completed.saturating_add(1);
        }
    }
}

fn same_kind(one: &Mismatch, other: &Mismatch) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
