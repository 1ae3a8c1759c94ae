//! The certificates that a server showed, in words.

use crate::http::tls::{Certificate, Pin};
use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::sha::sha256;
use openssl::stack::StackRef;
use openssl::x509::{GeneralNameRef, X509, X509NameRef, X509Ref};
use openssl_sys as ssl;
use std::fmt::Write;
use std::net::IpAddr;

/// The server's own first. OpenSSL takes at most 100 KiB of them. A resumed session has the server's own alone, since
/// they are not sent again.
///
/// # Safety
/// `connection` is a live SSL of a client.
pub unsafe fn shown_by(connection: *mut ssl::SSL) -> Vec<Certificate> {
    // SAFETY: as the caller promises; the stack is borrowed from the SSL, the single certificate is ours to free.
    let shown = unsafe {
        let chain = ssl::SSL_get_peer_cert_chain(connection);
        if chain.is_null() {
            let own = ssl::SSL_get1_peer_certificate(connection);
            (!own.is_null()).then(|| X509::from_ptr(own)).iter().map(|own| certificate(own)).collect()
        } else {
            StackRef::<X509>::from_ptr(chain).iter().map(certificate).collect()
        }
    };
    Result::unwrap_or_default(shown)
}

fn certificate(certificate: &X509Ref) -> Result<Certificate, ErrorStack> {
    let key = certificate.public_key()?.public_key_to_der()?;
    Ok(Certificate {
        subject: name(certificate.subject_name()),
        issuer: name(certificate.issuer_name()),
        serial: certificate.serial_number().to_bn()?.to_hex_str()?.to_string(),
        names: names(certificate),
        pin: Pin::from(sha256(&key)).to_string(),
        der: certificate.to_der()?,
        not_before: seconds(certificate.not_before())?,
        not_after: seconds(certificate.not_after())?,
    })
}

fn seconds(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * 86_400 + i64::from(since.secs))
}

/// "C=DE, O=Example, CN=example.com", in the certificate's order, escaped as RFC 4514 does.
fn name(name: &X509NameRef) -> String {
    let mut text = String::new();
    for entry in name.entries() {
        let kind = entry.object().nid();
        let kind =
            if kind == Nid::UNDEF { entry.object().to_string() } else { kind.short_name().unwrap_or("?").into() };
        let value = entry.data().to_string().unwrap_or_default();
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{kind}={}", escaped(&value));
    }
    text
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, character) in value.char_indices() {
        let edge = at == 0 && matches!(character, ' ' | '#') || at + 1 == value.len() && character == ' ';
        if character.is_control() {
            let _ = write!(text, "\\{:02X}", u32::from(character));
            continue;
        }
        if edge || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn names(certificate: &X509Ref) -> String {
    let Some(names) = certificate.subject_alt_names() else { return String::new() };
    names.iter().filter_map(alternative).collect::<Vec<_>>().join(", ")
}

fn alternative(name: &GeneralNameRef) -> Option<String> {
    let address = |bytes: &[u8]| match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    };
    if let Some(dns) = name.dnsname() {
        return Some(format!("DNS:{}", escaped(dns)));
    }
    if let Some(address) = name.ipaddress().and_then(address) {
        return Some(format!("IP:{address}"));
    }
    if let Some(uri) = name.uri() {
        return Some(format!("URI:{}", escaped(uri)));
    }
    name.email().map(|email| format!("email:{}", escaped(email)))
}
