//! The results that a circuit is judged by, without a lock: those of the last so many seconds, or the last so many.
//!
//! Every cell says itself what it is of: a tag of the circuit's generation and of the time (or the lap) goes with the
//! numbers in one word. So nothing has to be emptied when a generation or a span of time begins: what has another tag is
//! empty, and the first one to write replaces it.

use super::gate::Tally;
use super::sync::{AtomicU64, Ordering::*};

/// Where a result was put, for what is known of it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub u64);

/// Whether the generation that a thread writes for is still the circuit's. Asked after a cell was read: who then still
/// writes into it has seen nothing of a newer one.
pub type IsCurrent<'a> = &'a dyn Fn() -> bool;

#[allow(clippy::large_enum_variant)] // one for the life of a circuit: a box would only be further to go
pub enum Window {
    Time(TimeWindow),
    Count(Ring),
}

impl Window {
    /// Puts a result in; `None` if its generation is over.
    pub fn add(&self, generation: u32, now: u64, failure: bool, slow: bool, current: IsCurrent) -> Option<Place> {
        match self {
            Window::Time(window) => window.add(generation, now, failure, slow, current),
            Window::Count(ring) => ring.add(generation, failure, slow, current),
        }
    }

    /// What was put there has failed after all.
    pub fn fail(&self, generation: u32, place: Place, current: IsCurrent) -> bool {
        match self {
            Window::Time(window) => window.fail(generation, place, current),
            Window::Count(ring) => ring.fail(generation, place, current),
        }
    }

    pub fn tally(&self, generation: u32, now: u64) -> Tally {
        match self {
            Window::Time(window) => window.tally(generation, now),
            Window::Count(ring) => ring.tally(generation),
        }
    }
}

fn mixed(generation: u32, era: u64, bits: u32) -> u64 {
    let seed = (u64::from(generation) << 32 | era & 0xFFFF_FFFF).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let once = (seed ^ seed >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (once ^ once >> 29).wrapping_mul(0x94D0_49BB_1331_11EB) >> (64 - bits)
}

/// How many buckets a time window has.
pub(super) const BUCKETS: u64 = 10;

/// Buckets aligned to the clock: the one that `now` is in and the nine before it.
pub struct TimeWindow {
    bucket_ns: u64,
    cells: [Bucket; BUCKETS as usize],
}

/// A cell: how many (24 bits), the low bits of the bucket's number (16), what its generation and its high bits give (24).
/// More than fit into a cell are not counted.
pub struct Bucket {
    pub calls: AtomicU64,
    failures: AtomicU64,
    slow: AtomicU64,
}

const COUNT_BITS: u32 = 24;
pub(super) const MOST_COUNTED: u64 = (1 << COUNT_BITS) - 1;
const LOW_BITS: u32 = 16;
pub(super) const LOW: u64 = (1 << LOW_BITS) - 1;

fn tag(generation: u32, bucket: u64) -> u64 {
    mixed(generation, bucket >> LOW_BITS, 24) << LOW_BITS | bucket & LOW
}

enum Added {
    Yes,
    Full,
    Late,
}

impl TimeWindow {
    /// `bucket_ns` is not 0.
    pub fn new(bucket_ns: u64) -> TimeWindow {
        let cell = || AtomicU64::new(0);
        let bucket = |_| Bucket { calls: cell(), failures: cell(), slow: cell() };
        TimeWindow { bucket_ns, cells: std::array::from_fn(bucket) }
    }

    pub fn bucket(&self, number: u64) -> &Bucket {
        &self.cells[(number % BUCKETS) as usize]
    }

    pub fn add(&self, generation: u32, now: u64, failure: bool, slow: bool, current: IsCurrent) -> Option<Place> {
        let number = now / self.bucket_ns;
        let (bucket, tag) = (self.bucket(number), tag(generation, number));
        // A call is there before it has failed, and is read after: at no moment do more seem to have failed than there are.
        match count(&bucket.calls, tag, current) {
            Added::Late => return None,
            Added::Full => return Some(Place(number)),
            Added::Yes => {}
        }
        if failure {
            count(&bucket.failures, tag, current);
        }
        if slow {
            count(&bucket.slow, tag, current);
        }
        Some(Place(number))
    }

    pub fn fail(&self, generation: u32, place: Place, current: IsCurrent) -> bool {
        let (bucket, tag) = (self.bucket(place.0), tag(generation, place.0));
        // Where its call is forgotten, so is its failure.
        let there = bucket.calls.load(Acquire) >> COUNT_BITS == tag;
        there && matches!(count(&bucket.failures, tag, current), Added::Yes)
    }

    pub fn tally(&self, generation: u32, now: u64) -> Tally {
        let newest = now / self.bucket_ns;
        let high = |number: u64| number >> LOW_BITS;
        let tag_of_newest = tag(generation, newest);
        let mut tally = Tally::default();
        for number in newest.saturating_sub(BUCKETS - 1)..=newest {
            let bucket = self.bucket(number);
            let tag = match high(number) == high(newest) {
                true => tag_of_newest & !LOW | number & LOW,
                false => tag(generation, number),
            };
            let counted = |cell: &AtomicU64| {
                let found = cell.load(Acquire);
                if found >> COUNT_BITS == tag { found & MOST_COUNTED } else { 0 }
            };
            tally.failures += counted(&bucket.failures);
            tally.slow += counted(&bucket.slow);
            tally.calls += counted(&bucket.calls);
        }
        tally
    }
}

fn count(cell: &AtomicU64, tag: u64, current: IsCurrent) -> Added {
    let mut seen = cell.load(Acquire);
    loop {
        let found = seen >> COUNT_BITS;
        let next = if found == tag {
            if seen & MOST_COUNTED == MOST_COUNTED {
                return Added::Full;
            }
            seen + 1
        } else {
            let ahead = (found & LOW).wrapping_sub(tag & LOW) & LOW;
            let is_newer = found >> LOW_BITS == tag >> LOW_BITS && ahead <= LOW / 2;
            if is_newer || !current() {
                return Added::Late;
            }
            tag << COUNT_BITS | 1
        };
        match cell.compare_exchange_weak(seen, next, AcqRel, Acquire) {
            Ok(_) => return Added::Yes,
            Err(other) => seen = other,
        }
    }
}

/// The last so many results. A cell has twelve of them (three bits each) and a tag of generation and lap.
pub struct Ring {
    length: u64,
    /// How many results there ever were.
    head: AtomicU64,
    cells: Box<[AtomicU64]>,
}

const IN_CELL: u64 = 12;
const RESULT_BITS: u64 = 3;
const PRESENT: u64 = 1;
const FAILED: u64 = 2;
const SLOW: u64 = 4;
const CELL_BITS: u64 = IN_CELL * RESULT_BITS;
/// The lowest bit of each result in a cell.
const EACH: u64 = 0o111_111_111_111;

impl Ring {
    /// `length` is not 0.
    pub fn new(length: u32) -> Ring {
        // One cell more than the length takes: the one that is being filled does not take from the oldest.
        let cells = u64::from(length).div_ceil(IN_CELL) + 1;
        let cells = (0..cells).map(|_| AtomicU64::new(0)).collect();
        Ring { length: u64::from(length), head: AtomicU64::new(0), cells }
    }

    fn cell(&self, block: u64) -> &AtomicU64 {
        &self.cells[(block % self.cells.len() as u64) as usize]
    }

    fn tag(&self, generation: u32, block: u64) -> u64 {
        mixed(generation, block / self.cells.len() as u64, 64 - CELL_BITS as u32)
    }

    fn is_past(&self, at: u64) -> bool {
        self.head.load(Acquire) - at > self.length
    }

    pub fn add(&self, generation: u32, failure: bool, slow: bool, current: IsCurrent) -> Option<Place> {
        let at = self.head.fetch_add(1, AcqRel);
        let result = PRESENT | if failure { FAILED } else { 0 } | if slow { SLOW } else { 0 };
        let (cell, tag) = (self.cell(at / IN_CELL), self.tag(generation, at / IN_CELL));
        let result = result << (at % IN_CELL * RESULT_BITS);
        let mut seen = cell.load(Acquire);
        loop {
            let next = if seen >> CELL_BITS == tag {
                seen | result
            } else if self.is_past(at) || !current() {
                return None;
            } else {
                tag << CELL_BITS | result
            };
            match cell.compare_exchange_weak(seen, next, AcqRel, Acquire) {
                Ok(_) => return Some(Place(at)),
                Err(other) => seen = other,
            }
        }
    }

    pub fn fail(&self, generation: u32, place: Place, current: IsCurrent) -> bool {
        let at = place.0;
        let (cell, tag) = (self.cell(at / IN_CELL), self.tag(generation, at / IN_CELL));
        let mut seen = cell.load(Acquire);
        loop {
            if seen >> CELL_BITS != tag || self.is_past(at) || !current() {
                return false;
            }
            let next = seen | FAILED << (at % IN_CELL * RESULT_BITS);
            match cell.compare_exchange_weak(seen, next, AcqRel, Acquire) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
    }

    pub fn tally(&self, generation: u32) -> Tally {
        let end = self.head.load(Acquire);
        let begin = end.saturating_sub(self.length);
        let mut tally = Tally::default();
        for block in begin / IN_CELL..end.div_ceil(IN_CELL) {
            let found = self.cell(block).load(Acquire);
            if found >> CELL_BITS != self.tag(generation, block) {
                continue;
            }
            let first = block * IN_CELL;
            let before = ones(begin.saturating_sub(first));
            let within = ones(end - first) & !before & EACH;
            let many = |bit: u64| u64::from(((found / bit) & within).count_ones());
            tally.calls += many(PRESENT);
            tally.failures += many(FAILED);
            tally.slow += many(SLOW);
        }
        tally
    }
}

/// The bits of the first so many results in a cell.
fn ones(results: u64) -> u64 {
    (1 << (results.min(IN_CELL) * RESULT_BITS)) - 1
}
