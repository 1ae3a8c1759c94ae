// Many requests at once on a few threads, in the program's own loop around poll:  pool URL [REQUESTS] [AT_ONCE]
#include <http_sentinel.hpp>

#include <cstdlib>
#include <iostream>
#include <poll.h>
#include <vector>

static void run(const char *url, std::uint64_t requests, std::uint32_t at_once) {
    hs::pool_options options;
    options.max_in_flight = options.max_in_flight_per_origin = at_once;
    options.submit_timeout = hs::forever;
    auto pool = hs::unwrap(hs::pool::make(options));

    hs::request request;
    request.url = url;
    std::uint64_t submitted = 0, ended = 0, bytes = 0;
    std::vector<hs::completion> completions;
    while (ended < requests) {
        while (submitted < requests && submitted - ended < 2 * std::uint64_t{at_once}) {
            hs::unwrap(pool.submit(request, submitted++));
        }
        // A loop of your own has other descriptors beside this one: epoll, libuv, Asio's stream_descriptor …
        pollfd polled{pool.fd(), POLLIN, 0};
        if (::poll(&polled, 1, -1) < 0) continue;
        hs::unwrap(pool.next(completions, std::chrono::seconds(0)));
        for (auto &completion : completions) {
            bytes += completion.take().body().size();
            ended++;
        }
    }
    const auto stats = pool.stats();
    std::cout << ended << " responses, " << bytes << " bytes, at most " << stats.most_in_flight << " at once, on "
              << stats.threads << " threads\n";
}

int main(int argc, char **argv) {
    if (argc < 2) return std::cerr << "usage: " << argv[0] << " URL [REQUESTS] [AT_ONCE]\n", 2;
    try {
        run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000,
            argc > 3 ? static_cast<std::uint32_t>(std::atoi(argv[3])) : 100);
    } catch (const hs::exception &failure) {
        std::cerr << failure.what() << "\n";
        return 1;
    }
}
