//! nginx: the table, its own modules, and what it does to connections.

use crate::peer::{Peer, bytes_file, configure, folder, free_port, set_place, user_is_root};
use crate::server::Server;
use crate::table;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

const CLEAR: [&str; 3] = ["http", "h2c", "few"];
const TLS: [&str; 6] = ["https", "https_h1", "tls12", "tls13", "mtls", "few_tls"];

struct Nginx {
    _peer: Peer,
    server: Server,
}

impl Nginx {
    fn start(name: &str) -> Nginx {
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
        Nginx { _peer: Nginx::run(&folder, &ports), server }
    }

    fn run(folder: &Path, ports: &[u16]) -> Peer {
        let (prefix, config) = (folder.to_string_lossy(), folder.join("nginx.conf"));
        Peer::start(folder, ports, "nginx", &["-p", &prefix, "-c", &config.to_string_lossy()])
    }
}

#[test]
fn nginx_holds_the_table() {
    let nginx = Nginx::start("nginx");
    let shared = table::shared("nginx", &["http", "https", "https_h1", "tls12", "tls13", "h2c", "mtls"]);
    table::hold("nginx", &nginx.server, shared, table::own("nginx"));
}
