//! The C functions, with structs of any content whose pointers hold: a worker's options and then a request's. Every
//! connection of the worker that the requests go to leads to a socket that is not there.

#![no_main]

use http_sentinel::ffi::address_rule::hs_address_rule;
use http_sentinel::ffi::auth::hs_auth;
use http_sentinel::ffi::cancel::{hs_cancel, hs_cancel_free, hs_cancel_new, hs_cancel_trigger};
use http_sentinel::ffi::error::*;
use http_sentinel::ffi::network::hs_network_options;
use http_sentinel::ffi::proxy::hs_proxy_options;
use http_sentinel::ffi::request::{hs_request, hs_request_options};
use http_sentinel::ffi::text::{HS_HEADER_SENSITIVE, HS_NTS, hs_header, hs_str};
use http_sentinel::ffi::version::hs_status_name;
use http_sentinel::ffi::worker::{hs_worker, hs_worker_free, hs_worker_new, hs_worker_options};
use http_sentinel::status::*;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use std::cell::OnceCell;
use std::mem::{MaybeUninit, size_of};
use std::ptr::{null, null_mut};

const SECRET: &str = "hunter2hunter2";

fuzz_target!(|data: &[u8]| {
    // The fuzzer sees what its inputs are compared with, and would write the secret itself.
    if data.to_ascii_lowercase().windows(7).any(|part| part == b"hunter2") {
        return;
    }
    let mut input = Input { data: Unstructured::new(data), texts: Vec::new(), blocks: Vec::new() };
    // There is always something left to make: an input that ends gives zeros.
    let _ = if input.data.ratio(1u8, 4u8).unwrap_or(false) { worker(&mut input) } else { request(&mut input) };
});

struct Input<'a> {
    data: Unstructured<'a>,
    /// What the structs point to.
    texts: Vec<Vec<u8>>,
    blocks: Vec<Vec<u64>>,
}

fn zeroed<T>() -> T {
    // SAFETY: for the structs of the ABI, which are integers and pointers alone.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

impl<'a> Input<'a> {
    fn chance(&mut self, of: u8) -> Result<bool> {
        self.data.ratio(1, of)
    }

    /// Mostly 0, else small, else anything.
    fn number(&mut self) -> Result<u64> {
        Ok(match self.data.arbitrary::<u8>()? % 8 {
            0..=4 => 0,
            5 | 6 => self.data.arbitrary::<u8>()?.into(),
            _ => self.data.arbitrary()?,
        })
    }

    fn kept(&mut self, bytes: Vec<u8>) -> hs_str {
        let text = hs_str { data: bytes.as_ptr().cast(), len: bytes.len() };
        self.texts.push(bytes);
        text
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let length = self.data.arbitrary::<u8>()? % 48;
        Ok(self.data.bytes(usize::from(length).min(self.data.len()))?.to_vec())
    }

    fn text(&mut self, usual: &[&str]) -> Result<hs_str> {
        Ok(match self.data.arbitrary::<u8>()? % 8 {
            0..=2 => hs_str { data: null(), len: 0 },
            3 => hs_str { data: null(), len: self.number()? as usize },
            4 => {
                let ended = [self.bytes()?, vec![0]].concat();
                hs_str { len: HS_NTS, ..self.kept(ended) }
            }
            5 => {
                let bytes = self.bytes()?;
                self.kept(bytes)
            }
            _ => {
                let chosen = *self.data.choose(usual)?;
                self.kept(chosen.as_bytes().to_vec())
            }
        })
    }

    /// With a secret in it, and maybe with what cannot be sent.
    fn secret(&mut self) -> Result<hs_str> {
        let tail = if self.chance(2)? { self.bytes()? } else { Vec::new() };
        let bytes = [SECRET.as_bytes(), &tail].concat();
        Ok(if self.chance(3)? { hs_str { data: null(), len: 0 } } else { self.kept(bytes) })
    }

    /// The struct in memory that is long enough for any size it may claim, sometimes with something behind it.
    fn placed<T: Copy>(&mut self, value: T) -> Result<*mut T> {
        let mut block = vec![0u64; 1024];
        // SAFETY: the block is larger than any struct of the ABI, and aligned for all.
        unsafe { block.as_mut_ptr().cast::<T>().write(value) };
        let size = match self.data.arbitrary::<u8>()? % 16 {
            0 => *self.data.choose(&[0, 1, 4_097, 1 << 16, u32::MAX])?,
            // No version of a struct ends within a pointer.
            1 => u32::from(self.data.arbitrary::<u16>()? % 600) * 8,
            2 => {
                block[size_of::<T>().div_ceil(8)] = self.number()?;
                size_of::<T>() as u32 + 64
            }
            _ => size_of::<T>() as u32,
        };
        // SAFETY: every struct begins with its size.
        unsafe { block.as_mut_ptr().cast::<u32>().write(size) };
        let pointer = block.as_mut_ptr().cast();
        self.blocks.push(block);
        Ok(pointer)
    }

    fn array<T: Copy>(&mut self, items: &[T]) -> Result<(*const T, usize)> {
        let mut block = vec![0u64; items.len() * size_of::<T>().div_ceil(8) + 1];
        let pointer: *mut T = block.as_mut_ptr().cast();
        // SAFETY: the block is long enough and aligned.
        unsafe { pointer.copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        self.blocks.push(block);
        // Too many are refused by their number, before they are looked at.
        let count = if self.chance(32)? { usize::MAX - usize::from(self.data.arbitrary::<u8>()?) } else { items.len() };
        Ok(if self.chance(16)? { (null(), count) } else { (pointer, count) })
    }

    fn headers(&mut self) -> Result<(*const hs_header, usize)> {
        let mut headers = Vec::new();
        while headers.len() < 8 && self.chance(2)? {
            let name =
                self.text(&["X-Key", "Host", "Accept", "Content-Length", "Transfer-Encoding", "Range", "Expect"])?;
            let (name, value, flags) = match self.data.arbitrary::<u8>()? % 4 {
                0 => (self.kept(b"Authorization".to_vec()), self.secret()?, 0),
                1 => (name, self.secret()?, HS_HEADER_SENSITIVE),
                2 => (name, self.text(&["value", "4", "chunked"])?, self.number()? as u32),
                _ => (name, self.text(&["value", "0", "bytes=0-"])?, 0),
            };
            headers.push(hs_header { name, value, flags });
        }
        self.array(&headers)
    }

    fn auth(&mut self) -> Result<*const hs_auth> {
        if self.chance(2)? {
            return Ok(null());
        }
        let auth = hs_auth {
            scheme: if self.chance(4)? { self.number()? as u32 } else { u32::from(self.data.arbitrary::<u8>()? % 4) },
            user: self.text(&["user", "a:b", "\u{e9}"])?,
            password: self.secret()?,
            token: if self.chance(2)? { self.secret()? } else { hs_str::NONE },
            origin: self.text(&["http://h.test", "https://h.test:8443"])?,
            ..zeroed()
        };
        Ok(self.placed(auth)?)
    }
}

/// What every failure keeps to.
fn check(status: hs_status, error: *mut hs_error) {
    let text = |text: hs_str| {
        // SAFETY: the library's own text, valid until the error is freed.
        let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
        std::str::from_utf8(bytes).expect("text is UTF-8").to_owned()
    };
    assert!(text(hs_status_name(status)).starts_with("HS_"), "{status} is not in the table");
    assert_eq!(status == HS_OK, error.is_null());
    if error.is_null() {
        return;
    }
    assert_eq!(hs_error_status(error), status);
    let message = text(hs_error_message(error));
    assert!(![HS_ERR_PANIC, HS_ERR_INTERNAL, HS_ERR_TOO_MANY_HANDLES].contains(&status), "{status}: {message}");
    assert!(!message.is_empty() && !message.chars().any(char::is_control), "{message:?}");
    assert!(!message.contains(SECRET), "{message:?}");
    let mut info = hs_error_info { struct_size: size_of::<hs_error_info>() as u32, ..zeroed() };
    // SAFETY: of the size that it says.
    assert_eq!(unsafe { hs_error_details(error, &mut info) }, HS_OK);
    assert_eq!((info.status, info.request_sent), (status, HS_SENT_NO), "{message}");
    assert_eq!(hs_error_free(error), HS_OK);
    assert_eq!(hs_error_free(error), HS_ERR_INVALID_HANDLE);
}

fn worker(input: &mut Input) -> Result<()> {
    let mut options: hs_worker_options = zeroed();
    options.flags = input.number()? as u32;
    options.timeout_ms = input.number()?;
    options.attempt_timeout_ms = input.number()?;
    options.connect_timeout_ms = input.number()?;
    options.idle_timeout_ms = input.number()?;
    options.max_body_bytes = input.number()?;
    options.max_header_bytes = input.number()? as u32;
    options.max_header_count = input.number()? as u32;
    options.idle_connection_ms = input.number()?;
    options.connection_life_ms = input.number()?;
    options.max_idle_connections = input.number()? as u32;
    options.http_version = input.number()? as u32;
    options.min_http_version = input.number()? as u32;
    options.redirects = input.number()? as u32;
    options.max_redirects = input.number()? as u32;
    options.user_agent = input.text(&["agent/1.0"])?;
    options.ca_pem = input.text(&["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])?;
    options.auth = input.auth()?;
    if input.chance(3)? {
        let ranges = [input.text(&["10.0.0.0/8", "::/0"])?, input.text(&["::ffff:0:0/96", "1.2.3.4"])?];
        let (allow, allow_count) = input.array(&ranges)?;
        let (deny, deny_count) = input.array(&ranges[..1])?;
        let rule = hs_address_rule { mode: input.number()? as u32, allow, allow_count, deny, deny_count, ..zeroed() };
        options.addresses = input.placed(rule)?;
    }
    if input.chance(3)? {
        let mut network: hs_network_options = zeroed();
        network.flags = input.number()? as u32;
        network.unix_socket = input.text(&["/nonexistent"])?;
        network.abstract_socket = input.text(&["name"])?;
        network.local_interface = input.text(&["lo"])?;
        network.local_address = input.text(&["127.0.0.1", "::1"])?;
        network.local_port = input.number()? as u32;
        network.local_port_count = input.number()? as u32;
        network.family = input.number()? as u32;
        network.receive_buffer_bytes = input.number()? as u32;
        network.send_buffer_bytes = input.number()? as u32;
        options.network = input.placed(network)?;
    }
    if input.chance(3)? {
        let mut proxy: hs_proxy_options = zeroed();
        proxy.flags = input.number()? as u32;
        proxy.all = input.text(&["http://proxy.test:3128", "socks5h://user:hunter2hunter2@h", "hunter2hunter2@ "])?;
        proxy.no_proxy = input.text(&["*", ".example.com,10.0.0.0/8", "a b"])?;
        proxy.user = input.text(&["user", "a:b"])?;
        proxy.password = input.secret()?;
        (proxy.headers, proxy.header_count) = input.headers()?;
        proxy.auth = input.number()? as u32;
        options.proxy = input.placed(proxy)?;
    }
    let options = input.placed(options)?;
    let (mut made, mut error) = (null_mut(), null_mut());
    // SAFETY: all that the options point to is kept by `input`.
    let status = unsafe { hs_worker_new(options, &mut made, &mut error) };
    check(status, error);
    assert_eq!(status == HS_OK, !made.is_null());
    assert_eq!(hs_worker_free(made), HS_OK);
    Ok(())
}

/// One worker for all requests, with no way out.
fn closed_worker() -> *mut hs_worker {
    thread_local!(static WORKER: OnceCell<*mut hs_worker> = const { OnceCell::new() });
    WORKER.with(|worker| {
        *worker.get_or_init(|| {
            const NOWHERE: &str = "/nonexistent/http-sentinel-fuzz";
            let mut network: hs_network_options = zeroed();
            network.struct_size = size_of::<hs_network_options>() as u32;
            network.unix_socket = hs_str { data: NOWHERE.as_ptr().cast(), len: NOWHERE.len() };
            let mut options: hs_worker_options = zeroed();
            options.struct_size = size_of::<hs_worker_options>() as u32;
            options.network = &network;
            let mut made = null_mut();
            // SAFETY: both structs are as large as they say.
            assert_eq!(unsafe { hs_worker_new(&options, &mut made, null_mut()) }, HS_OK);
            made
        })
    })
}

fn request(input: &mut Input) -> Result<()> {
    let mut options: hs_request_options = zeroed();
    options.method = input.text(&["GET", "POST", "HEAD", "CONNECT", "TRACE", "x"])?;
    options.url = input.text(&[
        "http://h.test/",
        "https://h.test:8443/a?b#c",
        "http://user:hunter2hunter2@h.test/",
        "http://user:hunter2hunter2@h.test:99999/",
        "ftp://user:hunter2hunter2@h.test/",
    ])?;
    (options.headers, options.header_count) = input.headers()?;
    options.body = input.text(&["body"])?;
    options.flags = input.number()? as u32;
    options.timeout_ms = input.number()?;
    options.attempt_timeout_ms = input.number()?;
    options.connect_timeout_ms = input.number()?;
    options.idle_timeout_ms = input.number()?;
    options.max_body_bytes = input.number()?;
    options.http_version = input.number()? as u32;
    options.min_http_version = input.number()? as u32;
    options.redirects = input.number()? as u32;
    options.max_redirects = input.number()? as u32;
    options.auth = input.auth()?;
    let mut cancel: *mut hs_cancel = null_mut();
    if input.chance(8)? {
        // SAFETY: a place to write to.
        assert_eq!(unsafe { hs_cancel_new(&mut cancel) }, HS_OK);
        if input.chance(2)? {
            assert_eq!(hs_cancel_trigger(cancel), HS_OK);
        }
        options.cancel = cancel;
    }
    if input.chance(16)? {
        // Handles are looked up and never followed.
        options.form = input.number()? as *const _;
        options.cancel = input.number()? as *mut _;
    }
    let options = input.placed(options)?;
    let (mut response, mut error) = (null_mut(), null_mut());
    // SAFETY: all that the options point to is kept by `input`.
    let status = unsafe { hs_request(closed_worker(), options, &mut response, &mut error) };
    assert_ne!(status, HS_OK, "nobody can have answered");
    assert!(response.is_null());
    check(status, error);
    assert_eq!(hs_cancel_free(cancel), HS_OK);
    Ok(())
}
