// An order that must not be placed twice:  order URL KEY   (C++20, for designated initializers)
#include <http_sentinel.hpp>

#include <iostream>

using namespace std::chrono_literals;

int main(int argc, char **argv) {
    if (argc < 3) return std::cerr << "usage: " << argv[0] << " URL KEY\n", 2;
    auto worker = hs::worker::make();
    if (!worker) return std::cerr << worker.error().text() << "\n", 1;

    const auto response = worker->send({.method = "POST",
                                        .url = argv[1],
                                        .headers = {{"X-Api-Key", argv[2], hs::sensitive}},
                                        .body = R"({"symbol": "HS", "quantity": 1})",
                                        .timeout = 10s});
    if (response) {
        std::cout << "answered with " << response->status() << "\n";
        return response->ok() ? 0 : 1;
    }
    switch (response.error().request_sent()) {
    case hs::sent::no: std::cout << "not placed: it may be sent again\n"; break;
    case hs::sent::maybe: std::cout << "perhaps placed: ask for its state before anything else\n"; break;
    case hs::sent::yes: std::cout << "placed, and the answer broke off\n"; break;
    }
    std::cerr << response.error().text() << "\n";
    return 3;
}
