#include <http_sentinel.hpp>

#include <cstdio>

int main() {
    auto worker = hs::worker::make();
    const auto version = hs_library_version();
    std::printf("%.*s\n", static_cast<int>(version.len), version.data);
    return worker && worker->close() ? 0 : 1;
}
