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

using Outcome = hs::result<hs::response>;

class Pool {
  public:
    hs::result<> open(const hs_pool_options &options) {
        releases = 0;
        auto made = hs::pool::make(options);
        if (!made) return hs::unexpected<hs::error>(std::move(made).error());
        pool_ = *std::move(made);
        return {};
    }

    bool is_open() const { return static_cast<bool>(pool_); }

    // Frees it, and the completions that nobody asked for.
    hs::result<> close() {
        early_.clear();
        return pool_.close();
    }

    hs::result<> submit(const hs_request_options *request, std::uint64_t tag) {
        if (request == nullptr) { // by the package it cannot be
            hs_error *error = nullptr;
            const hs_status status = hs_pool_submit(pool_.native(), nullptr, tag, &error);
            return hs::unexpected<hs::error>(hs::error(status, error));
        }
        auto accepted = pool_.submit(*request, tag);
        // What was refused is still ours.
        if (!accepted) delete static_cast<std::string *>(request->release_data);
        return accepted;
    }

    // Waits for the completion with that tag.
    Outcome take(std::uint64_t tag) {
        auto found = early_.find(tag);
        for (; found == early_.end(); found = early_.find(tag)) {
            for (hs::completion &one : arrived()) {
                if (one.readable) fail("a completion of another", "kind");
                if (one.tag >= own_tags && one.tag != tag) fail("a completion of", "nobody's");
                early_.emplace(one.tag, std::move(one.outcome));
            }
        }
        Outcome outcome = std::move(found->second);
        early_.erase(found);
        return outcome;
    }

    // Both, as hs_request.
    Outcome request(const hs_request_options *request) {
        const std::uint64_t tag = own_tag_++;
        auto accepted = submit(request, tag);
        if (!accepted) return hs::unexpected<hs::error>(std::move(accepted).error());
        return take(tag);
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
            put_result(told, pool_.cancel(number(first)));
        } else if (key == "drain") { // MS
            put_result(told, pool_.drain(limit_of(number(first))));
        } else if (key == "free") {
            put_result(told, close());
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
    static constexpr int patience_ms = 120000;
    // The tags of requests that are waited for at once: beyond those that cases use.
    static constexpr std::uint64_t own_tags = std::uint64_t{1} << 63;

    hs::pool pool_{nullptr};
    std::uint64_t own_tag_ = own_tags;
    // Completions that came before they were asked for.
    std::multimap<std::uint64_t, Outcome> early_;

    std::vector<hs::completion> arrived() {
        pollfd polled{pool_.fd(), POLLIN, 0};
        if (poll(&polled, 1, patience_ms) != 1) fail("no", "completion");
        std::vector<hs::completion> completions;
        if (!pool_.next(completions, std::chrono::seconds(0))) fail("no", "completions");
        if (completions.empty()) fail("readable without a", "completion");
        return completions;
    }

    std::uint64_t count(const std::string &field) const {
        const hs_pool_counters counters = pool_.stats();
        for (const auto &[name, known] : fields_of<hs_pool_counters>) {
            if (name != field) continue;
            if (const auto *const wide = std::get_if<std::uint64_t hs_pool_counters::*>(&known)) return counters.**wide;
        }
        fail("unknown field", field);
    }

    static hs::wait limit_of(std::uint64_t ms) {
        if (ms == HS_INFINITE) return hs::forever;
        return std::chrono::milliseconds(ms);
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
