//! Models of where threads meet: what the library does without locks, and what must not lose a wake-up. Each module includes files of `src/` as they are.

#![allow(dead_code)] // the files have more than a model needs

#[cfg(test)]
mod bell;
#[cfg(test)]
mod breaker;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod bulkhead;
#[cfg(test)]
mod channel;
#[cfg(test)]
mod completions;
#[cfg(test)]
mod limiter;
