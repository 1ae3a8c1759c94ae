// A test program in a page: TEST(name) { … CHECK(…) … }
#pragma once

#include <http_sentinel.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace check {

struct test {
    const char *name;
    void (*run)();
};
inline std::vector<test> &tests() {
    static std::vector<test> all;
    return all;
}
inline int add(const char *name, void (*run)()) {
    tests().push_back({name, run});
    return 0;
}

// A failed check ends the program: what comes after it would mean nothing.
[[noreturn]] inline void fail(const char *file, int line, const std::string &what) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    std::exit(1);
}

template <class L, class R> void equal(const L &left, const R &right, const char *text, const char *file, int line) {
    if (left == right) return;
    std::ostringstream told;
    told << text << ": " << left << " is not " << right;
    fail(file, line, told.str());
}

template <class T> decltype(auto) good(hs::result<T> got, const char *text, const char *file, int line) {
    if (!got) fail(file, line, std::string(text) + ": " + got.error().text());
    if constexpr (!std::is_void_v<T>) return T(*std::move(got));
}

inline std::string variable(const char *name) {
    const char *const value = std::getenv(name);
    if (value == nullptr) fail(__FILE__, __LINE__, std::string(name) + " is not set: run this by .ci/with-server.sh");
    return value;
}
// What the test server says under a key.
inline std::string server(const std::string &key) {
    const auto line = variable("HS_TEST_SERVER_JSON");
    const auto begin = line.find('"' + key + "\":\"");
    if (begin == std::string::npos) fail(__FILE__, __LINE__, "the test server has no " + key);
    const auto from = begin + key.size() + 4;
    return line.substr(from, line.find('"', from) - from);
}
inline std::string http(const std::string &path) { return variable("HS_TEST_HTTP") + path; }
inline std::string https(const std::string &path) { return variable("HS_TEST_HTTPS") + path; }
// A key for the server's counters that no other test has.
inline std::string key(const std::string &stem) {
    static int count = 0;
    return "cpp-" + stem + "-" + std::to_string(static_cast<long>(::getpid())) + "-" + std::to_string(count++);
}

} // namespace check

#define TEST(name)                                                                                                     \
    static void test_##name();                                                                                         \
    static const int added_##name = check::add(#name, test_##name);                                                    \
    static void test_##name()
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) check::fail(__FILE__, __LINE__, "not so: " #condition);                                      \
    } while (false)
#define EQUAL(left, right) check::equal(left, right, #left, __FILE__, __LINE__)
// The value of a result, which must have one.
#define GOOD(result) check::good(result, #result, __FILE__, __LINE__)
// A result must be this error.
#define FAILS(result, status)                                                                                          \
    do {                                                                                                               \
        const auto &got_ = (result);                                                                                   \
        if (got_) check::fail(__FILE__, __LINE__, #result " succeeded");                                               \
        if (got_.error() != (status)) check::fail(__FILE__, __LINE__, #result ": " + got_.error().text());             \
    } while (false)
