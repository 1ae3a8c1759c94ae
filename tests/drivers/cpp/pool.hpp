// The pool that takes the worker's place where a block says so: a request is submitted and its completion taken, when the
// pool's descriptor says that there is one.
#pragma once

#include "options.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <poll.h>
#include <thread>

extern "C" inline void release_body(void *user_data);

class Pool {
  public:
    struct Outcome {
        hs_status status;
        hs_response *response;
        hs_error *error;
    };

    Pool() = default;
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;
    ~Pool() { close(); }

    Outcome open(const hs_pool_options &options) {
        releases = 0;
        Outcome outcome{};
        outcome.status = hs_pool_new(&options, &pool_, &outcome.error);
        return outcome;
    }

    bool is_open() const { return pool_ != nullptr; }

    // Frees it, and the completions that nobody asked for.
    hs_status close() {
        for (const auto &[tag, left] : early_) {
            hs_response_free(left.response);
            hs_error_free(left.error);
        }
        early_.clear();
        return hs_pool_free(std::exchange(pool_, nullptr));
    }

    Outcome submit(const hs_request_options *request, std::uint64_t tag) {
        Outcome outcome{};
        outcome.status = hs_pool_submit(pool_, request, tag, &outcome.error);
        // What was refused is still ours.
        if (outcome.status != HS_OK && request != nullptr) delete static_cast<std::string *>(request->release_data);
        return outcome;
    }

    // Waits for the completion with that tag.
    Outcome take(std::uint64_t tag) {
        auto found = early_.find(tag);
        for (; found == early_.end(); found = early_.find(tag)) {
            for (const hs_completion &one : arrived()) {
                if (one.kind != HS_COMPLETION_DONE) fail("a completion of another", "kind");
                if (one.tag >= own_tags && one.tag != tag) fail("a completion of", "nobody's");
                early_.emplace(one.tag, Outcome{one.status, one.response, one.error});
            }
        }
        const Outcome outcome = found->second;
        early_.erase(found);
        return outcome;
    }

    // Both, as hs_request.
    Outcome request(const hs_request_options *request) {
        const std::uint64_t tag = own_tag_++;
        const Outcome outcome = submit(request, tag);
        return outcome.status == HS_OK ? take(tag) : outcome;
    }

    // Lends the body until it is released.
    static void lend(hs_request_options &request) {
        auto *const body = new std::string(view(request.body));
        request.body = {body->data(), body->size()};
        request.body_release = release_body;
        request.release_data = body;
    }

    // `pool OP RESULT`
    void operation(const std::string &key, const std::string &value) {
        const auto [first, second] = split(value);
        const std::string told = "pool " + key;
        if (key == "cancel") { // TAG
            put_status(told, hs_pool_cancel(pool_, number(first)));
        } else if (key == "drain") { // MS
            put_status(told, hs_pool_drain(pool_, number(first)));
        } else if (key == "free") {
            put_status(told, close());
        } else if (key == "count") { // FIELD
            put_number(told, static_cast<std::int64_t>(count(first)));
        } else if (key == "wait") { // FIELD NUMBER
            until([&, field = first] { return count(field); }, number(second));
            put(told, second);
        } else if (key == "released") { // NUMBER
            until([] { return releases.load(); }, number(first));
            put_number(told, static_cast<std::int64_t>(releases));
        } else {
            fail("unknown pool operation", key);
        }
    }

    // How many bodies were lent to it and released.
    inline static std::atomic<std::uint64_t> releases{0};

  private:
    // Longer than anything takes.
    static constexpr int patience_ms = 60000;
    // The tags of requests that are waited for at once: beyond those that cases use.
    static constexpr std::uint64_t own_tags = std::uint64_t{1} << 63;

    hs_pool *pool_ = nullptr;
    std::uint64_t own_tag_ = own_tags;
    // Completions that came before they were asked for.
    std::multimap<std::uint64_t, Outcome> early_;

    std::vector<hs_completion> arrived() const {
        pollfd polled{hs_pool_fd(pool_), POLLIN, 0};
        if (poll(&polled, 1, patience_ms) != 1) fail("no", "completion");
        std::vector<hs_completion> completions(64);
        std::size_t count = 0;
        if (hs_pool_next(pool_, completions.data(), completions.size(), &count, 0) != HS_OK) fail("no", "completions");
        if (count == 0) fail("readable without a", "completion");
        completions.resize(count);
        return completions;
    }

    std::uint64_t count(const std::string &field) const {
        auto counters = sized<hs_pool_counters>();
        if (hs_pool_stats(pool_, &counters) != HS_OK) fail("no counters for", field);
        for (const auto &[name, known] : fields_of<hs_pool_counters>) {
            if (name != field) continue;
            if (const auto *const wide = std::get_if<std::uint64_t hs_pool_counters::*>(&known)) return counters.**wide;
        }
        fail("unknown field", field);
    }

    static void until(const std::function<std::uint64_t()> &now, std::uint64_t value) {
        for (int tries = 0; now() != value; tries++) {
            if (tries == patience_ms) fail("waited in", "vain");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
};

extern "C" inline void release_body(void *user_data) {
    delete static_cast<std::string *>(user_data);
    Pool::releases++;
}
