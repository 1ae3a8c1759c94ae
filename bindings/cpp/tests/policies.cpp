// Policies, virtual time, and pools.
#include "check.hpp"

#include <poll.h>
#include <set>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

TEST(a_mock_in_virtual_time) {
    auto simulation = GOOD(hs::simulation::make(1));
    auto mock = GOOD(hs::mock::make());
    hs::mock_rule busy;
    busy.status = 503;
    busy.times = 1;
    busy.answer_headers = {{"Retry-After", "7"}};
    busy.interim.push_back({103, {{"Link", "</x>"}}});
    GOOD(mock.add(busy));
    hs::mock_rule fine;
    fine.method = "GET";
    fine.url = "http://a.test/x";
    fine.answer_body = "fine";
    fine.delay = 250ms;
    GOOD(mock.add(fine));
    hs::worker_options options;
    options.mock = mock;
    options.simulation = simulation;
    auto worker = GOOD(hs::worker::make(options));
    int planned = 0;
    GOOD(simulation.at(3s, [&] { planned++; }));
    const auto response = GOOD(worker.get("http://a.test/x"));
    EQUAL(response.body(), "fine");
    EQUAL(response.attempts().size(), 2U);
    CHECK(response.attempts()[1].waited_for() == hs::wait_reason::retry_after);
    EQUAL(planned, 1);
    CHECK(simulation.now() >= 7250ms);
    EQUAL(mock.calls(), 2U);
    EQUAL(GOOD(mock.call(1)).url, "http://a.test/x");
    std::size_t fields = 0;
    for (const auto &[name, value] : mock.call_headers(0)) fields += mock.call_header(0, name) == value ? 1 : 0;
    CHECK(fields > 0);
    FAILS(worker.get("http://b.test/"), hs::errc::mock);
    FAILS(hs::simulation(std::move(simulation)).random({2000000}), hs::errc::invalid_argument);
    FAILS(simulation.at(1s, [] {}), hs::errc::null_argument);
}

TEST(a_breaker) {
    hs::breaker_options options;
    options.min_calls = 2;
    options.window_calls = 2;
    std::vector<hs::breaker_state> states;
    options.on_transition = [&](const hs::breaker_event &event) {
        EQUAL(event.key_text(), "db");
        states.push_back(event.after());
    };
    auto breaker = GOOD(hs::circuit_breaker::make(options));
    for (int i = 0; i < 2; i++) GOOD(GOOD(breaker.acquire("db")).failure());
    const auto refused = breaker.acquire("db");
    FAILS(refused, hs::errc::breaker_open);
    CHECK(refused.error().retry_after() && refused.error().request_sent() == hs::sent::no);
    CHECK(GOOD(breaker.state("db")).now() == hs::breaker_state::open);
    GOOD(breaker.reset("db"));
    EQUAL(states.size(), 2U);
    { auto dropped = GOOD(breaker.acquire("db")); } // says nothing
    EQUAL(GOOD(breaker.state("db")).total_neutral, 1U);
    auto permit = GOOD(breaker.acquire("db"));
    GOOD(permit.success());
    FAILS(permit.success(), hs::errc::null_argument);
    GOOD(breaker.force_open("db", hs::forever));
    FAILS(breaker.acquire("db"), hs::errc::breaker_open);
    EQUAL(breaker.count(), 1U);
}

TEST(a_worker_keeps_the_callback_of_its_breaker) {
    std::optional<hs::circuit_breaker> breaker;
    auto told = std::make_shared<int>(0);
    hs::breaker_options options;
    options.min_calls = options.window_calls = 1;
    options.on_transition = [told](const hs::breaker_event &) { ++*told; };
    breaker = GOOD(hs::circuit_breaker::make(options));
    options = {};
    hs::worker_options with;
    with.max_attempts = 1;
    with.policies.emplace().breaker = *breaker;
    auto worker = std::make_optional(GOOD(hs::worker::make(with)));
    with = {};
    breaker.reset();
    GOOD(worker->get(check::http("/status/503")));
    EQUAL(*told, 1);
    FAILS(worker->get(check::http("/get")), hs::errc::breaker_open);
    worker.reset();
    EQUAL(told.use_count(), 1);
    // One that is gone is an error of the options, not a crash.
    auto gone = std::make_optional(GOOD(hs::circuit_breaker::make()));
    with.policies.emplace().breaker = *gone;
    gone.reset();
    FAILS(hs::worker::make(with), hs::errc::invalid_handle);
}

TEST(limiter_bulkhead_and_budget) {
    hs::limiter_options options;
    options.limit = 2;
    auto limiter = GOOD(hs::rate_limiter::make(options));
    auto ticket = GOOD(limiter.acquire("a"));
    GOOD(limiter.try_acquire("a"));
    FAILS(limiter.try_acquire("a"), hs::errc::rate_limited);
    FAILS(limiter.acquire("a", 3), hs::errc::rate_never_fits);
    GOOD(limiter.refund("a", ticket));
    EQUAL(GOOD(limiter.state("a")).remaining, 1U);
    GOOD(limiter.hold("a", 1h));
    EQUAL(GOOD(limiter.state("a")).remaining, 0U);
    GOOD(limiter.release_hold("a"));
    EQUAL(GOOD(hs::rate_limiter::acquire_all({{limiter, "a", 1}, {limiter, "b", 2}})).size(), 2U);
    GOOD(limiter.learn("c", nullptr, 429, {{"Retry-After", "60"}}));
    FAILS(limiter.try_acquire("c"), hs::errc::rate_limited);
    FAILS(hs::rate_limiter::make(hs::limiter_options()), hs::errc::invalid_argument);

    hs::bulkhead_options narrow;
    narrow.capacity = 1;
    auto bulkhead = GOOD(hs::bulkhead::make(narrow));
    {
        auto slot = GOOD(bulkhead.acquire("k"));
        FAILS(bulkhead.try_acquire("k"), hs::errc::bulkhead_full);
        EQUAL(GOOD(bulkhead.state("k")).in_use, 1U);
        auto moved = std::move(slot);
        FAILS(slot.release(), hs::errc::null_argument);
    }
    EQUAL(GOOD(bulkhead.state("k")).in_use, 0U);

    hs::budget_options little;
    little.min_retries = 1;
    auto budget = GOOD(hs::retry_budget::make(little));
    GOOD(budget.original("k"));
    CHECK(GOOD(budget.withdraw("k")));
    CHECK(!GOOD(budget.withdraw("k")));
    EQUAL(GOOD(budget.state("k")).withdrawn, 1U);
}

TEST(retries_of_work) {
    auto simulation = GOOD(hs::simulation::make(1));
    hs::retry_policies policies;
    policies.simulation = simulation;
    policies.idempotent = true;
    hs::retry_policy policy;
    policy.max_attempts = 4;
    auto engine = GOOD(hs::retry_engine::make(policy, policies));
    // A result of its own.
    int calls = 0;
    const auto third = [&](hs::attempt &attempt) -> hs::result<std::string> {
        EQUAL(attempt.number(), static_cast<std::uint32_t>(++calls));
        if (calls < 3) return hs::unexpected<hs::error>(hs::error(hs::errc::connect));
        return "done";
    };
    hs::retry_report report;
    hs::retry_run run;
    run.report = &report;
    EQUAL(GOOD(engine.execute(third, run)), "done");
    EQUAL(report.attempts, 3U);
    CHECK(report.waited() > 0ns);
    // A plain value, nothing, and an end without success.
    EQUAL(GOOD(engine.execute([] { return 7; })), 7);
    GOOD(engine.execute([] {}));
    calls = 0;
    FAILS(engine.execute([&]() -> hs::result<> { return calls++, hs::unexpected<hs::error>(hs::error(hs::errc::connect)); }, run), hs::errc::connect);
    EQUAL(calls, 4);
    CHECK(report.stopped() == hs::stop_reason::attempts);
    // The caller's own rule.
    calls = 0;
    run.again = [](hs::errc status, const hs::attempt &attempt) { return status == hs::errc::file && attempt.number() < 2; };
    FAILS(engine.execute([&]() -> hs::result<int> { return calls++, hs::unexpected<hs::error>(hs::error(hs::errc::file)); }, run), hs::errc::file);
    EQUAL(calls, 2);
#if HTTP_SENTINEL_EXCEPTIONS
    // What the library throws is an error, anything else ends it.
    calls = 0;
    FAILS(engine.execute([&] { return calls++, hs::unwrap(hs::result<int>(hs::unexpected<hs::error>(hs::error(hs::errc::connect)))); }), hs::errc::connect);
    EQUAL(calls, 4);
    calls = 0;
    try {
        (void)engine.execute([&]() -> int { throw std::runtime_error(std::to_string(++calls)); });
        CHECK(false);
    } catch (const std::runtime_error &caught) {
        EQUAL(std::string(caught.what()), "1");
    }
#endif
}

TEST(retries_of_a_request_keep_its_error_and_its_response) {
    auto worker = GOOD(hs::worker::make());
    hs::retry_policy policy;
    policy.base_delay = policy.throttle_delay = 1ms;
    auto engine = GOOD(hs::retry_engine::make(policy));
    hs::request request; // in an attempt it is sent once
    request.url = check::http("/flaky/" + check::key("retry") + "?fail=2");
    hs::retry_policies safe;
    safe.idempotent = true;
    auto repeats = GOOD(hs::retry_engine::make(policy, safe));
    auto response = GOOD(repeats.execute([&] { return worker.send(request); }));
    EQUAL(response.status(), 200U);
    EQUAL(worker.counters().calls_started, 3U);
    // Three 503 in a row are a response.
    request.url = check::http("/status/503");
    EQUAL(GOOD(repeats.execute([&](hs::attempt &attempt) {
                   request.timeout = attempt.left();
                   return worker.send(request);
               })).status(), 503U);
    // What may have arrived is not sent again, and the error says so.
    request.method = "POST";
    request.url = "http://" + check::server("script") + "/close-after-request";
    const auto before = worker.counters().calls_started;
    const auto failed = engine.execute([&] { return worker.send(request); });
    FAILS(failed, hs::errc::connection_closed);
    CHECK(failed.error().request_sent() == hs::sent::maybe && failed.error().native() != nullptr);
    EQUAL(worker.counters().calls_started, before + 1);
}

TEST(cookies) {
    auto jar = GOOD(hs::cookie_jar::make());
    GOOD(jar.set("https://a.test/", "sid=1; Path=/; Secure"));
    EQUAL(GOOD(jar.get("https://a.test/x")), "sid=1");
    CHECK(GOOD(jar.get("http://a.test/x")).empty());
    auto second = GOOD(hs::cookie_jar::make());
    GOOD(second.import_text(GOOD(jar.export_text())));
    EQUAL(second.count(), 1U);
    GOOD(second.clear());
    FAILS(jar.set("https://a.test/", "=;"), hs::errc::invalid_cookie);
    hs::worker_options options;
    options.cookies = second;
    auto worker = GOOD(hs::worker::make(options));
    GOOD(worker.get(check::http("/cookies/set?a=b")));
    EQUAL(second.count(), 1U);
}

// ---- pools ----------------------------------------------------------------------------------------------------------

static hs::request get(const std::string &path) {
    hs::request request;
    request.url = check::http(path);
    return request;
}

static hs::completion one(hs::pool &pool) {
    auto next = GOOD(pool.next(60s));
    CHECK(next);
    return std::move(*next);
}

TEST(a_pool_from_several_threads) {
    auto pool = GOOD(hs::pool::make());
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; t++) {
        threads.emplace_back([&pool, t] {
            for (std::uint64_t i = 0; i < 25; i++) GOOD(pool.submit(get("/get"), t * 25 + i));
        });
    }
    std::set<std::uint64_t> tags;
    std::vector<hs::completion> taken;
    while (tags.size() < 100) {
        GOOD(pool.next(taken, 60s));
        CHECK(!taken.empty());
        for (auto &each : taken) {
            EQUAL(GOOD(std::move(each.outcome)).status(), 200U);
            CHECK(tags.insert(each.tag).second);
        }
    }
    for (auto &thread : threads) thread.join();
    EQUAL(pool.stats().completed, 100U);
    EQUAL(pool.worker_counters().calls_succeeded, 100U);
    CHECK(!GOOD(pool.next(0s)));
    GOOD(pool.wake());
    CHECK(!GOOD(pool.next(60s)));
    GOOD(pool.drain());
    FAILS(pool.submit(get("/get"), 1), hs::errc::pool_closed);
    hs::pool other(std::move(pool));
    FAILS(pool.next(0s), hs::errc::null_argument);
    FAILS(pool.submit(get("/get"), 1), hs::errc::null_argument);
    GOOD(other.close());
}

TEST(connections_that_nothing_uses_are_closed) {
    auto pool = GOOD(hs::pool::make());
    auto worker = GOOD(hs::worker::make());
    for (int round = 0; round < 3; round++) {
        GOOD(pool.submit(get("/get"), 1));
        auto told = GOOD(pool.next(60s));
        CHECK(told.has_value());
        EQUAL(GOOD(std::move(told->outcome)).metrics().connection_reused, 0U);
        GOOD(pool.close_idle());
        EQUAL(GOOD(worker.send(get("/get"))).metrics().connection_reused, 0U);
        GOOD(worker.close_idle());
    }
}

TEST(a_pool_with_callbacks_and_any_tag) {
    auto pool = GOOD(hs::pool::make());
    std::atomic<std::size_t> received{0};
    auto request = get("/echo");
    request.on_body = [&](std::string_view piece) { received += piece.size(); };
    request.body = hs::body::from([left = 100](hs::span<std::byte> buffer) mutable -> std::optional<std::size_t> {
        if (left-- == 0) return 0;
        buffer[0] = std::byte{'x'};
        return 1;
    });
    // The same tag for all, those without a callback included.
    for (int i = 0; i < 10; i++) {
        GOOD(pool.submit(request, UINT64_MAX));
        GOOD(pool.submit(get("/get"), UINT64_MAX));
    }
    for (int i = 0; i < 20; i++) {
        auto done = one(pool);
        EQUAL(done.tag, UINT64_MAX);
        EQUAL(GOOD(std::move(done.outcome)).status(), 200U);
    }
    EQUAL(received, 1000U);
    FAILS(pool.cancel(UINT64_MAX), hs::errc::not_found);
    // Cancelled by tag, whatever the request has.
    request.url = check::http("/stall/head");
    request.body = {};
    GOOD(pool.submit(request, 5));
    GOOD(pool.submit(get("/stall/head"), 5));
    GOOD(pool.cancel(5));
    for (int i = 0; i < 2; i++) FAILS(one(pool).outcome, hs::errc::cancelled);
#if HTTP_SENTINEL_STOP_TOKEN
    std::stop_source source;
    auto stopped = get("/stall/head");
    stopped.stop = source.get_token();
    GOOD(pool.submit(stopped, 6));
    source.request_stop();
    const auto done = one(pool);
    EQUAL(done.tag, 6U);
    FAILS(done.outcome, hs::errc::cancelled);
#endif
}

TEST(a_pool_takes_a_body_that_is_given_away) {
    auto pool = GOOD(hs::pool::make());
    for (const std::size_t size : {std::size_t{10}, std::size_t{100000}}) {
        auto request = get("/echo");
        request.body = std::string(size, 'g');
        GOOD(pool.submit(std::move(request), size));
        EQUAL(GOOD(one(pool).outcome).body(), std::string(size, 'g'));
    }
    // Refused, it is still there.
    auto refused = get("/echo");
    refused.url = "nonsense";
    refused.body = std::string(100000, 'g');
    FAILS(pool.submit(std::move(refused), 1), hs::errc::invalid_url);
    EQUAL(refused.body.bytes().size(), 100000U); // NOLINT: it says so
    // One that was lent is neither taken nor copied twice.
    const std::string mine(100000, 'm');
    auto lent = get("/echo");
    lent.body = hs::body::lend(mine);
    GOOD(pool.submit(std::move(lent), 2));
    EQUAL(GOOD(one(pool).outcome).body(), mine);
}

TEST(a_pool_in_a_poll_loop_reads_streams) {
    auto pool = GOOD(hs::pool::make());
    auto upload = get("/echo");
    upload.body = hs::body::from([left = 3000](hs::span<std::byte> buffer) mutable -> std::optional<std::size_t> {
        if (left-- == 0) return 0;
        std::fill(buffer.begin(), buffer.begin() + 100, std::byte{'y'});
        return 100;
    });
    GOOD(pool.submit_stream(upload, 1));
    GOOD(pool.submit_stream(get("/bytes/300000"), 2));
    std::optional<hs::response> streams[3];
    std::size_t total[3] = {}, ended = 0;
    std::vector<std::byte> buffer(10000);
    const auto read = [&](std::uint64_t tag) {
        if (!streams[tag]) return; // a late word of one that has ended
        for (;;) {
            const auto count = streams[tag]->try_read(buffer);
            if (!count && count.error() == hs::errc::would_block) return;
            total[tag] += GOOD(hs::result<std::size_t>(count));
            if (*count > 0) continue;
            streams[tag].reset();
            ended++;
            return;
        }
    };
    while (ended < 2) {
        pollfd polled{pool.fd(), POLLIN, 0};
        EQUAL(::poll(&polled, 1, 60000), 1);
        std::vector<hs::completion> taken;
        GOOD(pool.next(taken, 0s));
        for (auto &each : taken) {
            if (!each.readable) streams[each.tag] = GOOD(std::move(each.outcome));
            read(each.tag);
        }
    }
    EQUAL(total[1], 300000U);
    EQUAL(total[2], 300000U);
}

#if HTTP_SENTINEL_EXCEPTIONS
TEST(what_callbacks_throw_on_a_pools_threads) {
    hs::pool_options options;
    bool throws = false;
    options.worker.observe.emplace().on_event = [&](const hs::event &) {
        if (throws) throw std::runtime_error("event");
    };
    options.worker.observe->event_mask = HS_EVENT_SENDING;
    auto pool = GOOD(hs::pool::make(options));
    auto request = get("/get");
    request.on_body = [](std::string_view) { throw std::runtime_error("body"); };
    GOOD(pool.submit(request, 1));
    auto done = one(pool);
    FAILS(done.outcome, hs::errc::callback);
    try {
        (void)done.take();
        CHECK(false);
    } catch (const std::runtime_error &caught) {
        EQUAL(std::string(caught.what()), "body");
    }
    // What belongs to no request comes out of the next look.
    throws = true;
    GOOD(pool.submit(get("/get"), 2));
    pollfd polled{pool.fd(), POLLIN, 0};
    EQUAL(::poll(&polled, 1, 60000), 1);
    try {
        (void)pool.next();
        CHECK(false);
    } catch (const std::runtime_error &caught) {
        EQUAL(std::string(caught.what()), "event");
    }
    EQUAL(one(pool).take().status(), 200U);
}
#endif
