// Many threads, each with a worker of its own:  threads URL [THREADS] [REQUESTS]   (REQUESTS is for each thread)
#include <http_sentinel.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
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

// Holds a worker from construction to destruction, both on one thread: make it a local variable of the thread.
class Worker {
public:
    Worker() {
        hs_error *error = nullptr;
        check(hs_worker_new(nullptr, &worker_, &error), error);
    }
    ~Worker() { hs_worker_free(worker_); }
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    // The HTTP status.
    int get(std::string_view url) {
        hs_request_options request{};
        request.struct_size = sizeof request;
        request.url = {url.data(), url.size()};
        hs_response *response = nullptr;
        hs_error *error = nullptr;
        check(hs_request(worker_, &request, &response, &error), error);
        const int status = hs_response_status(response);
        hs_response_free(response);
        return status;
    }

private:
    hs_worker *worker_ = nullptr;
};

int main(int argc, char **argv) {
    const long threads = argc > 2 ? std::atol(argv[2]) : 8, requests = argc > 3 ? std::atol(argv[3]) : 100;
    if (argc < 2 || threads < 1 || threads > 10000 || requests < 1) {
        std::cerr << "usage: " << argv[0] << " URL [THREADS] [REQUESTS]\n";
        return 2;
    }
    const std::string url = argv[1];
    std::atomic<long> failures{0};
    const auto failed = [&](const std::exception &reason, long count) {
        if (failures.fetch_add(count) == 0) std::cerr << reason.what() + std::string("\n");
    };
    const auto run = [&] {
        try {
            Worker worker;
            for (long i = 0; i < requests; i++) {
                try {
                    worker.get(url);
                } catch (const std::runtime_error &reason) {
                    failed(reason, 1);
                }
            }
        } catch (const std::runtime_error &reason) { // no worker
            failed(reason, requests);
        }
    };

    const auto started = std::chrono::steady_clock::now();
    std::vector<std::thread> running;
    for (long i = 0; i < threads; i++) running.emplace_back(run);
    for (auto &thread : running) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;

    const double succeeded = static_cast<double>(threads * requests - failures);
    std::cout << threads << " threads, " << threads * requests << " requests, " << failures << " failures, "
              << static_cast<long>(succeeded / took.count()) << " requests/s\n";
    return failures == 0 ? 0 : 1;
}
