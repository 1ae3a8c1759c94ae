//! Randomness as a trait, so that every jitter can be tested.

#![allow(dead_code)] // until the policies are wired
pub trait Chance: Send + Sync {
    /// A number from 0 to `most`, both included, each as likely as the others.
    fn up_to(&self, most: u64) -> u64;
}

/// The machine's: unpredictable enough that clients do not march in step, and good for nothing else.
pub struct SystemChance;

impl Chance for SystemChance {
    fn up_to(&self, most: u64) -> u64 {
        fastrand::u64(..=most)
    }
}
