//! Servers that demand a certificate of the client.

use super::{HOST, Maker, usual};
use crate::Expected::{Connects, Fails, NoWorker};
use crate::authority::{Authority, Shown, leaf};
use crate::client::Options;
use crate::server::tls;
use http_sentinel::ffi::version::{HS_TLS_1_2, HS_TLS_1_3};
use http_sentinel::status::*;
use openssl::ssl::SslVersion;
use openssl::symm::Cipher;
use rcgen::date_time_ymd;

const PASSWORD: &str = "hunter2";

pub fn add(maker: &mut Maker) {
    let showing = |maker: &Maker, shown: &Shown| Options {
        certificate_pem: shown.pem(),
        key_pem: shown.key_pem(),
        ..maker.options()
    };
    let right = maker.root.issue_to_client();
    let between = maker.root.below(Authority::params("An authority of clients"));
    let below = between.issue_to_client();
    let mut expired = leaf(&["client.test"]);
    expired.not_after = date_time_ymd(2020, 2, 1);
    let required = Fails(HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED);
    let both = Options { certificate_pem: right.pem() + &right.key_pem(), ..maker.options() };
    let encrypted = Options { key_pem: encrypted(&right), key_password: PASSWORD.into(), ..showing(maker, &right) };
    for (version, number) in [(SslVersion::TLS1_2, HS_TLS_1_2), (SslVersion::TLS1_3, HS_TLS_1_3)] {
        for (name, options, expected) in [
            ("demanded, none given", maker.options(), required),
            ("the right one", showing(maker, &right), Connects(number)),
            ("the right one, key and certificate in one", both.clone(), Connects(number)),
            ("the right one, its key encrypted", encrypted.clone(), Connects(number)),
            ("another authority's", showing(maker, &Authority::root("A stranger").issue_to_client()), required),
            ("expired", showing(maker, &maker.root.issue(&expired)), required),
            ("for servers", showing(maker, &maker.good()), required),
            ("its authority is missing", showing(maker, &below), required),
            ("its authority comes along", showing(maker, &below.clone().with(&between)), Connects(number)),
        ] {
            let talk = tls(&maker.good(), version, version, Some(&maker.root));
            maker.add(&format!("client's certificate, TLS {number}: {name}"), talk, HOST, options, expected);
        }
    }
    let good = maker.good();
    let options = showing(maker, &right);
    maker.show_to("client's certificate: given, not demanded", &good, options, Connects(HS_TLS_1_3));
    let unused = |key_pem: String, key_password: &str| Options {
        key_pem,
        key_password: key_password.into(),
        ..showing(maker, &right)
    };
    let cases = [
        ("the wrong password", unused(self::encrypted(&right), "hunter3")),
        ("no password", unused(self::encrypted(&right), "")),
        ("another one's key", unused(below.key_pem(), "")),
        ("no key", unused(right.pem(), "")),
    ];
    for (name, options) in cases {
        let expected = NoWorker(HS_ERR_CLIENT_CERTIFICATE);
        maker.add(&format!("client's certificate: {name}"), usual(&good), HOST, options, expected);
    }
}

fn encrypted(shown: &Shown) -> String {
    let pem = shown.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSWORD.as_bytes());
    String::from_utf8(pem.unwrap()).unwrap()
}
