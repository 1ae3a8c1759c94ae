//! `hs_tls_options`: whom a worker trusts, what it shows of itself, what it accepts; and `hs_certificate`: what a
//! server showed.

use super::handle;
use super::response::{Answer, hs_response};
use super::sized::{self, Sized32};
use super::text::hs_str;
use super::version::*;
use super::{guard, options};
use crate::error::{Error, quoted};
use crate::http::metrics::TlsVersion;
use crate::http::tls::{CaSource, Identity, Pem, Pin, TlsOptions, Verification};
use crate::status::*;
use std::path::{Path, PathBuf};

/// In `hs_tls_options.flags`: the certificates of `ca_file`, `ca_pem` or `ca_dir` are trusted besides the system's, not
/// in their place.
pub const HS_TLS_ADD_CA: u32 = 1;
/// In `hs_tls_options.flags`: DANGEROUS. Nothing of the server's certificate is checked. Anybody on the way can pretend
/// to be the server, read the request with its secrets, and answer it. `hs_metrics.tls_verified` is 0.
pub const HS_TLS_INSECURE_SKIP_VERIFY: u32 = 2;
/// In `hs_tls_options.flags`: DANGEROUS. The server's certificate may be for any host: whoever has one from any trusted
/// authority can pretend to be the server. `hs_metrics.tls_verified` is 0.
pub const HS_TLS_INSECURE_SKIP_HOSTNAME: u32 = 4;
/// In `hs_tls_options.flags`: each connection makes a full handshake; TLS sessions are not resumed.
pub const HS_TLS_NO_RESUMPTION: u32 = 8;
/// In `hs_tls_options.flags`: ALPN is not offered, and so HTTP/2 is not negotiated.
pub const HS_TLS_NO_ALPN: u32 = 16;
/// In `hs_tls_options.flags`: the server must staple a good OCSP answer for its certificate.
pub const HS_TLS_REQUIRE_STAPLING: u32 = 32;
/// In `hs_tls_options.flags`: responses have the certificates that the server showed, see `hs_response_certificate`.
pub const HS_TLS_KEEP_CERTIFICATES: u32 = 64;

const FLAGS: u32 = HS_TLS_ADD_CA
    | HS_TLS_INSECURE_SKIP_VERIFY
    | HS_TLS_INSECURE_SKIP_HOSTNAME
    | HS_TLS_NO_RESUMPTION
    | HS_TLS_NO_ALPN
    | HS_TLS_REQUIRE_STAPLING
    | HS_TLS_KEEP_CERTIFICATES;

/// TLS of a worker. All zero but `struct_size` means defaults: the system's authorities, everything checked, TLS 1.2 or
/// later, no client certificate. Files are read by `hs_worker_new`, and all that can be judged then is judged then.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_tls_options {
    /// `sizeof(hs_tls_options)`.
    pub struct_size: u32,
    /// `HS_TLS_…` flags or 0.
    pub flags: u32,
    /// A folder whose PEM files have the CA certificates to trust; at most one of this, `ca_file` and `ca_pem` of
    /// `hs_worker_options`.
    pub ca_dir: hs_str,
    /// A PEM file with the client certificate, followed by those between it and its authority.
    pub certificate_file: hs_str,
    /// The same as text in memory; at most one of the two.
    pub certificate_pem: hs_str,
    /// A PEM file with the client certificate's private key. Default: it is with the certificate.
    pub key_file: hs_str,
    /// The same as text in memory; at most one of the two.
    pub key_pem: hs_str,
    /// The key's password; empty where it has none. Never appears in an error.
    pub key_password: hs_str,
    /// The server's key must be one of these: "sha256//" and the base64 of the SHA-256 of its SubjectPublicKeyInfo. A
    /// pin is checked besides the certificate, also where the `HS_TLS_INSECURE_…` flags leave that out.
    pub pins: *const hs_str,
    /// How many there are; at most 100. 0: any key.
    pub pin_count: usize,
    /// The oldest version that is accepted, `HS_TLS_1_…`. Default `HS_TLS_1_2`; older ones need `ciphers` with
    /// "@SECLEVEL=0" as well.
    pub min_version: u32,
    /// The newest version that is accepted, `HS_TLS_1_…`. Default: the newest that there is.
    pub max_version: u32,
    /// The ciphers up to TLS 1.2, as OpenSSL writes them: "ECDHE+AESGCM:!RSA".
    pub ciphers: hs_str,
    /// The cipher suites of TLS 1.3: "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256".
    pub ciphersuites: hs_str,
    /// The groups (curves) of the key exchange: "X25519:P-256".
    pub groups: hs_str,
    /// A host name that is sent (SNI) and that the certificate must be for, in place of the URL's host. The connection
    /// still goes to the URL's host.
    pub server_name: hs_str,
    /// DANGEROUS. A file to which the secrets of every connection are appended (NSS key log format): who has it can
    /// read the traffic. The environment variable SSLKEYLOGFILE is never heeded.
    pub key_log_file: hs_str,
    /// A PEM file with revocation lists. Where there are any, the issuer of each certificate must have a current one.
    pub crl_file: hs_str,
    /// The same as text in memory; at most one of the two.
    pub crl_pem: hs_str,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_tls_options {
    const NAME: &'static str = "hs_tls_options";
    const SMALLEST: usize = 8;
}

const MOST_PINS: usize = 100;

/// The authorities and all else that a worker's options say about TLS.
///
/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is all that the three point to.
pub unsafe fn chosen(
    pointer: *const hs_tls_options,
    ca_file: hs_str,
    ca_pem: hs_str,
) -> Result<(CaSource, TlsOptions), Error> {
    // SAFETY: as the caller promises; all-zero is a valid value.
    let given: hs_tls_options = unsafe { if pointer.is_null() { std::mem::zeroed() } else { sized::read(pointer)? } };
    let flag = |flag: u32| given.flags & flag != 0;
    options::unused(u64::from(given.flags & !FLAGS), "unknown bits of hs_tls_options.flags")?;
    // SAFETY: as the caller promises.
    unsafe {
        let ca = ca(ca_file, ca_pem, given.ca_dir)?;
        if flag(HS_TLS_ADD_CA) && ca == CaSource::System {
            return Err(options::invalid("HS_TLS_ADD_CA without ca_file, ca_pem or ca_dir: nothing to add".into()));
        }
        let defaults = TlsOptions::default();
        let oldest = version(given.min_version, defaults.oldest, "min_version")?;
        let newest = version(given.max_version, defaults.newest, "max_version")?;
        if newest != TlsVersion::None && newest < oldest {
            let message = format!("hs_tls_options.max_version is {}: older than min_version", given.max_version);
            return Err(options::invalid(message));
        }
        let pins = options::array(given.pins, given.pin_count, MOST_PINS, "hs_tls_options.pins")?;
        let chosen = TlsOptions {
            and_system: flag(HS_TLS_ADD_CA),
            verification: if flag(HS_TLS_INSECURE_SKIP_VERIFY) {
                Verification::Skip
            } else if flag(HS_TLS_INSECURE_SKIP_HOSTNAME) {
                Verification::SkipHostname
            } else {
                Verification::Full
            },
            identity: identity(&given)?,
            pins: pins.iter().map(|pin| Pin::parse(pin.bytes("pin")?)).collect::<Result<_, _>>()?,
            oldest,
            newest,
            ciphers: plain(given.ciphers, "ciphers")?,
            ciphersuites: plain(given.ciphersuites, "ciphersuites")?,
            groups: plain(given.groups, "groups")?,
            server_name: server_name(given.server_name)?,
            key_log: Some(PathBuf::from(plain(given.key_log_file, "key_log_file")?))
                .filter(|path| path != Path::new("")),
            crl: pem(given.crl_file, given.crl_pem, "crl", HS_ERR_CA_STORE)?,
            alpn: !flag(HS_TLS_NO_ALPN),
            resumption: !flag(HS_TLS_NO_RESUMPTION),
            stapling: flag(HS_TLS_REQUIRE_STAPLING),
            keep_certificates: flag(HS_TLS_KEEP_CERTIFICATES),
        };
        Ok((ca, chosen))
    }
}

/// # Safety
/// As for `hs_str::bytes`.
pub unsafe fn ca(file: hs_str, text: hs_str, folder: hs_str) -> Result<CaSource, Error> {
    // SAFETY: as the caller promises.
    let (pem, folder) = unsafe { (pem(file, text, "ca", HS_ERR_CA_STORE)?, folder.bytes("ca_dir")?) };
    match (pem, folder.is_empty()) {
        (None, true) => Ok(CaSource::System),
        (Some(Pem { text, origin }), true) => Ok(CaSource::Pem { text, origin }),
        (None, false) => CaSource::folder(Path::new(path(folder, "ca_dir")?)),
        (Some(_), false) => Err(options::invalid("ca_dir is set besides ca_file or ca_pem: choose one".into())),
    }
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn identity(given: &hs_tls_options) -> Result<Option<Identity>, Error> {
    let refused = HS_ERR_CLIENT_CERTIFICATE;
    // SAFETY: as the caller promises.
    let (chain, key, password) = unsafe {
        let chain = pem(given.certificate_file, given.certificate_pem, "certificate", refused)?;
        let key = pem(given.key_file, given.key_pem, "key", refused)?;
        (chain, key, given.key_password.bytes("key_password")?)
    };
    let Some(chain) = chain else {
        if key.is_some() || !password.is_empty() {
            return Err(options::invalid("a client key or its password is set, but no client certificate".into()));
        }
        return Ok(None);
    };
    let key = key.unwrap_or_else(|| chain.clone());
    let password = (!password.is_empty()).then(|| password.to_vec());
    Ok(Some(Identity { chain, key, password }))
}

/// What is in a file or in memory, as the options `what`_file and `what`_pem say.
///
/// # Safety
/// As for `hs_str::bytes`.
unsafe fn pem(file: hs_str, text: hs_str, what: &str, refused: hs_status) -> Result<Option<Pem>, Error> {
    let (file_option, text_option) = (format!("{what}_file"), format!("{what}_pem"));
    // SAFETY: as the caller promises.
    let (file, text) = unsafe { (file.bytes(&file_option)?, text.bytes(&text_option)?) };
    match (file.is_empty(), text.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Ok(Some(Pem { text: text.to_vec(), origin: text_option })),
        (false, true) => {
            let origin = format!("the file {}", quoted(file));
            let read = std::fs::read(path(file, &file_option)?);
            let text = read.map_err(|why| Error::new(refused, format!("{file_option}: {origin}: {why}")))?;
            Ok(Some(Pem { text, origin }))
        }
        (false, false) => Err(options::invalid(format!("both {file_option} and {text_option} are set: choose one"))),
    }
}

fn path<'a>(text: &'a [u8], what: &str) -> Result<&'a str, Error> {
    std::str::from_utf8(text).map_err(|_| options::invalid(format!("{what} is {}: not UTF-8", quoted(text))))
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn plain(text: hs_str, what: &str) -> Result<String, Error> {
    // SAFETY: as the caller promises.
    let text = unsafe { text.bytes(what) }?;
    if text.contains(&0) {
        return Err(options::invalid(format!("hs_tls_options.{what} is {}: it has a NUL", quoted(text))));
    }
    path(text, what).map(str::to_owned)
}

/// # Safety
/// As for `hs_str::bytes`.
unsafe fn server_name(text: hs_str) -> Result<Option<String>, Error> {
    // SAFETY: as the caller promises.
    let text = unsafe { plain(text, "server_name") }?;
    if text.is_empty() {
        return Ok(None);
    }
    match url::Host::parse(&text) {
        Ok(url::Host::Domain(name)) if name.len() <= 253 => Ok(Some(name)),
        _ => {
            Err(options::invalid(format!("hs_tls_options.server_name is {}: not a host name", quoted(text.as_bytes()))))
        }
    }
}

fn version(value: u32, default: TlsVersion, what: &str) -> Result<TlsVersion, Error> {
    match value {
        0 => Ok(default),
        HS_TLS_1_0 => Ok(TlsVersion::Tls10),
        HS_TLS_1_1 => Ok(TlsVersion::Tls11),
        HS_TLS_1_2 => Ok(TlsVersion::Tls12),
        HS_TLS_1_3 => Ok(TlsVersion::Tls13),
        _ => Err(options::invalid(format!("hs_tls_options.{what} is {value}: not a HS_TLS_1_… constant"))),
    }
}

/// A certificate that the server showed. Set `struct_size` before the call. Its texts are borrowed from the response
/// until it is freed; they are what the certificate says, with control characters escaped.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_certificate {
    /// `sizeof(hs_certificate)`.
    pub struct_size: u32,
    /// Always 0.
    pub reserved: u32,
    /// "C=DE, O=Example, CN=example.com".
    pub subject: hs_str,
    /// The same of who signed it.
    pub issuer: hs_str,
    /// The serial number in hexadecimal.
    pub serial: hs_str,
    /// The names that it is for: "DNS:example.com, DNS:*.example.com, IP:192.0.2.1".
    pub names: hs_str,
    /// Its key, as `hs_tls_options.pins` wants it.
    pub pin: hs_str,
    /// The certificate itself (X.509, DER).
    pub der: hs_str,
    /// Since when it is valid, in seconds since 1970.
    pub not_before: i64,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: i64,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_certificate {
    const NAME: &'static str = "hs_certificate";
    const SMALLEST: usize = size_of::<hs_certificate>();
}

/// The certificate at an index, the server's own at 0, then those between it and its authority as the server sent them.
/// There are some where the worker has `HS_TLS_KEEP_CERTIFICATES` and the response came over TLS; a resumed session has
/// the server's own alone. `certificate->struct_size` must be set; on failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
/// `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `certificate` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_certificate(
    response: *const hs_response,
    index: usize,
    certificate: *mut hs_certificate,
) -> hs_status {
    guard::status(|| {
        let response = handle::open::<Answer>(response)?;
        if certificate.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let shown = response.metrics().exchange.certificates.get(index);
        let shown = shown.ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
        let facts = hs_certificate {
            struct_size: 0,
            reserved: 0,
            subject: hs_str::borrowed(shown.subject.as_bytes()),
            issuer: hs_str::borrowed(shown.issuer.as_bytes()),
            serial: hs_str::borrowed(shown.serial.as_bytes()),
            names: hs_str::borrowed(shown.names.as_bytes()),
            pin: hs_str::borrowed(shown.pin.as_bytes()),
            der: hs_str::borrowed(&shown.der),
            not_before: shown.not_before,
            not_after: shown.not_after,
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(certificate, &facts) }
    })
}
