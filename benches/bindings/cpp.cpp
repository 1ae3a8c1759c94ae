// The C++ package's ways beside c.c, which says what is printed:  cpp URL [REQUESTS]
#include <http_sentinel.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>

static double microseconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

static void look_at(const hs::response &response) {
    if (response.status() != 200 || response.body().empty()) throw std::runtime_error("not the answer that was expected");
}

template <class F> static void measure(const char *name, long requests, F &&once) {
    for (long i = 0; i < requests / 10 + 1; i++) once();
    const double wall = microseconds(CLOCK_MONOTONIC), processor = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < requests; i++) once();
    const auto each = static_cast<double>(requests);
    std::printf("%s\t%.3f\t%.3f\n", name, (microseconds(CLOCK_MONOTONIC) - wall) / each,
                (microseconds(CLOCK_PROCESS_CPUTIME_ID) - processor) / each);
}

int main(int argc, char **argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: %s URL [REQUESTS]\n", argv[0]), 2;
    const std::string_view url = argv[1];
    const long requests = argc > 2 ? std::atol(argv[2]) : 10000;
    try {
        // As values: by the URL alone, and by a request that is made for each.
        auto worker = hs::unwrap(hs::worker::make());
        measure("C++", requests, [&] { look_at(hs::unwrap(worker.get(url))); });
        const auto send = [&](hs::worker &on) {
            hs::request request;
            request.url = url;
            const auto response = on.send(request);
            if (!response) throw hs::exception(response.error());
            look_at(*response);
        };
        measure("C++, hs::request", requests, [&] { send(worker); });
        hs::unwrap(worker.close()); // each way has the server for itself
        {
            hs::client client;
            measure("C++, hs::client", requests, [&] { look_at(client.get(url)); });
        }

        // A mock remembers what it was asked: each way gets one of its own.
        const auto mocked = [](auto &&measure_it) {
            auto mock = hs::unwrap(hs::mock::make());
            hs::mock_rule rule;
            rule.answer_body = "hello";
            hs::unwrap(mock.add(rule));
            hs::worker_options options;
            options.mock = mock;
            hs::client client(options);
            measure_it(client);
        };
        mocked([&](hs::client &client) {
            measure("C++, mock", requests, [&] { look_at(hs::unwrap(client.worker().get(url))); });
        });
        mocked([&](hs::client &client) { measure("C++, hs::request, mock", requests, [&] { send(client.worker()); }); });
        mocked([&](hs::client &client) { measure("C++, hs::client, mock", requests, [&] { look_at(client.get(url)); }); });
    } catch (const std::exception &failure) {
        return std::fprintf(stderr, "%s\n", failure.what()), 1;
    }
}
