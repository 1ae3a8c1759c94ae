//! Layouts of the public structs: what Rust says and what the C compiler makes of the header, field by field. The C
//! half is made from the header's own text and the Rust half does not compile when it lacks a field, so that neither
//! can forget one.

use crate::compile::{self, Ring};
use crate::run;
use http_sentinel::ffi::address_rule::hs_address_rule;
use http_sentinel::ffi::attempt::hs_attempt;
use http_sentinel::ffi::auth::hs_auth;
use http_sentinel::ffi::breaker::{hs_breaker_event, hs_breaker_info, hs_breaker_options, hs_permit};
use http_sentinel::ffi::budget::{hs_budget_info, hs_budget_options};
use http_sentinel::ffi::bulkhead::{hs_bulkhead_event, hs_bulkhead_info, hs_bulkhead_options, hs_bulkhead_permit};
use http_sentinel::ffi::counters::{hs_counters, hs_histogram};
use http_sentinel::ffi::dns::{hs_dns_options, hs_dns_pin};
use http_sentinel::ffi::download::hs_download_options;
use http_sentinel::ffi::error::hs_error_info;
use http_sentinel::ffi::form::hs_part;
use http_sentinel::ffi::hedge::hs_hedge_options;
use http_sentinel::ffi::limiter::{hs_bucket, hs_limiter_event, hs_limiter_info, hs_limiter_options, hs_ticket};
use http_sentinel::ffi::many::hs_completion;
use http_sentinel::ffi::metrics::{hs_address, hs_metrics};
use http_sentinel::ffi::mock::{hs_mock_call, hs_mock_interim, hs_mock_rule};
use http_sentinel::ffi::network::{hs_connect_to, hs_network_options};
use http_sentinel::ffi::observe::{hs_event, hs_observe_options};
use http_sentinel::ffi::policies::hs_policies;
use http_sentinel::ffi::pool::{hs_pool_counters, hs_pool_options};
use http_sentinel::ffi::proxy::hs_proxy_options;
use http_sentinel::ffi::request::hs_request_options;
use http_sentinel::ffi::response::hs_redirect;
use http_sentinel::ffi::retry::hs_retry_options;
use http_sentinel::ffi::retry::run::{hs_attempt_context, hs_retry_policies, hs_retry_report};
use http_sentinel::ffi::simulation::hs_simulation_options;
use http_sentinel::ffi::text::{hs_header, hs_str};
use http_sentinel::ffi::tls::{hs_certificate, hs_tls_options};
use http_sentinel::ffi::upload::hs_upload;
use http_sentinel::ffi::worker::hs_worker_options;
use std::fmt::Write;
use std::mem::{align_of, offset_of, size_of};

/// One line for a struct, then one for each field: its offset and size.
macro_rules! layouts {
    ($($name:ident { $($field:ident),* $(,)? })*) => {{
        let mut lines = Vec::new();
        $({
            // All fields, or it does not compile.
            #[allow(dead_code)]
            fn complete($name { $($field: _),* }: $name) {}
            fn size_of_field<T, F>(_: fn(&T) -> &F) -> usize {
                size_of::<F>()
            }
            lines.push(format!("{} {} {}", stringify!($name), size_of::<$name>(), align_of::<$name>()));
            $(lines.push(format!(
                "{}.{} {} {}",
                stringify!($name),
                stringify!($field),
                offset_of!($name, $field),
                size_of_field(|value: &$name| &value.$field)
            ));)*
        })*
        lines
    }};
}

fn as_rust_says() -> Vec<String> {
    layouts! {
        hs_str { data, len }
        hs_error_info {
            struct_size, status, phase, request_sent, retryable, attempts, curl_code, os_error, elapsed_ns,
            file_bytes, retry_after_ms, stop_reason, reserved,
        }
        hs_certificate {
            struct_size, reserved, subject, issuer, serial, names, pin, der, not_before, not_after,
        }
        hs_breaker_event {
            struct_size, reason, from, to, key, generation, sequence, calls, failure_pct, slow_pct, open_ms, manual,
        }
        hs_breaker_options {
            struct_size, flags, window_ms, window_calls, min_calls, failure_percent, slow_percent, slow_ms, open_ms,
            open_max_ms, half_open_permits, max_keys, probe_lease_ms, on_transition, user_data, simulation,
        }
        hs_permit { opaque }
        hs_breaker_info {
            struct_size, state, generation, calls, failures, slow, failure_pct, slow_pct, retry_after_ms, probes_out,
            opens_in_a_row, manual, reserved, total_successes, total_failures, total_neutral, total_slow,
            stale_results, rejected, opened,
        }
        hs_address_rule { struct_size, mode, allow, allow_count, deny, deny_count }
        hs_connect_to { host, connect_host, port, connect_port }
        hs_network_options {
            struct_size, flags, unix_socket, abstract_socket, connect_to, connect_to_count, local_interface,
            local_address, local_port, local_port_count, family, keep_alive_count, keep_alive_idle_ms,
            keep_alive_interval_ms, happy_eyeballs_ms, receive_buffer_bytes, send_buffer_bytes,
        }
        hs_header { name, value, flags }
        hs_proxy_options {
            struct_size, flags, all, http_proxy, https_proxy, no_proxy, user, password, headers, header_count, ca_file,
            ca_pem, auth, reserved,
        }
        hs_auth { struct_size, scheme, user, password, token, origin }
        hs_dns_pin { host, addresses, address_count, port }
        hs_dns_options { struct_size, flags, cache_ms, pins, pin_count }
        hs_address { ip, family, port }
        hs_event {
            struct_size, kind, time_ns, elapsed_ns, call, attempt, hop, status, phase, http_status, http_version,
            tls_version, peer, connection_id, request_bytes, response_bytes, method, url, message, trace_id,
            hedge, request_sent, stop_reason, wait_reason, from_state, to_state, wait_ns, key, sequence, tag,
        }
        hs_observe_options {
            struct_size, flags, on_event, user_data, event_mask, trace_context, redact_query_keys,
            redact_query_key_count,
        }
        hs_tls_options {
            struct_size, flags, ca_dir, certificate_file, certificate_pem, key_file, key_pem, key_password, pins,
            pin_count, min_version, max_version, ciphers, ciphersuites, groups, server_name, key_log_file, crl_file,
            crl_pem,
        }
        hs_retry_options {
            struct_size, flags, max_attempts, reserved, base_delay_ms, throttle_delay_ms, max_delay_ms, retry_after_max_ms,
            statuses, status_count,
        }
        hs_hedge_options { struct_size, max_hedges, delay_ms }
        hs_bucket { limiter, key, cost, reserved }
        hs_policies {
            struct_size, flags, retry, hedge, budget, breaker, breaker_key, buckets, bucket_count,
            bulkhead, bulkhead_key,
        }
        hs_worker_options {
            struct_size, flags, timeout_ms, attempt_timeout_ms, connect_timeout_ms, idle_timeout_ms, max_body_bytes,
            max_header_bytes, max_header_count, idle_connection_ms, connection_life_ms, max_idle_connections,
            http_version, user_agent, ca_file, ca_pem, redirects, max_redirects, addresses,
            network, cookies, proxy, min_http_version, max_attempts, auth, dns, observe, mock,
            record, tls, simulation, policies,
        }
        hs_upload { struct_size, flags, length, read, rewind, user_data, pipe }
        hs_request_options {
            struct_size, flags, method, url, headers, header_count, body, timeout_ms, cancel, attempt_timeout_ms,
            connect_timeout_ms, idle_timeout_ms, max_body_bytes, on_body, user_data, http_version, redirects,
            max_redirects, min_http_version, upload, form, auth, max_attempts, reserved, policies,
            start_after_ms, body_release, release_data,
        }
        hs_part { struct_size, flags, name, data, file, upload, filename, content_type }
        hs_download_options { struct_size, fd, offset, validator, max_resumes, flags }
        hs_redirect { struct_size, status, url, elapsed_ns }
        hs_attempt {
            struct_size, number, hedge, status, http_status, request_sent, internal_resends, wait_reason, started_ns,
            duration_ns, wait_ns,
        }
        hs_completion { tag, status, kind, response, error, more }
        hs_metrics {
            struct_size, attempts, redirects, internal_resends, total_ns, queue_ns, dns_ns, connect_ns, tls_ns,
            send_ns, first_byte_ns, body_ns, request_header_bytes, request_body_bytes, response_header_bytes,
            response_body_bytes, connection_id, connection_reused, http_version, tls_version, peer, local, decoded, proxied, auth_exchanges,
            file_bytes, tls_verified, tls_resumed, retry_after_ms, stop_reason, reserved, pool_queue_ns,
        }
        hs_counters {
            struct_size, reserved, calls_started, calls_succeeded, calls_failed, calls_in_flight, errors_by_phase,
            responses_by_class, exchanges, redirects, retries, internal_resends, connections_made, connections_reused,
            request_header_bytes, request_body_bytes, response_header_bytes, response_body_bytes,
            attempts, retries_abandoned, hedges, hedges_won, breaker_rejected, limiter_waits, limiter_rejected,
            bulkhead_waits, bulkhead_rejected, budget_exhausted,
        }
        hs_histogram { struct_size, reserved, count, sum_ns, min_ns, max_ns, p50_ns, p90_ns, p99_ns, p999_ns }
        hs_pool_options {
            struct_size,
            flags,
            worker,
            max_threads,
            min_threads,
            max_in_flight,
            max_in_flight_per_origin,
            max_queued,
            max_idle_connections,
            submit_timeout_ms,
            idle_thread_ms
        }
        hs_pool_counters {
            struct_size,
            reserved,
            queued,
            in_flight,
            unreaped,
            threads,
            accepted,
            refused,
            completed,
            reaped,
            most_in_flight,
            threads_started,
            threads_failed,
            connections,
            idle_connections
        }
        hs_mock_interim { status, reserved, headers, header_count }
        hs_mock_rule {
            struct_size, flags, method, url, headers, header_count, body, times, status, http_version, failure,
            answer_headers, answer_header_count, answer_body, trailers, trailer_count, interim, interim_count, delay_ms,
            piece_delay_ms, piece_bytes, after_bytes,
        }
        hs_mock_call { struct_size, rule, method, url, body, body_bytes, header_count }
        hs_simulation_options { struct_size, flags, seed, wall_ns }
        hs_retry_policies {
            struct_size, flags, key, timeout_ms, budget, breaker, buckets, bucket_count, bulkhead, simulation,
        }
        hs_attempt_context {
            struct_size, number, started_ns, left_ms, waited_ns, wait_reason, flags, http_status, request_sent,
            retry_after_ms,
        }
        hs_retry_report {
            struct_size, stop_reason, attempts, result, http_status, reserved, elapsed_ns, waited_ns, retry_after_ms,
        }
        hs_budget_options { struct_size, flags, percent, min_retries, max_keys, reserved, simulation }
        hs_budget_info { struct_size, reserved, originals, withdrawn, allowed }
        hs_bulkhead_event { struct_size, kind, time_ns, sequence, key, in_use, waiting }
        hs_bulkhead_options {
            struct_size, flags, capacity, queue, max_keys, reserved, on_event, user_data, simulation,
        }
        hs_bulkhead_permit { opaque }
        hs_bulkhead_info { struct_size, capacity, in_use, waiting, rejected, timed_out }
        hs_limiter_event {
            struct_size, kind, sequence, time_ns, wait_ns, waiting, remaining, cost, reserved, key,
        }
        hs_limiter_options {
            struct_size, flags, limit, mode, period_ms, window_margin_ms, burst, max_waiting, max_keys, reset_format,
            learn_max_ms, learn_jitter_ms, throttle_ms, limit_header, remaining_header, reset_header, on_event,
            user_data, simulation,
        }
        hs_ticket { number, time_ns, cost, reserved }
        hs_limiter_info {
            struct_size, limit, remaining, waiting, next_ms, hold_ms, learned_reset_ms, learned_remaining, admitted,
        }
    }
}

/// The structs of the header with their fields, in its order.
fn structs(header: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in header.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("typedef struct ").and_then(|rest| rest.strip_suffix(" {")) {
            found.push((name.to_owned(), Vec::new()));
            inside = true;
        } else if line.starts_with('}') {
            inside = false;
        } else if inside && line.ends_with(';') && !line.starts_with("//") {
            let declared = line.trim_end_matches(';').split('[').next().expect("a declaration");
            let start = declared.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
            found.last_mut().expect("inside of a struct").1.push(declared[start..].to_owned());
        }
    }
    found
}

fn as_c_says() -> Vec<String> {
    let header = std::fs::read_to_string(compile::root().join("include/http_sentinel.h")).expect("the header");
    let mut source = String::from("#include \"http_sentinel.h\"\n#include <stdio.h>\n\nint main(void) {\n");
    for (name, fields) in structs(&header) {
        let align = format!("offsetof(struct {{ char first; {name} second; }}, second)");
        let _ = writeln!(source, "    printf(\"{name} %zu %zu\\n\", sizeof({name}), {align});");
        for field in fields {
            let place = format!("offsetof({name}, {field}), sizeof((({name} *)0)->{field})");
            let _ = writeln!(source, "    printf(\"{name}.{field} %zu %zu\\n\", {place});");
        }
    }
    source.push_str("    return 0;\n}\n");
    let (file, binary) = (compile::output("layout.c"), compile::output("layout"));
    std::fs::write(&file, source).expect("a file under the target directory");
    compile::compile(&[file], &binary, Ring::Plain, false);
    let output = run::output(&mut run::under(Ring::Plain, &binary));
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn both_sides_agree_on_every_field() {
    let (rust, c) = (as_rust_says(), as_c_says());
    assert!(c.len() > 70, "the header's structs were not found: {c:#?}");
    for (rust, c) in rust.iter().zip(&c) {
        assert_eq!(rust, c, "left is what Rust says, right what C says");
    }
    assert_eq!(rust.len(), c.len(), "one side has more: {:?} {:?}", rust.last(), c.last());
}

/// Released layouts never change but at the end: what was published stays where it was.
#[test]
fn what_was_published_stays_where_it_was() {
    let lines = as_rust_says();
    for line in ["hs_str 16 8", "hs_header 40 8", "hs_error_info.elapsed_ns 32 8", "hs_request_options.headers 40 8"] {
        assert!(lines.iter().any(|known| known == line), "{line}");
    }
}
