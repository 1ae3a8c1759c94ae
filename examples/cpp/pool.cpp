// Many requests at once, a few threads:  pool URL [REQUESTS] [AT_ONCE]
#include <http_sentinel.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

static std::string_view view(hs_str text) { return {text.data, text.len}; }

// Throws what went wrong; the error object is freed on the way.
static void check(hs_status status, hs_error *error) {
    if (status == HS_OK) return;
    std::string text(view(hs_status_name(status)));
    text.append(": ").append(view(hs_error_message(error)));
    hs_error_free(error);
    throw std::runtime_error(text);
}

// Any thread may submit, and any thread may take what has ended.
class Pool {
public:
    explicit Pool(unsigned at_once) {
        hs_pool_options options{};
        options.struct_size = sizeof options;
        options.max_in_flight = options.max_in_flight_per_origin = at_once;
        options.submit_timeout_ms = HS_INFINITE;
        hs_pool *pool = nullptr;
        hs_error *error = nullptr;
        check(hs_pool_new(&options, &pool, &error), error);
        pool_.reset(pool);
    }

    void get(std::string_view url, std::uint64_t tag) {
        hs_request_options request{};
        request.struct_size = sizeof request;
        request.url = {url.data(), url.size()};
        hs_error *error = nullptr;
        check(hs_pool_submit(pool_.get(), &request, tag, &error), error);
    }

    // What has ended, at least one; what is in there belongs to the caller.
    void next(std::vector<hs_completion> &completions) {
        completions.resize(64);
        std::size_t count = 0;
        check(hs_pool_next(pool_.get(), completions.data(), completions.size(), &count, HS_INFINITE), nullptr);
        completions.resize(count);
    }

    hs_pool_counters stats() const {
        hs_pool_counters counters{};
        counters.struct_size = sizeof counters;
        check(hs_pool_stats(pool_.get(), &counters), nullptr);
        return counters;
    }

private:
    struct Free {
        void operator()(hs_pool *pool) const { hs_pool_free(pool); }
    };
    std::unique_ptr<hs_pool, Free> pool_;
};

int main(int argc, char **argv) {
    const long requests = argc > 2 ? std::atol(argv[2]) : 1000, at_once = argc > 3 ? std::atol(argv[3]) : 100;
    if (argc < 2 || requests < 1 || at_once < 1 || at_once > 10000) {
        std::cerr << "usage: " << argv[0] << " URL [REQUESTS] [AT_ONCE]\n";
        return 2;
    }
    try {
        Pool pool(static_cast<unsigned>(at_once));
        std::vector<hs_completion> completions;
        long submitted = 0, ended = 0, failures = 0;
        while (ended < requests) {
            while (submitted < requests && submitted - ended < 2 * at_once) {
                pool.get(argv[1], static_cast<std::uint64_t>(submitted++));
            }
            pool.next(completions);
            for (const hs_completion &completion : completions) {
                if (completion.status != HS_OK && failures++ == 0) {
                    std::cerr << view(hs_status_name(completion.status)) << ": "
                              << view(hs_error_message(completion.error)) << "\n";
                }
                hs_response_free(completion.response);
                hs_error_free(completion.error);
            }
            ended += static_cast<long>(completions.size());
        }
        const hs_pool_counters counters = pool.stats();
        std::cout << requests << " requests, " << failures << " failures, at most " << counters.most_in_flight
                  << " under way, on " << counters.threads << " threads with " << counters.connections << " connections\n";
        return failures == 0 ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
