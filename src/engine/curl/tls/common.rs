//! The options that every libcurl has, whatever its TLS library.

use super::super::easy::refused;
use super::super::sys;
use crate::error::Error;
use crate::http::metrics::TlsVersion;
use crate::http::tls::{TlsOptions, Verification};
use crate::status::HS_ERR_INVALID_ARGUMENT;
use std::ffi::{CStr, CString, c_long};

pub struct Common {
    versions: c_long,
    pins: Option<CString>,
    ciphers: Option<CString>,
    ciphersuites: Option<CString>,
    groups: Option<CString>,
    alpn: bool,
    resumption: bool,
    stapling: bool,
    check_peer: bool,
    /// libcurl compares the certificate with the URL's host.
    check_host: bool,
    pub verified: bool,
}

impl Common {
    pub fn new(tls: &TlsOptions) -> Result<Common, Error> {
        let pins: Vec<String> = tls.pins.iter().map(ToString::to_string).collect();
        Ok(Common {
            versions: oldest(tls.oldest) | newest(tls.newest),
            pins: text(&pins.join(";"), "pins")?,
            ciphers: text(&tls.ciphers, "ciphers")?,
            ciphersuites: text(&tls.ciphersuites, "ciphersuites")?,
            groups: text(&tls.groups, "groups")?,
            alpn: tls.alpn,
            resumption: tls.resumption,
            stapling: tls.stapling,
            check_peer: tls.verification != Verification::Skip,
            check_host: tls.verification == Verification::Full && tls.server_name.is_none(),
            verified: tls.verification == Verification::Full,
        })
    }

    /// # Safety
    /// `easy` is a live easy handle.
    pub unsafe fn configure(&self, easy: *mut sys::CURL) -> Result<(), Error> {
        let number = |option, value: c_long| {
            // SAFETY: a live handle, as the caller promises, and options that take a long.
            check(option, unsafe { sys::curl_easy_setopt(easy, option, value) })
        };
        let text = |option, value: &Option<CString>| {
            let Some(value) = value else { return Ok(()) };
            // SAFETY: as above, and options whose text libcurl copies.
            check(option, unsafe { sys::curl_easy_setopt(easy, option, CStr::as_ptr(value)) })
        };
        number(sys::CURLOPT_SSLVERSION, self.versions)?;
        text(sys::CURLOPT_PINNEDPUBLICKEY, &self.pins)?;
        text(sys::CURLOPT_SSL_CIPHER_LIST, &self.ciphers)?;
        text(sys::CURLOPT_TLS13_CIPHERS, &self.ciphersuites)?;
        text(sys::CURLOPT_SSL_EC_CURVES, &self.groups)?;
        // From here on each option is at its default already, which every TLS library takes.
        if !self.alpn {
            number(sys::CURLOPT_SSL_ENABLE_ALPN, 0)?;
        }
        if !self.resumption {
            number(sys::CURLOPT_SSL_SESSIONID_CACHE, 0)?;
        }
        if self.stapling {
            number(sys::CURLOPT_SSL_VERIFYSTATUS, 1)?;
        }
        if !self.check_peer {
            number(sys::CURLOPT_SSL_VERIFYPEER, 0)?;
        }
        if !self.check_host {
            number(sys::CURLOPT_SSL_VERIFYHOST, 0)?;
        }
        Ok(())
    }

    #[cfg(feature = "bundled-curl")]
    pub fn lists(&self) -> [(&'static str, &Option<CString>); 3] {
        [("ciphers", &self.ciphers), ("ciphersuites", &self.ciphersuites), ("groups", &self.groups)]
    }
}

fn check(option: sys::CURLoption, code: sys::CURLcode) -> Result<(), Error> {
    if code == sys::CURLE_OK { Ok(()) } else { Err(refused(option, code)) }
}

fn text(value: &str, what: &str) -> Result<Option<CString>, Error> {
    if value.is_empty() {
        return Ok(None);
    }
    let has_nul = |_| Error::new(HS_ERR_INVALID_ARGUMENT, format!("hs_tls_options.{what} has a NUL"));
    CString::new(value).map(Some).map_err(has_nul)
}

fn oldest(version: TlsVersion) -> c_long {
    let version = match version {
        TlsVersion::Tls10 => sys::CURL_SSLVERSION_TLSv1_0,
        TlsVersion::Tls11 => sys::CURL_SSLVERSION_TLSv1_1,
        TlsVersion::Tls13 => sys::CURL_SSLVERSION_TLSv1_3,
        TlsVersion::Tls12 | TlsVersion::None | TlsVersion::Unknown => sys::CURL_SSLVERSION_TLSv1_2,
    };
    version as c_long
}

/// `CURL_SSLVERSION_MAX_…` is the number of the version, sixteen bits up.
fn newest(version: TlsVersion) -> c_long {
    match version {
        TlsVersion::None | TlsVersion::Unknown => 0,
        version => oldest(version) << 16,
    }
}
