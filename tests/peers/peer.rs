//! A server from the system's packages, run for one test: its ports, its configuration, its start and its end.

use crate::server::Server;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Longer than any of them takes to start or to end on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at what cannot be waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// A port that nobody listens at. It is below those that the kernel gives to clients, so that none of them takes it
/// before the peer does.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 400) as u16 * 25;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// An empty folder for a peer's files, and its log when it is over.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder under the target directory");
    folder
}

/// Fills a file of `conf/` in, and writes it into the folder.
pub fn configure(server: &Server, folder: &Path, name: &str) -> PathBuf {
    let template = crate::library::root().join("tests/peers/conf").join(name);
    let text = std::fs::read_to_string(&template).unwrap_or_else(|why| panic!("{}: {why}", template.display()));
    let path = folder.join(name);
    std::fs::write(&path, server.fill(&text, "")).expect("to write the configuration");
    path
}

pub fn user_is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout == b"0\n"
}

/// Lets the name of a place stand for another one. Names that are not there yet are made.
pub fn set_place(server: &mut Server, name: &str, value: &str) {
    let port = value.rsplit_once(':').map(|(_, port)| (format!("{{{name}_port}}"), port.to_owned()));
    for (name, value) in [(format!("{{{name}}}"), value.to_owned())].into_iter().chain(port) {
        server.places.retain(|(known, _)| *known != name);
        server.places.push((name, value));
    }
}

pub struct Peer {
    child: Child,
    pub log: PathBuf,
}

impl Peer {
    /// Starts a program and waits until it takes connections at all of the ports. It ends with the peer, or with this
    /// process however that ends: the shell between them kills all of its group when its input ends.
    pub fn start(folder: &Path, ports: &[u16], program: &str, arguments: &[String]) -> Peer {
        let log = folder.join("log");
        let output = || std::fs::File::options().create(true).append(true).open(&log).expect("a log");
        let mut command = Command::new("sh");
        command.args(["-c", r#""$@" & cat >/dev/null; kill -9 0"#, "sh", program]).args(arguments);
        command.stdin(Stdio::piped()).stdout(output()).stderr(output()).process_group(0);
        // Debian keeps servers where only root's PATH has them.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin:/sbin"));
        let peer = Peer { child: command.spawn().expect("a shell"), log };
        for port in ports {
            wait_until(&format!("{program} takes connections at {port}; its log is {}", peer.log.display()), || {
                TcpStream::connect(("127.0.0.1", *port)).is_ok()
            });
        }
        peer
    }

    /// Ends it at once, without a word to its clients, and waits until it is gone.
    pub fn kill(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprint!("{}", last_words(&self.log));
        }
    }
}

/// What a peer wrote in the end, for whoever reads of a failure: of its output, and of the error log beside that.
fn last_words(log: &Path) -> String {
    const LINES: usize = 30;
    const OF_NO_WEIGHT: [&str; 3] = ["[notice]", "closed keepalive connection", "while waiting for request"];
    let mut words = String::new();
    for path in [log.to_owned(), log.with_file_name("error.log")] {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let has_weight = |line: &&str| !line.is_empty() && !OF_NO_WEIGHT.iter().any(|part| line.contains(part));
        let lines: Vec<&str> = text.lines().filter(has_weight).collect();
        if lines.is_empty() {
            continue;
        }
        let last = &lines[lines.len().saturating_sub(LINES)..];
        words += &format!("the end of {}, {} of {} lines:\n", path.display(), last.len(), lines.len());
        last.iter().for_each(|line| words += &format!("  | {line}\n"));
    }
    words
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(PAUSE);
    }
}

/// A file whose bytes are those of the test server's `/bytes/N`.
pub fn bytes_file(server: &Server, path: &Path, length: usize) {
    let host = server.server.http_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).expect("the test server");
    write!(stream, "GET /bytes/{length} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("to ask");
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut answer).expect("its answer");
    assert!(answer.len() > length, "{} bytes", answer.len());
    std::fs::write(path, &answer[answer.len() - length..]).expect("to write the file");
}
