//! Runs the programs: under nothing, or under a tool that must be awake and have nothing to say.

use crate::compile::{self, Ring};
use hs_test_server::TestServer;
use std::path::Path;
use std::process::{Command, Output};

/// Exit statuses by which the tools report; no program uses them.
pub const SANITIZER_REPORT: i32 = 77;
pub const VALGRIND_REPORT: i32 = 78;

/// A command that runs a program under a ring's tool.
pub fn under(ring: Ring, program: &Path) -> Command {
    let mut command = match ring {
        Ring::Plain | Ring::Sanitized => Command::new(program),
        Ring::Valgrind => {
            let mut command = Command::new("valgrind");
            command.args(["--quiet", "--tool=memcheck", "--leak-check=full", "--num-callers=40", "--fair-sched=yes"]);
            command.args(["--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect"]);
            command.arg(format!("--error-exitcode={VALGRIND_REPORT}"));
            command.arg(program);
            command
        }
    };
    // Cargo's own value would find an older copy of the library first.
    command.env("LD_LIBRARY_PATH", compile::library_folder());
    let report = SANITIZER_REPORT;
    command.env("ASAN_OPTIONS", format!("detect_leaks=1:exitcode={report}:detect_stack_use_after_return=1"));
    command.env("LSAN_OPTIONS", format!("exitcode={report}:print_suppressions=0"));
    command.env("UBSAN_OPTIONS", format!("print_stacktrace=1:exitcode={report}"));
    command
}

pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

/// Where everything is, as the programs are told: `name=value`.
pub fn addresses(server: &TestServer) -> Vec<String> {
    let at = server.addresses();
    let named = [
        ("http", &at.http),
        ("https", &at.https),
        ("https_h1", &at.https_h1),
        ("untrusted", &at.untrusted),
        ("self_signed", &at.self_signed),
        ("expired", &at.expired),
        ("not_yet_valid", &at.not_yet_valid),
        ("wrong_host", &at.wrong_host),
        ("tls12", &at.tls12),
        ("tls13", &at.tls13),
        ("mtls", &at.mtls),
        ("client_cert_file", &at.client_cert_file),
        ("client_key_file", &at.client_key_file),
        ("script", &at.script),
        ("script_tls", &at.script_tls),
        ("stall_connect", &at.stall_connect),
        ("stall_tls", &at.stall_tls),
        ("closed", &at.closed),
        ("unix_socket", &at.unix_socket),
        ("abstract_socket", &at.abstract_socket),
        ("h2c", &at.h2c),
        ("proxy", &at.proxy),
        ("proxy_basic", &at.proxy_basic),
        ("proxy_digest", &at.proxy_digest),
        ("proxy_tls", &at.proxy_tls),
        ("proxy_stranger", &at.proxy_stranger),
        ("socks", &at.socks),
        ("socks_auth", &at.socks_auth),
        ("stranger_ca_file", &at.stranger_ca_file),
        ("ca_file", &at.ca_file),
    ];
    named.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// What a program said, if it ended with that status and said nothing but lines behind its name: neither the library
/// nor a tool has written a word.
pub fn verdict(name: &str, expected: i32, output: &Output) -> Result<String, String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let prefix = format!("{name}: ");
    let only_its_own = said.lines().all(|line| line.starts_with(&prefix));
    if output.status.code() == Some(expected) && complaints.is_empty() && only_its_own {
        return Ok(said);
    }
    let ended = output.status;
    Err(format!("{name} ended with {ended}, not {expected}; on stdout:\n{said}on stderr:\n{complaints}"))
}

/// Runs a program, which must end and speak as `verdict` says.
pub fn check(name: &str, expected: i32, command: &mut Command) -> String {
    verdict(name, expected, &output(command)).unwrap_or_else(|complaint| panic!("{complaint}"))
}
