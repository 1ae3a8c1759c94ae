//! Why a handshake failed: OpenSSL's codes and the server's alerts in the library's words.

use super::super::sys;
use super::Notes;
use crate::status::*;
use std::ffi::c_long;

/// `CURLE_SSL_CLIENTCERT`.
const CLIENT_CERTIFICATE_WANTED: sys::CURLcode = 98;

/// The status of a failed transfer where TLS has one of its own for it. `verified` is `CURLINFO_SSL_VERIFYRESULT`.
pub fn status(code: sys::CURLcode, verified: c_long, notes: Option<&Notes>) -> Option<hs_status> {
    if notes.is_some_and(|notes| refused_by_server(code, notes)) {
        return Some(HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED);
    }
    match code {
        sys::CURLE_SSL_PINNEDPUBKEYNOTMATCH => Some(HS_ERR_TLS_PIN),
        CLIENT_CERTIFICATE_WANTED => Some(HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED),
        sys::CURLE_PEER_FAILED_VERIFICATION => Some(of_certificate(verified)),
        sys::CURLE_SSL_ISSUER_ERROR | sys::CURLE_SSL_INVALIDCERTSTATUS => Some(HS_ERR_TLS_CERTIFICATE),
        sys::CURLE_SSL_CONNECT_ERROR => Some(notes.map_or(HS_ERR_TLS_HANDSHAKE, of_handshake)),
        _ => None,
    }
}

/// The server ended the handshake because of the client certificate that it got, or did not get. In TLS 1.3 the word
/// of it comes when this side has finished its handshake and may have sent a request; the server has not read it.
pub fn refused_by_server(code: sys::CURLcode, notes: &Notes) -> bool {
    const OF_CERTIFICATES: [u8; 8] = [42, 43, 44, 45, 46, 48, 49, 116];
    const HANDSHAKE_FAILURE: u8 = 40;
    let about_it = match notes.alert.get() {
        Some(HANDSHAKE_FAILURE) => !notes.done.get(),
        Some(alert) => OF_CERTIFICATES.contains(&alert),
        None => false,
    };
    let failed = !matches!(code, sys::CURLE_OK | sys::CURLE_OPERATION_TIMEDOUT | sys::CURLE_OUT_OF_MEMORY);
    failed && about_it && notes.certificate_requested.get()
}

/// By the numbers of OpenSSL's `X509_V_ERR_…`.
fn of_certificate(verified: c_long) -> hs_status {
    if !sys::numbers_are_openssls() {
        return HS_ERR_TLS_CERTIFICATE;
    }
    match verified {
        // libcurl has begun with "unspecified", and compares the host before it looks at the rest.
        0 | 1 | 62 | 64 => HS_ERR_TLS_HOSTNAME,
        9 => HS_ERR_TLS_NOT_YET_VALID,
        10 => HS_ERR_TLS_EXPIRED,
        18 => HS_ERR_TLS_SELF_SIGNED,
        2 | 19 | 20 | 21 | 27 => HS_ERR_TLS_UNTRUSTED,
        23 => HS_ERR_TLS_REVOKED,
        66..=68 => HS_ERR_TLS_WEAK_KEY,
        _ => HS_ERR_TLS_CERTIFICATE,
    }
}

/// By the server's alert and the numbers of OpenSSL's `SSL_R_…`.
fn of_handshake(notes: &Notes) -> hs_status {
    const PROTOCOL_VERSION: u8 = 70;
    if notes.alert.get().is_none() && notes.verified.get() != 0 {
        return of_certificate(notes.verified.get());
    }
    match (notes.alert.get(), notes.reason.get()) {
        (Some(PROTOCOL_VERSION), _) => HS_ERR_TLS_VERSION,
        // No protocols available, unsupported protocol, wrong version, version too low.
        (None, 191 | 258 | 266 | 396) => HS_ERR_TLS_VERSION,
        // DH key too small, end entity's key too small, authority's key too small, authority's digest too weak.
        (None, 394 | 397 | 398 | 399) => HS_ERR_TLS_WEAK_KEY,
        _ => HS_ERR_TLS_HANDSHAKE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerted(alert: u8, requested: bool, done: bool) -> Notes {
        let notes = Notes::default();
        notes.alert.set(Some(alert));
        notes.certificate_requested.set(requested);
        notes.done.set(done);
        notes
    }

    #[test]
    #[cfg(feature = "bundled-curl")]
    fn each_reason_of_a_refused_certificate_has_its_status() {
        for (verified, expected) in [
            (1, HS_ERR_TLS_HOSTNAME),
            (62, HS_ERR_TLS_HOSTNAME),
            (9, HS_ERR_TLS_NOT_YET_VALID),
            (10, HS_ERR_TLS_EXPIRED),
            (18, HS_ERR_TLS_SELF_SIGNED),
            (19, HS_ERR_TLS_UNTRUSTED),
            (20, HS_ERR_TLS_UNTRUSTED),
            (23, HS_ERR_TLS_REVOKED),
            (66, HS_ERR_TLS_WEAK_KEY),
            (3, HS_ERR_TLS_CERTIFICATE),
        ] {
            assert_eq!(status(sys::CURLE_PEER_FAILED_VERIFICATION, verified, None), Some(expected), "{verified}");
        }
    }

    #[test]
    #[cfg(feature = "bundled-curl")]
    fn a_refused_certificate_that_libcurl_does_not_tell_of_has_its_status() {
        let notes = Notes::default();
        notes.verified.set(20);
        assert_eq!(status(sys::CURLE_SSL_CONNECT_ERROR, 0, Some(&notes)), Some(HS_ERR_TLS_UNTRUSTED));
    }

    #[test]
    fn the_servers_word_on_a_client_certificate_counts_where_it_asked_for_one() {
        let wanted = Some(HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED);
        let late = alerted(116, true, true);
        assert_eq!(status(sys::CURLE_RECV_ERROR, 0, Some(&late)), wanted);
        assert_eq!(status(sys::CURLE_OK, 0, Some(&late)), None);
        // OpenSSL's "certificate expired" alert is about the client's, whatever libcurl makes of it.
        assert_eq!(status(sys::CURLE_PEER_FAILED_VERIFICATION, 0, Some(&alerted(45, true, false))), wanted);
        assert_eq!(status(sys::CURLE_SSL_CONNECT_ERROR, 0, Some(&alerted(40, true, false))), wanted);
        assert_eq!(
            status(sys::CURLE_SSL_CONNECT_ERROR, 0, Some(&alerted(40, false, false))),
            Some(HS_ERR_TLS_HANDSHAKE)
        );
        assert_eq!(status(sys::CURLE_SSL_CONNECT_ERROR, 0, Some(&alerted(70, false, false))), Some(HS_ERR_TLS_VERSION));
    }
}
