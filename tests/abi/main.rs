//! The ABI from C: small programs, compiled with the system's compiler against the shared library and the committed
//! header, run against the test server as they are, under AddressSanitizer with UndefinedBehaviorSanitizer and
//! LeakSanitizer, and under valgrind. `README.md` tells what each program shows.
#![cfg(target_os = "linux")]

mod compile;
mod layout;
mod library;
mod outage;
mod programs;
mod run;
#[cfg(feature = "bundled-curl")]
mod soak;
mod tools;
