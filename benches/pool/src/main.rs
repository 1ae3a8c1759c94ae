//! Throughput of the pool beside libcurl's multi interface, Go's net/http and reqwest: the same small GET, the same servers,
//! the same run, in turns. The contestants are programs; this one starts them one after the other, and the servers first.

mod peer;
mod table;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use table::{Sample, Table};

const LEVELS: [usize; 5] = [1, 16, 64, 512, 4096];

/// A program that takes `URL CA IN_FLIGHT MILLISECONDS` between its first argument and its last one.
struct Contestant {
    name: &'static str,
    program: PathBuf,
    /// Before the others.
    before: Option<&'static str>,
    last: &'static str,
}

/// A server that ends when its standard input does, and the first line that it says.
struct Server {
    child: Child,
    said: String,
}

impl Server {
    fn start(program: PathBuf, args: &[&str]) -> Server {
        let mut child = Command::new(&program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut said = String::new();
        let out = child.stdout.as_mut().expect("is piped");
        BufReader::new(out).read_line(&mut said).expect("a line");
        Server { child, said }
    }

    /// The text behind `"name":` in a line of JSON.
    fn field(&self, name: &str) -> String {
        let start = self.said.find(&format!("\"{name}\":\"")).expect("the field") + name.len() + 4;
        self.said[start..].split('"').next().expect("a text").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Contestant {
    fn measure(&self, url: &str, ca: &str, in_flight: usize, milliseconds: usize) -> Sample {
        let output = Command::new(&self.program)
            .args(self.before)
            .args([url, ca, &in_flight.to_string(), &milliseconds.to_string(), self.last])
            .stderr(Stdio::inherit())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [per_second, processor_us] if output.status.success() => Sample { per_second, processor_us },
            _ => panic!("{} at {in_flight} in flight: {}: {said}", self.name, output.status),
        }
    }
}

fn contestants(folder: &std::path::Path) -> Vec<Contestant> {
    let of = |name, program: PathBuf, before, last| Contestant { name, program, before, last };
    let built = |name: &str| folder.join(name);
    let this = std::env::current_exe().expect("this program");
    let mut all = vec![
        of("pool, 1 thread", built("pool"), None, "1"),
        of("pool, 2 threads", built("pool"), None, "2"),
        of("libcurl, poll", built("multi"), None, "poll"),
        of("libcurl, epoll", built("multi"), None, "epoll"),
        of("reqwest, 1 thread", this.clone(), Some("reqwest"), "1"),
        of("reqwest, 2 threads", this, Some("reqwest"), "2"),
    ];
    if built("go").exists() {
        all.push(of("net/http, 1 thread", built("go"), None, "1"));
        all.push(of("net/http, 2 threads", built("go"), None, "2"));
    }
    all
}

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// `HS_BENCH_DIR` has the contestants and the responder, `HS_TEST_SERVER` the server for TLS. `ROUNDS` and `MILLISECONDS`
/// say how long it takes, `ONLY` is a text that names of contestants have.
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|first| first == "reqwest") {
        return peer::run(&args[1..]);
    }
    let folder = PathBuf::from(std::env::var_os("HS_BENCH_DIR").expect("HS_BENCH_DIR"));
    let (rounds, milliseconds) = (setting("ROUNDS", 5), setting("MILLISECONDS", 600));
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut all = contestants(&folder);
    all.retain(|one| one.name.contains(&only));

    let plain = Server::start(folder.join("responder"), &[]);
    run(&all, rounds, milliseconds, "HTTP/1.1, plain", &format!("http://127.0.0.1:{}", plain.said.trim()), "-");
    drop(plain);
    let tls =
        Server::start(PathBuf::from(std::env::var_os("HS_TEST_SERVER").expect("HS_TEST_SERVER")), &["--watch-stdin"]);
    run(&all, rounds, milliseconds, "HTTP/2 over TLS", &tls.field("https"), &tls.field("ca_file"));
}

fn run(all: &[Contestant], rounds: usize, milliseconds: usize, title: &str, url: &str, ca: &str) {
    let mut table = Table::new(all.iter().map(|one| one.name).collect(), &LEVELS);
    for round in 0..rounds {
        for (level, &in_flight) in LEVELS.iter().enumerate() {
            // Each begins a round once: what the machine does at its beginning or end is nobody's alone.
            for turn in 0..all.len() {
                let who = (turn + round) % all.len();
                table.add(who, level, all[who].measure(url, ca, in_flight, milliseconds));
            }
        }
    }
    println!("{title}, {rounds} rounds of {milliseconds} ms\n{table}");
}
