// Requests on a worker: what is sent, what comes back, what goes wrong.
#include "check.hpp"

#include <thread>
#include <type_traits>

using namespace std::chrono_literals;

template <class T>
constexpr bool move_only = !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
                           std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>;
static_assert(move_only<hs::worker> && move_only<hs::response> && move_only<hs::cancel> && move_only<hs::pipe>);
static_assert(std::is_nothrow_copy_constructible_v<hs::error>);
static_assert(std::is_copy_constructible_v<hs::request>);
#if HTTP_SENTINEL_EXPECTED
static_assert(std::is_same_v<hs::result<int>, std::expected<int, hs::error>>);
#endif

TEST(a_get) {
    auto worker = GOOD(hs::worker::make());
    auto response = GOOD(worker.get(check::http("/get?a=b")));
    EQUAL(response.status(), 200U);
    CHECK(response.ok());
    CHECK(response.body().find("\"method\":\"GET\"") != std::string_view::npos);
    EQUAL(response.url(), check::http("/get?a=b"));
    EQUAL(response.header("CONTENT-TYPE"), "application/json");
    CHECK(!response.has_header("x-not-there"));
    std::size_t fields = 0;
    for (const auto &[name, value] : response.headers()) {
        CHECK(!name.empty() && value == response.header(name));
        fields++;
    }
    CHECK(fields > 0);
    CHECK(response.metrics().total() > 0ns);
    CHECK(response.metrics().version() == hs::http_version::http_1_1);
    CHECK(response.metrics().peer_address().text().rfind("127.0.0.1:", 0) == 0);
    EQUAL(response.attempts().size(), 1U);
    EQUAL(worker.counters().calls_succeeded, 1U);
}

TEST(a_request_with_everything) {
    hs::request request;
    request.method = "PUT";
    request.url = check::http("/anything/x");
    request.headers = {{"X-One", "1"}, {"X-Two", "zwei", hs::sensitive}, {"X-One", "2"}};
    request.body = "hello";
    request.timeout = 2min;
    request.attempt_timeout = 1min;
    request.max_attempts = 1;
    auto worker = GOOD(hs::worker::make());
    for (int i = 0; i < 2; i++) { // it is not used up
        auto response = GOOD(worker.send(request));
        const auto body = response.body();
        for (const auto *part : {"\"method\":\"PUT\"", "\"body\":\"hello\"", "zwei"}) {
            CHECK(body.find(part) != std::string_view::npos);
        }
    }
#if __cplusplus >= 202002L
    auto response = GOOD(worker.send({.method = "DELETE", .url = check::http("/anything"), .headers = {{"A", "b"}}, .timeout = 2min}));
    CHECK(response.body().find("DELETE") != std::string_view::npos);
#endif
}

TEST(an_http_status_is_no_error) {
    auto worker = GOOD(hs::worker::make());
    hs::request request;
    request.url = check::http("/status/503");
    request.max_attempts = 1;
    auto response = GOOD(worker.send(request));
    EQUAL(response.status(), 503U);
    CHECK(!response.ok());
}

TEST(errors_say_what_is_needed_next) {
    auto worker = GOOD(hs::worker::make());
    hs::request request;
    request.url = check::server("closed");
    if (request.url.find("://") == std::string::npos) request.url = "http://" + request.url;
    request.max_attempts = 1;
    const auto failed = worker.send(request);
    FAILS(failed, hs::errc::connect);
    const hs::error error = failed.error(); // NOLINT: a copy
    CHECK(error.phase() == hs::phase::connect);
    CHECK(error.request_sent() == hs::sent::no);
    CHECK(error.retryable() == hs::retryable::safe);
    EQUAL(error.attempts(), 1U);
    EQUAL(error.attempt_records().size(), 1U);
    CHECK(!error.message().empty() && error.curl_code() != 0);
    CHECK(error.text().find("HS_ERR_CONNECT: ") == 0 && error.text().find("request sent: no") != std::string::npos);
    CHECK(error.code() == hs::errc::connect);
    EQUAL(error.code().message(), "HS_ERR_CONNECT");
    CHECK(hs::make_error_code(hs::errc::timeout) == std::errc::timed_out);
    CHECK(hs::make_error_code(hs::errc::cancelled) == std::errc::operation_canceled);
    FAILS(worker.get("gopher://x/"), hs::errc::unsupported_scheme);
}

TEST(what_may_have_arrived_says_maybe) {
    auto worker = GOOD(hs::worker::make());
    hs::request request;
    request.method = "POST";
    request.url = "http://" + check::server("script") + "/close-after-request";
    request.body = "order";
    const auto failed = worker.send(request);
    FAILS(failed, hs::errc::connection_closed);
    CHECK(failed.error().request_sent() == hs::sent::maybe);
    CHECK(failed.error().retryable() == hs::retryable::unknown);
    // Also where the error has nothing to tell but its status.
    CHECK(hs::error(hs::errc::connection_closed).request_sent() == hs::sent::maybe);
    CHECK(hs::error(hs::errc::breaker_open).request_sent() == hs::sent::no);
    CHECK(hs::error(hs::errc::invalid_url).request_sent() == hs::sent::no);
}

TEST(limits_of_time) {
    auto worker = GOOD(hs::worker::make());
    hs::request request;
    request.url = check::http("/stall/head");
    request.timeout = 50ms;
    FAILS(worker.send(request), hs::errc::timeout);
    // What has run out is not the default.
    request.timeout = std::chrono::steady_clock::now() - std::chrono::steady_clock::now() - 1s;
    FAILS(worker.send(request), hs::errc::timeout);
    EQUAL(hs::timeout().native(), 0U);
    EQUAL(hs::timeout(0s).native(), 1U);
    EQUAL(hs::timeout(1500us).native(), 2U);
    EQUAL(hs::timeout(hs::forever).native(), HS_INFINITE);
    EQUAL(hs::timeout(std::chrono::hours::max()).native(), HS_INFINITE);
    EQUAL(hs::wait(-1s).native(), 0U);
}

TEST(the_wrong_thread_is_an_error) {
    auto worker = GOOD(hs::worker::make());
    std::thread([&] { FAILS(worker.get(check::http("/get")), hs::errc::wrong_thread); }).join();
    std::thread([&] { FAILS(worker.close(), hs::errc::wrong_thread); }).join();
    EQUAL(GOOD(worker.get(check::http("/get"))).status(), 200U);
    // Destroyed elsewhere it is retired, with what its callback needs.
    hs::worker_options options;
    options.observe.emplace().on_event = [text = std::string("kept")](const hs::event &) { CHECK(text == "kept"); };
    auto other = GOOD(hs::worker::make(options));
    GOOD(other.get(check::http("/get")));
    const auto *const handle = other.native();
    std::thread([moved = std::move(other)]() mutable { hs::worker gone(std::move(moved)); }).join();
    auto counters = hs::detail::sized<hs_counters>();
    EQUAL(hs_worker_counters(handle, &counters), HS_ERR_INVALID_HANDLE);
    EQUAL(GOOD(worker.get(check::http("/get"))).status(), 200U); // the owner's next call closes it
}

TEST(what_was_moved_from_is_harmless) {
    auto worker = GOOD(hs::worker::make());
    hs::worker second(std::move(worker));
    FAILS(worker.get(check::http("/get")), hs::errc::null_argument);
    CHECK(!worker && worker.native() == nullptr && worker.counters().calls_started == 0);
    worker = std::move(second);
    auto response = GOOD(worker.get(check::http("/get")));
    const hs::response taken(std::move(response));
    EQUAL(response.status(), 0U);
    CHECK(response.body().empty() && response.headers().begin() == response.headers().end());
    CHECK(response.attempts().empty() && response.redirects().empty());
    std::byte buffer[16];
    FAILS(response.read(buffer), hs::errc::null_argument);
    EQUAL(taken.status(), 200U);
    response = GOOD(worker.get(check::http("/get")));
    EQUAL(response.status(), 200U);
    auto cancel = GOOD(hs::cancel::make());
    const auto other = std::move(cancel);
    FAILS(cancel.trigger(), hs::errc::null_argument);
    GOOD(other.trigger());
}
