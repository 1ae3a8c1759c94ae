// Bulkheads and retry budgets.
#pragma once

#include <http_sentinel/callback.hpp>
#include <http_sentinel/time.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

HTTP_SENTINEL_BEGIN

struct bulkhead_event : hs_bulkhead_event {
    explicit bulkhead_event(const hs_bulkhead_event &raw) noexcept : hs_bulkhead_event(raw) {}
    std::string_view key_text() const noexcept { return detail::view(key); }
};

struct bulkhead_info : hs_bulkhead_info {
    bulkhead_info() noexcept : hs_bulkhead_info(detail::sized<hs_bulkhead_info>()) {}
};

struct bulkhead_options {
    std::uint32_t capacity = 0;
    std::uint32_t queue = 0;
    std::uint32_t max_keys = 0;
    // Who comes when all slots are taken is refused.
    bool no_queue = false;
    // Called on the thread to which it happens, inside of its call, which throws on what it throws.
    std::function<void(const bulkhead_event &)> on_event{};
    ref<hs_simulation> simulation{};
};

// A slot that is taken until this is destroyed.
class slot {
  public:
    slot() noexcept = default;
    slot(slot &&other) noexcept : of_(std::exchange(other.of_, nullptr)), raw_(other.raw_) {}
    slot &operator=(slot &&other) noexcept {
        if (this == &other) return *this;
        drop();
        of_ = std::exchange(other.of_, nullptr);
        raw_ = other.raw_;
        return *this;
    }
    ~slot() { drop(); }

    // Gives it back now.
    result<> release() {
        detail::catcher thrown;
        const auto status = hs_bulkhead_release(std::exchange(of_, nullptr), &raw_);
        thrown.rethrow();
        return detail::checked(status);
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }

  private:
    friend class bulkhead;
    slot(hs_bulkhead *of, const hs_bulkhead_permit &raw) noexcept : of_(of), raw_(raw) {}
    void drop() noexcept {
        if (of_ == nullptr) return;
        detail::catcher lost;
        hs_bulkhead_release(std::exchange(of_, nullptr), &raw_);
    }

    hs_bulkhead *of_ = nullptr;
    hs_bulkhead_permit raw_{};
};

class bulkhead : public detail::observed<hs_bulkhead, hs_bulkhead_free> {
  public:
    static result<bulkhead> make(const bulkhead_options &from = {}) {
        auto options = detail::sized<hs_bulkhead_options>();
        options.flags = from.no_queue ? std::uint32_t{HS_BULKHEAD_NO_QUEUE} : 0;
        options.capacity = from.capacity;
        options.queue = from.queue;
        options.max_keys = from.max_keys;
        options.simulation = from.simulation.native();
        auto listener = detail::listen<hs_bulkhead_event>(from.on_event);
        if (listener) options.on_event = listener->call;
        options.user_data = listener.get();
        return make(options, std::move(listener));
    }
    // From the struct of C. `callbacks` is what its callback needs.
    static result<bulkhead> make(const hs_bulkhead_options &options, detail::kept callbacks = {}) {
        hs_bulkhead *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_bulkhead_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return bulkhead(made, std::move(callbacks));
    }
    explicit bulkhead(hs_bulkhead *owned, detail::kept callbacks = {}) noexcept : observed(owned, std::move(callbacks)) {}

    // Waits for a slot; not set: for 30 seconds at most.
    result<slot> acquire(std::string_view key, timeout limit = {}, ref<hs_cancel> until = {}) const {
        return take([&](hs_bulkhead_permit *got, hs_error **failure) {
            return hs_bulkhead_acquire(native(), detail::lend(key), limit.native(), until.native(), got, failure);
        });
    }
    result<slot> try_acquire(std::string_view key) const {
        return take([&](hs_bulkhead_permit *got, hs_error **) {
            return hs_bulkhead_try_acquire(native(), detail::lend(key), got);
        });
    }
    result<bulkhead_info> state(std::string_view key) const {
        bulkhead_info info;
        if (const auto status = hs_bulkhead_state(native(), detail::lend(key), &info)) return detail::failed(status);
        return info;
    }

  private:
    template <class F> result<slot> take(F &&call) const {
        hs_bulkhead_permit raw{};
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = call(&raw, &failure);
        result<slot> got = slot(status == HS_OK ? native() : nullptr, raw);
        if (status != HS_OK) got = detail::failed(status, failure);
        thrown.rethrow();
        return got;
    }
};

struct budget_options {
    // Retries and hedges for a hundred requests, and so many in ten seconds in any case.
    std::uint32_t percent = 0;
    std::uint32_t min_retries = 0;
    bool no_minimum = false;
    std::uint32_t max_keys = 0;
    ref<hs_simulation> simulation{};
};

struct budget_info : hs_budget_info {
    budget_info() noexcept : hs_budget_info(detail::sized<hs_budget_info>()) {}
};

class retry_budget : public detail::object<hs_budget, hs_budget_free> {
  public:
    static result<retry_budget> make(const budget_options &from = {}) {
        auto options = detail::sized<hs_budget_options>();
        options.flags = from.no_minimum ? std::uint32_t{HS_BUDGET_NO_MINIMUM} : 0;
        options.percent = from.percent;
        options.min_retries = from.min_retries;
        options.max_keys = from.max_keys;
        options.simulation = from.simulation.native();
        return make(options);
    }
    static result<retry_budget> make(const hs_budget_options &options) {
        hs_budget *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_budget_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return retry_budget(made);
    }
    explicit retry_budget(hs_budget *owned) noexcept : object(owned) {}

    // A request is made that is no retry. Workers say it by themselves.
    result<> original(std::string_view key) const { return detail::checked(hs_budget_original(native(), detail::lend(key))); }
    // Whether there may be a retry now; takes it.
    result<bool> withdraw(std::string_view key) const {
        std::uint32_t granted = 0;
        if (const auto status = hs_budget_withdraw(native(), detail::lend(key), &granted)) return detail::failed(status);
        return granted != 0;
    }
    result<budget_info> state(std::string_view key) const {
        budget_info info;
        if (const auto status = hs_budget_state(native(), detail::lend(key), &info)) return detail::failed(status);
        return info;
    }
};

HTTP_SENTINEL_END
