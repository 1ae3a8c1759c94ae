//! A driver that runs: blocks go in, outcomes come out.

use crate::library::library_folder;
use crate::outcome::Outcome;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Longer than any block takes on the slowest machine; a driver that hangs is ended and named.
const PATIENCE: Duration = Duration::from_secs(240);

pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    pub fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        // Cargo's own value would find an older copy of the library first.
        command.env("LD_LIBRARY_PATH", library_folder());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|why| panic!("cannot run {}: {why}", program.display()));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Process { input: child.stdin.take(), child, lines }
    }

    /// One block and what came of it; why there is none, where the driver has ended or hangs.
    pub fn say(&mut self, block: &str) -> Result<Outcome, String> {
        if let Some(input) = &mut self.input {
            // A driver that is gone is noticed below.
            let _ = input.write_all(block.as_bytes()).and_then(|()| input.flush());
        }
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.is_empty() => return Ok(Outcome::parse(&lines)),
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    return Err(format!("it hangs after {lines:?}"));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.end().unwrap_err()),
            }
        }
    }

    /// Ends the driver: it must exit with 0 and have said nothing on stderr, for the library does not.
    pub fn end(&mut self) -> Result<(), String> {
        drop(self.input.take());
        let status = self.child.wait().map_err(|why| why.to_string())?;
        let mut said = String::new();
        let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
        match status.success() && said.is_empty() {
            true => Ok(()),
            false => Err(format!("it ended with {status} and said on stderr: {said}")),
        }
    }
}
