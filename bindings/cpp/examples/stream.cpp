// A body that is read while it comes, until it is too much or has taken too long:  stream URL [BYTES] [MILLISECONDS]
// (C++20, for std::stop_token; with C++17 an hs::cancel does the same.)
#include <http_sentinel.hpp>

#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

int main(int argc, char **argv) {
    if (argc < 2) return std::cerr << "usage: " << argv[0] << " URL [BYTES] [MILLISECONDS]\n", 2;
    const std::size_t enough = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
    const std::chrono::milliseconds patience(argc > 3 ? std::atoi(argv[3]) : 2000);

    std::stop_source stop;
    std::jthread watch([&](std::stop_token done) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any().wait_for(lock, done, patience, [] { return false; });
        stop.request_stop();
    });

    auto worker = hs::worker::make();
    if (!worker) return std::cerr << worker.error().text() << "\n", 1;
    std::size_t total = 0;
    const auto stopped = [&](const hs::error &why) {
        std::cout << "stopped after " << total << " bytes: " << name(why.status()) << "\n";
        return why == hs::errc::cancelled ? 0 : 1;
    };
    auto response = worker->stream({.url = argv[1], .stop = stop.get_token()});
    if (!response) return stopped(response.error());

    for (const auto &piece : response->pieces()) {
        if (!piece) return stopped(piece.error());
        total += piece->size();
        if (total >= enough) break; // the rest is not received
    }
    std::cout << "status " << response->status() << ", " << total << " bytes read\n";
}
