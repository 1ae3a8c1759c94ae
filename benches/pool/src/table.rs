//! What was measured, as text: medians, and ratios within a round with their least and greatest.

use std::fmt;

#[derive(Clone, Copy)]
pub struct Sample {
    pub per_second: f64,
    /// Processor time of the client, a request.
    pub processor_us: f64,
}

pub struct Table {
    names: Vec<&'static str>,
    levels: Vec<usize>,
    /// By level, contestant, round.
    samples: Vec<Vec<Vec<Sample>>>,
}

/// The median, the least and the greatest.
struct Spread(f64, f64, f64);

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Spread(values[values.len() / 2], values[0], values[values.len() - 1])
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:>6.2} ({:.2}..{:.2})", self.0, self.1, self.2)
    }
}

impl Table {
    pub fn new(names: Vec<&'static str>, levels: &[usize]) -> Table {
        let samples = vec![vec![Vec::new(); names.len()]; levels.len()];
        Table { names, levels: levels.to_vec(), samples }
    }

    pub fn add(&mut self, who: usize, level: usize, sample: Sample) {
        self.samples[level][who].push(sample);
    }

    /// Of each round, how many times as many requests the first has as the second.
    fn ratio(of: &[Sample], to: &[Sample]) -> Spread {
        Spread::of(of.iter().zip(to).map(|(of, to)| of.per_second / to.per_second))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.levels.iter().position(|&level| level == 64).expect("64 is a level");
        writeln!(
            out,
            "{:>9}  {:<20}{:>12}{:>12}  {:<22}  of its own at 64",
            "in flight", "", "requests/s", "client µs", "  of the first line's"
        )?;
        for (level, &in_flight) in self.levels.iter().enumerate() {
            for (who, name) in self.names.iter().enumerate() {
                let samples = &self.samples[level][who];
                let Spread(rate, ..) = Spread::of(samples.iter().map(|sample| sample.per_second));
                let Spread(processor, ..) = Spread::of(samples.iter().map(|sample| sample.processor_us));
                let of_first = Table::ratio(samples, &self.samples[level][0]).to_string();
                let of_own = Table::ratio(samples, &self.samples[base][who]);
                writeln!(out, "{in_flight:>9}  {name:<20}{rate:>12.0}{processor:>12.2}  {of_first:<22}{of_own}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
