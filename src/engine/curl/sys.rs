//! What `curl-sys` does not declare, with the numbers of curl's own headers, and typed access to the variadic calls.

pub use curl_sys::*;
#[cfg(feature = "system-curl")]
use std::ffi::c_uint;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};

const LONG: CURLoption = 0;
const OBJECT: CURLoption = 10_000;
const FUNCTION: CURLoption = 20_000;

/// A line of a head or trailer that libcurl's own bounds refuse; since 8.6.0.
pub(super) const CURLE_TOO_LARGE: CURLcode = 100;

pub(super) const CURLOPT_XFERINFOFUNCTION: CURLoption = FUNCTION + 219;
pub(super) const CURLOPT_SSL_ENABLE_ALPN: CURLoption = LONG + 226;
pub(super) const CURLOPT_SSL_VERIFYSTATUS: CURLoption = LONG + 232;
pub(super) const CURLOPT_TLS13_CIPHERS: CURLoption = OBJECT + 276;
pub(super) const CURLOPT_SSL_EC_CURVES: CURLoption = OBJECT + 298;
pub(super) const CURLOPT_PATH_AS_IS: CURLoption = LONG + 234;
pub(super) const CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS: CURLoption = LONG + 271;
pub(super) const CURLOPT_REQUEST_TARGET: CURLoption = OBJECT + 266;
pub(super) const CURLOPT_MAXAGE_CONN: CURLoption = LONG + 288;
#[cfg(feature = "system-curl")]
pub(super) const CURLOPT_CAINFO_BLOB: CURLoption = 40_000 + 309;
pub(super) const CURLOPT_HEADEROPT: CURLoption = LONG + 229;
pub(super) const CURLOPT_SUPPRESS_CONNECT_HEADERS: CURLoption = LONG + 265;
pub(super) const CURLOPT_SOCKS5_AUTH: CURLoption = LONG + 267;
pub(super) const CURLOPT_RESOLVER_START_FUNCTION: CURLoption = FUNCTION + 272;
pub(super) const CURLOPT_RESOLVER_START_DATA: CURLoption = OBJECT + 273;
pub(super) const CURLOPT_PREREQFUNCTION: CURLoption = FUNCTION + 312;
pub(super) const CURLOPT_PREREQDATA: CURLoption = OBJECT + 313;
pub(super) const CURLOPT_MAXLIFETIME_CONN: CURLoption = LONG + 314;
pub(super) const CURLOPT_TCP_KEEPCNT: CURLoption = LONG + 326;

const OFF_T: CURLINFO = 0x60_0000;
#[cfg(feature = "bundled-curl")]
const POINTER: CURLINFO = 0x40_0000;
pub(super) const CURLINFO_SIZE_UPLOAD_T: CURLINFO = OFF_T + 7;
pub(super) const CURLINFO_SIZE_DOWNLOAD_T: CURLINFO = OFF_T + 8;
pub(super) const CURLINFO_NAMELOOKUP_TIME_T: CURLINFO = OFF_T + 51;
pub(super) const CURLINFO_CONNECT_TIME_T: CURLINFO = OFF_T + 52;
pub(super) const CURLINFO_PRETRANSFER_TIME_T: CURLINFO = OFF_T + 53;
pub(super) const CURLINFO_STARTTRANSFER_TIME_T: CURLINFO = OFF_T + 54;
pub(super) const CURLINFO_TOTAL_TIME_T: CURLINFO = OFF_T + 50;
pub(super) const CURLINFO_APPCONNECT_TIME_T: CURLINFO = OFF_T + 56;
pub(super) const CURLINFO_CONN_ID: CURLINFO = OFF_T + 64;
pub(super) const CURLINFO_QUEUE_TIME_T: CURLINFO = OFF_T + 65;
pub(super) const CURLINFO_POSTTRANSFER_TIME_T: CURLINFO = OFF_T + 67;
pub(super) const CURLINFO_PROXY_ERROR: CURLINFO = 0x20_0000 + 59;
pub(super) const CURLINFO_ACTIVESOCKET: CURLINFO = 0x50_0000 + 44;
#[cfg(feature = "bundled-curl")]
pub(super) const CURLINFO_TLS_SSL_PTR: CURLINFO = POINTER + 45;

pub(super) const CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE: c_long = 5;
pub(super) const CURLAUTH_BEARER: std::ffi::c_ulong = 1 << 6;
pub(super) const CURLHEADER_SEPARATE: c_long = 1;
/// A failed conversation with a SOCKS proxy; `CURLINFO_PROXY_ERROR` says how.
pub(super) const CURLE_PROXY: CURLcode = 97;
pub(super) const CURLPX_NO_AUTH: c_long = 12;
pub(super) const CURLPX_RESOLVE_HOST: c_long = 27;
pub(super) const CURLPX_USER_REJECTED: c_long = 33;
pub(super) const CURL_SOCKOPT_OK: c_int = 0;
pub(super) const CURL_PREREQFUNC_OK: c_int = 0;
pub(super) const CURL_PREREQFUNC_ABORT: c_int = 1;
pub(super) const CURLPAUSE_RECV: c_int = 1;
pub(super) const CURLPAUSE_SEND: c_int = 4;
/// The write callback's way to stop a transfer until `curl_easy_pause`.
pub(super) const WRITE_PAUSE: usize = 0x1000_0001;
/// The write callback's way to fail a transfer, also where libcurl writes zero bytes.
pub(super) const WRITE_ERROR: usize = 0xFFFF_FFFF;

#[cfg(feature = "bundled-curl")]
pub(super) const CURLSSLBACKEND_OPENSSL: c_int = 1;

/// `struct curl_tlssessioninfo`.
#[cfg(feature = "bundled-curl")]
#[repr(C)]
pub struct TlsSessionInfo {
    pub backend: c_int,
    pub internals: *mut c_void,
}

/// `struct curl_blob`.
#[cfg(feature = "system-curl")]
#[repr(C)]
pub struct Blob {
    pub data: *mut c_void,
    pub len: usize,
    pub flags: c_uint,
}

/// Whether libcurl's TLS library is OpenSSL, so that its verification results have OpenSSL's numbers.
pub fn numbers_are_openssls() -> bool {
    static KNOWN: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *KNOWN.get_or_init(|| {
        // SAFETY: static data; the text is NULL or NUL-terminated.
        unsafe {
            let text = (*curl_version_info(CURLVERSION_FIRST)).ssl_version;
            !text.is_null() && CStr::from_ptr(text).to_bytes().starts_with(b"OpenSSL")
        }
    })
}

pub fn easy_message(code: CURLcode) -> String {
    // SAFETY: libcurl returns a static string for every number.
    unsafe { CStr::from_ptr(curl_easy_strerror(code)) }.to_string_lossy().into_owned()
}

/// # Safety
/// `easy` is a live easy handle, `info` names an `off_t` value.
pub unsafe fn info_off_t(easy: *mut CURL, info: CURLINFO) -> Option<u64> {
    let mut value: i64 = 0;
    // SAFETY: as the caller promises.
    let code = unsafe { curl_easy_getinfo(easy, info, &mut value as *mut i64) };
    (code == CURLE_OK).then(|| u64::try_from(value).unwrap_or(0))
}

/// # Safety
/// `easy` is a live easy handle, `info` names a `long` value.
pub unsafe fn info_long(easy: *mut CURL, info: CURLINFO) -> c_long {
    let mut value: c_long = 0;
    // SAFETY: as the caller promises.
    unsafe { curl_easy_getinfo(easy, info, &mut value as *mut c_long) };
    value
}

/// # Safety
/// `easy` is a live easy handle.
pub unsafe fn private(easy: *mut CURL) -> *mut c_void {
    let mut data: *mut c_void = std::ptr::null_mut();
    // SAFETY: as the caller promises; the value is a pointer.
    unsafe { curl_easy_getinfo(easy, CURLINFO_PRIVATE, &mut data as *mut *mut c_void) };
    data
}

/// The read callback's way to fail a transfer.
pub(super) const READ_ABORT: usize = 0x1000_0000;
/// The read callback's way to stop sending until `curl_easy_pause`.
pub(super) const READ_PAUSE: usize = 0x1000_0001;

/// The C prototypes of the callbacks that we install.
pub type ProgressCallback = extern "C" fn(*mut c_void, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> c_int;
pub type WriteCallback = extern "C" fn(*mut c_char, usize, usize, *mut c_void) -> usize;
pub type SeekCallback = extern "C" fn(*mut c_void, curl_off_t, c_int) -> c_int;
pub type DebugCallback = extern "C" fn(*mut CURL, c_int, *mut c_char, usize, *mut c_void) -> c_int;
pub type SockoptCallback = extern "C" fn(*mut c_void, curl_socket_t, curlsocktype) -> c_int;
pub type ClosesocketCallback = extern "C" fn(*mut c_void, curl_socket_t) -> c_int;
pub type ResolverStartCallback = extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;
pub type PrereqCallback = extern "C" fn(*mut c_void, *mut c_char, *mut c_char, c_int, c_int) -> c_int;
