//! The state of a circuit in one word, so that whatever changes it, changes it as a whole or not at all.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed = 0,
    Open = 1,
    HalfOpen = 2,
    /// By hand, for a time or for good.
    ForcedOpen = 3,
    /// By hand: everything is counted, nothing trips.
    ForcedClosed = 4,
    /// By hand: as closed, but what would trip is only told.
    MetricsOnly = 5,
    /// No longer in the table. Its results count nowhere.
    Evicted = 6,
}

impl State {
    /// Whether everything gets through and is counted in the window.
    pub fn admits(self) -> bool {
        matches!(self, State::Closed | State::ForcedClosed | State::MetricsOnly)
    }
}

/// How many probes one half-open generation can have at most.
pub(crate) const MOST_PROBES: u32 = 10;

/// From the lowest bit: state (3), `unset` (1), opens in a row (5), probes that are out as a set (10), results (4),
/// failures among them (4), slow ones (4), permits that were returned (4), generation (29).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(u64);

#[derive(Clone, Copy)]
struct Field {
    shift: u32,
    bits: u32,
}

const fn after(field: Field, bits: u32) -> Field {
    Field { shift: field.shift + field.bits, bits }
}

const STATE: Field = Field { shift: 0, bits: 3 };
const UNSET: Field = after(STATE, 1);
const OPENS: Field = after(UNSET, 5);
const OUT: Field = after(OPENS, MOST_PROBES);
const RESULTS: Field = after(OUT, 4);
const FAILURES: Field = after(RESULTS, 4);
const SLOW: Field = after(FAILURES, 4);
const RETURNED: Field = after(SLOW, 4);
const GENERATION: Field = after(RETURNED, 29);
const _: () = assert!(GENERATION.shift + GENERATION.bits == 64);

impl Word {
    pub(super) const FIRST: Word = Word(0);

    pub fn from_bits(bits: u64) -> Word {
        Word(bits)
    }

    pub fn bits(self) -> u64 {
        self.0
    }

    fn get(self, field: Field) -> u32 {
        ((self.0 >> field.shift) & ((1 << field.bits) - 1)) as u32
    }

    /// What does not fit becomes the most that does.
    fn with(self, field: Field, value: u32) -> Word {
        let most = (1u64 << field.bits) - 1;
        Word(self.0 & !(most << field.shift) | u64::from(value).min(most) << field.shift)
    }

    pub fn state(self) -> State {
        match self.get(STATE) {
            0 => State::Closed,
            1 => State::Open,
            2 => State::HalfOpen,
            3 => State::ForcedOpen,
            4 => State::ForcedClosed,
            5 => State::MetricsOnly,
            _ => State::Evicted,
        }
    }

    /// Open, but until when is not written down yet.
    pub fn is_unset(self) -> bool {
        self.get(UNSET) != 0
    }

    pub fn unset(self) -> Word {
        self.with(UNSET, 1)
    }

    pub fn set(self) -> Word {
        self.with(UNSET, 0)
    }

    pub fn generation(self) -> u32 {
        self.get(GENERATION)
    }

    /// How often it has opened since it was closed.
    pub fn opens(self) -> u32 {
        self.get(OPENS)
    }

    pub fn with_opens(self, opens: u32) -> Word {
        self.with(OPENS, opens)
    }

    /// The next generation in that state: without probes and results, and as often open as before.
    pub fn next(self, to: State) -> Word {
        let generation = (self.generation() + 1) & ((1 << GENERATION.bits) - 1);
        Word(0).with(STATE, to as u32).with(OPENS, self.opens()).with(GENERATION, generation)
    }

    pub fn is_out(self, slot: u32) -> bool {
        self.get(OUT) & (1 << slot) != 0
    }

    pub fn probes_out(self) -> u32 {
        self.get(OUT).count_ones()
    }

    /// A slot that no probe has.
    pub fn free_slot(self) -> u32 {
        self.get(OUT).trailing_ones()
    }

    pub fn take(self, slot: u32) -> Word {
        self.with(OUT, self.get(OUT) | 1 << slot)
    }

    pub fn results(self) -> u32 {
        self.get(RESULTS)
    }

    pub fn failures(self) -> u32 {
        self.get(FAILURES)
    }

    pub fn slow(self) -> u32 {
        self.get(SLOW)
    }

    pub fn more_slow(self) -> Word {
        self.with(SLOW, self.slow() + 1)
    }

    /// The probe is done, and its permit with it.
    pub fn finish(self, slot: u32, failure: bool) -> Word {
        let left = self.with(OUT, self.get(OUT) & !(1 << slot)).with(RESULTS, self.results() + 1);
        left.with(FAILURES, self.failures() + u32::from(failure))
    }

    /// The probe came to nothing; another one may have its permit. That this happened can be seen from the word, so
    /// that it is not the same one when the slot is taken again.
    pub fn give_back(self, slot: u32) -> Word {
        let returned = (self.get(RETURNED) + 1) & ((1 << RETURNED.bits) - 1);
        self.with(OUT, self.get(OUT) & !(1 << slot)).with(RETURNED, returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_touch_each_other() {
        let word = Word::FIRST.next(State::HalfOpen).with_opens(31).take(0).take(9).more_slow().finish(0, true);
        assert_eq!((word.state(), word.generation(), word.opens()), (State::HalfOpen, 1, 31));
        assert_eq!((word.probes_out(), word.results(), word.failures(), word.slow()), (1, 1, 1, 1));
        assert!(word.is_out(9) && !word.is_out(0) && word.free_slot() == 0);
        let back = word.give_back(9).take(9);
        assert_eq!((back.probes_out(), back.results(), back.generation()), (1, 1, 1));
        assert_ne!(back, word, "a slot that was given back and taken again");
        let next = word.next(State::Open).unset();
        assert_eq!((next.state(), next.generation(), next.opens()), (State::Open, 2, 31));
        assert!(next.is_unset() && !next.set().is_unset() && next.probes_out() + next.results() == 0);
    }

    #[test]
    fn numbers_stay_within_their_fields() {
        let word = Word::FIRST.with_opens(32);
        assert_eq!((word.opens(), word.probes_out(), word.state()), (31, 0, State::Closed));
        let last = Word::from_bits(u64::MAX << GENERATION.shift);
        assert_eq!(last.next(State::Open).generation(), 0);
        let slow = (0..20).fold(Word::FIRST, |word, _| word.more_slow());
        assert_eq!((slow.slow(), slow.generation()), (15, 0));
        let states = [State::Closed, State::Open, State::HalfOpen, State::ForcedOpen, State::ForcedClosed];
        for state in states.into_iter().chain([State::MetricsOnly, State::Evicted]) {
            assert_eq!(Word::FIRST.next(state).state(), state);
        }
    }
}
