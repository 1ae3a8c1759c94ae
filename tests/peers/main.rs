//! Real peers: servers and proxies from the system's packages, each started here with a configuration of its own in
//! front of the test server. `README.md` tells more.
//!
//!     cargo test --test peers                       all
//!     HS_CASE=redirects cargo test --test peers     of the tables, those with that in their names
#![cfg(target_os = "linux")]

#[allow(dead_code)] // What is for another libcurl.
#[path = "../behaviour/case.rs"]
mod case;
mod client;
#[path = "../behaviour/constants.rs"]
mod constants;
#[allow(dead_code)] // The drivers in other languages.
#[path = "../behaviour/drivers.rs"]
mod drivers;
mod events;
#[path = "../behaviour/fields.rs"]
mod fields;
mod haproxy;
#[path = "../behaviour/judge.rs"]
mod judge;
#[path = "../abi/library.rs"]
mod library;
mod nghttpd;
mod nginx;
#[path = "../behaviour/outcome.rs"]
mod outcome;
mod peer;
#[path = "../behaviour/process.rs"]
mod process;
mod proxies;
#[path = "../behaviour/run.rs"]
mod run;
#[path = "../behaviour/server.rs"]
mod server;
mod table;
