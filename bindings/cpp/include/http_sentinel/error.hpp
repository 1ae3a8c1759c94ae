// What went wrong.
#pragma once

#include <http_sentinel/expected.hpp>
#include <http_sentinel/metrics.hpp>
#include <http_sentinel/status.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// An error of the library: what failed, in which phase, and whether the server may have seen the request. It holds no
// secret, may be copied (copies share what they know), and read on any thread.
class error {
  public:
    // No error: what a status of `ok` is.
    error() noexcept = default;
    // A status of which nothing more is known.
    explicit error(errc status) noexcept : status_(status) {}
    // Takes an error object of C's over, which may be NULL.
    error(hs_status status, hs_error *owned) : status_(static_cast<errc>(status)) {
        if (owned != nullptr) object_.reset(owned, [](hs_error *object) { hs_error_free(object); });
    }

    errc status() const noexcept { return status_; }
    std::error_code code() const noexcept { return make_error_code(status_); }
    // One line of English without secrets. It is this object's, and its copies'.
    std::string_view message() const noexcept {
        const auto text = detail::view(hs_error_message(object_.get()));
        return text.empty() ? name(status_) : text;
    }
    // "HS_ERR_CONNECT: could not connect … (HS_PHASE_CONNECT, request sent: no)"
    std::string text() const {
        std::string out(name(status_));
        if (!object_) return out;
        out.append(": ").append(message()).append(" (").append(name(phase())).append(", request sent: ").append(name(request_sent()));
        return out += ')';
    }

    hs::phase phase() const noexcept { return static_cast<hs::phase>(details().phase); }
    hs::sent request_sent() const noexcept { return static_cast<hs::sent>(details().request_sent); }
    hs::retryable retryable() const noexcept { return static_cast<hs::retryable>(details().retryable); }
    std::uint32_t attempts() const noexcept { return details().attempts; }
    std::chrono::nanoseconds elapsed() const noexcept { return detail::nanoseconds(details().elapsed_ns); }
    // When the next try may be let through: what the server asked for, or how long the circuit breaker stays open.
    std::optional<std::chrono::milliseconds> retry_after() const {
        const auto ms = details().retry_after_ms;
        if (ms == 0) return std::nullopt;
        return detail::whole_milliseconds(ms);
    }
    hs::stop_reason stopped() const noexcept { return static_cast<hs::stop_reason>(details().stop_reason); }
    // CURLcode and errno, 0 where there is none.
    std::int32_t curl_code() const noexcept { return details().curl_code; }
    std::int32_t os_error() const noexcept { return details().os_error; }

    // All facts at once, as C has them.
    hs_error_info details() const noexcept {
        auto info = detail::sized<hs_error_info>();
        if (hs_error_details(object_.get(), &info) == HS_OK) return info;
        info.status = static_cast<hs_status>(status_);
        // Of what failed on its way and cannot say how, it is not known whether it has arrived.
        const bool refused = info.status > HS_ERR_DNS ||
                             (info.status <= HS_ERR_BREAKER_OPEN && info.status >= HS_ERR_WOULD_BLOCK);
        info.request_sent = refused ? HS_SENT_NO : HS_SENT_MAYBE;
        info.retryable = refused ? HS_RETRYABLE_NO : HS_RETRYABLE_UNKNOWN;
        return info;
    }
    std::vector<attempt_record> attempt_records() const {
        std::vector<attempt_record> records(hs_error_attempt_count(object_.get()));
        for (std::size_t i = 0; i < records.size(); i++) hs_error_attempt_at(object_.get(), i, &records[i]);
        return records;
    }
    // Of a download that broke off: which version of the file was written, for going on.
    std::string_view validator() const noexcept { return detail::view(hs_error_validator(object_.get())); }
    std::string_view trace() const noexcept { return detail::view(hs_error_trace(object_.get())); }
    std::string_view trace_id() const noexcept { return detail::view(hs_error_trace_id(object_.get())); }

    // The error object of C, which stays this one's; NULL where there is none.
    hs_error *native() const noexcept { return object_.get(); }

    friend bool operator==(const error &left, errc right) noexcept { return left.status_ == right; }
    friend bool operator!=(const error &left, errc right) noexcept { return left.status_ != right; }

  private:
    errc status_ = errc::ok;
    std::shared_ptr<hs_error> object_;
};

// What fallible functions return.
template <class T = void> using result = expected<T, error>;

namespace detail {

inline unexpected<error> failed(hs_status status, hs_error *owned = nullptr) {
    return unexpected<error>(error(status, owned));
}

// Of functions that say no more than a status.
inline result<> checked(hs_status status, hs_error *owned = nullptr) {
    if (status != HS_OK) return failed(status, owned);
    return {};
}

} // namespace detail

HTTP_SENTINEL_END
