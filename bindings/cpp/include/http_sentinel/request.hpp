// A request.
#pragma once

#include <http_sentinel/auth.hpp>
#include <http_sentinel/body.hpp>
#include <http_sentinel/cancel.hpp>
#include <http_sentinel/enums.hpp>
#include <http_sentinel/header.hpp>
#include <http_sentinel/policies.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

HTTP_SENTINEL_BEGIN

// All but the URL may be left out: what is not set is the worker's. It may be sent any number of times, on any worker.
//
//     worker.send({.method = "PUT", .url = url, .headers = {{"X-Key", key, hs::sensitive}}, .timeout = 2s});
struct request {
    // Empty: GET, or POST where there is a body.
    std::string method{};
    std::string url{};
    hs::headers headers{};
    hs::body body{};

    // The whole call, one attempt of it, a new connection, and the longest time without progress.
    hs::timeout timeout{};
    hs::timeout attempt_timeout{};
    hs::timeout connect_timeout{};
    hs::timeout idle_timeout{};
    // How long it is waited before the call begins.
    hs::timeout start_after{};

    // The largest body that is accepted; 0: the worker's setting.
    std::uint64_t max_body_bytes = 0;
    // Takes the body in the response's place. Through a pool it is called on a thread of the pool.
    body_sink on_body{};

    hs::http_version http_version = hs::http_version::any;
    hs::http_version min_http_version = hs::http_version::any;
    hs::redirects redirects = hs::redirects::standard;
    std::uint32_t max_redirects = 0;
    std::optional<hs::auth> auth{};
    // The first one included; 1 is no retries.
    std::uint32_t max_attempts = 0;
    std::optional<hs::policies> policies{};

    ref<hs_cancel> cancel{};
#if HTTP_SENTINEL_STOP_TOKEN
    // Ends the call as `cancel` does; at most one of the two.
    std::stop_token stop{};
#endif

    bool allow_downgrade = false;
    bool raw_body = false;
    bool trace = false;
};

namespace detail {

// What must live for as long as a call does: callbacks, and the way from a stop to it.
struct lasting {
    std::unique_ptr<upload> sending;
    std::optional<receiver> receiving;
    thrown_later thrown; // by callbacks on the threads of a pool
#if HTTP_SENTINEL_STOP_TOKEN
    std::unique_ptr<stop_link> stopping;
#endif
    std::vector<kept> policies;

    static bool wanted(const request &from) noexcept {
#if HTTP_SENTINEL_STOP_TOKEN
        if (from.stop.stop_possible()) return true;
#endif
        if (from.policies) {
            if (from.policies->breaker.callbacks() || from.policies->bulkhead.callbacks()) return true;
            for (const auto &one : from.policies->buckets) {
                if (one.limiter.callbacks()) return true;
            }
        }
        return from.body.reader() || from.body.pipe() || from.on_body;
    }
    // Its callbacks are called on threads where nobody catches anything.
    void keep_thrown() noexcept {
        if (sending) sending->later = &thrown;
        if (receiving) receiving->later = &thrown;
    }

    static result<std::shared_ptr<lasting>> make(const request &from) {
        auto made = std::make_shared<lasting>();
        if (from.body.reader() || from.body.pipe()) {
            made->sending = std::make_unique<upload>(from.body.reader(), from.body.rewinder(), from.body.length(),
                                                     from.body.pipe().native());
        }
        if (from.on_body) made->receiving = receiver{from.on_body};
        if (from.policies) lowered_policies::keep(*from.policies, made->policies);
#if HTTP_SENTINEL_STOP_TOKEN
        if (from.stop.stop_possible()) {
            if (from.cancel) return failed(HS_ERR_INVALID_ARGUMENT); // which of the two?
            auto link = stop_link::make(from.stop);
            if (!link) return unexpected<error>(std::move(link).error());
            made->stopping = *std::move(link);
        }
#endif
        return made;
    }
};

// The struct of C with all that it points to; it borrows from the request.
class lowered_request {
  public:
    hs_request_options native = sized<hs_request_options>();

    lowered_request(const request &from, std::uint32_t flags, const lasting *lasts) : headers_(lower(from.headers)) {
        native.flags = flags | (from.allow_downgrade ? std::uint32_t{HS_ALLOW_DOWNGRADE} : 0) |
                       (from.raw_body ? std::uint32_t{HS_RAW_BODY} : 0) | (from.trace ? std::uint32_t{HS_TRACE} : 0);
        native.method = lend(from.method);
        native.url = lend(from.url);
        native.headers = headers_.empty() ? nullptr : headers_.data();
        native.header_count = headers_.size();
        native.body = lend(from.body.bytes());
        native.form = from.body.form().native();
        native.timeout_ms = from.timeout.native();
        native.attempt_timeout_ms = from.attempt_timeout.native();
        native.connect_timeout_ms = from.connect_timeout.native();
        native.idle_timeout_ms = from.idle_timeout.native();
        native.start_after_ms = from.start_after.native();
        native.max_body_bytes = from.max_body_bytes;
        native.http_version = static_cast<std::uint32_t>(from.http_version);
        native.min_http_version = static_cast<std::uint32_t>(from.min_http_version);
        native.redirects = static_cast<std::uint32_t>(from.redirects);
        native.max_redirects = from.max_redirects;
        native.max_attempts = from.max_attempts;
        native.cancel = from.cancel.native();
        if (from.auth) {
            auth_ = lower(*from.auth);
            native.auth = &auth_;
        }
        if (from.policies) native.policies = &policies_.emplace(*from.policies).native;
        if (lasts != nullptr) point_to(*lasts);
    }
    lowered_request(const lowered_request &) = delete;
    lowered_request &operator=(const lowered_request &) = delete;

  private:
    std::vector<hs_header> headers_;
    hs_auth auth_{};
    std::optional<lowered_policies> policies_;

    void point_to(const lasting &lasts) {
        if (lasts.sending) native.upload = &lasts.sending->native;
        if (lasts.receiving) {
            native.on_body = receiver::call;
            native.user_data = const_cast<receiver *>(&*lasts.receiving);
        }
#if HTTP_SENTINEL_STOP_TOKEN
        if (lasts.stopping) native.cancel = lasts.stopping->native();
#endif
    }
};

} // namespace detail

HTTP_SENTINEL_END
