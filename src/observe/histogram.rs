//! Latency histograms: log-linear buckets of fixed bounds, one writer, any number of readers, no lock.
//!
//! Each power of two is cut into 32 buckets, so a bucket is at most 1/32 wide of where it begins, and its middle is at
//! most 1.6 % off any value in it.

use std::sync::atomic::{AtomicU64, Ordering};

const SUB_BITS: u32 = 5;
const SUBS: u64 = 1 << SUB_BITS;
/// 1,024 ns: what is shorter is in bucket 0.
const LOWEST_BITS: u32 = 10;
/// 2^37 ns, 137 s: what is that long or longer is in the last bucket.
const HIGHEST_BITS: u32 = 37;
const OCTAVES: usize = (HIGHEST_BITS - LOWEST_BITS) as usize;

/// The one below the range, the range, the one above it.
pub(crate) const BUCKETS: usize = OCTAVES * SUBS as usize + 2;

pub struct Histogram {
    counts: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            counts: [const { AtomicU64::new(0) }; BUCKETS],
            sum: AtomicU64::new(0),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// For the one writer.
    pub fn record(&self, nanoseconds: u64) {
        let add = |to: &AtomicU64, more: u64| to.store(to.load(Ordering::Relaxed) + more, Ordering::Relaxed);
        if nanoseconds < self.min.load(Ordering::Relaxed) {
            self.min.store(nanoseconds, Ordering::Relaxed);
        }
        if nanoseconds > self.max.load(Ordering::Relaxed) {
            self.max.store(nanoseconds, Ordering::Relaxed);
        }
        add(&self.sum, nanoseconds);
        add(&self.counts[bucket_of(nanoseconds)], 1);
    }

    /// What was recorded so far. A value that is being recorded meanwhile may be in a part of it only.
    pub fn snapshot(&self) -> Snapshot {
        let counts: Vec<u64> = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let count = counts.iter().sum();
        let (min, max) = (self.min.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed));
        Snapshot { counts, count, sum: self.sum.load(Ordering::Relaxed), min: if count == 0 { 0 } else { min }, max }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub counts: Vec<u64>,
    pub count: u64,
    pub sum: u64,
    pub min: u64,
    pub max: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Snapshot { counts: vec![0; BUCKETS], count: 0, sum: 0, min: 0, max: 0 }
    }
}

impl Snapshot {
    /// What another one has seen as well.
    pub fn add(&mut self, other: &Snapshot) {
        if other.count == 0 {
            return;
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// The value that so many of a thousand are not above, as exact as the buckets are; 0 where there is none.
    pub fn per_mille(&self, share: u64) -> u64 {
        let rank = (self.count * share).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                let middle = lower_bound(bucket).midpoint(upper_bound(bucket));
                return middle.clamp(self.min, self.max.max(self.min));
            }
        }
        0
    }
}

fn bucket_of(nanoseconds: u64) -> usize {
    if nanoseconds < 1 << LOWEST_BITS {
        return 0;
    }
    let octave = nanoseconds.ilog2();
    if octave >= HIGHEST_BITS {
        return BUCKETS - 1;
    }
    let sub = (nanoseconds >> (octave - SUB_BITS)) - SUBS;
    1 + ((octave - LOWEST_BITS) as usize) * SUBS as usize + sub as usize
}

/// The smallest value of a bucket.
pub fn lower_bound(bucket: usize) -> u64 {
    match bucket {
        0 => 0,
        _ if bucket >= BUCKETS => u64::MAX,
        _ => {
            let place = (bucket - 1) as u64;
            (SUBS + place % SUBS) << (u64::from(LOWEST_BITS - SUB_BITS) + place / SUBS)
        }
    }
}

/// The first value that is no longer in a bucket.
pub fn upper_bound(bucket: usize) -> u64 {
    lower_bound(bucket.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_buckets_agree_everywhere() {
        for bucket in 0..BUCKETS {
            let (first, after) = (lower_bound(bucket), upper_bound(bucket));
            assert!(first < after, "{bucket}");
            assert_eq!((bucket_of(first), bucket_of(after - 1)), (bucket, bucket), "{first}..{after}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!((lower_bound(1), lower_bound(BUCKETS - 1)), (1_024, 1 << 37));
        assert_eq!(upper_bound(usize::MAX), u64::MAX);
    }

    #[test]
    fn one_value_is_told_to_two_percent() {
        let mut value = 1_024.0_f64;
        while value < 100e9 {
            let histogram = Histogram::default();
            histogram.record(5);
            histogram.record(value as u64);
            histogram.record(200_000_000_000);
            let told = histogram.snapshot().per_mille(500) as f64;
            assert!((told - value).abs() <= value * 0.0157, "{value} was told as {told}");
            value *= 1.0137;
        }
    }

    #[test]
    fn percentiles_of_a_known_spread() {
        let histogram = Histogram::default();
        for microseconds in 1..=10_000_u64 {
            histogram.record(microseconds * 1_000);
        }
        let seen = histogram.snapshot();
        assert_eq!((seen.count, seen.sum, seen.min, seen.max), (10_000, 50_005_000_000, 1_000, 10_000_000));
        for (share, exact) in [(500, 5_000_000.0), (900, 9_000_000.0), (990, 9_900_000.0), (999, 9_990_000.0)] {
            let told = seen.per_mille(share) as f64;
            assert!((told - exact).abs() <= exact * 0.017, "p{share} is {told}, not {exact}");
        }
        assert_eq!(
            seen.per_mille(1_000),
            upper_bound(bucket_of(10_000_000)).midpoint(lower_bound(bucket_of(10_000_000))).min(10_000_000)
        );
    }

    #[test]
    fn nothing_recorded_is_all_zero_and_what_is_out_of_range_counts() {
        assert_eq!(Histogram::default().snapshot(), Snapshot::default());
        assert_eq!(Snapshot::default().per_mille(999), 0);
        let histogram = Histogram::default();
        histogram.record(0);
        histogram.record(u64::from(u32::MAX) * 1_000);
        let seen = histogram.snapshot();
        assert_eq!((seen.counts[0], seen.counts[BUCKETS - 1], seen.min), (1, 1, 0));
        assert_eq!(seen.per_mille(999), seen.max);
    }
}
