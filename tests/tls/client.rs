//! The client: one worker for each case, made, used and freed through the C ABI.

use http_sentinel::ffi::error::{hs_error, hs_error_details, hs_error_free, hs_error_info, hs_error_message};
use http_sentinel::ffi::metrics::{hs_metrics, hs_response_metrics};
use http_sentinel::ffi::network::{hs_connect_to, hs_network_options};
use http_sentinel::ffi::request::{hs_request, hs_request_options};
use http_sentinel::ffi::response::{hs_response_free, hs_response_status};
use http_sentinel::ffi::text::hs_str;
use http_sentinel::ffi::tls::hs_tls_options;
use http_sentinel::ffi::worker::{hs_worker, hs_worker_free, hs_worker_new, hs_worker_options};
use http_sentinel::status::{HS_OK, hs_phase, hs_status};
use std::mem::{size_of, zeroed};
use std::ptr::null_mut;

/// What a worker is told of TLS.
#[derive(Clone, Default)]
pub struct Options {
    pub flags: u32,
    pub ca_pem: String,
    pub ca_dir: String,
    pub certificate_pem: String,
    pub key_pem: String,
    pub key_password: String,
    pub pins: Vec<String>,
    pub min_version: u32,
    pub max_version: u32,
    pub ciphers: String,
    pub server_name: String,
    pub crl_pem: String,
    pub connect_timeout_ms: u64,
}

#[derive(Debug)]
#[expect(dead_code, reason = "messages are for whoever reads a complaint")]
pub enum Outcome {
    /// There is no such worker.
    Refused {
        status: hs_status,
        message: String,
    },
    Failed {
        status: hs_status,
        phase: hs_phase,
        sent: u32,
        retryable: u32,
        message: String,
    },
    Answered {
        status: u16,
        tls_version: u32,
        verified: u32,
    },
}

fn text(text: &str) -> hs_str {
    hs_str { data: text.as_ptr().cast(), len: text.len() }
}

/// Carries out one request to `host`, whose connections go to `port` of this machine, and one in clear to `clear`.
pub fn carry_out(options: &Options, host: &str, port: u16, clear: u16) -> (Outcome, Option<Outcome>) {
    let worker = match worker(options, host, port) {
        Ok(worker) => worker,
        Err((status, error)) => return (Outcome::Refused { status, message: failure(error).1 }, None),
    };
    let first = request(worker, &format!("https://{host}:{port}/"));
    let second = request(worker, &format!("http://127.0.0.1:{clear}/"));
    assert_eq!(hs_worker_free(worker), HS_OK);
    (first, Some(second))
}

fn worker(given: &Options, host: &str, port: u16) -> Result<*mut hs_worker, (hs_status, *mut hs_error)> {
    let pins: Vec<hs_str> = given.pins.iter().map(|pin| text(pin)).collect();
    let elsewhere = hs_connect_to {
        host: text(host),
        connect_host: text("127.0.0.1"),
        port: u32::from(port),
        connect_port: u32::from(port),
    };
    let (mut worker, mut error) = (null_mut(), null_mut());
    // SAFETY: all-zero options are defaults; everything that they point to lives through the call.
    let status = unsafe {
        let mut tls: hs_tls_options = zeroed();
        tls.struct_size = size_of::<hs_tls_options>() as u32;
        tls.flags = given.flags;
        tls.ca_dir = text(&given.ca_dir);
        tls.certificate_pem = text(&given.certificate_pem);
        tls.key_pem = text(&given.key_pem);
        tls.key_password = text(&given.key_password);
        tls.pins = pins.as_ptr();
        tls.pin_count = pins.len();
        tls.min_version = given.min_version;
        tls.max_version = given.max_version;
        tls.ciphers = text(&given.ciphers);
        tls.server_name = text(&given.server_name);
        tls.crl_pem = text(&given.crl_pem);
        let mut network: hs_network_options = zeroed();
        network.struct_size = size_of::<hs_network_options>() as u32;
        network.connect_to = &elsewhere;
        network.connect_to_count = 1;
        let mut options: hs_worker_options = zeroed();
        options.struct_size = size_of::<hs_worker_options>() as u32;
        options.ca_pem = text(&given.ca_pem);
        // A loaded machine is no failure.
        options.connect_timeout_ms = if given.connect_timeout_ms == 0 { 60_000 } else { given.connect_timeout_ms };
        options.network = &network;
        options.max_attempts = 1;
        options.tls = &tls;
        hs_worker_new(&options, &mut worker, &mut error)
    };
    if status == HS_OK { Ok(worker) } else { Err((status, error)) }
}

fn request(worker: *mut hs_worker, url: &str) -> Outcome {
    let (mut response, mut error) = (null_mut(), null_mut());
    // SAFETY: as in `worker`.
    unsafe {
        let mut options: hs_request_options = zeroed();
        options.struct_size = size_of::<hs_request_options>() as u32;
        options.url = text(url);
        options.attempt_timeout_ms = 60_000;
        options.timeout_ms = 60_000;
        let status = hs_request(worker, &options, &mut response, &mut error);
        if status != HS_OK {
            let (info, message) = failure(error);
            let hs_error_info { phase, request_sent: sent, retryable, .. } = info;
            return Outcome::Failed { status, phase, sent, retryable, message };
        }
        let mut metrics: hs_metrics = zeroed();
        metrics.struct_size = size_of::<hs_metrics>() as u32;
        assert_eq!(hs_response_metrics(response, &mut metrics), HS_OK);
        let status = hs_response_status(response);
        assert_eq!(hs_response_free(response), HS_OK);
        Outcome::Answered { status, tls_version: metrics.tls_version, verified: metrics.tls_verified }
    }
}

fn failure(error: *mut hs_error) -> (hs_error_info, String) {
    // SAFETY: a struct of integers whose size is set before the call, and text that lives while its error does.
    let (info, message) = unsafe {
        let mut info: hs_error_info = zeroed();
        info.struct_size = size_of::<hs_error_info>() as u32;
        assert_eq!(hs_error_details(error, &mut info), HS_OK);
        let message = hs_error_message(error);
        let message = std::slice::from_raw_parts(message.data.cast(), message.len);
        (info, String::from_utf8_lossy(message).into_owned())
    };
    assert_eq!(hs_error_free(error), HS_OK);
    (info, message)
}
