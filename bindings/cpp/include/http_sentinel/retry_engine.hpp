// Retries for work of any kind, by the rules that requests are retried by.
#pragma once

#include <http_sentinel/cancel.hpp>
#include <http_sentinel/exception.hpp>
#include <http_sentinel/policies.hpp>
#include <http_sentinel/response.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

HTTP_SENTINEL_BEGIN

// What an attempt is told, and what it may tell; valid during the attempt.
class attempt {
  public:
    explicit attempt(hs_attempt_context *raw) noexcept : raw_(raw) {}

    // From 1.
    std::uint32_t number() const noexcept { return raw_->number; }
    // How long it may take, to be handed on to what the work waits for:  request.timeout = attempt.left();
    timeout left() const noexcept {
        if (raw_->left_ms == HS_INFINITE) return forever;
        return detail::whole_milliseconds(raw_->left_ms);
    }
    std::chrono::nanoseconds started() const noexcept { return detail::nanoseconds(raw_->started_ns); }
    std::chrono::nanoseconds waited() const noexcept { return detail::nanoseconds(raw_->waited_ns); }
    // It is the same attempt once more.
    bool replay() const noexcept { return (raw_->flags & HS_ATTEMPT_REPLAY) != 0; }

    // Told by itself where the work returns a response, or an error of the library's.
    void http_status(std::uint32_t status) noexcept { raw_->http_status = status; }
    void request_sent(sent was) noexcept { raw_->request_sent = static_cast<std::uint32_t>(was); }
    void retry_after(std::chrono::milliseconds time) noexcept { raw_->retry_after_ms = detail::milliseconds(time); }
    // What was done cannot be done again: this attempt is the last one.
    void commit() noexcept { raw_->flags |= HS_ATTEMPT_COMMITTED; }

    hs_attempt_context *native() const noexcept { return raw_; }

  private:
    hs_attempt_context *raw_;
};

// Who is asked before each attempt, and how long it may take.
struct retry_policies {
    // What budget, breaker and bulkhead are asked by.
    std::string key{};
    hs::timeout timeout{};
    ref<hs_budget> budget{};
    ref<hs_breaker> breaker{};
    std::vector<bucket> buckets{};
    ref<hs_bulkhead> bulkhead{};
    ref<hs_simulation> simulation{};
    // Doing the work twice does no harm.
    bool idempotent = false;
    // It sends a key of its own, the same each time.
    bool idempotency_key = false;
};

// What became of a run.
struct retry_report : hs_retry_report {
    retry_report() noexcept : hs_retry_report(detail::sized<hs_retry_report>()) {}
    hs::stop_reason stopped() const noexcept { return static_cast<hs::stop_reason>(stop_reason); }
    std::chrono::nanoseconds elapsed() const noexcept { return detail::nanoseconds(elapsed_ns); }
    std::chrono::nanoseconds waited() const noexcept { return detail::nanoseconds(waited_ns); }
};

// Of one run.
struct retry_run {
    // Decides after an attempt that was no success; not set: the rules for requests.
    std::function<bool(errc status, const attempt &)> again{};
    // Ends a wait between two attempts.
    ref<hs_cancel> cancel{};
#if HTTP_SENTINEL_STOP_TOKEN
    std::stop_token stop{};
#endif
    // Filled whatever comes of it.
    retry_report *report = nullptr;
};

namespace detail {

// What work gives, as a result.
template <class R> struct as_result {
    using type = result<R>;
};
template <class T> struct as_result<result<T>> {
    using type = result<T>;
};

// A run under way: what C calls, and what the last attempt came to.
template <class F, class R> struct running {
    F &work;
    const retry_run &options;
    std::optional<R> last{};

    static std::int32_t call(void *context, hs_attempt_context *raw) noexcept {
        auto &self = *static_cast<running *>(context);
        self.last.reset();
        attempt now(raw);
        const auto status = guarded(std::int32_t{HS_ERR_CALLBACK}, [&] { return self.once(now); });
        if (!self.last) now.commit(); // What is no error of the library's ends the run.
        return status;
    }
    static std::int32_t again(void *context, std::int32_t status, const hs_attempt_context *raw) noexcept {
        return guarded(0, [&] {
            const attempt now(const_cast<hs_attempt_context *>(raw));
            return static_cast<running *>(context)->options.again(static_cast<errc>(status), now) ? 1 : 0;
        });
    }

  private:
    std::int32_t once(attempt &now) {
#if HTTP_SENTINEL_EXCEPTIONS
        try {
            last.emplace(invoke(now));
        } catch (const exception &thrown) {
            last.emplace(unexpected<error>(thrown.error()));
        }
#else
        last.emplace(invoke(now));
#endif
        if (*last) {
            if constexpr (std::is_same_v<R, result<response>>) {
                const auto facts = (*last)->metrics();
                now.http_status((*last)->status());
                if (const auto after = facts.retry_after()) now.retry_after(*after);
            }
            return HS_OK;
        }
        const auto &failed = last->error();
        now.request_sent(failed.request_sent());
        if (const auto after = failed.retry_after()) now.retry_after(*after);
        return static_cast<std::int32_t>(failed.status());
    }
    R invoke(attempt &now) {
        if constexpr (std::is_invocable_v<F &, attempt &>) {
            return returned([&]() -> decltype(auto) { return work(now); });
        } else {
            return returned(work);
        }
    }
    template <class G> static R returned(G &&call) {
        if constexpr (std::is_void_v<std::invoke_result_t<G>>) {
            call();
            return {};
        } else {
            return call();
        }
    }
};

template <class F, bool = std::is_invocable_v<F &, attempt &>> struct returns {
    using type = std::invoke_result_t<F &, attempt &>;
};
template <class F> struct returns<F, false> {
    using type = std::invoke_result_t<F &>;
};

} // namespace detail

// It does not change, and any number of threads may run it at once.
class retry_engine : public detail::object<hs_retry, hs_retry_free> {
  public:
    static result<retry_engine> make(const retry_policy &policy = {}, const retry_policies &from = {}) {
        const auto buckets = detail::lower(from.buckets);
        auto policies = detail::sized<hs_retry_policies>();
        policies.flags = (from.idempotent ? std::uint32_t{HS_IDEMPOTENT} : 0) |
                         (from.idempotency_key ? std::uint32_t{HS_IDEMPOTENCY_KEY} : 0);
        policies.key = detail::lend(from.key);
        policies.timeout_ms = from.timeout.native();
        policies.budget = from.budget.native();
        policies.breaker = from.breaker.native();
        policies.buckets = buckets.empty() ? nullptr : buckets.data();
        policies.bucket_count = buckets.size();
        policies.bulkhead = from.bulkhead.native();
        policies.simulation = from.simulation.native();
        std::vector<detail::kept> keeps{from.breaker.callbacks(), from.bulkhead.callbacks()};
        for (const auto &one : from.buckets) keeps.push_back(one.limiter.callbacks());
        return make(detail::lower(policy), policies, std::move(keeps));
    }
    // From the structs of C.
    static result<retry_engine> make(const hs_retry_options &options, const hs_retry_policies &policies,
                                     std::vector<detail::kept> keeps = {}) {
        hs_retry *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_retry_new(&options, &policies, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return retry_engine(made, std::move(keeps));
    }
    explicit retry_engine(hs_retry *owned, std::vector<detail::kept> keeps = {}) noexcept
        : object(owned), keeps_(std::move(keeps)) {}

    // Calls `work`, with an `attempt &` or without, until it succeeds or nothing more is to be done. It returns a result<T>,
    // and then this does; or a T, and this a result<T>. An hs::exception that it throws is an error that it returns; any
    // other ends the run and is thrown on.
    template <class F> auto execute(F &&work, const retry_run &options = {}) const {
        using R = typename detail::as_result<typename detail::returns<std::remove_reference_t<F>>::type>::type;
        return run<R>(work, options);
    }

  private:
    std::vector<detail::kept> keeps_;

    template <class R, class F> R run(F &work, const retry_run &options) const {
        hs_cancel *cancel = options.cancel.native();
#if HTTP_SENTINEL_STOP_TOKEN
        std::unique_ptr<detail::stop_link> link;
        if (options.stop.stop_possible()) {
            auto made = detail::stop_link::make(options.stop);
            if (!made) return unexpected<error>(std::move(made).error());
            link = *std::move(made);
            cancel = link->native();
        }
#endif
        using running = detail::running<F, R>;
        running under_way{work, options};
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = hs_retry_run(native(), running::call, &under_way, options.again ? running::again : nullptr, cancel,
                                         options.report, &failure);
        auto ended = detail::checked(status, failure);
        thrown.rethrow();
        // The work's own error says more than the one that was made of its number.
        const bool own = under_way.last && (under_way.last->has_value() ? status == HS_OK : under_way.last->error() == static_cast<errc>(status));
        if (own) return *std::move(under_way.last);
        if (!ended) return unexpected<error>(std::move(ended).error());
        return unexpected<error>(error(errc::internal));
    }
};

HTTP_SENTINEL_END
