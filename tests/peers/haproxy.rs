//! haproxy: the table, and what it says for backends that are not there or too slow.

use crate::peer::{Peer, configure, folder, free_port, set_place};
use crate::server::Server;
use crate::table;

const CLEAR: [&str; 3] = ["http", "h2c", "impatient"];
const TLS: [&str; 4] = ["https", "https_h1", "tls12", "tls13"];

#[test]
fn haproxy_holds_the_table() {
    let (mut server, folder) = (Server::start(), folder("haproxy"));
    let addresses = server.server.addresses().clone();
    set_place(&mut server, "backend", &addresses.http);
    set_place(&mut server, "backend_at", addresses.http.trim_start_matches("http://"));
    set_place(&mut server, "folder", &folder.to_string_lossy());
    let read = |path: &str| std::fs::read_to_string(path).expect("a file of the test server");
    let both = read(&addresses.server_cert_file) + &read(&addresses.server_key_file);
    std::fs::write(folder.join("server.both"), both).expect("to write the certificate");
    let mut ports = Vec::new();
    for name in CLEAR.into_iter().chain(TLS) {
        let port = free_port();
        let base = if TLS.contains(&name) { "https://localhost" } else { "http://127.0.0.1" };
        set_place(&mut server, name, &format!("{base}:{port}"));
        set_place(&mut server, &format!("{name}_at"), &port.to_string());
        ports.push(port);
    }
    let config = configure(&server, &folder, "haproxy.cfg");
    let _peer =
        Peer::start(&folder, &ports, "haproxy", &["-db".into(), "-f".into(), config.to_string_lossy().into_owned()]);
    let shared = table::shared("haproxy", &["http", "https", "https_h1", "tls12", "tls13", "h2c"]);
    table::hold("haproxy", &server, table::behind(shared), table::own("haproxy"));
}
