// Circuit breakers.
#pragma once

#include <http_sentinel/callback.hpp>
#include <http_sentinel/time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

HTTP_SENTINEL_BEGIN

enum class breaker_state : std::uint32_t {
    closed = HS_BREAKER_CLOSED,
    open = HS_BREAKER_OPEN,
    half_open = HS_BREAKER_HALF_OPEN,
    forced_open = HS_BREAKER_FORCED_OPEN,
    forced_closed = HS_BREAKER_FORCED_CLOSED,
    metrics_only = HS_BREAKER_METRICS_ONLY,
};

enum class breaker_reason : std::uint32_t {
    failures = HS_BREAKER_REASON_FAILURES,
    slow_calls = HS_BREAKER_REASON_SLOW_CALLS,
    lease_ended = HS_BREAKER_REASON_LEASE_ENDED,
    time_passed = HS_BREAKER_REASON_TIME_PASSED,
    recovered = HS_BREAKER_REASON_RECOVERED,
    manual = HS_BREAKER_REASON_MANUAL,
    table_full = HS_BREAKER_REASON_TABLE_FULL,
};

enum class outcome : std::uint32_t {
    success = HS_OUTCOME_SUCCESS,
    failure = HS_OUTCOME_FAILURE,
    neutral = HS_OUTCOME_NEUTRAL,
};

// What has happened to a circuit; valid during the callback.
struct breaker_event : hs_breaker_event {
    explicit breaker_event(const hs_breaker_event &raw) noexcept : hs_breaker_event(raw) {}
    breaker_state before() const noexcept { return static_cast<breaker_state>(from); }
    breaker_state after() const noexcept { return static_cast<breaker_state>(to); }
    breaker_reason why() const noexcept { return static_cast<breaker_reason>(reason); }
    std::string_view key_text() const noexcept { return detail::view(key); }
};

struct breaker_info : hs_breaker_info {
    breaker_info() noexcept : hs_breaker_info(detail::sized<hs_breaker_info>()) {}
    breaker_state now() const noexcept { return static_cast<breaker_state>(state); }
};

// What is not set is the default; what each field means is told at hs_breaker_options in http_sentinel.h.
struct breaker_options {
    timeout window{};
    std::uint32_t window_calls = 0;
    std::uint32_t min_calls = 0;
    std::uint32_t failure_percent = 0;
    std::uint32_t slow_percent = 0;
    timeout slow{};
    timeout open{};
    timeout open_max{};
    std::uint32_t half_open_permits = 0;
    std::uint32_t max_keys = 0;
    timeout probe_lease{};
    // Called on the thread that caused it, inside of its call, which throws on what it throws.
    std::function<void(const breaker_event &)> on_transition{};
    ref<hs_simulation> simulation{};
};

// Leave to do a piece of work. What came of it is told once; one that is destroyed before says that nothing did (neutral).
class permit {
  public:
    permit() noexcept = default;
    permit(permit &&other) noexcept : of_(std::exchange(other.of_, nullptr)), raw_(other.raw_) {}
    permit &operator=(permit &&other) noexcept {
        if (this == &other) return *this;
        drop();
        of_ = std::exchange(other.of_, nullptr);
        raw_ = other.raw_;
        return *this;
    }
    ~permit() { drop(); }

    result<> record(outcome what) {
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = hs_breaker_record(std::exchange(of_, nullptr), &raw_, static_cast<std::uint32_t>(what), &failure);
        auto told = detail::checked(status, failure);
        thrown.rethrow();
        return told;
    }
    result<> success() { return record(outcome::success); }
    result<> failure() { return record(outcome::failure); }
    // It is under way for long: count it as slow now.
    result<> mark_slow() {
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = hs_breaker_mark_slow(of_, &raw_, &failure);
        auto told = detail::checked(status, failure);
        thrown.rethrow();
        return told;
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }

  private:
    friend class circuit_breaker;
    permit(hs_breaker *of, const hs_permit &raw) noexcept : of_(of), raw_(raw) {}
    void drop() noexcept {
        if (of_ == nullptr) return;
        detail::catcher lost;
        hs_breaker_record(std::exchange(of_, nullptr), &raw_, HS_OUTCOME_NEUTRAL, nullptr);
    }

    hs_breaker *of_ = nullptr;
    hs_permit raw_{};
};

// For any number of keys, on any thread, for any number of workers: name it in `policies::breaker`, or ask it yourself.
class circuit_breaker : public detail::observed<hs_breaker, hs_breaker_free> {
  public:
    static result<circuit_breaker> make(const breaker_options &from = {}) {
        auto options = detail::sized<hs_breaker_options>();
        options.window_ms = from.window.native();
        options.window_calls = from.window_calls;
        options.min_calls = from.min_calls;
        options.failure_percent = from.failure_percent;
        options.slow_percent = from.slow_percent;
        options.slow_ms = from.slow.native();
        options.open_ms = from.open.native();
        options.open_max_ms = from.open_max.native();
        options.half_open_permits = from.half_open_permits;
        options.max_keys = from.max_keys;
        options.probe_lease_ms = from.probe_lease.native();
        options.simulation = from.simulation.native();
        auto listener = detail::listen<hs_breaker_event>(from.on_transition);
        if (listener) options.on_transition = listener->call;
        options.user_data = listener.get();
        return make(options, std::move(listener));
    }
    // From the struct of C. `callbacks` is what its callback needs.
    static result<circuit_breaker> make(const hs_breaker_options &options, detail::kept callbacks = {}) {
        hs_breaker *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_breaker_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return circuit_breaker(made, std::move(callbacks));
    }
    explicit circuit_breaker(hs_breaker *owned, detail::kept callbacks = {}) noexcept
        : observed(owned, std::move(callbacks)) {}

    // Where it is refused (errc::breaker_open), `error::retry_after` says when the next try may be made.
    result<permit> acquire(std::string_view key) const {
        hs_permit raw{};
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = hs_breaker_acquire(native(), detail::lend(key), &raw, &failure);
        result<permit> got = permit(status == HS_OK ? native() : nullptr, raw);
        if (status != HS_OK) got = detail::failed(status, failure);
        thrown.rethrow();
        return got;
    }
    result<breaker_info> state(std::string_view key) const {
        breaker_info info;
        if (const auto status = hs_breaker_state(native(), detail::lend(key), &info)) return detail::failed(status);
        return info;
    }
    // By hand. Not before it is undone: `forever`.
    result<> force_open(std::string_view key, timeout time) const {
        return by_hand([&] { return hs_breaker_force_open(native(), detail::lend(key), time.native()); });
    }
    result<> force_closed(std::string_view key) const {
        return by_hand([&] { return hs_breaker_force_closed(native(), detail::lend(key)); });
    }
    result<> metrics_only(std::string_view key) const {
        return by_hand([&] { return hs_breaker_metrics_only(native(), detail::lend(key)); });
    }
    result<> reset(std::string_view key) const {
        return by_hand([&] { return hs_breaker_reset(native(), detail::lend(key)); });
    }
    std::size_t count() const noexcept { return hs_breaker_count(native()); }

  private:
    template <class F> static result<> by_hand(F &&call) {
        detail::catcher thrown;
        const auto status = call();
        thrown.rethrow();
        return detail::checked(status);
    }
};

HTTP_SENTINEL_END
