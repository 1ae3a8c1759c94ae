//! Easy handles: recycled, and built from a clean state for every exchange.

use super::network::Wiring;
use super::proxy::{self, Routes};
use super::tls::{self, Trust};
use super::transfer::{Transfer, header_callback, prereq_callback, read_callback, seek_callback, write_callback};
use super::{address, resend, resolve, sockets, sys};
use crate::engine::{ExchangeRequest, HttpChoice};
use crate::error::Error;
use crate::http::body::Body;
use crate::http::headers::Header;
use crate::observe::traceparent::HEADER as TRACEPARENT;
use crate::status::{HS_ERR_INTERNAL, HS_ERR_INVALID_HEADER, HS_ERR_INVALID_URL, HS_ERR_OUT_OF_MEMORY};
use std::cell::{RefCell, UnsafeCell};
use std::ffi::{CStr, CString, c_char, c_long, c_void};
use std::time::Duration;

/// How long a connection may idle and live before it is no longer reused.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionAges {
    pub idle: Duration,
    pub life: Duration,
}

pub struct Easy {
    raw: *mut sys::CURL,
    headers: RefCell<List>,
    proxy_headers: RefCell<List>,
    addresses: RefCell<List>,
    /// libcurl writes the reason of a failure here; it must not move while the handle is in use.
    error_buffer: Box<UnsafeCell<[u8; sys::CURL_ERROR_SIZE]>>,
}

impl Easy {
    pub fn new() -> Result<Easy, Error> {
        // SAFETY: libcurl is initialised.
        let raw = unsafe { sys::curl_easy_init() };
        if raw.is_null() {
            return Err(Error::plain(HS_ERR_OUT_OF_MEMORY));
        }
        let error_buffer = Box::new(UnsafeCell::new([0; sys::CURL_ERROR_SIZE]));
        let empty = RefCell::<List>::default;
        Ok(Easy { raw, headers: empty(), proxy_headers: empty(), addresses: empty(), error_buffer })
    }

    pub fn raw(&self) -> *mut sys::CURL {
        self.raw
    }

    /// Forgets the last exchange, but keeps what is worth keeping.
    pub fn reset(&mut self) {
        // A reset leaves libcurl with addresses that were given for a transfer which never ran, and the next one would take them.
        let _ = Options::of(self).data(sys::CURLOPT_RESOLVE, std::ptr::null_mut());
        // SAFETY: a live handle that is in no multi.
        unsafe { sys::curl_easy_reset(self.raw) };
        self.headers = RefCell::default();
        self.proxy_headers = RefCell::default();
        self.addresses = RefCell::default();
        self.error_buffer.get_mut()[0] = 0;
    }

    /// The socket that it uses. libcurl looks for it among all connections.
    pub fn active_socket(&self) -> Option<sys::curl_socket_t> {
        let mut socket: sys::curl_socket_t = -1;
        // SAFETY: a live handle and a place for a socket.
        unsafe { sys::curl_easy_getinfo(self.raw, sys::CURLINFO_ACTIVESOCKET, &mut socket as *mut sys::curl_socket_t) };
        (socket >= 0).then_some(socket)
    }

    /// Whether the connection that this handle is about to use has carried a request before.
    pub fn is_reused(&self) -> bool {
        // SAFETY: a live handle; it names a long.
        unsafe { sys::info_long(self.raw, sys::CURLINFO_NUM_CONNECTS) == 0 }
    }

    /// Makes the next transfer take a connection of its own.
    pub fn want_fresh_connection(&self) -> Result<(), Error> {
        Options(self.raw).number(sys::CURLOPT_FRESH_CONNECT, 1)
    }

    /// Keeps a list that the transfer refers to.
    pub fn keep_proxy_headers(&self, headers: List) {
        self.proxy_headers.replace(headers);
    }

    /// Takes the list for `CURLOPT_RESOLVE`; libcurl looks there first.
    pub fn take_addresses(&self, list: List) -> Result<(), Error> {
        let options = Options::of(self);
        options.data(sys::CURLOPT_RESOLVE, list.raw())?;
        self.addresses.replace(list);
        // They are for this transfer, and it may take as long as it likes to get to them.
        options.number(sys::CURLOPT_DNS_CACHE_TIMEOUT, -1)
    }

    /// libcurl's own words for what went wrong, empty where it said nothing.
    pub fn reason(&self) -> String {
        // SAFETY: libcurl writes it on this thread alone, and only inside calls into it.
        let buffer = unsafe { &*self.error_buffer.get() };
        let text = CStr::from_bytes_until_nul(buffer).unwrap_or_default();
        text.to_string_lossy().into_owned()
    }
}

impl Drop for Easy {
    fn drop(&mut self) {
        // SAFETY: a live handle that is in no multi.
        unsafe { sys::curl_easy_cleanup(self.raw) };
    }
}

/// Sets every option of a transfer.
///
/// # Safety
/// `transfer`, `trust`, `routes` and `wiring` stay where they are until the handle is reset.
pub unsafe fn configure(
    transfer: &Transfer,
    trust: &Trust,
    routes: &Routes,
    wiring: &Wiring,
    ages: ConnectionAges,
) -> Result<(), Error> {
    let headers = header_list(&transfer.exchange)?;
    let options = Options(transfer.easy.raw);
    let exchange = &transfer.exchange;
    let request = &exchange.request;
    let url = CString::new(request.url.as_str()).map_err(|_| Error::plain(HS_ERR_INVALID_URL))?;
    let agent = CString::new(&*exchange.user_agent).map_err(|_| Error::plain(HS_ERR_INVALID_HEADER))?;
    let this: *const Transfer = transfer;

    options.text(sys::CURLOPT_URL, &url)?;
    options.number(sys::CURLOPT_NOSIGNAL, 1)?;
    if exchange.fresh {
        options.number(sys::CURLOPT_FRESH_CONNECT, 1)?;
    }
    // The URL is normalised already; a second opinion could differ from the one that was checked.
    options.number(sys::CURLOPT_PATH_AS_IS, 1)?;
    if !transfer.route.as_ref().is_some_and(|route| route.forwards) {
        // libcurl would write percent-encoded bytes its own way, and signatures are over the caller's.
        let target = CString::new(request.url.target()).map_err(|_| Error::plain(HS_ERR_INVALID_URL))?;
        options.text(sys::CURLOPT_REQUEST_TARGET, &target)?;
    }
    // SAFETY: as the caller promises.
    unsafe {
        proxy::configure(&options, transfer, routes, trust)?;
        wiring.configure(&options)?;
    }
    options.number(sys::CURLOPT_MAXAGE_CONN, seconds(ages.idle))?;
    options.number(sys::CURLOPT_MAXLIFETIME_CONN, seconds(ages.life))?;
    options.connect_timeout(exchange.connect_timeout)?;
    options.number(sys::CURLOPT_HTTP_VERSION, http_version(exchange.http))?;
    if !request.wants_no_user_agent() {
        options.text(sys::CURLOPT_USERAGENT, &agent)?;
    }
    options.data(sys::CURLOPT_PRIVATE, this as *mut c_void)?;
    options.data(sys::CURLOPT_ERRORBUFFER, transfer.easy.error_buffer.get().cast())?;
    options.data(sys::CURLOPT_HTTPHEADER, headers.raw())?;
    transfer.easy.headers.replace(headers);

    let libcurls_own_word = request.method.is_head() || (request.method.as_str() == "GET" && !request.has_content());
    if !libcurls_own_word {
        let method = CString::new(request.method.as_str()).map_err(|_| Error::plain(HS_ERR_INTERNAL))?;
        options.text(sys::CURLOPT_CUSTOMREQUEST, &method)?;
    }
    if request.method.is_head() {
        options.number(sys::CURLOPT_NOBODY, 1)?;
    } else if request.has_content() {
        match &request.body {
            Body::Bytes(bytes) => {
                options.number(sys::CURLOPT_POST, 1)?;
                options.data(sys::CURLOPT_POSTFIELDS, bytes.as_ptr() as *mut c_void)?;
                options.size(sys::CURLOPT_POSTFIELDSIZE_LARGE, Some(bytes.len() as u64))?;
            }
            Body::Streamed(_) => {
                options.number(sys::CURLOPT_UPLOAD, 1)?;
                options.size(sys::CURLOPT_INFILESIZE_LARGE, request.body.length())?;
                let callback: sys::WriteCallback = read_callback;
                options.function(sys::CURLOPT_READFUNCTION, callback as *const c_void)?;
                options.data(sys::CURLOPT_READDATA, this as *mut c_void)?;
                let callback: sys::SeekCallback = seek_callback;
                options.function(sys::CURLOPT_SEEKFUNCTION, callback as *const c_void)?;
                options.data(sys::CURLOPT_SEEKDATA, this as *mut c_void)?;
            }
        }
    }

    let callback: sys::WriteCallback = header_callback;
    options.function(sys::CURLOPT_HEADERFUNCTION, callback as *const c_void)?;
    options.data(sys::CURLOPT_HEADERDATA, this as *mut c_void)?;
    let callback: sys::WriteCallback = write_callback;
    options.function(sys::CURLOPT_WRITEFUNCTION, callback as *const c_void)?;
    options.data(sys::CURLOPT_WRITEDATA, this as *mut c_void)?;
    let callback: sys::PrereqCallback = prereq_callback;
    options.function(sys::CURLOPT_PREREQFUNCTION, callback as *const c_void)?;
    options.data(sys::CURLOPT_PREREQDATA, this as *mut c_void)?;
    address::configure(transfer, &options)?;
    sockets::configure(&transfer.sockets, &options)?;
    resend::configure(transfer, &options)?;
    resolve::configure(transfer, wiring, &options)?;
    if transfer.needs_tls() {
        // SAFETY: as the caller promises.
        unsafe { tls::configure(options.0, trust) }?;
    }
    Ok(())
}

fn seconds(duration: Duration) -> c_long {
    c_long::try_from(duration.as_secs()).unwrap_or(c_long::MAX)
}

fn milliseconds(duration: Duration) -> c_long {
    c_long::try_from(duration.as_millis()).unwrap_or(c_long::MAX / 2)
}

fn http_version(choice: HttpChoice) -> c_long {
    match choice {
        HttpChoice::Negotiated => sys::CURL_HTTP_VERSION_2TLS as c_long,
        HttpChoice::Http10 => sys::CURL_HTTP_VERSION_1_0 as c_long,
        HttpChoice::Http11 => sys::CURL_HTTP_VERSION_1_1 as c_long,
        HttpChoice::Http2PriorKnowledge => sys::CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    }
}

/// `curl_easy_setopt` is variadic: each of these passes exactly the type that its options read.
pub struct Options(pub *mut sys::CURL);

impl Options {
    pub fn of(easy: &Easy) -> Options {
        Options(easy.raw)
    }

    pub fn number(&self, option: sys::CURLoption, value: c_long) -> Result<(), Error> {
        // SAFETY: a live handle and an option that takes a long.
        self.check(option, unsafe { sys::curl_easy_setopt(self.0, option, value) })
    }

    pub fn connect_timeout(&self, limit: Option<Duration>) -> Result<(), Error> {
        // 0 would be libcurl's own default.
        self.number(sys::CURLOPT_CONNECTTIMEOUT_MS, limit.map_or(c_long::MAX / 2, |limit| milliseconds(limit).max(1)))
    }

    /// A size, or that it is not known.
    fn size(&self, option: sys::CURLoption, value: Option<u64>) -> Result<(), Error> {
        let value = value.map_or(-1, |value| sys::curl_off_t::try_from(value).unwrap_or(sys::curl_off_t::MAX));
        // SAFETY: a live handle and an option that takes a curl_off_t.
        self.check(option, unsafe { sys::curl_easy_setopt(self.0, option, value) })
    }

    pub fn text(&self, option: sys::CURLoption, value: &CStr) -> Result<(), Error> {
        // SAFETY: a live handle and an option whose text libcurl copies.
        self.check(option, unsafe { sys::curl_easy_setopt(self.0, option, value.as_ptr()) })
    }

    pub fn data(&self, option: sys::CURLoption, value: *mut c_void) -> Result<(), Error> {
        // SAFETY: a live handle and an option that takes a pointer.
        self.check(option, unsafe { sys::curl_easy_setopt(self.0, option, value) })
    }

    pub fn function(&self, option: sys::CURLoption, value: *const c_void) -> Result<(), Error> {
        // SAFETY: a live handle and an option that takes a function of the prototype that `sys` states.
        self.check(option, unsafe { sys::curl_easy_setopt(self.0, option, value) })
    }

    fn check(&self, option: sys::CURLoption, code: sys::CURLcode) -> Result<(), Error> {
        if code == sys::CURLE_OK { Ok(()) } else { Err(refused(option, code)) }
    }
}

pub fn refused(option: sys::CURLoption, code: sys::CURLcode) -> Error {
    let status = if code == sys::CURLE_OUT_OF_MEMORY { HS_ERR_OUT_OF_MEMORY } else { HS_ERR_INTERNAL };
    Error::new(status, format!("libcurl refused option {option}: {}", sys::easy_message(code)))
}

/// A `curl_slist`.
pub struct List(*mut sys::curl_slist);

impl Default for List {
    fn default() -> Self {
        List(std::ptr::null_mut())
    }
}

impl List {
    pub fn raw(&self) -> *mut c_void {
        self.0.cast()
    }

    pub fn push_header(&mut self, header: &Header) -> Result<(), Error> {
        let line = line(header);
        self.push(CStr::from_bytes_with_nul(&line).map_err(|_| Error::plain(HS_ERR_INVALID_HEADER))?)
    }

    pub fn push(&mut self, text: &CStr) -> Result<(), Error> {
        // SAFETY: a list of ours or NULL, and text that libcurl copies.
        let longer = unsafe { sys::curl_slist_append(self.0, text.as_ptr().cast::<c_char>()) };
        if longer.is_null() {
            return Err(Error::plain(HS_ERR_OUT_OF_MEMORY));
        }
        self.0 = longer;
        Ok(())
    }
}

/// The header lines of a request.
fn header_list(exchange: &ExchangeRequest) -> Result<List, Error> {
    let mut list = List::default();
    let request = &exchange.request;
    let has = |name: &str| request.headers.iter().any(|header| header.is(name));
    for header in request.sent_headers() {
        list.push_header(header)?;
    }
    if let Some(value) = &exchange.traceparent {
        let line = CString::new(format!("{TRACEPARENT}: {value}"));
        list.push(&line.map_err(|_| Error::plain(HS_ERR_INVALID_HEADER))?)?;
    }
    // "Name:" without a value takes away what libcurl would add by itself.
    if request.has_content() && !has("expect") {
        list.push(c"Expect:")?;
    }
    if request.has_content() && !has("content-type") {
        list.push(c"Content-Type:")?;
    }
    Ok(list)
}

/// The line of a field in libcurl's notation, which writes an empty value as a semicolon.
fn line(header: &Header) -> Vec<u8> {
    let mut line = Vec::with_capacity(header.name.len() + header.value.len() + 3);
    line.extend_from_slice(header.name.as_bytes());
    if header.value.is_empty() {
        line.push(b';');
    } else {
        line.extend_from_slice(b": ");
        line.extend_from_slice(&header.value);
    }
    line.push(0);
    line
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: a list of ours or NULL; no transfer uses it any more.
        unsafe { sys::curl_slist_free_all(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// They were freed, too.
    #[test]
    fn addresses_of_a_transfer_that_never_ran_are_not_for_the_next_one() {
        super::super::global::init().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut addresses = List::default();
        addresses.push(&CString::new(format!("127.0.0.2:{port}:127.0.0.1")).unwrap()).unwrap();
        let connected = |reset: bool| {
            let mut easy = Easy::new().unwrap();
            let url = CString::new(format!("http://127.0.0.2:{port}/")).unwrap();
            // The list is this test's, and stays.
            Options::of(&easy).data(sys::CURLOPT_RESOLVE, addresses.raw()).unwrap();
            if reset {
                easy.reset();
            }
            let options = Options::of(&easy);
            options.text(sys::CURLOPT_URL, &url).unwrap();
            options.number(sys::CURLOPT_CONNECT_ONLY, 1).unwrap();
            options.text(sys::CURLOPT_PROXY, c"").unwrap();
            // SAFETY: a live handle that is in no multi.
            unsafe { sys::curl_easy_perform(easy.raw()) == sys::CURLE_OK }
        };
        assert!(connected(false));
        assert!(!connected(true));
    }
}
