//! Randomness as a trait, so that every jitter can be tested.

pub trait Chance: Send + Sync {
    /// A number from 0 to `most`, both included, each as likely as the others.
    fn up_to(&self, most: u64) -> u64;

    /// Bytes of which nobody else has the same.
    fn bytes(&self) -> [u8; 16] {
        let [high, low] = [0; 2].map(|_: u8| self.up_to(u64::MAX));
        (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
    }
}

/// The machine's: unpredictable enough that clients do not march in step, and good for nothing else.
pub struct SystemChance;

impl Chance for SystemChance {
    fn up_to(&self, most: u64) -> u64 {
        fastrand::u64(..=most)
    }

    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        match getrandom::fill(&mut bytes) {
            Ok(()) => bytes,
            Err(_) => fastrand::u128(..).to_ne_bytes(),
        }
    }
}
