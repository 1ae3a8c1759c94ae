// A worker for each thread, failures as values, and retries:  threads URL [THREADS] [REQUESTS_PER_THREAD]
#include <http_sentinel.hpp>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

int main(int argc, char **argv) {
    if (argc < 2) return std::cerr << "usage: " << argv[0] << " URL [THREADS] [REQUESTS_PER_THREAD]\n", 2;
    const int threads = argc > 2 ? std::atoi(argv[2]) : 8, requests = argc > 3 ? std::atoi(argv[3]) : 50;

    // One breaker and one retry engine for all threads.
    const auto breaker = hs::circuit_breaker::make();
    hs::retry_policies policies;
    policies.timeout = 10s;
    const auto retries = hs::retry_engine::make({}, policies);
    if (!breaker || !retries) return std::cerr << "out of handles\n", 1;

    std::atomic<int> good{0}, failed{0};
    const auto work = [&] {
        hs::worker_options options;
        options.policies.emplace().breaker = *breaker;
        auto worker = hs::worker::make(options);
        if (!worker) {
            std::cerr << worker.error().text() << "\n";
            return;
        }
        hs::request request;
        request.url = argv[1];
        for (int i = 0; i < requests; i++) {
            const auto response = retries->execute([&](hs::attempt &attempt) {
                request.timeout = attempt.left();
                return worker->send(request);
            });
            if (response && response->ok()) {
                good++;
            } else if (failed++ == 0) {
                std::cerr << (response ? "status " + std::to_string(response->status()) : response.error().text()) << "\n";
            }
        }
    };

    std::vector<std::thread> all;
    for (int i = 0; i < threads; i++) all.emplace_back(work);
    for (auto &thread : all) thread.join();
    std::cout << good << " requests succeeded on " << threads << " threads, " << failed << " failed\n";
    return failed == 0 ? 0 : 1;
}
