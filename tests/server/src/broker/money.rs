//! Amounts, prices and numbers of shares: exact to nine decimal places, as the broker's are.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Serialize, Serializer};
use serde_json::Value;

const UNIT: i128 = 1_000_000_000;
const PLACES: usize = 9;
/// More than anybody trades, and far from where products would overflow.
const MOST: i128 = 1_000_000_000_000 * UNIT;

/// Billionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(i128);

impl Decimal {
    pub const ZERO: Decimal = Decimal(0);

    pub const fn cents(cents: i64) -> Decimal {
        Decimal(cents as i128 * (UNIT / 100))
    }

    pub const fn whole(number: i64) -> Decimal {
        Decimal(number as i128 * UNIT)
    }

    /// Digits with at most nine places, such as "12.5"; `None` for anything else.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(places) || places.len() > PLACES || whole.len() > 13 {
            return None;
        }
        let value = whole.parse::<i128>().ok()? * UNIT + format!("{places:0<PLACES$}").parse::<i128>().ok()?;
        (value <= MOST).then_some(Decimal(if negative { -value } else { value }))
    }

    /// A JSON text or number.
    pub fn from_json(value: &Value) -> Option<Decimal> {
        match value {
            Value::String(text) => Decimal::parse(text),
            Value::Number(number) => Decimal::parse(&number.to_string()),
            _ => None,
        }
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub fn is_whole(self) -> bool {
        self.0 % UNIT == 0
    }

    /// How many decimal places it needs.
    pub fn has_more_places_than(self, places: u32) -> bool {
        self.0 % 10_i128.pow(PLACES as u32 - places) != 0
    }

    pub fn times(self, other: Decimal) -> Decimal {
        Decimal(self.0 * other.0 / UNIT)
    }

    /// `self * numerator / denominator`, zero where the denominator is.
    pub fn share(self, numerator: Decimal, denominator: Decimal) -> Decimal {
        if denominator.0 == 0 { Decimal::ZERO } else { Decimal(self.0 * numerator.0 / denominator.0) }
    }

    pub fn over(self, other: Decimal) -> Decimal {
        self.share(Decimal(UNIT), other)
    }

    pub fn number(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }
}

impl Add for Decimal {
    type Output = Decimal;
    fn add(self, other: Decimal) -> Decimal {
        Decimal(self.0 + other.0)
    }
}

impl Sub for Decimal {
    type Output = Decimal;
    fn sub(self, other: Decimal) -> Decimal {
        Decimal(self.0 - other.0)
    }
}

impl Neg for Decimal {
    type Output = Decimal;
    fn neg(self) -> Decimal {
        Decimal(-self.0)
    }
}

impl AddAssign for Decimal {
    fn add_assign(&mut self, other: Decimal) {
        self.0 += other.0;
    }
}

impl SubAssign for Decimal {
    fn sub_assign(&mut self, other: Decimal) {
        self.0 -= other.0;
    }
}

impl std::iter::Sum for Decimal {
    fn sum<I: Iterator<Item = Decimal>>(items: I) -> Decimal {
        items.fold(Decimal::ZERO, Decimal::add)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, places) = (self.0.abs() / UNIT, self.0.abs() % UNIT);
        let sign = if self.0 < 0 { "-" } else { "" };
        if places == 0 {
            return write!(f, "{sign}{whole}");
        }
        let places = format!("{places:0PLACES$}");
        write!(f, "{sign}{whole}.{}", places.trim_end_matches('0'))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_back() {
        for text in ["0", "1", "-1.5", "0.000000001", "123456.789", "1000000000000"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::parse("1.50").unwrap().to_string(), "1.5");
        for text in ["", ".", "1.", ".5", "1e3", "+1", "0.0000000001", "1 ", "--1", "1000000000001", "99999999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic() {
        let price = Decimal::cents(19_050);
        assert_eq!(price.times(Decimal::parse("0.5").unwrap()), Decimal::cents(9_525));
        assert_eq!(Decimal::whole(10).share(Decimal::whole(1), Decimal::whole(4)), Decimal::parse("2.5").unwrap());
        assert_eq!(Decimal::whole(10).over(Decimal::ZERO), Decimal::ZERO);
        assert!(price.has_more_places_than(0) && !price.has_more_places_than(1));
    }
}
