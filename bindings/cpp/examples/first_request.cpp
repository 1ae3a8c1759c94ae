// One GET request, and what came of it:  first_request URL [CA_FILE]
#include <http_sentinel.hpp>

#include <iostream>

int main(int argc, char **argv) {
    if (argc < 2) return std::cerr << "usage: " << argv[0] << " URL [CA_FILE]\n", 2;

    hs::worker_options options;
    if (argc > 2) options.ca_file = argv[2];
    try {
        hs::client client(options);
        const auto response = client.get(argv[1]);
        std::cout << "status " << response.status() << ", " << response.header("content-type") << "\n"
                  << response.body().substr(0, 60) << "\n";
        const std::chrono::duration<double, std::milli> took = response.metrics().total();
        std::cout << "in " << took.count() << " ms from " << response.metrics().peer_address().text() << "\n";
    } catch (const hs::exception &failure) {
        std::cerr << failure.what() << "\n";
        return 1;
    }
}
