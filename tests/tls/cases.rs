//! The cases, by topic.

mod certificates;
mod clients;
mod handshakes;
mod names;

use crate::authority::{Authority, Shown, leaf};
use crate::client::Options;
use crate::server::{Server, Talk, tls};
use crate::{Case, Expected};
use openssl::ssl::SslVersion;
use std::path::Path;

/// As many as there were when this was written.
pub const LEAST: usize = 133;

pub const HOST: &str = "www.example.test";

/// An authority that clients trust, and what cases are made with.
pub struct Maker {
    pub root: Authority,
    cases: Vec<Case>,
}

impl Maker {
    /// What a good server shows.
    pub fn good(&self) -> Shown {
        self.root.issue(&leaf(&[HOST]))
    }

    /// A client that trusts the authority.
    pub fn options(&self) -> Options {
        Options { ca_pem: self.root.pem(), ..Options::default() }
    }

    pub fn add(&mut self, name: &str, talk: Talk, host: &str, options: Options, expected: Expected) {
        let (name, host) = (name.to_owned(), host.to_owned());
        self.cases.push(Case { name, server: Server::start(talk), host, options, expected });
    }

    /// A server of TLS 1.2 and 1.3 that shows this, to a client that trusts the authority.
    pub fn show(&mut self, name: &str, shown: &Shown, expected: Expected) {
        let options = self.options();
        self.show_to(name, shown, options, expected);
    }

    pub fn show_to(&mut self, name: &str, shown: &Shown, options: Options, expected: Expected) {
        self.add(name, usual(shown), HOST, options, expected);
    }
}

pub fn usual(shown: &Shown) -> Talk {
    tls(shown, SslVersion::TLS1_2, SslVersion::TLS1_3, None)
}

pub fn all(folder: &Path) -> Vec<Case> {
    let mut maker = Maker { root: Authority::root("The test's authority"), cases: Vec::new() };
    certificates::add(&mut maker, folder);
    names::add(&mut maker);
    clients::add(&mut maker);
    handshakes::add(&mut maker);
    maker.cases
}
