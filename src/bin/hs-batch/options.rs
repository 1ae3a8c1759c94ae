//! The command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Sends the requests of a manifest and writes what became of them.
///
/// The manifest has a JSON object a line: "url", and if need be "id", "method", "headers" (an object, or an array of
/// [name, value] pairs), "body" or "body_base64", "timeout_ms" and "max_retries". Each line gets one line of results: "id",
/// "status", "latency_ms", "retry_count", "body" or "body_base64", "error".
#[derive(Parser, Debug)]
#[command(name = "hs-batch", version = crate::abi::library_version(), after_help = AFTER)]
pub struct Options {
    /// The file of requests; - is standard input
    #[arg(default_value = "-")]
    pub manifest: PathBuf,

    /// Where the results go [default: standard output]; a file that exists is refused without --resume
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Leave out what has its result in the output file already, and add the rest to it. Give it from the first run on:
    /// it also refuses an id that an earlier line had. Takes some 40 bytes of memory for each id
    #[arg(long, requires = "output")]
    pub resume: bool,

    /// Results in the order of the manifest instead of that in which they come
    #[arg(long)]
    pub ordered: bool,

    /// Requests in flight at most
    #[arg(short, long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub concurrency: u32,

    /// In flight to one origin (scheme, host and port) at most [default: as --concurrency]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub per_origin: Option<u32>,

    /// Threads at most [default: one a core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub threads: Option<u32>,

    /// Requests begun in a second (20), or in a minute (90/m) or hour (500/h); retries and redirects are not counted
    #[arg(long, value_name = "N[/s|/m|/h]", value_parser = rate)]
    pub rate: Option<Rate>,

    /// The time for one request with all its retries; a line's timeout_ms overrides it [default: 30000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=LONGEST_MS))]
    pub timeout_ms: Option<u64>,

    /// How often a request is tried again where that is safe; a line's max_retries overrides it [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=99))]
    pub max_retries: Option<u32>,

    /// The largest body that is accepted, in bytes [default: 64 MiB]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_body_bytes: Option<u64>,

    /// The longest line of the manifest that is accepted, in bytes
    #[arg(long, value_name = "N", default_value_t = 64 << 20, value_parser = clap::value_parser!(u64).range(2..=1 << 32))]
    pub max_line_bytes: u64,

    /// A PEM file with the CA certificates to trust instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// A header of every request whose line has none of that name; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    pub header: Vec<(String, String)>,

    /// Add "headers" to the results: an array of [name, value] pairs
    #[arg(long)]
    pub headers: bool,

    /// Leave the body out of the results
    #[arg(long)]
    pub no_body: bool,

    /// A bar on standard error: where that is a terminal, or a line a second where it is not, or none
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub progress: When,

    /// Write the summary as JSON into FILE (- is standard output, with --output) instead of in words to standard error
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,

    /// After SIGINT or SIGTERM, how long to wait for what is under way
    #[arg(long, value_name = "MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(0..=LONGEST_MS))]
    pub drain_ms: u64,
}

const AFTER: &str = "Exit status: 0 each line has an HTTP response, whatever its status; 1 some have an error instead; \
    2 the command line, the manifest or a file cannot be used; 3 reading or writing broke off; 130 SIGINT, 143 SIGTERM.";

/// A year: what is longer is a mistake.
pub const LONGEST_MS: u64 = 365 * 86_400_000;

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub limit: u32,
    pub period_ms: u64,
}

fn rate(text: &str) -> Result<Rate, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let period_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("the unit is s, m or h, not {unit:?}")),
    };
    match number.parse() {
        Ok(limit @ 1..=1_000_000) => Ok(Rate { limit, period_ms }),
        _ => Err("a whole number from 1 to 1000000, and then perhaps /s, /m or /h".into()),
    }
}

/// What else a header may not have in it the library says of each request.
fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().into(), value.trim().into())),
        _ => Err("a header is NAME: VALUE".into()),
    }
}

impl Options {
    /// What no single option can see.
    pub fn check(&self) -> Result<(), String> {
        let summary_to_stdout = self.summary.as_ref().is_some_and(|path| path.as_os_str() == "-");
        if summary_to_stdout && self.output.is_none() {
            return Err("--summary - needs --output: standard output has the results".into());
        }
        if let (Some(summary), Some(output)) = (&self.summary, &self.output)
            && summary == output
        {
            return Err("--summary and --output are the same file".into());
        }
        Ok(())
    }

    /// So many lines at most are between being read and being written: twice what is in flight keeps that full; with
    /// `ordered` what has ended waits for the slowest before it as well.
    pub fn window(&self) -> u32 {
        self.concurrency.saturating_mul(if self.ordered { 4 } else { 2 }).max(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parsed(words: &str) -> Result<Options, String> {
        let words = std::iter::once("hs-batch").chain(words.split_whitespace());
        let options = Options::try_parse_from(words).map_err(|error| error.to_string())?;
        options.check().map(|()| options)
    }

    #[test]
    fn the_command_is_well_made() {
        Options::command().debug_assert();
    }

    #[test]
    fn defaults() {
        let options = parsed("").unwrap();
        assert_eq!(options.manifest.as_os_str(), "-");
        assert_eq!((options.concurrency, options.window(), options.max_line_bytes), (64, 128, 64 << 20));
        assert_eq!((options.progress, options.drain_ms), (When::Auto, 5_000));
        assert_eq!(parsed("--ordered -c 100").unwrap().window(), 400);
    }

    #[test]
    fn rates() {
        for (text, limit, period_ms) in
            [("20", 20, 1_000), ("20/s", 20, 1_000), ("90/m", 90, 60_000), ("1/h", 1, 3_600_000)]
        {
            assert_eq!(rate(text), Ok(Rate { limit, period_ms }), "{text}");
        }
        for text in ["", "0", "-1", "1.5", "1/", "1/d", "1/s/s", "/s", "99999999999", "1000001"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_refused_names_itself() {
        for (words, text) in [
            ("--concurrency 0", "--concurrency"),
            ("--concurrency 65537", "--concurrency"),
            ("--threads 0", "--threads"),
            ("--per-origin many", "--per-origin"),
            ("--rate fast", "--rate"),
            ("--timeout-ms 0", "--timeout-ms"),
            ("--timeout-ms 99999999999999999999", "--timeout-ms"),
            ("--max-retries 100", "--max-retries"),
            ("--max-body-bytes 0", "--max-body-bytes"),
            ("--progress sometimes", "--progress"),
            ("--header nothing", "--header"),
            ("--header :x", "--header"),
            ("--resume", "--output"),
            ("--summary -", "--summary"),
            ("--summary a --output a", "--summary"),
            ("--nonsense", "--nonsense"),
            ("one two", "two"),
        ] {
            let refused = parsed(words).expect_err(words);
            assert!(refused.contains(text), "{words}: {refused}");
        }
    }

    #[test]
    fn a_header_keeps_the_colons_of_its_value() {
        let options = Options::try_parse_from(["hs-batch", "-H", "X-Time: 10:30 ", "--header", "Empty:"]).unwrap();
        assert_eq!(options.header, [("X-Time".into(), "10:30".into()), ("Empty".into(), String::new())]);
    }
}
