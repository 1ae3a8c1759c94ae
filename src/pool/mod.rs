//! The pool: what is between the threads that submit and reap and those that drive the calls.

pub mod channel;
pub mod completions;
mod descriptor;
mod sync;

#[cfg(test)]
mod tests;
