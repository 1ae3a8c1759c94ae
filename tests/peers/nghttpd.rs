//! nghttpd: HTTP/2 as its makers speak it, with and without TLS.

use crate::peer::{Peer, bytes_file, folder, free_port, set_place};
use crate::server::Server;
use crate::table;

#[test]
fn nghttpd_serves_files_trailers_and_what_it_was_sent() {
    let (mut server, folder) = (Server::start(), folder("nghttpd"));
    std::fs::write(folder.join("hello.txt"), "hello, world\n").expect("a file");
    bytes_file(&server, &folder.join("bytes"), 1_000_000);
    let (tls, clear) = (free_port(), free_port());
    set_place(&mut server, "https", &format!("https://localhost:{tls}"));
    set_place(&mut server, "h2c", &format!("http://127.0.0.1:{clear}"));
    let start = |port: u16, more: &[&str]| {
        let (port_text, folder_text) = (port.to_string(), folder.to_string_lossy());
        let common = ["-a", "127.0.0.1", "-d", &folder_text, "--echo-upload", "--trailer=x-sum: 42", "--padding=200"];
        let words = [&common[..], &more[..1], &[&port_text], &more[1..]].concat();
        Peer::start(&folder, &[port], "nghttpd", &words.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let addresses = server.server.addresses();
    let in_tls = ["--workers=2", &addresses.server_key_file, &addresses.server_cert_file];
    let _peers = [start(clear, &["--no-tls"]), start(tls, &in_tls)];
    table::hold("nghttpd", &server, Vec::new(), table::own("nghttpd"));
}
