// A pool: requests from any thread, and their completions on a queue with a descriptor.
#pragma once

#include <http_sentinel/request.hpp>
#include <http_sentinel/response.hpp>
#include <http_sentinel/worker_options.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

HTTP_SENTINEL_BEGIN

// What is not set is the default; what each field means is told at hs_pool_options in http_sentinel.h.
struct pool_options {
    // What the workers of its threads are like.
    worker_options worker{};
    std::uint32_t max_threads = 0;
    std::uint32_t min_threads = 0;
    std::uint32_t max_in_flight = 0;
    std::uint32_t max_in_flight_per_origin = 0;
    std::uint32_t max_queued = 0;
    std::uint32_t max_idle_connections = 0;
    // How long `submit` waits for room; not set: not at all.
    timeout submit_timeout{};
    timeout idle_thread{};
};

struct pool_counters : hs_pool_counters {
    pool_counters() noexcept : hs_pool_counters(detail::sized<hs_pool_counters>()) {}
};

// What has become of a request.
struct completion {
    std::uint64_t tag = 0;
    // Not the end of a request: its stream has something to read, for which `try_read` found nothing before. There is
    // neither a response nor an error.
    bool readable = false;
    // Nor this: the pipe of its body has room, for which `try_write` found too little before, or is not read any more.
    bool writable = false;
    result<hs::response> outcome{};
#if HTTP_SENTINEL_EXCEPTIONS
    // What a callback of the request threw.
    std::exception_ptr thrown{};

    // The response, or what was thrown, or the error as hs::exception.
    hs::response take() {
        if (thrown) std::rethrow_exception(thrown);
        return unwrap(std::move(outcome));
    }
#endif
};

namespace detail {

// The requests of a pool with something that must last as long as they do. Each has a tag of its own below, since the
// caller's may be in use twice; so has one whose tag is among those that these are made of.
class submissions : public std::enable_shared_from_this<submissions> {
  public:
    static constexpr std::uint64_t own = std::uint64_t{1} << 63;

    std::uint64_t add(std::uint64_t tag, std::shared_ptr<lasting> lasts) {
        const std::lock_guard<std::mutex> locked(lock_);
        const auto mine = own | next_++;
        open_.emplace(mine, one{tag, std::move(lasts)});
        return mine;
    }
    std::shared_ptr<lasting> remove(std::uint64_t mine) {
        const std::lock_guard<std::mutex> locked(lock_);
        const auto found = open_.find(mine);
        if (found == open_.end()) return nullptr;
        auto lasts = std::move(found->second.lasts);
        open_.erase(found);
        return lasts;
    }
    std::vector<std::uint64_t> with(std::uint64_t tag) const {
        const std::lock_guard<std::mutex> locked(lock_);
        std::vector<std::uint64_t> all;
        for (const auto &[mine, each] : open_) {
            if (each.tag == tag) all.push_back(mine);
        }
        return all;
    }
    // What the caller is told; nothing of a stream that nobody has any more.
    std::optional<completion> translated(const hs_completion &raw) {
        completion told;
        told.tag = raw.tag;
        told.readable = raw.kind == HS_COMPLETION_READABLE;
        told.writable = raw.kind == HS_COMPLETION_WRITABLE;
        const auto ends = !told.readable && !told.writable;
        std::shared_ptr<const void> lasts;
        if ((raw.tag & own) != 0) {
            auto found = find(raw.tag);
            if (!found) return std::nullopt;
            told.tag = found->tag;
            if (ends) lasts = ended(raw, *found, told);
        }
        if (raw.status != HS_OK) {
            told.outcome = failed(raw.status, raw.error);
        } else if (ends) {
            told.outcome = response(raw.response, std::move(lasts));
        }
        return told;
    }

  private:
    struct one {
        std::uint64_t tag;
        std::shared_ptr<lasting> lasts;
    };
    // Keeps a submission for as long as the response of its stream is there.
    struct holder {
        std::weak_ptr<submissions> of;
        std::uint64_t mine;
        std::shared_ptr<lasting> lasts;

        holder(std::weak_ptr<submissions> of_it, std::uint64_t tag, std::shared_ptr<lasting> what)
            : of(std::move(of_it)), mine(tag), lasts(std::move(what)) {}
        holder(const holder &) = delete;
        holder &operator=(const holder &) = delete;
        ~holder() {
            if (const auto all = of.lock()) all->remove(mine);
        }
    };

    mutable std::mutex lock_;
    std::uint64_t next_ = 0;
    std::unordered_map<std::uint64_t, one> open_;

    std::optional<one> find(std::uint64_t mine) const {
        const std::lock_guard<std::mutex> locked(lock_);
        const auto found = open_.find(mine);
        if (found == open_.end()) return std::nullopt;
        return found->second;
    }
    std::shared_ptr<const void> ended(const hs_completion &raw, const one &which, completion &told) {
#if HTTP_SENTINEL_EXCEPTIONS
        if (which.lasts) told.thrown = which.lasts->thrown.first;
#else
        static_cast<void>(told);
#endif
        if (raw.status == HS_OK) return std::make_shared<const holder>(weak_from_this(), raw.tag, which.lasts);
        remove(raw.tag);
        return nullptr;
    }
};

} // namespace detail

// It may be used on any thread, at the same time. Destroying it cancels what is open and waits for its threads; streams have
// ended then.
class pool {
  public:
    using native_type = hs_pool;

    static result<pool> make(const pool_options &from = {}) {
        detail::lowered_worker_options worker(from.worker);
        auto options = lowered(from);
        options.worker = &worker.native;
        return make(options, std::move(worker.keeps));
    }
    // From the struct of C. `keeps` is what the callbacks of its workers need.
    static result<pool> make(const hs_pool_options &options, std::vector<detail::kept> keeps = {}) {
        hs_pool *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_pool_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return pool(made, std::move(keeps));
    }
    explicit pool(hs_pool *owned, std::vector<detail::kept> keeps = {})
        : submissions_(std::make_shared<detail::submissions>()), keeps_(std::move(keeps)), raw_(owned) {}
    pool(pool &&other) noexcept
        : submissions_(std::move(other.submissions_)), keeps_(std::move(other.keeps_)), raw_(other.release()) {}
    pool &operator=(pool &&other) noexcept {
        if (this == &other) return *this;
        end();
        submissions_ = std::move(other.submissions_);
        keeps_ = std::move(other.keeps_);
        raw_ = other.release();
        return *this;
    }
    ~pool() { end(); }

    // Hands a request over. What was accepted gives exactly one completion with this tag, which may be any number.
    result<> submit(const request &what, std::uint64_t tag) { return submit(what, tag, 0); }
    // Its completion comes with the response's head; the body is read with `response::read`, on any thread.
    result<> submit_stream(const request &what, std::uint64_t tag) { return submit(what, tag, HS_STREAM); }
    // The same of a request that is given away: its body is not copied. It is still there where the request is refused.
    result<> submit(request &&what, std::uint64_t tag) { return submit_given(what, tag, 0); }
    result<> submit_stream(request &&what, std::uint64_t tag) { return submit_given(what, tag, HS_STREAM); }
    // From the struct of C; what it points to must last as hs_pool_submit says.
    result<> submit(const hs_request_options &what, std::uint64_t tag) {
        return (tag & detail::submissions::own) == 0 ? plain(what, tag) : own(what, tag, nullptr);
    }

    // Takes one completion; none where the time is over, or `wake` was called.
    result<std::optional<completion>> next(wait limit = forever) {
        hs_completion raw{};
        const auto count = take(&raw, 1, limit);
        if (!count) return unexpected<error>(count.error());
        if (*count == 0) return std::optional<completion>();
        return submissions_->translated(raw);
    }
    // Takes those that are there, at most so many, in the place of what was in `into`.
    result<> next(std::vector<completion> &into, wait limit = forever, std::size_t most = 64) {
        into.clear();
        std::vector<hs_completion> raw(most);
        const auto count = take(raw.data(), most, limit);
        if (!count) return unexpected<error>(count.error());
        for (std::size_t i = 0; i < *count; i++) {
            if (auto told = submissions_->translated(raw[i])) into.push_back(std::move(*told));
        }
        return {};
    }

    // Cancels the requests with that tag. Each still has its completion.
    result<> cancel(std::uint64_t tag) {
        auto status = hs_pool_cancel(raw_, tag);
        if (status == HS_OK || status == HS_ERR_NOT_FOUND) {
            for (const auto mine : submissions_->with(tag)) {
                if (hs_pool_cancel(raw_, mine) == HS_OK) status = HS_OK;
            }
        }
        return detail::checked(status);
    }
    // Ends the wait of all who are in `next`.
    result<> wake() { return detail::checked(hs_pool_wake(raw_)); }
    // Closes the connections that nothing uses; it may return before they are closed, but no later request has one of them.
    result<> close_idle() { return detail::checked(hs_pool_close_idle(raw_)); }
    // Readable exactly while there are completions to take: for `poll` and the loops that are made of it. It is the pool's.
    int fd() const noexcept { return hs_pool_fd(raw_); }
    // Accepts nothing any more, and waits until all that was accepted has ended; errc::timeout: the rest was cancelled.
    result<> drain(wait limit = forever) { return detail::checked(hs_pool_drain(raw_, limit.native())); }
    // Changes how much it does; what is not set stays, and the worker must not be.
    result<> resize(const pool_options &to) {
        hs_error *failure = nullptr;
        const auto options = lowered(to);
        const auto status = hs_pool_resize(raw_, &options, &failure);
        return detail::checked(status, failure);
    }
    // Ends it, or says why not: then it lives on.
    result<> close() {
        const auto status = hs_pool_free(raw_);
        if (status == HS_OK) raw_ = nullptr;
        return detail::checked(status);
    }

    pool_counters stats() const noexcept {
        pool_counters facts;
        hs_pool_stats(raw_, &facts);
        return facts;
    }
    hs::counters worker_counters() const noexcept {
        hs::counters facts;
        hs_pool_worker_counters(raw_, &facts);
        return facts;
    }
    result<hs::histogram> histogram(latency of) const {
        hs::histogram facts;
        const auto status = hs_pool_histogram(raw_, static_cast<std::uint32_t>(of), &facts);
        if (status != HS_OK) return detail::failed(status);
        return facts;
    }

    result<std::vector<std::uint64_t>> histogram_counts(latency of) const {
        std::vector<std::uint64_t> counts(HS_HISTOGRAM_BUCKETS);
        const auto status = hs_pool_histogram_counts(raw_, static_cast<std::uint32_t>(of), counts.data(), counts.size());
        if (status != HS_OK) return detail::failed(status);
        return counts;
    }

    hs_pool *native() const noexcept { return raw_; }
    // It is the caller's from now on. What its callbacks need stays with this object.
    hs_pool *release() noexcept { return std::exchange(raw_, nullptr); }
    explicit operator bool() const noexcept { return raw_ != nullptr; }

  private:
    std::shared_ptr<detail::submissions> submissions_;
    std::vector<detail::kept> keeps_;
    hs_pool *raw_;

    void end() noexcept {
        if (raw_ == nullptr) return;
        // In a callback of its own it cannot be ended, and goes on for good.
        if (hs_pool_free(raw_) == HS_ERR_BUSY) {
            keeps_.push_back(std::move(submissions_));
            detail::keep_for_good(std::move(keeps_));
        }
        raw_ = nullptr;
    }

    static hs_pool_options lowered(const pool_options &from) noexcept {
        auto options = detail::sized<hs_pool_options>();
        options.max_threads = from.max_threads;
        options.min_threads = from.min_threads;
        options.max_in_flight = from.max_in_flight;
        options.max_in_flight_per_origin = from.max_in_flight_per_origin;
        options.max_queued = from.max_queued;
        options.max_idle_connections = from.max_idle_connections;
        options.submit_timeout_ms = from.submit_timeout.native();
        options.idle_thread_ms = from.idle_thread.native();
        return options;
    }

    result<> submit(const request &what, std::uint64_t tag, std::uint32_t flags) {
        return submit(what, tag, flags, [](hs_request_options &) {});
    }
    template <class F> result<> submit(const request &what, std::uint64_t tag, std::uint32_t flags, F &&adjust) {
        if (!detail::lasting::wanted(what)) {
            detail::lowered_request lowered(what, flags, nullptr);
            adjust(lowered.native);
            return submit(lowered.native, tag);
        }
        auto made = detail::lasting::make(what);
        if (!made) return unexpected<error>(std::move(made).error());
        (*made)->keep_thrown();
        detail::lowered_request lowered(what, flags, made->get());
        adjust(lowered.native);
        return own(lowered.native, tag, *std::move(made));
    }
    // Below this many bytes a copy costs less than to keep the body for itself.
    static constexpr std::size_t small_body = 4096;

    result<> submit_given(request &what, std::uint64_t tag, std::uint32_t flags) {
        std::string *const bytes = what.body.owned();
        if (bytes == nullptr || bytes->size() < small_body) return submit(what, tag, flags);
        auto given = std::make_unique<std::string>(std::move(*bytes));
        const auto lend_it = [&](hs_request_options &lowered) {
            lowered.body = detail::lend(*given);
            lowered.body_release = [](void *released) { delete static_cast<std::string *>(released); };
            lowered.release_data = given.get();
        };
        auto accepted = submit(what, tag, flags, lend_it);
        if (accepted) {
            static_cast<void>(given.release()); // whoever releases it deletes it
        } else {
            *bytes = std::move(*given);
        }
        return accepted;
    }
    result<> plain(const hs_request_options &what, std::uint64_t tag) {
        hs_error *failure = nullptr;
        const auto status = hs_pool_submit(raw_, &what, tag, &failure);
        return detail::checked(status, failure);
    }
    result<> own(const hs_request_options &what, std::uint64_t tag, std::shared_ptr<detail::lasting> lasts) {
        if (!submissions_) return detail::failed(HS_ERR_NULL_ARGUMENT);
        const auto mine = submissions_->add(tag, std::move(lasts));
        auto accepted = plain(what, mine);
        if (!accepted) submissions_->remove(mine);
        return accepted;
    }
    result<std::size_t> take(hs_completion *into, std::size_t most, wait limit) {
        detail::catcher::rethrow_stray();
        std::size_t count = 0;
        if (const auto status = hs_pool_next(raw_, into, most, &count, limit.native())) return detail::failed(status);
        return count;
    }
};

HTTP_SENTINEL_END
