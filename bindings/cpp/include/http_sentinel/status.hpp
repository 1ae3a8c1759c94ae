// Statuses as an enumeration, and as a category of std::error_code.
#pragma once

#include <http_sentinel/text.hpp>

#include <string>
#include <string_view>
#include <system_error>

HTTP_SENTINEL_BEGIN

// What calls return. The header of C says what each means; a newer library may have more of them.
enum class errc : hs_status {
    ok = HS_OK,
    invalid_handle = HS_ERR_INVALID_HANDLE,
    wrong_thread = HS_ERR_WRONG_THREAD,
    busy = HS_ERR_BUSY,
    forked = HS_ERR_FORKED,
    null_argument = HS_ERR_NULL_ARGUMENT,
    struct_size = HS_ERR_STRUCT_SIZE,
    invalid_argument = HS_ERR_INVALID_ARGUMENT,
    not_found = HS_ERR_NOT_FOUND,
    thread_exiting = HS_ERR_THREAD_EXITING,
    too_many_handles = HS_ERR_TOO_MANY_HANDLES,
    invalid_url = HS_ERR_INVALID_URL,
    unsupported_scheme = HS_ERR_UNSUPPORTED_SCHEME,
    invalid_method = HS_ERR_INVALID_METHOD,
    invalid_header = HS_ERR_INVALID_HEADER,
    invalid_body = HS_ERR_INVALID_BODY,
    ca_store = HS_ERR_CA_STORE,
    client_certificate = HS_ERR_CLIENT_CERTIFICATE,
    invalid_cookie = HS_ERR_INVALID_COOKIE,
    invalid_credentials = HS_ERR_INVALID_CREDENTIALS,
    dns = HS_ERR_DNS,
    connect = HS_ERR_CONNECT,
    connect_timeout = HS_ERR_CONNECT_TIMEOUT,
    local_address = HS_ERR_LOCAL_ADDRESS,
    proxy = HS_ERR_PROXY,
    proxy_connect = HS_ERR_PROXY_CONNECT,
    proxy_auth = HS_ERR_PROXY_AUTH,
    proxy_refused = HS_ERR_PROXY_REFUSED,
    proxy_handshake = HS_ERR_PROXY_HANDSHAKE,
    tls_handshake = HS_ERR_TLS_HANDSHAKE,
    tls_certificate = HS_ERR_TLS_CERTIFICATE,
    tls_expired = HS_ERR_TLS_EXPIRED,
    tls_not_yet_valid = HS_ERR_TLS_NOT_YET_VALID,
    tls_hostname = HS_ERR_TLS_HOSTNAME,
    tls_untrusted = HS_ERR_TLS_UNTRUSTED,
    tls_self_signed = HS_ERR_TLS_SELF_SIGNED,
    tls_revoked = HS_ERR_TLS_REVOKED,
    tls_version = HS_ERR_TLS_VERSION,
    tls_pin = HS_ERR_TLS_PIN,
    tls_client_certificate_required = HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED,
    tls_weak_key = HS_ERR_TLS_WEAK_KEY,
    send = HS_ERR_SEND,
    connection_closed = HS_ERR_CONNECTION_CLOSED,
    receive = HS_ERR_RECEIVE,
    body_truncated = HS_ERR_BODY_TRUNCATED,
    callback = HS_ERR_CALLBACK,
    not_replayable = HS_ERR_NOT_REPLAYABLE,
    file = HS_ERR_FILE,
    resume = HS_ERR_RESUME,
    pipe_aborted = HS_ERR_PIPE_ABORTED,
    pipe_closed = HS_ERR_PIPE_CLOSED,
    decode = HS_ERR_DECODE,
    body_too_large = HS_ERR_BODY_TOO_LARGE,
    headers_too_large = HS_ERR_HEADERS_TOO_LARGE,
    redirect_refused = HS_ERR_REDIRECT_REFUSED,
    too_many_redirects = HS_ERR_TOO_MANY_REDIRECTS,
    address_refused = HS_ERR_ADDRESS_REFUSED,
    mock = HS_ERR_MOCK,
    mock_file = HS_ERR_MOCK_FILE,
    protocol = HS_ERR_PROTOCOL,
    http2 = HS_ERR_HTTP2,
    http_version = HS_ERR_HTTP_VERSION,
    cancelled = HS_ERR_CANCELLED,
    timeout = HS_ERR_TIMEOUT,
    attempt_timeout = HS_ERR_ATTEMPT_TIMEOUT,
    idle_timeout = HS_ERR_IDLE_TIMEOUT,
    read_timeout = HS_ERR_READ_TIMEOUT,
    write_timeout = HS_ERR_WRITE_TIMEOUT,
    breaker_open = HS_ERR_BREAKER_OPEN,
    rate_limited = HS_ERR_RATE_LIMITED,
    rate_never_fits = HS_ERR_RATE_NEVER_FITS,
    bulkhead_full = HS_ERR_BULKHEAD_FULL,
    pool_full = HS_ERR_POOL_FULL,
    pool_closed = HS_ERR_POOL_CLOSED,
    thread = HS_ERR_THREAD,
    would_block = HS_ERR_WOULD_BLOCK,
    internal = HS_ERR_INTERNAL,
    panic = HS_ERR_PANIC,
    out_of_memory = HS_ERR_OUT_OF_MEMORY,
    libcurl = HS_ERR_LIBCURL,
};

// "HS_ERR_WRONG_THREAD"; empty for a number that is none.
inline std::string_view name(errc status) noexcept { return detail::view(hs_status_name(static_cast<hs_status>(status))); }

namespace detail {

class category final : public std::error_category {
  public:
    const char *name() const noexcept override { return "http_sentinel"; }
    std::string message(int status) const override {
        const auto text = hs::name(static_cast<errc>(status));
        return text.empty() ? "unknown status " + std::to_string(status) : std::string(text);
    }
    // What of it other libraries know by name.
    std::error_condition default_error_condition(int status) const noexcept override {
        switch (static_cast<errc>(status)) {
        case errc::ok: return {};
        case errc::invalid_argument:
        case errc::null_argument:
        case errc::invalid_url: return std::errc::invalid_argument;
        case errc::cancelled: return std::errc::operation_canceled;
        case errc::timeout:
        case errc::connect_timeout:
        case errc::attempt_timeout:
        case errc::idle_timeout:
        case errc::read_timeout:
        case errc::write_timeout: return std::errc::timed_out;
        case errc::would_block: return std::errc::operation_would_block;
        case errc::out_of_memory: return std::errc::not_enough_memory;
        default: return {status, *this};
        }
    }
};

// One for the process, and never destroyed before those that use it.
inline const category &the_category() noexcept {
    static const category one;
    return one;
}

} // namespace detail

inline const std::error_category &error_category() noexcept { return detail::the_category(); }
inline std::error_code make_error_code(errc status) noexcept {
    return {static_cast<int>(status), detail::the_category()};
}

HTTP_SENTINEL_END

template <> struct std::is_error_code_enum<hs::errc> : std::true_type {};
