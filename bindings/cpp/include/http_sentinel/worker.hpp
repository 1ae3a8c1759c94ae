// A worker: one client for one thread.
#pragma once

#include <http_sentinel/request.hpp>
#include <http_sentinel/response.hpp>
#include <http_sentinel/worker_options.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// Where a download goes on.
struct download_options {
    // How many bytes of the file are there already, and of which version (`error::validator`).
    std::uint64_t offset = 0;
    std::string validator{};
    // Not set: three in a row that bring nothing.
    std::optional<std::uint32_t> max_resumes{};
};

// It belongs to the thread that made it; on another one it gives errc::wrong_thread and does nothing. Destroyed on another
// thread, or inside of one of its own callbacks, it is retired: its owner closes it at its next call of the library.
class worker {
  public:
    using native_type = hs_worker;

    static result<worker> make(const worker_options &options = {}) {
        detail::lowered_worker_options lowered(options);
        return make(lowered.native, std::move(lowered.keeps));
    }
    // From the struct of C. `keeps` is what its callbacks need.
    static result<worker> make(const hs_worker_options &options, std::vector<detail::kept> keeps = {}) {
        hs_worker *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_worker_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return worker(made, std::move(keeps));
    }
    explicit worker(hs_worker *owned, std::vector<detail::kept> keeps = {}) noexcept
        : raw_(owned), keeps_(std::move(keeps)) {}
    worker(worker &&other) noexcept
        : raw_(other.release()), keeps_(std::move(other.keeps_)), streams_(std::move(other.streams_)) {}
    worker &operator=(worker &&other) noexcept {
        if (this == &other) return *this;
        end();
        raw_ = other.release();
        keeps_ = std::move(other.keeps_);
        streams_ = std::move(other.streams_);
        return *this;
    }
    ~worker() { end(); }

    // Sends a request and receives its response; returns when the call has ended.
    result<response> send(const request &what) { return send(what, 0); }
    // The call ends with the response's head; its body is read with `response::read` or `pieces`, on this thread.
    result<response> stream(const request &what) { return send(what, HS_STREAM); }
    result<response> get(std::string_view url) {
        auto what = detail::sized<hs_request_options>();
        what.url = detail::lend(url);
        return send(what);
    }
    // From the struct of C.
    result<response> send(const hs_request_options &what) {
        return call([&](hs_response **got, hs_error **failure) { return hs_request(raw_, &what, got, failure); });
    }

    // Writes the body of a 200 or 206 to a file descriptor, and goes on where the connection breaks off.
    result<response> download(const request &what, int descriptor, const download_options &to = {}) {
        auto options = detail::sized<hs_download_options>();
        options.fd = descriptor;
        options.offset = to.offset;
        options.validator = detail::lend(to.validator);
        if (to.max_resumes) options.max_resumes = *to.max_resumes == 0 ? HS_NEVER : *to.max_resumes;
        return lasting_send(what, 0, [&](const hs_request_options &lowered, hs_response **got, hs_error **failure) {
            return hs_download(raw_, &lowered, &options, got, failure);
        });
    }

    // Many at once; the results are in the order of the requests. The error is one of the whole: then nothing was sent.
    result<std::vector<result<response>>> send_many(span<const request> requests) {
        std::vector<std::shared_ptr<detail::lasting>> lasting(requests.size());
        std::vector<std::unique_ptr<detail::lowered_request>> lowered;
        std::vector<const hs_request_options *> natives;
        for (std::size_t i = 0; i < requests.size(); i++) {
            if (detail::lasting::wanted(requests[i])) {
                auto made = detail::lasting::make(requests[i]);
                if (!made) return unexpected<error>(std::move(made).error());
                lasting[i] = *std::move(made);
            }
            lowered.push_back(std::make_unique<detail::lowered_request>(requests[i], 0, lasting[i].get()));
            natives.push_back(&lowered.back()->native);
        }
        return send_many(span<const hs_request_options *const>(natives.data(), natives.size()));
    }
    result<std::vector<result<response>>> send_many(span<const hs_request_options *const> requests) {
        std::vector<hs_completion> completions(requests.size());
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = hs_request_many(raw_, requests.data(), requests.size(), completions.data(), &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        std::vector<result<response>> results;
        results.reserve(completions.size());
        for (const auto &one : completions) {
            if (one.status == HS_OK) {
                results.emplace_back(response(one.response));
            } else {
                results.emplace_back(detail::failed(one.status, one.error));
            }
        }
        thrown.rethrow();
        return results;
    }

    hs::counters counters() const noexcept {
        hs::counters facts;
        hs_worker_counters(raw_, &facts);
        return facts;
    }
    // Where the options ask for histograms.
    result<hs::histogram> histogram(latency of) const {
        hs::histogram facts;
        const auto status = hs_worker_histogram(raw_, static_cast<std::uint32_t>(of), &facts);
        if (status != HS_OK) return detail::failed(status);
        return facts;
    }
    result<std::vector<std::uint64_t>> histogram_counts(latency of) const {
        std::vector<std::uint64_t> counts(HS_HISTOGRAM_BUCKETS);
        const auto status =
            hs_worker_histogram_counts(raw_, static_cast<std::uint32_t>(of), counts.data(), counts.size());
        if (status != HS_OK) return detail::failed(status);
        return counts;
    }

    // Closes the connections that nothing uses.
    result<> close_idle() { return detail::checked(hs_worker_close_idle(raw_)); }
    // Closes it, or says why not: then it lives on.
    result<> close() {
        detail::catcher thrown;
        const auto status = hs_worker_free(raw_);
        if (status == HS_OK) {
            raw_ = nullptr;
            keeps_.clear();
            streams_.clear();
        }
        thrown.rethrow();
        return detail::checked(status);
    }

    hs_worker *native() const noexcept { return raw_; }
    // It is the caller's from now on. What its callbacks need stays with this object.
    hs_worker *release() noexcept { return std::exchange(raw_, nullptr); }
    explicit operator bool() const noexcept { return raw_ != nullptr; }

  private:
    hs_worker *raw_ = nullptr;
    std::vector<detail::kept> keeps_;
    // What callbacks of streams need that are freed on other threads: the worker ends them at its next call.
    std::vector<std::shared_ptr<const void>> streams_;

    void end() noexcept {
        if (raw_ == nullptr) return;
        detail::catcher lost; // a destructor throws nothing
        const auto status = hs_worker_free(raw_);
        if (status == HS_ERR_WRONG_THREAD || status == HS_ERR_BUSY) {
            hs_worker_retire(raw_);
            // Nobody says when its owner will have closed it.
            keeps_.insert(keeps_.end(), streams_.begin(), streams_.end());
            if (!keeps_.empty()) detail::keep_for_good(std::move(keeps_));
        }
        raw_ = nullptr;
        keeps_.clear();
        streams_.clear();
    }

    template <class F> result<response> call(F &&request, std::shared_ptr<const void> lasts = {}) {
        hs_response *got = nullptr;
        hs_error *failure = nullptr;
        // Those that nobody else has any more end in this call, so they go after it.
        std::vector<std::shared_ptr<const void>> ended;
        if (!streams_.empty()) end_streams(ended);
        detail::catcher thrown;
        const auto status = request(&got, &failure);
        result<response> made = status == HS_OK ? result<response>(response(got, std::move(lasts)))
                                                : result<response>(detail::failed(status, failure));
        thrown.rethrow();
        return made;
    }
    void end_streams(std::vector<std::shared_ptr<const void>> &ended) {
        const auto is_alive = [](const auto &one) { return one.use_count() > 1; };
        const auto dead = std::partition(streams_.begin(), streams_.end(), is_alive);
        ended.assign(dead, streams_.end());
        streams_.erase(dead, streams_.end());
    }

    template <class F> result<response> lasting_send(const request &what, std::uint32_t flags, F &&send_it) {
        std::shared_ptr<detail::lasting> lasts;
        if (detail::lasting::wanted(what)) {
            auto made = detail::lasting::make(what);
            if (!made) return unexpected<error>(std::move(made).error());
            lasts = *std::move(made);
        }
        const detail::lowered_request lowered(what, flags, lasts.get());
        const bool streamed = (flags & HS_STREAM) != 0;
        if (streamed && lasts) streams_.push_back(lasts);
        return call([&](hs_response **got, hs_error **failure) { return send_it(lowered.native, got, failure); },
                    streamed ? lasts : nullptr);
    }
    result<response> send(const request &what, std::uint32_t flags) {
        return lasting_send(what, flags, [&](const hs_request_options &lowered, hs_response **got, hs_error **failure) {
            return hs_request(raw_, &lowered, got, failure);
        });
    }
};

HTTP_SENTINEL_END
