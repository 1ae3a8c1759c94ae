//! nginx: the table, its own modules, and what it does to connections.

use crate::peer::{Peer, bytes_file, configure, folder, free_port, set_place, user_is_root, wait_until};
use crate::server::Server;
use crate::table;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

const CLEAR: [&str; 3] = ["http", "h2c", "few"];
const TLS: [&str; 6] = ["https", "https_h1", "tls12", "tls13", "mtls", "few_tls"];

pub struct Nginx {
    peer: Peer,
    pub server: Server,
    pub folder: PathBuf,
    ports: Vec<u16>,
}

impl Nginx {
    pub fn start(name: &str) -> Nginx {
        let (mut server, folder) = (Server::start(), folder(name));
        let backend = server.server.http_url().to_owned();
        set_place(&mut server, "backend", &backend);
        set_place(&mut server, "folder", &folder.to_string_lossy());
        set_place(&mut server, "user", if user_is_root() { "user root;" } else { "" });
        let mut ports = Vec::new();
        for name in CLEAR.into_iter().chain(TLS) {
            let port = free_port();
            let base = if TLS.contains(&name) { "https://localhost" } else { "http://127.0.0.1" };
            set_place(&mut server, name, &format!("{base}:{port}"));
            set_place(&mut server, &format!("{name}_at"), &port.to_string());
            ports.push(port);
        }
        let files = folder.join("files");
        std::fs::create_dir(&files).expect("a folder");
        std::fs::write(files.join("hello.txt"), "hello, world\n").expect("a file");
        // Its entity tag is made of time and length.
        let hello = std::fs::File::options().append(true).open(files.join("hello.txt")).expect("the file");
        hello.set_modified(UNIX_EPOCH + Duration::from_secs(1_600_000_000)).expect("to set a time");
        std::fs::write(files.join("zeros"), [0; 150_000]).expect("a file");
        bytes_file(&server, &files.join("bytes"), 3_000_000);
        std::fs::write(folder.join("users"), "al:{PLAIN}pw\n").expect("a file");
        configure(&server, &folder, "nginx.conf");
        Nginx { peer: Nginx::run(&folder, &ports), server, folder, ports }
    }

    fn run(folder: &Path, ports: &[u16]) -> Peer {
        Peer::start(folder, ports, "nginx", &arguments(folder))
    }

    pub fn kill(&mut self) {
        self.peer.kill();
    }

    pub fn start_again(&mut self) {
        // It does not take over what one that was killed left behind.
        let _ = std::fs::remove_file(self.folder.join("nginx.sock"));
        self.peer = Nginx::run(&self.folder, &self.ports);
    }

    /// Takes up its configuration anew: new processes serve what comes, the old ones end what they have begun.
    pub fn reload(&self) {
        self.tell("HUP", &self.master());
    }

    /// Kills the processes that serve; the one that starts them stays.
    pub fn kill_workers(&self) {
        let (master, mut workers) = (self.master(), String::new());
        // The first one serves already while the second is made.
        wait_until("nginx has its workers", || {
            let output = Command::new("ps").args(["-o", "pid=", "--ppid", &master]).output().expect("ps");
            workers = String::from_utf8(output.stdout).expect("numbers");
            workers.split_whitespace().count() == 2
        });
        // One that is still there must not take up what another one's end breaks off, only to end in its turn.
        workers.split_whitespace().for_each(|worker| self.tell("STOP", worker));
        workers.split_whitespace().for_each(|worker| self.tell("KILL", worker));
    }

    fn tell(&self, signal: &str, process: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), process]).status().expect("kill");
        assert!(status.success(), "{signal} for {process}: {status}");
    }

    fn master(&self) -> String {
        // It writes that only when its ports are open.
        let mut number = String::new();
        wait_until("nginx has told its number", || {
            number = std::fs::read_to_string(self.folder.join("nginx.pid")).unwrap_or_default().trim().to_owned();
            !number.is_empty()
        });
        number
    }

    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.join("error.log")).expect("its log")
    }

    pub fn accesses(&self) -> String {
        std::fs::read_to_string(self.folder.join("access.log")).expect("its log")
    }

    /// What it has at `/plain/bytes` and, slowly, at `/slow/bytes`.
    pub fn served(&self) -> Vec<u8> {
        std::fs::read(self.folder.join("files/bytes")).expect("the file")
    }
}

fn arguments(folder: &Path) -> [String; 4] {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    ["-p".into(), text(folder.to_owned()), "-c".into(), text(folder.join("nginx.conf"))]
}

#[test]
fn nginx_holds_the_table() {
    let nginx = Nginx::start("nginx");
    let shared = table::shared("nginx", &["http", "https", "https_h1", "tls12", "tls13", "h2c", "mtls"]);
    table::hold("nginx", &nginx.server, table::behind(shared), table::own("nginx"));
}
