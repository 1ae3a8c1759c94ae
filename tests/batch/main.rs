//! `hs-batch` as its users have it: the program itself, against the test server.

mod ends;
mod hostile;
mod interrupted;
mod memory;
mod options;
mod order;
mod program;
mod progress;
mod readme;
