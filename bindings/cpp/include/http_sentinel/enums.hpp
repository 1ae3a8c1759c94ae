// The small enumerations. Their numbers are those of C, and a newer library may give others than are named here.
#pragma once

#include <http_sentinel/text.hpp>

#include <string_view>

HTTP_SENTINEL_BEGIN

// In what a call was when it failed.
enum class phase : hs_phase {
    none = HS_PHASE_NONE,
    argument = HS_PHASE_ARGUMENT,
    queue = HS_PHASE_QUEUE,
    dns = HS_PHASE_DNS,
    connect = HS_PHASE_CONNECT,
    proxy = HS_PHASE_PROXY,
    tls = HS_PHASE_TLS,
    send = HS_PHASE_SEND,
    first_byte = HS_PHASE_FIRST_BYTE,
    body = HS_PHASE_BODY,
    decode = HS_PHASE_DECODE,
    limit = HS_PHASE_LIMIT,
    policy = HS_PHASE_POLICY,
    protocol = HS_PHASE_PROTOCOL,
    cancel = HS_PHASE_CANCEL,
    internal = HS_PHASE_INTERNAL,
};

// "HS_PHASE_TLS"; empty for a number that is none.
inline std::string_view name(phase of) noexcept { return detail::view(hs_phase_name(static_cast<hs_phase>(of))); }

// Whether the server may have seen a request. After `maybe`, ask it before you repeat what must not happen twice.
enum class sent : std::uint32_t { no = HS_SENT_NO, maybe = HS_SENT_MAYBE, yes = HS_SENT_YES };

inline constexpr std::string_view name(sent of) noexcept {
    return of == sent::no ? "no" : of == sent::yes ? "yes" : "maybe";
}

// Whether the same request may be sent again.
enum class retryable : std::uint32_t { no = HS_RETRYABLE_NO, safe = HS_RETRYABLE_SAFE, unknown = HS_RETRYABLE_UNKNOWN };

inline constexpr std::string_view name(retryable of) noexcept {
    return of == retryable::no ? "no" : of == retryable::safe ? "safe" : "unknown";
}

// Why there was no further attempt.
enum class stop_reason : std::uint32_t {
    ok = HS_STOP_OK,
    terminal = HS_STOP_TERMINAL,
    attempts = HS_STOP_ATTEMPTS,
    deadline = HS_STOP_DEADLINE,
    cancelled = HS_STOP_CANCELLED,
    budget = HS_STOP_BUDGET,
    retry_after_too_long = HS_STOP_RETRY_AFTER_TOO_LONG,
    not_idempotent = HS_STOP_NOT_IDEMPOTENT,
    not_replayable = HS_STOP_NOT_REPLAYABLE,
    committed = HS_STOP_COMMITTED,
    breaker_open = HS_STOP_BREAKER_OPEN,
    limited = HS_STOP_LIMITED,
    bulkhead_full = HS_STOP_BULKHEAD_FULL,
};

// What a wait was for.
enum class wait_reason : std::uint32_t {
    none = HS_WAIT_NONE,
    backoff = HS_WAIT_BACKOFF,
    retry_after = HS_WAIT_RETRY_AFTER,
    limiter = HS_WAIT_LIMITER,
    bulkhead = HS_WAIT_BULKHEAD,
    hedge = HS_WAIT_HEDGE,
};

// `any` is, as a wish, HTTP/2 where TLS negotiates it, else HTTP/1.1; as a fact, unknown.
enum class http_version : std::uint32_t {
    any = HS_HTTP_DEFAULT,
    http_1_0 = HS_HTTP_1_0,
    http_1_1 = HS_HTTP_1_1,
    http_2 = HS_HTTP_2,
    http_2_prior_knowledge = HS_HTTP_2_PRIOR_KNOWLEDGE,
    http_3 = HS_HTTP_3,
};

enum class tls_version : std::uint32_t {
    none = HS_TLS_NONE,
    unknown = HS_TLS_UNKNOWN,
    tls_1_0 = HS_TLS_1_0,
    tls_1_1 = HS_TLS_1_1,
    tls_1_2 = HS_TLS_1_2,
    tls_1_3 = HS_TLS_1_3,
};

// What becomes of redirects; `standard` is the worker's setting, and of a worker `follow`.
enum class redirects : std::uint32_t {
    standard = HS_REDIRECT_DEFAULT,
    follow = HS_REDIRECT_FOLLOW,
    hand_back = HS_REDIRECT_RETURN,
    same_origin = HS_REDIRECT_SAME_ORIGIN,
};

HTTP_SENTINEL_END
