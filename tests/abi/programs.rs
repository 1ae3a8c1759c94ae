//! One test for each program and ring.

use crate::compile::{self, Ring};
use crate::run;
use hs_test_server::TestServer;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// A program of `tests/abi/c`.
#[derive(Clone, Copy)]
struct Program {
    /// Its C files; the first gives it its name.
    files: &'static [&'static str],
    /// Its arguments where it runs fast, and where a tool makes it slow.
    fast: &'static [&'static str],
    slow: &'static [&'static str],
    exits_with: i32,
    /// It finds the library itself.
    unlinked: bool,
    /// It measures, or takes the whole machine: nothing else runs meanwhile.
    alone: bool,
}

const PROGRAM: Program = Program { files: &[], fast: &[], slow: &[], exits_with: 0, unlinked: false, alone: false };

static MACHINE: RwLock<()> = RwLock::new(());

/// Nothing else runs while this is held.
pub fn whole_machine() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

impl Program {
    fn run(&self, ring: Ring) {
        let name = self.files[0];
        let binary = compile::program(self.files, ring, !self.unlinked);
        let (_shared, _alone);
        if self.alone && ring == Ring::Plain {
            _alone = whole_machine();
        } else {
            _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        }
        let server = TestServer::start().expect("the test server");
        let mut command = run::under(ring, &binary);
        command.args(run::addresses(&server));
        command.arg(format!("library={}", compile::library_folder().join("libhttp_sentinel.so").display()));
        match ring {
            Ring::Plain => command.args(self.fast),
            Ring::Sanitized | Ring::Valgrind => command.args(["seconds=1800"]).args(self.slow),
        };
        print!("{}", run::check(name, self.exits_with, &mut command));
    }
}

macro_rules! programs {
    (any libcurl { $($name:ident: $program:expr;)* } bundled libcurl { $($bundled:ident: $its_program:expr;)* }) => {
        $(#[allow(non_upper_case_globals)]
        const $name: Program = $program;)*
        $(#[cfg(feature = "bundled-curl")]
        #[allow(non_upper_case_globals)]
        const $bundled: Program = $its_program;)*
        programs!(ring plain Plain: $($name)*; $($bundled)*);
        programs!(ring sanitized Sanitized: $($name)*; $($bundled)*);
        programs!(ring valgrind Valgrind: $($name)*; $($bundled)*);

        /// A program that no test runs is a hole that nobody sees.
        #[test]
        #[cfg(feature = "bundled-curl")]
        fn every_file_is_run() {
            // `broken` is for `tools`, `panics` and `races` for a library with faults in it.
            let mut used: Vec<&str> = vec!["broken", "panics", "races"];
            $(used.extend($name.files);)*
            $(used.extend($bundled.files);)*
            for entry in std::fs::read_dir(compile::sources()).expect("tests/abi/c") {
                let path = entry.expect("an entry").path();
                let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
                assert!(path.extension().is_some_and(|kind| kind == "h") || used.contains(&stem), "{stem}.c is not run");
            }
        }
    };
    (ring $module:ident $ring:ident: $($name:ident)*; $($bundled:ident)*) => {
        #[allow(non_snake_case)]
        mod $module {
            use super::*;
            $(#[test]
            fn $name() {
                super::$name.run(Ring::$ring);
            })*
            $(#[test]
            #[cfg(feature = "bundled-curl")]
            fn $bundled() {
                super::$bundled.run(Ring::$ring);
            })*
        }
    };
}

/// `cargo test --features fault-injection --test abi -- panics`
#[cfg(feature = "fault-injection")]
mod panics {
    use super::*;

    const PANICS: Program = Program { files: &["panics"], ..PROGRAM };

    #[test]
    fn plain() {
        PANICS.run(Ring::Plain);
    }

    #[test]
    fn sanitized() {
        PANICS.run(Ring::Sanitized);
    }
}

// The second group holds for the libcurl that the library brings along. Older ones of distributions word some failures
// differently, wait for their resolver when they are cancelled, and let OpenSSL clean up while threads are at work.
programs! {
    any libcurl {
        null: Program { files: &["null"], ..PROGRAM };
        handles: Program { files: &["handles"], slow: &["forgeries=500"], ..PROGRAM };
        threads: Program { files: &["threads"], ..PROGRAM };
        callback: Program { files: &["callback"], ..PROGRAM };
        sizes: Program { files: &["sizes"], ..PROGRAM };
        inputs: Program { files: &["inputs"], ..PROGRAM };
        codings: Program { files: &["codings"], ..PROGRAM };
        redirects: Program { files: &["redirects"], ..PROGRAM };
        addresses: Program { files: &["addresses", "resolver"], ..PROGRAM };
        cookies: Program { files: &["cookies"], ..PROGRAM };
        dns: Program { files: &["dns", "resolver"], slow: &["threads=20"], ..PROGRAM };
        counters: Program { files: &["counters"], slow: &["calls=20"], ..PROGRAM };
        trace: Program { files: &["trace"], ..PROGRAM };
        fork: Program { files: &["fork"], ..PROGRAM };
        signals: Program { files: &["signals", "resolver"], ..PROGRAM };
        many: Program { files: &["many"], slow: &["threads=20", "each=5"], alone: true, ..PROGRAM };
        streams: Program { files: &["streams"], slow: &["length=300000"], ..PROGRAM };
        uploads: Program { files: &["uploads"], ..PROGRAM };
        pipe: Program { files: &["pipe"], slow: &["length=100003"], ..PROGRAM };
        downloads: Program { files: &["downloads"], ..PROGRAM };
        breaker: Program { files: &["breaker"], slow: &["rounds=3", "work=2000"], ..PROGRAM };
        mock: Program { files: &["mock"], ..PROGRAM };
        simulation: Program { files: &["simulation"], ..PROGRAM };
        retries: Program { files: &["retries"], ..PROGRAM };
        hedges: Program { files: &["hedges"], ..PROGRAM };
        policies: Program { files: &["policies"], ..PROGRAM };
        record: Program { files: &["record"], ..PROGRAM };
        bulkhead: Program { files: &["bulkhead"], slow: &["threads=4", "rounds=20"], ..PROGRAM };
        retry_run: Program { files: &["retry_run"], ..PROGRAM };
        limiter: Program { files: &["limiter"], slow: &["threads=16", "each=50"], alone: true, ..PROGRAM };
        pool_torture: Program { files: &["pool_torture"], slow: &["submissions=600", "each=100"], ..PROGRAM };
        unload: Program { files: &["unload"], unlinked: true, ..PROGRAM };
    }
    bundled libcurl {
        auth: Program { files: &["auth"], ..PROGRAM };
        forms: Program { files: &["forms"], ..PROGRAM };
        pool: Program { files: &["pool"], ..PROGRAM };
        pool_streams: Program { files: &["pool_streams"], ..PROGRAM };
        pool_pipes: Program { files: &["pool_pipes"], ..PROGRAM };
        pool_misuse: Program { files: &["pool_misuse"], ..PROGRAM };
        pool_fork: Program { files: &["pool_fork"], slow: &["leave_by_exec=1"], ..PROGRAM };
        idle: Program { files: &["idle"], ..PROGRAM };
        many_requests: Program { files: &["many_requests"], ..PROGRAM };
        network: Program { files: &["network"], ..PROGRAM };
        http_versions: Program { files: &["http_versions"], ..PROGRAM };
        proxies: Program { files: &["proxies"], ..PROGRAM };
        errors: Program { files: &["errors", "resolver"], ..PROGRAM };
        resend: Program { files: &["resend"], ..PROGRAM };
        cancel: Program { files: &["cancel", "resolver"], slow: &["rounds=5", "bound_ms=30000"], alone: true, ..PROGRAM };
        events: Program { files: &["events"], ..PROGRAM };
        pool_many: Program { files: &["pool_many"], slow: &["in_flight=300"], alone: true, ..PROGRAM };
        pool_recovery: Program {
            files: &["pool_recovery", "resolver"],
            slow: &["each=30", "kills=2"],
            ..PROGRAM
        };
        tls: Program { files: &["tls"], ..PROGRAM };
        pool_leave: Program { files: &["pool_leave"], slow: &["requests=10"], exits_with: 42, ..PROGRAM };
        leave: Program { files: &["leave"], exits_with: 42, ..PROGRAM };
    }
}
