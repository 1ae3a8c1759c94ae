//! A worker whose requests are said one by one, for what a table cannot: something happens to the peer in between.

use crate::outcome::{Outcome, encode};
use crate::process::Process;
use crate::table;

pub struct Client(Process);

impl Client {
    /// A worker with these options.
    pub fn open(options: &[(&str, &str)]) -> Client {
        let mut client = Client(Process::start(&table::driver().program));
        // A loaded machine is no failure.
        let long = ["connect_timeout_ms", "attempt_timeout_ms", "idle_timeout_ms", "timeout_ms"]
            .map(|limit| (limit, "110000"));
        let opened = client.say("open", &[&long, options].concat());
        assert_eq!(opened.get("status").as_deref(), Some("HS_OK"), "{opened:?}");
        client
    }

    pub fn request(&mut self, options: &[(&str, &str)]) -> Outcome {
        self.say("request", options)
    }

    /// A request that must succeed with status 200; its outcome.
    pub fn good(&mut self, options: &[(&str, &str)]) -> Outcome {
        let outcome = self.request(options);
        assert_eq!(outcome.get("http").as_deref(), Some("200"), "{options:?}: {outcome:#?}");
        outcome
    }

    fn say(&mut self, verb: &str, options: &[(&str, &str)]) -> Outcome {
        let line = |(key, value): &(&str, &str)| match *key {
            // Its value has parts.
            "body_repeat" => format!("{key} {value}\n"),
            _ => format!("{key} {}\n", encode(value.as_bytes())),
        };
        let lines: String = options.iter().map(line).collect();
        self.0.say(&format!("{verb}\n{lines}\n")).unwrap_or_else(|why| panic!("{options:?}: {why}"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.end().expect("the driver's end");
        }
    }
}
