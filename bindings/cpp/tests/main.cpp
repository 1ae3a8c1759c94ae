#include "check.hpp"

#include <cstring>


int main(int argc, char **argv) {
    int run = 0;
    for (const auto &test : check::tests()) {
        if (argc > 1 && std::strstr(test.name, argv[1]) == nullptr) continue;
        test.run();
        run++;
    }
    if (run == 0) check::fail(__FILE__, __LINE__, "no test has that name");
    std::printf("%d tests passed (C++%ld, %s exceptions)\n", run, __cplusplus > 202002L ? 23L : __cplusplus / 100 % 100,
                HTTP_SENTINEL_EXCEPTIONS ? "with" : "without");
}
