//! Proxies: what they do by themselves, and the whole table through their tunnels, where nothing may be different.

use crate::peer::{Peer, configure, folder, free_port, set_place};
use crate::server::Server;
use crate::table;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// "sesame", as `openssl passwd -apr1` makes it.
const BASIC: &str = "al:$apr1$salt$3C0bSD.9J7/4Vbq3AXH7D1\n";

const BEHIND_TUNNELS: [&str; 5] = ["http", "https", "https_h1", "tls12", "h2c"];

#[test]
fn tinyproxy_passes_on_and_tunnels() {
    let (mut server, folder) = (Server::start(), folder("tinyproxy"));
    let (open, private) = (free_port(), free_port());
    for (name, port) in [("open", open), ("private", private)] {
        set_place(&mut server, name, &format!("http://127.0.0.1:{port}"));
        set_place(&mut server, &format!("{name}_at"), &port.to_string());
    }
    let start = |name: &str, port| {
        let config = configure(&server, &folder, name);
        Peer::start(&folder, &[port], "tinyproxy", &["-d".into(), "-c".into(), config.to_string_lossy().into_owned()])
    };
    let _peers = [start("tinyproxy.conf", open), start("tinyproxy-private.conf", private)];
    let shared = table::through("{open}", table::shared("tinyproxy", &BEHIND_TUNNELS));
    table::hold("tinyproxy", &server, shared, table::own("tinyproxy"));
}

#[test]
fn microsocks_connects() {
    let (mut server, folder) = (Server::start(), folder("microsocks"));
    let (open, private) = (free_port(), free_port());
    for (name, port) in [("open", open), ("private", private)] {
        set_place(&mut server, name, &format!("127.0.0.1:{port}"));
    }
    let start = |port: u16, more: &[&str]| {
        let port_text = port.to_string();
        let arguments = [&["-i", "127.0.0.1", "-p", &port_text], more].concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        Peer::start(&folder, &[port], "microsocks", &arguments)
    };
    let _peers = [start(open, &[]), start(private, &["-u", "al", "-P", "sesame"])];
    let shared = table::through("socks5h://{open}", table::shared("microsocks", &BEHIND_TUNNELS));
    table::hold("microsocks", &server, shared, table::own("microsocks"));
}

/// A folder outside of the checkout that every user may write to.
struct OpenFolder(PathBuf, &'static str);

impl OpenFolder {
    fn new(name: &'static str) -> OpenFolder {
        let folder = std::env::temp_dir().join(format!("hs-peers-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder for temporary files");
        std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).expect("to open it to all");
        OpenFolder(folder, name)
    }
}

impl Drop for OpenFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        // Killed, squid leaves that behind.
        for part in ["metadata", "queues", "readers"] {
            let _ = std::fs::remove_file(format!("/dev/shm/{}-cf__{part}.shm", shared_memory(self.1)));
        }
    }
}

fn shared_memory(name: &str) -> String {
    format!("hs{}{}", std::process::id(), name.replace('-', ""))
}

/// With Basic, and with Digest as squid asks for it.
#[test]
fn squid_wants_credentials() {
    for scheme in ["basic", "digest"] {
        let name: &'static str = if scheme == "basic" { "squid-basic" } else { "squid-digest" };
        let (mut server, folder) = (Server::start(), folder(name));
        let helper = ["/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid"]
            .map(Path::new)
            .map(|folder| folder.join(if scheme == "basic" { "basic_ncsa_auth" } else { "digest_file_auth" }));
        let helper = helper.into_iter().find(|path| path.exists()).expect("squid's helper for credentials");
        set_place(&mut server, "helper", &helper.to_string_lossy());
        set_place(&mut server, "scheme", scheme);
        set_place(&mut server, "auth", if scheme == "basic" { "HS_PROXY_AUTH_BASIC" } else { "HS_PROXY_AUTH_DIGEST" });
        // Started by root, squid becomes another user, who must get at these; it may not at the checkout.
        let open_to_all = OpenFolder::new(name);
        set_place(&mut server, "folder", &open_to_all.0.to_string_lossy());
        let (open, private) = (free_port(), free_port());
        for (name, port) in [("open", open), ("private", private)] {
            set_place(&mut server, name, &format!("http://127.0.0.1:{port}"));
            set_place(&mut server, &format!("{name}_at"), &port.to_string());
        }
        std::fs::write(open_to_all.0.join("users"), if scheme == "basic" { BASIC } else { "al:sesame\n" })
            .expect("a file");
        let config = configure(&server, &folder, "squid.conf").to_string_lossy().into_owned();
        // By its name its shared memory is told from that of others, which would be in its way.
        let arguments = ["-N", "-d1", "-n", &shared_memory(name), "-f", &config].map(str::to_owned);
        let _peer = Peer::start(&folder, &[open, private], "squid", &arguments);
        table::hold(name, &server, Vec::new(), table::own("squid"));
    }
}
