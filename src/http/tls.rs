//! What a worker asks of TLS: whom it trusts, what it shows of itself, what it accepts. Plain values; what is malformed
//! is refused here, and what only a TLS library can judge is judged when the worker is made.

use super::metrics::TlsVersion;
use crate::error::{Error, quoted};
use crate::status::{HS_ERR_CA_STORE, HS_ERR_INVALID_ARGUMENT};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::fmt;
use std::path::{Path, PathBuf};

/// The CA certificates to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CaSource {
    /// What this machine trusts, found at run time.
    #[default]
    System,
    /// Only these: the text of a PEM file, and what to call it in an error.
    Pem { text: Vec<u8>, origin: String },
}

impl CaSource {
    /// The PEM files of a folder, also of one that OpenSSL has hashed; other files in it are none of our business.
    pub fn folder(path: &Path) -> Result<CaSource, Error> {
        const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
        let origin = format!("the folder {}", quoted(path.as_os_str().as_encoded_bytes()));
        let refuse = |why: String| Error::new(HS_ERR_CA_STORE, format!("CA certificates of {origin}: {why}"));
        let mut files: Vec<PathBuf> = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|why| refuse(why.to_string()))?;
        // The same text each time, so that workers share one store.
        files.sort();
        let mut text = Vec::new();
        for file in files.iter().filter(|file| file.is_file()) {
            let found = std::fs::read(file).map_err(|why| refuse(format!("{}: {why}", file.display())))?;
            if found.windows(BEGIN.len()).any(|window| window == BEGIN) {
                text.extend_from_slice(&found);
                text.push(b'\n');
            }
        }
        if text.is_empty() {
            return Err(refuse("no certificate in it".into()));
        }
        Ok(CaSource::Pem { text, origin })
    }
}

/// Text in PEM, and what to call it in an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    pub text: Vec<u8>,
    pub origin: String,
}

/// What the worker shows of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, then those between it and its authority.
    pub chain: Pem,
    pub key: Pem,
    pub password: Option<Vec<u8>>,
}

/// How much of a server's identity is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    #[default]
    Full,
    /// The chain, but not that it is for the host. Any server with a certificate of any trusted authority passes.
    SkipHostname,
    /// Nothing. Anybody on the way passes.
    Skip,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// The system's authorities are trusted besides those that were given.
    pub and_system: bool,
    pub verification: Verification,
    pub identity: Option<Identity>,
    /// One of these keys must be the server's; empty: any.
    pub pins: Vec<Pin>,
    pub oldest: TlsVersion,
    /// `TlsVersion::None`: the newest that there is.
    pub newest: TlsVersion,
    /// In OpenSSL's notation; empty: the TLS library's own choice.
    pub ciphers: String,
    pub ciphersuites: String,
    pub groups: String,
    /// Sent as SNI and expected in the certificate in place of the URL's host.
    pub server_name: Option<String>,
    /// Where the secrets of each connection are written.
    pub key_log: Option<PathBuf>,
    pub crl: Option<Pem>,
    pub alpn: bool,
    pub resumption: bool,
    /// The server must staple a good OCSP answer.
    pub stapling: bool,
    /// Responses tell the certificates of their server.
    pub keep_certificates: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        TlsOptions {
            and_system: false,
            verification: Verification::Full,
            identity: None,
            pins: Vec::new(),
            oldest: TlsVersion::Tls12,
            newest: TlsVersion::None,
            ciphers: String::new(),
            ciphersuites: String::new(),
            groups: String::new(),
            server_name: None,
            key_log: None,
            crl: None,
            alpn: true,
            resumption: true,
            stapling: false,
            keep_certificates: false,
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.origin, self.text.len())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with the key of {}", self.chain, self.key.origin)
    }
}

/// SHA-256 of a SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// "sha256//" and base64, as curl writes it.
    pub fn parse(text: &[u8]) -> Result<Pin, Error> {
        let digest = text.strip_prefix(b"sha256//").and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
        let Some(digest) = digest.and_then(|digest| <[u8; 32]>::try_from(digest).ok()) else {
            let message = format!("pin {} is not \"sha256//\" and 32 bytes in base64", quoted(text));
            return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
        };
        Ok(Pin(digest))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256//{}", BASE64_STANDARD.encode(self.0))
    }
}

impl From<[u8; 32]> for Pin {
    fn from(digest: [u8; 32]) -> Pin {
        Pin(digest)
    }
}

/// One certificate of those that a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Hexadecimal, upper case.
    pub serial: String,
    /// "DNS:example.com, IP:192.0.2.1"; empty where there are none.
    pub names: String,
    pub pin: String,
    pub der: Vec<u8>,
    /// Seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_a_sha256_in_base64_and_nothing_else() {
        let text = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(Pin::parse(text.as_bytes()).unwrap().to_string(), text);
        for bad in [
            "",
            "sha256//",
            "sha256//AAAA",
            "sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            &text[..text.len() - 1],
        ] {
            let error = Pin::parse(bad.as_bytes()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_INVALID_ARGUMENT);
            assert!(error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn a_key_and_its_password_are_not_shown() {
        let pem = |text: &str| Pem { text: text.into(), origin: "key_pem".into() };
        let identity = Identity { chain: pem("CHAIN"), key: pem("SECRET"), password: Some(b"hunter2".to_vec()) };
        let shown = format!("{:?}", TlsOptions { identity: Some(identity), ..TlsOptions::default() });
        assert!(!shown.contains("SECRET") && !shown.contains("hunter2") && !shown.contains("104"), "{shown}");
    }
}
