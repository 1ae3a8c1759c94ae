// Facts of calls and workers: the structs of C, with durations and enumerations of C++.
#pragma once

#include <http_sentinel/enums.hpp>

#include <chrono>
#include <optional>
#include <string>

HTTP_SENTINEL_BEGIN

namespace detail {

// Metrics are unsigned; durations are not, and 292 years are enough.
inline std::chrono::nanoseconds nanoseconds(std::uint64_t ns) noexcept {
    constexpr auto most = static_cast<std::uint64_t>(INT64_MAX);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(ns < most ? ns : most));
}
inline std::chrono::milliseconds whole_milliseconds(std::uint64_t ms) noexcept {
    constexpr auto most = static_cast<std::uint64_t>(INT64_MAX);
    return std::chrono::milliseconds(static_cast<std::int64_t>(ms < most ? ms : most));
}

} // namespace detail

// One end of a connection.
struct address : hs_address {
    address() noexcept : hs_address{} {}
    explicit address(const hs_address &raw) noexcept : hs_address(raw) {}

    // "192.0.2.1:443", "[2001:db8:0:0:0:0:0:1]:443"; empty where it is not known.
    std::string text() const {
        std::string out;
        if (family == 4) {
            for (int i = 0; i < 4; i++) out.append(i > 0 ? "." : "").append(std::to_string(ip[i]));
        } else if (family == 6) {
            static constexpr char digits[] = "0123456789abcdef";
            for (int i = 0; i < 16; i += 2) {
                const unsigned group = static_cast<unsigned>(ip[i]) << 8 | ip[i + 1];
                out += i > 0 ? ':' : '[';
                for (int shift = 12; shift >= 0; shift -= 4) {
                    if (group >> shift != 0 || shift == 0) out += digits[group >> shift & 15];
                }
            }
            out += ']';
        } else {
            return out;
        }
        return out + ':' + std::to_string(port);
    }
};

// Of one call.
struct metrics : hs_metrics {
    metrics() noexcept : hs_metrics(detail::sized<hs_metrics>()) {}

    std::chrono::nanoseconds total() const noexcept { return detail::nanoseconds(total_ns); }
    std::chrono::nanoseconds queue() const noexcept { return detail::nanoseconds(queue_ns); }
    std::chrono::nanoseconds pool_queue() const noexcept { return detail::nanoseconds(pool_queue_ns); }
    std::chrono::nanoseconds dns() const noexcept { return detail::nanoseconds(dns_ns); }
    std::chrono::nanoseconds connect() const noexcept { return detail::nanoseconds(connect_ns); }
    std::chrono::nanoseconds tls() const noexcept { return detail::nanoseconds(tls_ns); }
    std::chrono::nanoseconds send() const noexcept { return detail::nanoseconds(send_ns); }
    std::chrono::nanoseconds first_byte() const noexcept { return detail::nanoseconds(first_byte_ns); }
    std::chrono::nanoseconds body() const noexcept { return detail::nanoseconds(body_ns); }

    hs::http_version version() const noexcept { return static_cast<hs::http_version>(http_version); }
    hs::tls_version tls_protocol() const noexcept { return static_cast<hs::tls_version>(tls_version); }
    hs::stop_reason stopped() const noexcept { return static_cast<hs::stop_reason>(stop_reason); }
    // When the server wants to see the request again, where it said so.
    std::optional<std::chrono::milliseconds> retry_after() const {
        if (retry_after_ms == 0) return std::nullopt;
        return detail::whole_milliseconds(retry_after_ms);
    }
    bool reused() const noexcept { return connection_reused != 0; }
    bool verified() const noexcept { return tls_verified != 0; }
    address peer_address() const noexcept { return address(peer); }
    address local_address() const noexcept { return address(local); }
};

// Of one attempt of a call.
struct attempt_record : hs_attempt {
    attempt_record() noexcept : hs_attempt(detail::sized<hs_attempt>()) {}

    hs::sent was_sent() const noexcept { return static_cast<hs::sent>(request_sent); }
    hs::wait_reason waited_for() const noexcept { return static_cast<hs::wait_reason>(wait_reason); }
    std::chrono::nanoseconds started() const noexcept { return detail::nanoseconds(started_ns); }
    std::chrono::nanoseconds duration() const noexcept { return detail::nanoseconds(duration_ns); }
    std::chrono::nanoseconds waited() const noexcept { return detail::nanoseconds(wait_ns); }
};

// Of a worker, or of all workers of a pool, since the beginning.
struct counters : hs_counters {
    counters() noexcept : hs_counters(detail::sized<hs_counters>()) {}
};

// What a latency is of.
enum class latency : std::uint32_t {
    call = HS_LATENCY_CALL,
    queue = HS_LATENCY_QUEUE,
    dns = HS_LATENCY_DNS,
    connect = HS_LATENCY_CONNECT,
    tls = HS_LATENCY_TLS,
    send = HS_LATENCY_SEND,
    first_byte = HS_LATENCY_FIRST_BYTE,
    body = HS_LATENCY_BODY,
    pool_queue = HS_LATENCY_POOL_QUEUE,
};

struct histogram : hs_histogram {
    histogram() noexcept : hs_histogram(detail::sized<hs_histogram>()) {}

    std::chrono::nanoseconds p50() const noexcept { return detail::nanoseconds(p50_ns); }
    std::chrono::nanoseconds p90() const noexcept { return detail::nanoseconds(p90_ns); }
    std::chrono::nanoseconds p99() const noexcept { return detail::nanoseconds(p99_ns); }
    std::chrono::nanoseconds p999() const noexcept { return detail::nanoseconds(p999_ns); }
};

HTTP_SENTINEL_END
