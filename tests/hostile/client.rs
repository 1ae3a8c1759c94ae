//! The client: a process with one worker for all its scripts. It reads a line of requests, carries them out through the
//! C ABI, makes a plain request to see that the worker is still of use, and answers with a line that says what happened.

use crate::bytes::hex;
use http_sentinel::ffi::error::{hs_error, hs_error_details, hs_error_free, hs_error_info, hs_error_message};
use http_sentinel::ffi::proxy::hs_proxy_options;
use http_sentinel::ffi::request::{hs_request, hs_request_options};
use http_sentinel::ffi::response::{
    hs_response, hs_response_body, hs_response_free, hs_response_header_count, hs_response_status,
};
use http_sentinel::ffi::stream::hs_response_read;
use http_sentinel::ffi::text::hs_str;
use http_sentinel::ffi::version::{HS_COOKIES, HS_STREAM};
use http_sentinel::ffi::worker::{hs_worker, hs_worker_free, hs_worker_new, hs_worker_options};
use http_sentinel::status::{HS_OK, hs_status, row};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::mem::{size_of, zeroed};
use std::ptr::null_mut;

pub fn run(ca_file: &str) {
    let usual = worker(ca_file, &Value::Null);
    for line in std::io::stdin().lock().lines() {
        let work: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let requests = work["requests"].as_array().unwrap();
        // What the caller holds is not the library's.
        let bodies: Vec<Vec<u8>> =
            requests.iter().map(|request| vec![b'u'; number(request, "upload") as usize]).collect();
        // A script that asks for something of a worker has one of its own.
        let own = !work["worker"].is_null();
        let worker = if own { worker(ca_file, &work["worker"]) } else { usual };
        let before = memory::start();
        let outcomes: Vec<Value> =
            requests.iter().zip(&bodies).map(|(request, body)| request_once(worker, request, body)).collect();
        let grown_kib = memory::peak().saturating_sub(before);
        let after: Vec<Value> =
            work["after"].as_array().unwrap().iter().map(|request| request_once(worker, request, b"")).collect();
        if own {
            assert_eq!(hs_worker_free(worker), HS_OK);
        }
        let answer = json!({ "outcomes": outcomes, "after": after, "grown_kib": grown_kib });
        println!("{answer}");
        std::io::stdout().flush().unwrap();
    }
}

fn text(text: &str) -> hs_str {
    hs_str { data: text.as_ptr().cast(), len: text.len() }
}

fn worker(ca_file: &str, wishes: &Value) -> *mut hs_worker {
    let mut worker = null_mut();
    // SAFETY: all-zero options are defaults; everything that they point to lives through the call.
    unsafe {
        let mut options: hs_worker_options = zeroed();
        options.struct_size = size_of::<hs_worker_options>() as u32;
        options.ca_file = text(ca_file);
        options.max_attempts = 1;
        // A loaded machine is no failure.
        (options.connect_timeout_ms, options.attempt_timeout_ms) = (60_000, 60_000);
        (options.idle_timeout_ms, options.timeout_ms) = (60_000, 60_000);
        options.flags = if wishes["cookies"] == true { HS_COOKIES } else { 0 };
        let mut proxy: hs_proxy_options = zeroed();
        proxy.struct_size = size_of::<hs_proxy_options>() as u32;
        proxy.all = text(wishes["proxy"].as_str().unwrap_or(""));
        proxy.no_proxy = text(wishes["no_proxy"].as_str().unwrap_or(""));
        options.proxy = &proxy;
        assert_eq!(hs_worker_new(&options, &mut worker, null_mut()), HS_OK);
    }
    worker
}

fn number(request: &Value, name: &str) -> u64 {
    request[name].as_u64().unwrap_or(0)
}

fn request_once(worker: *mut hs_worker, request: &Value, body: &[u8]) -> Value {
    for event in [&request["tell"], &request["after"]].into_iter().filter_map(Value::as_str) {
        assert_eq!(request_once(worker, &json!({ "url": event }), b"")["status"], "200");
    }
    let number = |name: &str| number(request, name);
    let stream = request["stream"] == true;
    let (mut response, mut error) = (null_mut(), null_mut());
    // SAFETY: all-zero options are defaults; everything that they point to lives through the call.
    let status = unsafe {
        let mut options: hs_request_options = zeroed();
        options.struct_size = size_of::<hs_request_options>() as u32;
        options.url = text(request["url"].as_str().unwrap());
        options.method = text(request["method"].as_str().unwrap_or(""));
        options.body = hs_str { data: body.as_ptr().cast(), len: body.len() };
        options.flags = number("flags") as u32 | if stream { HS_STREAM } else { 0 };
        options.timeout_ms = number("timeout_ms");
        options.attempt_timeout_ms = number("attempt_timeout_ms");
        options.connect_timeout_ms = number("connect_timeout_ms");
        options.idle_timeout_ms = number("idle_timeout_ms");
        options.max_body_bytes = number("max_body_bytes");
        options.http_version = number("http_version") as u32;
        options.redirects = number("redirects") as u32;
        options.max_redirects = number("max_redirects") as u32;
        hs_request(worker, &options, &mut response, &mut error)
    };
    if status == HS_OK { answered(response, stream) } else { failed(status, error) }
}

fn bytes<'a>(text: hs_str) -> &'a [u8] {
    if text.data.is_null() {
        return &[];
    }
    // SAFETY: what the library returned, while its object lives.
    unsafe { std::slice::from_raw_parts(text.data.cast(), text.len) }
}

fn answered(response: *mut hs_response, stream: bool) -> Value {
    let (status, fields) = (hs_response_status(response).to_string(), hs_response_header_count(response));
    let body = if stream { read(response) } else { Ok(bytes(hs_response_body(response)).to_vec()) };
    let outcome = match body {
        Ok(body) => {
            let shown = hex(&body[..body.len().min(1 << 12)]);
            json!({ "status": status, "fields": fields, "length": body.len(), "body": shown })
        }
        Err(failure) => failure,
    };
    assert_eq!(hs_response_free(response), HS_OK);
    outcome
}

fn read(response: *mut hs_response) -> Result<Vec<u8>, Value> {
    let mut body = Vec::new();
    let mut buffer = [0_u8; 10_000];
    loop {
        let (mut count, mut error) = (0, null_mut());
        // SAFETY: a buffer of that size and places for the results.
        let status =
            unsafe { hs_response_read(response, buffer.as_mut_ptr().cast(), buffer.len(), &mut count, 0, &mut error) };
        match (status, count) {
            (HS_OK, 0) => return Ok(body),
            // A body that is this long is not looked at, and to keep it would be the client's own doing.
            (HS_OK, count) => body.extend_from_slice(&buffer[..count.min((1_usize << 21).saturating_sub(body.len()))]),
            _ => return Err(failed(status, error)),
        }
    }
}

fn failed(status: hs_status, error: *mut hs_error) -> Value {
    // SAFETY: a struct of integers whose size is set before the call.
    let info = unsafe {
        let mut info: hs_error_info = zeroed();
        info.struct_size = size_of::<hs_error_info>() as u32;
        assert_eq!(hs_error_details(error, &mut info), HS_OK);
        info
    };
    let sent = ["no", "maybe", "yes"][info.request_sent as usize];
    let message = String::from_utf8_lossy(bytes(hs_error_message(error))).into_owned();
    assert_eq!(hs_error_free(error), HS_OK);
    json!({ "status": row(status).map_or("unknown", |row| row.name), "sent": sent, "message": message })
}

/// The resident memory of this process, in KiB, whoever in it took it.
mod memory {
    /// Gives back what is free, forgets the peak, and says what is in use.
    pub fn start() -> u64 {
        // SAFETY: glibc's own function; it takes a number.
        unsafe { libc::malloc_trim(0) };
        std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
        peak()
    }

    pub fn peak() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line with the peak");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}
