//! nginx that ends connections, is reloaded, killed and started again while requests are under way.

use crate::client::Client;
use crate::library::{library_folder, root};
use crate::nginx::Nginx;
use crate::peer::wait_until;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Three requests a connection: `Connection: close`, or GOAWAY. No request may fail, and none arrive twice.
#[test]
fn connections_that_end_after_a_few_requests_lose_and_double_nothing() {
    let nginx = Nginx::start("nginx-few");
    let (ca, large) = (nginx.server.fill("{ca_file}", ""), format!("300000 {}", "x"));
    for (place, version) in [("few", "11"), ("few_tls", "20")] {
        let mut client = Client::open(&[("ca_file", &ca)]);
        let url = nginx.server.fill(&format!("{{{place}}}/count/{place}"), "");
        let mut fresh = 0;
        for nth in 0..60 {
            let body = if nth % 2 == 0 { ("body", "order") } else { ("body_repeat", large.as_str()) };
            let outcome = client.good(&[("url", &url), ("method", "POST"), body]);
            assert_eq!(outcome.get("metrics.http_version").as_deref(), Some(version));
            fresh += u64::from(outcome.get("metrics.connection_reused").as_deref() == Some("0"));
        }
        assert_eq!(nginx.server.counter(place), 60, "{place}: what arrived");
        assert!((20..=60).contains(&fresh), "{place}: {fresh} connections for 60 requests, three each");
    }
}

/// No idempotent request fails while nginx takes up its configuration anew, and what was answered arrived once.
#[test]
fn a_reload_fails_no_idempotent_request() {
    const RELOADS: usize = 4;
    let nginx = Nginx::start("nginx-reload");
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let requests = |place: &str| {
        let ca = nginx.server.fill("{ca_file}", "");
        let mut client = Client::open(&[("ca_file", &ca)]);
        let url = |path: &str| nginx.server.fill(&format!("{{{place}}}{path}"), "");
        let (get, put, post) = (url("/bytes/20000"), url("/anything/x"), url(&format!("/count/{place}")));
        let (mut answered, mut lost) = (0, 0);
        while !over.load(SeqCst) {
            client.good(&[("url", &get)]);
            client.good(&[("url", &put), ("method", "PUT"), ("body", "abc")]);
            let posted = client.request(&[("url", &post), ("method", "POST"), ("body", "order")]);
            match posted.get("http").as_deref() {
                Some("200") => answered += 1,
                _ => lost += 1,
            }
            done.fetch_add(1, SeqCst);
        }
        let arrived = nginx.server.counter(place);
        assert!((answered..=answered + lost).contains(&arrived), "{answered} answered, {lost} lost, {arrived} arrived");
    };
    std::thread::scope(|scope| {
        let running = ["http", "https", "https_h1"].map(|place| scope.spawn(move || requests(place)));
        let reload = || {
            for nth in 1..=RELOADS {
                nginx.reload();
                wait_until("nginx has been reloaded", || nginx.errors().matches("reconfiguring").count() >= nth);
                let before = done.load(SeqCst);
                wait_until("requests went on", || {
                    done.load(SeqCst) >= before + 20 || running.iter().any(|one| one.is_finished())
                });
            }
        };
        // The others end in any case, and a failure of theirs is the one that says why.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(reload));
        over.store(true, SeqCst);
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

struct Download {
    file: PathBuf,
    child: Child,
}

impl Download {
    fn start(nginx: &Nginx, file: &Path, offset: u64, validator: &str) -> Download {
        let url = nginx.server.fill("{https}/slow/bytes", "");
        let mut command = Command::new(program());
        command.env("LD_LIBRARY_PATH", library_folder()).arg(url).arg(file);
        command.arg(offset.to_string()).arg(validator).arg(nginx.server.fill("{ca_file}", ""));
        let child = command.stdout(Stdio::piped()).spawn().expect("the program that downloads");
        Download { file: file.to_owned(), child }
    }

    fn wait_for_bytes(&self, count: u64) {
        wait_until("a part of the file is there", || self.file.metadata().is_ok_and(|file| file.len() >= count));
    }

    /// Status, HTTP status, bytes of the file, validator.
    fn end(self) -> Vec<String> {
        let output = self.child.wait_with_output().expect("its end");
        assert!(output.status.success(), "{output:?}");
        let told = String::from_utf8(output.stdout).expect("text");
        told.trim_end_matches('\n').splitn(4, ' ').map(str::to_owned).collect()
    }
}

fn program() -> PathBuf {
    static PROGRAM: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let build = || {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers/download");
        let target = env!("HS_TARGET");
        let compiler = cc::Build::new().target(target).host(target).opt_level(1).cargo_metadata(false).get_compiler();
        let mut command = compiler.to_command();
        command.args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-pedantic", "-Werror", "-g"]);
        command
            .arg("-I")
            .arg(root().join("include"))
            .arg(root().join("tests/peers/c/download.c"))
            .arg("-o")
            .arg(&program);
        command.arg("-L").arg(library_folder()).arg("-lhttp_sentinel");
        assert!(command.status().expect("a compiler").success(), "{command:?}");
        program
    };
    PROGRAM.get_or_init(build).clone()
}

/// The master process stays and starts new workers, so that the server is there again at once.
#[test]
fn a_download_goes_on_when_the_process_that_served_it_dies() {
    let nginx = Nginx::start("nginx-worker-dies");
    let file = nginx.folder.join("downloaded");
    let download = Download::start(&nginx, &file, 0, "");
    download.wait_for_bytes(100_000);
    nginx.kill_workers();
    assert_eq!(download.end()[..3], ["HS_OK", "206", "3000000"]);
    assert_eq!(std::fs::read(&file).expect("the file"), nginx.served());
    assert!(nginx.accesses().contains(" 206 "), "it was not gone on with: {}", nginx.accesses());
}

#[test]
fn a_download_goes_on_after_the_server_was_down() {
    let mut nginx = Nginx::start("nginx-restart");
    let file = nginx.folder.join("downloaded");
    let download = Download::start(&nginx, &file, 0, "");
    download.wait_for_bytes(100_000);
    nginx.kill();
    let [status, _, bytes, validator] = &download.end()[..] else { panic!("four words") };
    assert!(status.starts_with("HS_ERR_"), "{status}");
    let there: u64 = bytes.parse().expect("a number");
    assert!((100_000..3_000_000).contains(&there) && there == file.metadata().expect("the file").len(), "{there}");
    nginx.start_again();
    assert_eq!(Download::start(&nginx, &file, there, validator).end()[..3], ["HS_OK", "206", "3000000"]);
    assert_eq!(std::fs::read(&file).expect("the file"), nginx.served());
}

#[test]
fn a_download_begins_anew_when_the_file_changed_meanwhile() {
    let mut nginx = Nginx::start("nginx-changed");
    let file = nginx.folder.join("downloaded");
    let download = Download::start(&nginx, &file, 0, "");
    download.wait_for_bytes(100_000);
    nginx.kill();
    let told = download.end();
    let there: u64 = told[2].parse().expect("a number");
    std::fs::write(nginx.folder.join("files/bytes"), vec![b'n'; 50_000]).expect("a file");
    nginx.start_again();
    assert_eq!(Download::start(&nginx, &file, there, &told[3]).end()[..3], ["HS_OK", "200", "50000"]);
    assert_eq!(std::fs::read(&file).expect("the file"), nginx.served());
}
