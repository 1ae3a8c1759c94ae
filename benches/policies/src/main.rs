//! What an admitted call costs: each policy of the library by itself and together, beside the crates that do the same,
//! on the same machine in the same run.

mod peers;

use std::hint::black_box;
use std::time::Instant;

mod ours {
    macro_rules! of_c {
        ($($name:ident = $symbol:literal;)*) => {
            $(pub fn $name(rounds: u64) {
                unsafe extern "C" {
                    #[link_name = $symbol]
                    fn c(rounds: u64);
                }
                // SAFETY: a function of ours.c; this program has one thread.
                unsafe { c(rounds) }
            })*
        };
    }

    pub fn begin() {
        unsafe extern "C" {
            fn ours_begin();
        }
        // SAFETY: as above.
        unsafe { ours_begin() }
    }

    of_c! {
        breaker = "ours_breaker";
        bulkhead = "ours_bulkhead";
        budget = "ours_budget";
        gcra = "ours_gcra";
        log = "ours_log";
        retry = "ours_retry";
        plain_call = "ours_plain_call";
        bulkhead_call = "ours_bulkhead_call";
        call = "ours_call";
    }
}

/// One line of the table: what is done, by whom, and the loop that does it so many times.
struct Candidate {
    what: &'static str,
    who: &'static str,
    work: Box<dyn FnMut(u64)>,
    samples: Vec<f64>,
}

fn candidate(what: &'static str, who: &'static str, work: impl FnMut(u64) + 'static) -> Candidate {
    Candidate { what, who, work: Box::new(work), samples: Vec::new() }
}

const US: &str = "http-sentinel";
const SAMPLES: usize = 21;
const SAMPLE_NS: f64 = 5_000_000.0;

fn ns_per_round(work: &mut dyn FnMut(u64), rounds: u64) -> f64 {
    let start = Instant::now();
    work(black_box(rounds));
    start.elapsed().as_nanos() as f64 / rounds as f64
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn main() {
    ours::begin();
    let mut all = vec![
        candidate("breaker: acquire and record", US, ours::breaker),
        candidate("breaker: acquire and record", "failsafe", peers::failsafe()),
        candidate("breaker: acquire and record", "tower-resilience", peers::tower_breaker()),
        candidate("limiter (GCRA): acquire", US, ours::gcra),
        candidate("limiter (GCRA): acquire", "governor, keyed", peers::governor_keyed()),
        candidate("limiter (GCRA): acquire", "governor, direct", peers::governor_direct()),
        candidate("limiter (sliding log): acquire", US, ours::log),
        candidate("limiter (sliding log): acquire", "tower-resilience", peers::tower_log()),
        candidate("bulkhead: acquire and release", US, ours::bulkhead),
        candidate("bulkhead: acquire and release", "tower-resilience", peers::tower_bulkhead()),
        candidate("retry budget: one original", US, ours::budget),
        candidate("retry + breaker + limiter", US, ours::retry),
        candidate("retry + breaker + limiter", "tower-resilience", peers::tower_all()),
        candidate("a worker's call, over a mock", US, ours::call),
        candidate("a worker's call, over a mock", "with retries alone", ours::plain_call),
        candidate("a worker's call, over a mock", "and a bulkhead", ours::bulkhead_call),
    ];
    let rounds: Vec<u64> = all
        .iter_mut()
        .map(|one| {
            (one.work)(1_000);
            (SAMPLE_NS / ns_per_round(&mut one.work, 1_000)).clamp(1_000.0, 1_000_000.0) as u64
        })
        .collect();
    // One sample of each in turn: what disturbs the machine meanwhile disturbs them all.
    for _ in 0..SAMPLES {
        for (one, &rounds) in all.iter_mut().zip(&rounds) {
            let sample = ns_per_round(&mut one.work, rounds);
            one.samples.push(sample);
        }
    }
    println!("{:<34}{:<20}{:>10}{:>10}{:>16}", "", "", "median ns", "least ns", "of ours");
    let mut base = 0.0;
    for one in &all {
        let (middle, least) = (median(&one.samples), one.samples.iter().copied().fold(f64::INFINITY, f64::min));
        let ratio = if one.who == US {
            base = middle;
            String::new()
        } else {
            format!("{:.2} x", middle / base)
        };
        println!("{:<34}{:<20}{:>10.1}{:>10.1}{:>16}", one.what, one.who, middle, least, ratio);
    }
}
