// What decides over the attempts of a call.
#pragma once

#include <http_sentinel/handle.hpp>
#include <http_sentinel/text.hpp>
#include <http_sentinel/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

HTTP_SENTINEL_BEGIN

// When an attempt is followed by another. What is not set is the default: three attempts, full jitter from 100 ms on.
struct retry_policy {
    // The first one included; 1 is no retries.
    std::uint32_t max_attempts = 0;
    timeout base_delay{};
    timeout throttle_delay{};
    timeout max_delay{};
    timeout retry_after_max{};
    // Statuses from 400 to 599 that are retried instead of the usual ones.
    std::vector<std::uint16_t> statuses{};
    bool clamp_retry_after = false;
    bool throttled_may_be_processed = false;
    bool wait_for_open_breaker = false;
    bool retry_520_to_524 = false;
};

// A second request beside one that takes long.
struct hedge_policy {
    std::uint32_t max_hedges = 0;
    // Not set: what 95 of 100 requests to the origin take.
    timeout delay{};
};

// A bucket of a rate limiter; without a key that of the origin.
struct bucket {
    ref<hs_limiter> limiter{};
    std::string key{};
    std::uint32_t cost = 1;
};

// Of a worker, or of a request, and then in the worker's place. Breaker, budget and the others are named, not owned; what
// has them keeps them for as long as it needs them.
struct policies {
    std::optional<retry_policy> retry{};
    std::optional<hedge_policy> hedge{};
    ref<hs_budget> budget{};
    ref<hs_breaker> breaker{};
    std::string breaker_key{};
    std::vector<bucket> buckets{};
    ref<hs_bulkhead> bulkhead{};
    std::string bulkhead_key{};
    // Of a request: doing it twice does no harm.
    bool idempotent = false;
    // Of a request: doing it twice does harm, whatever its method.
    bool not_idempotent = false;
    // A request that is not idempotent gets an Idempotency-Key of its own.
    bool idempotency_key = false;
    bool idempotency_key_bare = false;
    // Of a request: without the worker's.
    bool no_hedge = false;
    bool no_breaker = false;
    bool no_limiter = false;
    bool no_bulkhead = false;
};

namespace detail {

inline hs_retry_options lower(const retry_policy &from) {
    auto to = sized<hs_retry_options>();
    to.flags = (from.clamp_retry_after ? std::uint32_t{HS_RETRY_CLAMP_RETRY_AFTER} : 0) |
               (from.throttled_may_be_processed ? std::uint32_t{HS_RETRY_429_PROCESSED} : 0) |
               (from.wait_for_open_breaker ? std::uint32_t{HS_RETRY_ON_OPEN} : 0) |
               (from.retry_520_to_524 ? std::uint32_t{HS_RETRY_520_TO_524} : 0);
    to.max_attempts = from.max_attempts;
    to.base_delay_ms = from.base_delay.native();
    to.throttle_delay_ms = from.throttle_delay.native();
    to.max_delay_ms = from.max_delay.native();
    to.retry_after_max_ms = from.retry_after_max.native();
    to.statuses = from.statuses.empty() ? nullptr : from.statuses.data();
    to.status_count = from.statuses.size();
    return to;
}

inline std::vector<hs_bucket> lower(const std::vector<bucket> &buckets) {
    std::vector<hs_bucket> lowered;
    lowered.reserve(buckets.size());
    for (const auto &one : buckets) lowered.push_back({one.limiter.native(), lend(one.key), one.cost, 0});
    return lowered;
}

// The struct of C with all that it points to; it borrows from what it was made of.
struct lowered_policies {
    hs_policies native = sized<hs_policies>();
    hs_retry_options retry{};
    hs_hedge_options hedge{};
    std::vector<hs_bucket> buckets;

    explicit lowered_policies(const policies &from) : buckets(lower(from.buckets)) {
        const auto flag = [&](bool set, std::uint32_t bit) { native.flags |= set ? bit : 0; };
        flag(from.idempotent, HS_IDEMPOTENT);
        flag(from.not_idempotent, HS_NOT_IDEMPOTENT);
        flag(from.idempotency_key || from.idempotency_key_bare, HS_IDEMPOTENCY_KEY);
        flag(from.idempotency_key_bare, HS_IDEMPOTENCY_KEY_BARE);
        flag(from.no_hedge, HS_NO_HEDGE);
        flag(from.no_breaker, HS_NO_BREAKER);
        flag(from.no_limiter, HS_NO_LIMITER);
        flag(from.no_bulkhead, HS_NO_BULKHEAD);
        if (from.retry) {
            retry = lower(*from.retry);
            native.retry = &retry;
        }
        if (from.hedge) {
            hedge = sized<hs_hedge_options>();
            hedge.max_hedges = from.hedge->max_hedges;
            hedge.delay_ms = from.hedge->delay.native();
            native.hedge = &hedge;
        }
        native.budget = from.budget.native();
        native.breaker = from.breaker.native();
        native.breaker_key = lend(from.breaker_key);
        native.buckets = buckets.empty() ? nullptr : buckets.data();
        native.bucket_count = buckets.size();
        native.bulkhead = from.bulkhead.native();
        native.bulkhead_key = lend(from.bulkhead_key);
    }
    lowered_policies(const lowered_policies &) = delete;
    lowered_policies &operator=(const lowered_policies &) = delete;

    // What the callbacks of all that is named need.
    static void keep(const policies &from, std::vector<kept> &keeps) {
        const auto one = [&](const kept &callbacks) {
            if (callbacks) keeps.push_back(callbacks);
        };
        one(from.breaker.callbacks());
        one(from.bulkhead.callbacks());
        for (const auto &each : from.buckets) one(each.limiter.callbacks());
    }
};

} // namespace detail

HTTP_SENTINEL_END
