//! Versions of TLS, and servers that do not speak it.

use super::{HOST, Maker};
use crate::Expected::{Connects, Fails, FailsForNow};
use crate::client::Options;
use crate::server::{Talk, tls};
use http_sentinel::ffi::error::HS_RETRYABLE_SAFE;
use http_sentinel::ffi::version::{HS_TLS_1_0, HS_TLS_1_1, HS_TLS_1_2, HS_TLS_1_3};
use http_sentinel::status::*;
use openssl::ssl::SslVersion;

pub fn add(maker: &mut Maker) {
    versions(maker);
    strangers(maker);
}

fn versions(maker: &mut Maker) {
    const WEAK: &str = "ALL:@SECLEVEL=0";
    let number = |version| match version {
        SslVersion::TLS1 => HS_TLS_1_0,
        SslVersion::TLS1_1 => HS_TLS_1_1,
        SslVersion::TLS1_2 => HS_TLS_1_2,
        _ => HS_TLS_1_3,
    };
    let too_old = Fails(HS_ERR_TLS_VERSION);
    for (oldest, newest, min_version, max_version, ciphers, expected) in [
        (SslVersion::TLS1, SslVersion::TLS1, 0, 0, "", too_old),
        (SslVersion::TLS1_1, SslVersion::TLS1_1, 0, 0, "", too_old),
        (SslVersion::TLS1, SslVersion::TLS1_1, 0, 0, WEAK, too_old),
        (SslVersion::TLS1_2, SslVersion::TLS1_2, 0, 0, "", Connects(HS_TLS_1_2)),
        (SslVersion::TLS1_3, SslVersion::TLS1_3, 0, 0, "", Connects(HS_TLS_1_3)),
        (SslVersion::TLS1, SslVersion::TLS1, HS_TLS_1_0, 0, WEAK, Connects(HS_TLS_1_0)),
        (SslVersion::TLS1_1, SslVersion::TLS1_1, HS_TLS_1_0, 0, WEAK, Connects(HS_TLS_1_1)),
        (SslVersion::TLS1_1, SslVersion::TLS1_1, HS_TLS_1_1, 0, WEAK, Connects(HS_TLS_1_1)),
        (SslVersion::TLS1, SslVersion::TLS1, HS_TLS_1_1, 0, WEAK, too_old),
        (SslVersion::TLS1, SslVersion::TLS1_3, HS_TLS_1_0, 0, WEAK, Connects(HS_TLS_1_3)),
        (SslVersion::TLS1, SslVersion::TLS1_3, HS_TLS_1_0, HS_TLS_1_1, WEAK, Connects(HS_TLS_1_1)),
        (SslVersion::TLS1_2, SslVersion::TLS1_2, HS_TLS_1_3, 0, "", too_old),
        (SslVersion::TLS1_3, SslVersion::TLS1_3, 0, HS_TLS_1_2, "", too_old),
        (SslVersion::TLS1_2, SslVersion::TLS1_3, 0, HS_TLS_1_2, "", Connects(HS_TLS_1_2)),
        (SslVersion::TLS1_2, SslVersion::TLS1_3, HS_TLS_1_3, HS_TLS_1_3, "", Connects(HS_TLS_1_3)),
    ] {
        let [from, to] = [number(oldest), number(newest)];
        let name = format!("versions: server {from} to {to}, client {min_version} to {max_version} {ciphers}");
        let talk = tls(&maker.good(), oldest, newest, None);
        let options = Options { min_version, max_version, ciphers: ciphers.into(), ..maker.options() };
        maker.add(&name, talk, HOST, options, expected);
    }
    let talk = tls(&maker.good(), SslVersion::TLS1, SslVersion::TLS1, None);
    let options = Options { min_version: HS_TLS_1_0, ..maker.options() };
    maker.add("versions: 1.0 is accepted, but not its weakness", talk, HOST, options, too_old);
}

fn strangers(maker: &mut Maker) {
    let alert = |description: u8| vec![0x15, 3, 3, 0, 2, 2, description];
    let mut flood = vec![0x16, 3, 3, 0x40, 0];
    flood.resize(5 + 0x4000, 2);
    for (name, bytes, status) in [
        ("an answer in clear", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), HS_ERR_TLS_HANDSHAKE),
        ("zeros", vec![0; 1000], HS_ERR_TLS_HANDSHAKE),
        ("a record of no known kind", vec![0x63, 3, 3, 0, 4, 1, 2, 3, 4], HS_ERR_TLS_HANDSHAKE),
        ("a record that is too long", vec![0x16, 3, 3, 0xFF, 0xFF, 2, 0], HS_ERR_TLS_HANDSHAKE),
        ("a handshake message that is none", flood, HS_ERR_TLS_HANDSHAKE),
        ("application data at once", vec![0x17, 3, 3, 0, 4, 1, 2, 3, 4], HS_ERR_TLS_HANDSHAKE),
        ("the alert handshake_failure", alert(40), HS_ERR_TLS_HANDSHAKE),
        ("the alert internal_error", alert(80), HS_ERR_TLS_HANDSHAKE),
        ("the alert unrecognized_name", alert(112), HS_ERR_TLS_HANDSHAKE),
        ("an alert of no known kind", alert(250), HS_ERR_TLS_HANDSHAKE),
        ("half a record", vec![0x16, 3, 3, 0x10, 0, 2, 0], HS_ERR_TLS_HANDSHAKE),
        ("the end of the connection", Vec::new(), HS_ERR_TLS_HANDSHAKE),
    ] {
        let options = maker.options();
        let expected = FailsForNow(status, HS_RETRYABLE_SAFE);
        maker.add(&format!("not TLS: {name}"), Talk::Bytes(bytes), HOST, options, expected);
    }
    let (options, expected) = (maker.options(), Fails(HS_ERR_TLS_VERSION));
    maker.add("not TLS: the alert protocol_version", Talk::Bytes(alert(70)), HOST, options, expected);
    let options = Options { connect_timeout_ms: 500, ..maker.options() };
    let expected = FailsForNow(HS_ERR_CONNECT_TIMEOUT, HS_RETRYABLE_SAFE);
    maker.add("not TLS: silence", Talk::Silence, HOST, options, expected);
}
