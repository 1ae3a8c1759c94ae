// Rate limiters.
#pragma once

#include <http_sentinel/callback.hpp>
#include <http_sentinel/header.hpp>
#include <http_sentinel/policies.hpp>
#include <http_sentinel/span.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

struct limiter_event : hs_limiter_event {
    explicit limiter_event(const hs_limiter_event &raw) noexcept : hs_limiter_event(raw) {}
    std::string_view key_text() const noexcept { return detail::view(key); }
    std::chrono::nanoseconds waits() const noexcept { return detail::nanoseconds(wait_ns); }
};

struct limiter_info : hs_limiter_info {
    limiter_info() noexcept : hs_limiter_info(detail::sized<hs_limiter_info>()) {}
};

// What was let through, for `refund` and `learn`; a plain value.
using ticket = hs_ticket;

// What is not set is the default; what each field means is told at hs_limiter_options in http_sentinel.h. It needs a limit.
struct limiter_options {
    enum class counting : std::uint32_t {
        standard = HS_LIMITER_DEFAULT,
        gcra = HS_LIMITER_GCRA,
        window_safe = HS_LIMITER_WINDOW_SAFE,
        sliding_log = HS_LIMITER_SLIDING_LOG,
    };
    enum class reset : std::uint32_t {
        automatic = HS_RESET_AUTO,
        epoch_seconds = HS_RESET_EPOCH_SECONDS,
        epoch_milliseconds = HS_RESET_EPOCH_MILLISECONDS,
        delta_seconds = HS_RESET_DELTA_SECONDS,
        delta_milliseconds = HS_RESET_DELTA_MILLISECONDS,
        timestamp = HS_RESET_TIMESTAMP,
    };

    std::uint32_t limit = 0;
    timeout period{};
    std::uint32_t burst = 0;
    counting mode = counting::standard;
    timeout window_margin{};
    std::uint32_t max_waiting = 0;
    std::uint32_t max_keys = 0;
    // What servers say changes nothing.
    bool deaf = false;
    reset reset_format = reset::automatic;
    timeout learn_max{};
    timeout learn_jitter{};
    timeout throttle{};
    std::string limit_header{};
    std::string remaining_header{};
    std::string reset_header{};
    // Called on the thread where it happens, inside of its call, which throws on what it throws.
    std::function<void(const limiter_event &)> on_event{};
    ref<hs_simulation> simulation{};
};

// Buckets by keys of the caller's, on any thread, for any number of workers: name it in `policies::buckets`, or ask it
// yourself.
class rate_limiter : public detail::observed<hs_limiter, hs_limiter_free> {
  public:
    static result<rate_limiter> make(const limiter_options &from) {
        auto options = detail::sized<hs_limiter_options>();
        options.flags = from.deaf ? std::uint32_t{HS_LIMITER_DEAF} : 0;
        options.limit = from.limit;
        options.mode = static_cast<std::uint32_t>(from.mode);
        options.period_ms = from.period.native();
        options.window_margin_ms = from.window_margin.native();
        options.burst = from.burst;
        options.max_waiting = from.max_waiting;
        options.max_keys = from.max_keys;
        options.reset_format = static_cast<std::uint32_t>(from.reset_format);
        options.learn_max_ms = from.learn_max.native();
        options.learn_jitter_ms = from.learn_jitter.native();
        options.throttle_ms = from.throttle.native();
        options.limit_header = detail::lend(from.limit_header);
        options.remaining_header = detail::lend(from.remaining_header);
        options.reset_header = detail::lend(from.reset_header);
        options.simulation = from.simulation.native();
        auto listener = detail::listen<hs_limiter_event>(from.on_event);
        if (listener) options.on_event = listener->call;
        options.user_data = listener.get();
        return make(options, std::move(listener));
    }
    // From the struct of C. `callbacks` is what its callback needs.
    static result<rate_limiter> make(const hs_limiter_options &options, detail::kept callbacks = {}) {
        hs_limiter *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_limiter_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return rate_limiter(made, std::move(callbacks));
    }
    explicit rate_limiter(hs_limiter *owned, detail::kept callbacks = {}) noexcept
        : observed(owned, std::move(callbacks)) {}

    // Waits for its turn; not set: for 30 seconds at most. Refused at once where it would take longer.
    result<ticket> acquire(std::string_view key, std::uint32_t cost = 1, timeout limit = {}, ref<hs_cancel> until = {}) const {
        return take([&](ticket *got, hs_error **failure) {
            return hs_limiter_acquire(native(), detail::lend(key), cost, limit.native(), until.native(), got, failure);
        });
    }
    result<ticket> try_acquire(std::string_view key, std::uint32_t cost = 1) const {
        return take([&](ticket *got, hs_error **failure) {
            return hs_limiter_try_acquire(native(), detail::lend(key), cost, got, failure);
        });
    }
    // From each of several buckets, or from none.
    static result<std::vector<ticket>> acquire_all(const std::vector<bucket> &buckets, timeout limit = {},
                                                   ref<hs_cancel> until = {}) {
        const auto lowered = detail::lower(buckets);
        std::vector<ticket> tickets(lowered.size());
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = hs_limiter_acquire_all(lowered.data(), lowered.size(), limit.native(), until.native(),
                                                   tickets.data(), &failure);
        const auto got = detail::checked(status, failure);
        thrown.rethrow();
        if (!got) return unexpected<error>(got.error());
        return tickets;
    }
    // Gives back what was taken for a request that was not sent.
    result<> refund(std::string_view key, ticket &what) const {
        return told([&](hs_error **failure) { return hs_limiter_refund(native(), detail::lend(key), &what, failure); });
    }
    result<> set_quota(std::string_view key, std::uint32_t limit, timeout period = {}, std::uint32_t burst = 0) const {
        return told([&](hs_error **failure) {
            return hs_limiter_set_quota(native(), detail::lend(key), limit, period.native(), burst, failure);
        });
    }
    // Lets nothing through for so long.
    result<> hold(std::string_view key, timeout time) const {
        return told([&](hs_error **) { return hs_limiter_hold(native(), detail::lend(key), time.native()); });
    }
    // Ends every hold.
    result<> release_hold(std::string_view key) const {
        return told([&](hs_error **) { return hs_limiter_hold(native(), detail::lend(key), 0); });
    }
    // Tells it of a response that came on another way than through a worker that has it.
    result<> learn(std::string_view key, const ticket *sent, std::uint32_t status, const headers &fields) const {
        const auto lowered = detail::lower(fields);
        return learn(key, sent, status, span<const hs_header>(lowered.data(), lowered.size()));
    }
    result<> learn(std::string_view key, const ticket *sent, std::uint32_t status, span<const hs_header> fields) const {
        return told([&](hs_error **failure) {
            return hs_limiter_learn(native(), detail::lend(key), sent, status, fields.data(), fields.size(), failure);
        });
    }
    result<limiter_info> state(std::string_view key) const {
        limiter_info info;
        if (const auto status = hs_limiter_state(native(), detail::lend(key), &info)) return detail::failed(status);
        return info;
    }

  private:
    template <class F> static result<ticket> take(F &&call) {
        ticket got{};
        auto done = told([&](hs_error **failure) { return call(&got, failure); });
        if (!done) return unexpected<error>(std::move(done).error());
        return got;
    }
    template <class F> static result<> told(F &&call) {
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = call(&failure);
        auto done = detail::checked(status, failure);
        thrown.rethrow();
        return done;
    }
};

HTTP_SENTINEL_END
