//! `hs-batch`: the requests of a file through the library's pool. `options` says what it can do.
#![deny(unsafe_code)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod abi;
mod done;
mod lines;
mod manifest;
mod options;
mod output;
mod progress;
mod result;
mod run;
mod tally;
mod window;

use abi::{Pace, Pool, Settings};
use clap::Parser;
use options::Options;
use progress::Progress;
use run::Run;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// As `options` tells its user.
const FAILURES: u8 = 1;
const UNUSABLE: u8 = 2;
const BROKEN_OFF: u8 = 3;
const OF_SIGNALS: i32 = 128;

fn main() -> ExitCode {
    let options = Options::parse();
    match options.check().and_then(|()| carry_out(&options)) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            complain(&why);
            ExitCode::from(UNUSABLE)
        }
    }
}

/// What cannot be said does not matter.
fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "hs-batch: {why}");
}

/// An error is one that shows before anything is sent.
fn carry_out(options: &Options) -> Result<u8, String> {
    let manifest = open(&options.manifest)?;
    let found = manifest.metadata().map_err(|error| format!("{}: {error}", options.manifest.display()))?;
    let mut files = vec![("the manifest", identity(&found))];
    let ca_file = options.ca.as_ref().map(|path| path.to_str().ok_or("--ca is not UTF-8")).transpose()?;
    // Beside the connections: those of the program itself, and the pool's own.
    let wanted = u64::from(options.concurrency) + 64 + 16 * u64::from(options.threads.unwrap_or(64));
    let descriptors = abi::descriptors(wanted);
    if descriptors < u64::from(options.concurrency) + 64 {
        return Err(format!(
            "--concurrency {}: the system lets {descriptors} descriptors be open",
            options.concurrency
        ));
    }
    let pool = Pool::new(&Settings {
        threads: options.threads.unwrap_or(0),
        in_flight: options.concurrency,
        per_origin: options.per_origin.unwrap_or(options.concurrency),
        window: options.window(),
        timeout_ms: options.timeout_ms.unwrap_or(0),
        max_attempts: options.max_retries.map_or(0, |retries| retries + 1),
        max_body_bytes: options.max_body_bytes.unwrap_or(0),
        ca_file: ca_file.map(str::to_owned),
    })
    .map_err(|failure| failure.message)?;
    let pace = options.rate.map(|rate| Pace::new(rate.limit, rate.period_ms)).transpose();
    let mut summary = summary(options)?;
    if let (Some(file), Some(path)) = (&summary, &options.summary) {
        differs(&mut files, "--summary", file.metadata(), path)?;
    }
    let (output, done) = match &options.output {
        None => {
            let file = stdout()?;
            differs(&mut files, "standard output", file.metadata(), Path::new("-"))?;
            (file, None)
        }
        Some(path) => {
            if let Ok(found) = std::fs::metadata(path) {
                differs(&mut files, "--output", Ok(found), path)?;
            }
            match options.resume {
                true => done::resume(path).map(|(file, done)| (file, Some(done)))?,
                false => (done::create(path)?, None),
            }
        }
    };
    empty(options, summary.as_ref())?;
    let pace = pace.map_err(|failure| failure.message)?;
    let run = Arc::new(Run::new(pool, pace, output, options));

    let started = Instant::now();
    heed_signals(&run)?;
    let length = found.is_file().then_some(found.len());
    let mut progress = Progress::new(options.progress, length);
    // It may be waiting for a line that never comes when all is over, so that nobody waits for it.
    let feeder = run.clone();
    std::thread::spawn(move || feeder.feed(BufReader::with_capacity(1 << 16, manifest), done));
    run.reap(&mut progress);
    run.pool.free();
    progress.clear();
    let elapsed = started.elapsed();

    let mut broken = run.broken();
    let tally = run.tally.lock().map_err(|_| "a fault of this program")?;
    let written = match &mut summary {
        Some(file) => writeln!(file, "{}", tally.json(elapsed)),
        None => io::stderr().write_all(tally.text(elapsed).as_bytes()).or(Ok(())),
    };
    if let Err(error) = written {
        broken.get_or_insert(format!("writing the summary: {error}"));
    }
    if let Some(why) = broken {
        complain(&why);
        return Ok(BROKEN_OFF);
    }
    Ok(match run.signal() {
        0 if tally.failures() == 0 => 0,
        0 => FAILURES,
        signal => (OF_SIGNALS + signal) as u8,
    })
}

fn open(path: &Path) -> Result<File, String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    if path.as_os_str() == "-" {
        return io::stdin().as_fd().try_clone_to_owned().map(File::from).map_err(failed);
    }
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(format!("{} is a folder", path.display()));
    }
    Ok(file)
}

type Identity = Option<(u64, u64)>;

/// Of a file; pipes, terminals and the like may be several things at once.
fn identity(found: &Metadata) -> Identity {
    found.is_file().then(|| (found.dev(), found.ino()))
}

/// What is written to is none of the files so far: it would be overwritten, or read as it grows.
fn differs(
    files: &mut Vec<(&'static str, Identity)>,
    name: &'static str,
    found: io::Result<Metadata>,
    path: &Path,
) -> Result<(), String> {
    let identity = found.map(|found| identity(&found)).map_err(|error| format!("{}: {error}", path.display()))?;
    match files.iter().find(|(_, other)| other.is_some() && *other == identity) {
        Some((other, _)) => Err(format!("{name} and {other} are the same file")),
        None => {
            files.push((name, identity));
            Ok(())
        }
    }
}

/// Not std's own, which writes at each line feed.
fn stdout() -> Result<File, String> {
    let descriptor = io::stdout().as_fd().try_clone_to_owned();
    descriptor.map(File::from).map_err(|error| format!("standard output: {error}"))
}

/// Where the summary goes, if not to standard error. What is in the file stays until all is well.
fn summary(options: &Options) -> Result<Option<File>, String> {
    match &options.summary {
        None => Ok(None),
        Some(path) if path.as_os_str() == "-" => stdout().map(Some),
        Some(path) => {
            let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
            opened.map(Some).map_err(|error| format!("{}: {error}", path.display()))
        }
    }
}

fn empty(options: &Options, summary: Option<&File>) -> Result<(), String> {
    match (summary, &options.summary) {
        (Some(file), Some(path)) if path.as_os_str() != "-" => {
            let emptied = file.metadata().and_then(|found| if found.is_file() { file.set_len(0) } else { Ok(()) });
            emptied.map_err(|error| format!("{}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The first signal ends the run, the second one the program.
fn heed_signals(run: &Arc<Run>) -> Result<(), String> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(|error| format!("signals: {error}"))?;
    let run = run.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if run.signal() != 0 {
                // Without the work that exit would do beside threads that are running.
                signal_hook::low_level::exit(OF_SIGNALS + signal);
            }
            run.interrupt(signal);
        }
    });
    Ok(())
}
