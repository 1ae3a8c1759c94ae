//! The program around the library: starts the server, says where it is, and ends when told.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use hs_test_server::{Config, TestServer};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str =
    "usage: hs-test-server [--watch-stdin] [--port-file FILE] [--max-seconds N] [--workers N] [--dual-stack]
  --watch-stdin    end when standard input ends, so that a crashed parent leaves nothing behind
  --port-file F    also write the line of addresses to F, which appears complete or not at all
  --max-seconds N  end after N seconds
  --workers N      threads that serve (default 2)
  --dual-stack     also listen on [::1]
";

#[derive(Default)]
struct Options {
    config: Config,
    watch_stdin: bool,
    port_file: Option<PathBuf>,
    max_seconds: Option<u64>,
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is not a number"));
        match arg.as_str() {
            "--watch-stdin" => options.watch_stdin = true,
            "--dual-stack" => options.config.dual_stack = true,
            "--port-file" => options.port_file = Some(value()?.into()),
            "--max-seconds" => options.max_seconds = Some(number(value()?)?),
            "--workers" => options.config.workers = number(value()?)? as usize,
            _ => return Err(format!("unknown argument {arg}")),
        }
    }
    Ok(options)
}

fn write_port_file(path: &Path, line: &str) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, line)?;
    std::fs::rename(&partial, path)
}

/// Runs until a signal, the end of standard input or of the time, whichever of them counts.
async fn run(options: &Options) -> io::Result<()> {
    // Before the addresses are out: whoever reads them may send a signal at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = TestServer::start_with(options.config.clone())?;
    announce(options, &(server.json_line() + "\n"))?;
    let stdin_ends = async {
        if options.watch_stdin {
            let (mut stdin, mut sink) = (tokio::io::stdin(), [0; 1024]);
            while !matches!(stdin.read(&mut sink).await, Ok(0) | Err(_)) {}
        } else {
            std::future::pending::<()>().await;
        }
    };
    let time_is_up = async {
        match options.max_seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_ends => {}
        () = time_is_up => {}
    }
    Ok(())
}

fn announce(options: &Options, line: &str) -> io::Result<()> {
    if let Some(path) = &options.port_file {
        write_port_file(path, line)?;
    }
    let mut stdout = io::stdout();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprint!("hs-test-server: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        let outcome = runtime.block_on(run(&options));
        // A read of standard input may still hang on its thread.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hs-test-server: {error}");
            ExitCode::FAILURE
        }
    }
}
