// Bodies: streams, uploads, forms, downloads, callbacks and what they throw, stops.
#include "check.hpp"

#include <atomic>
#include <fcntl.h>
#include <stdexcept>
#include <thread>
#if HTTP_SENTINEL_STOP_TOKEN
#include <stop_token>
#endif

using namespace std::chrono_literals;

static hs::request to(const std::string &path) {
    hs::request request;
    request.url = check::http(path);
    return request;
}

static hs::reader reads(std::string text, std::size_t piece) {
    return [text, piece, at = std::size_t{0}](hs::span<std::byte> buffer) mutable -> std::optional<std::size_t> {
        const auto count = text.copy(reinterpret_cast<char *>(buffer.data()), std::min(piece, buffer.size()), at);
        at += count;
        return count;
    };
}

TEST(a_stream_is_read_piece_by_piece) {
    auto worker = GOOD(hs::worker::make());
    auto response = GOOD(worker.stream(to("/bytes/100000")));
    EQUAL(response.status(), 200U);
    std::size_t total = 0;
    std::byte buffer[1000];
    while (const auto count = GOOD(response.read(buffer))) total += count;
    EQUAL(total, 100000U);
    EQUAL(GOOD(response.read(buffer)), 0U);

    response = GOOD(worker.stream(to("/bytes/100000")));
    total = 0;
    std::size_t most = 0;
    for (const auto &piece : response.pieces(4096)) {
        total += GOOD(hs::result<std::string_view>(piece)).size();
        most = std::max(most, piece->size());
    }
    EQUAL(total, 100000U);
    CHECK(most <= 4096);
}

TEST(a_stream_that_breaks_off_ends_with_its_error) {
    auto worker = GOOD(hs::worker::make());
    auto response = GOOD(worker.stream(to("/bytes/100000?fail_after=50000")));
    std::size_t total = 0, errors = 0;
    for (const auto &piece : response.pieces()) {
        CHECK(errors == 0); // it is the last
        if (piece) total += piece->size();
        else errors++;
        if (!piece) CHECK(piece.error().phase() == hs::phase::body && piece.error().request_sent() == hs::sent::yes);
    }
    EQUAL(errors, 1U);
    CHECK(total <= 50000);
    // One that is ended before leaves the worker as good as new.
    response = GOOD(worker.stream(to("/big/100000000")));
    std::byte buffer[100];
    CHECK(GOOD(response.read(buffer)) > 0);
    GOOD(response.close());
    EQUAL(GOOD(worker.get(check::http("/get"))).status(), 200U);
    // A read that waits too long is no end.
    response = GOOD(worker.stream(to("/stall/body?bytes=10")));
    CHECK(GOOD(response.read(buffer)) == 10);
    FAILS(response.read(buffer, 10ms), hs::errc::read_timeout);
    FAILS(response.try_read(buffer), hs::errc::would_block);
}

TEST(a_body_goes_to_a_callback) {
    auto worker = GOOD(hs::worker::make());
    auto request = to("/bytes/50000");
    std::size_t total = 0;
    request.on_body = [&](std::string_view piece) { total += piece.size(); };
    CHECK(GOOD(worker.send(request)).body().empty());
    EQUAL(total, 50000U);
    request.on_body = [](std::string_view) { return false; };
    FAILS(worker.send(request), hs::errc::callback);
}

TEST(bodies_that_are_sent) {
    auto worker = GOOD(hs::worker::make());
    auto request = to("/echo");
    const std::string text(30000, 'x');
    for (const auto &body : {hs::body(text), hs::body::lend(text), hs::body::from(reads(text, 1000)), hs::body::from(reads(text, 7000), text.size())}) {
        request.body = body;
        EQUAL(GOOD(worker.send(request)).body().size(), text.size());
    }
    request.body = hs::body::from([](hs::span<std::byte>) { return std::nullopt; });
    FAILS(worker.send(request), hs::errc::callback);
    // Sent again after a redirect where it can begin again, and else not.
    request = to("/redirect-to?url=/echo&status=307");
    request.method = "PUT";
    std::size_t at = 0;
    const auto read = [&](hs::span<std::byte> buffer) {
        const auto count = text.copy(reinterpret_cast<char *>(buffer.data()), buffer.size(), at);
        at += count;
        return count;
    };
    request.body = hs::body::from(read, text.size(), [&] { return at = 0, true; });
    EQUAL(GOOD(worker.send(request)).body().size(), text.size());
    at = 0;
    request.body = hs::body::from(read, text.size());
    FAILS(worker.send(request), hs::errc::not_replayable);
}

TEST(a_pipe) {
    auto worker = GOOD(hs::worker::make());
    auto pipe = GOOD(hs::pipe::make());
    auto request = to("/echo");
    request.body = hs::body::from(pipe);
    std::thread writer([&] {
        for (int i = 0; i < 100; i++) GOOD(pipe.write(std::string(1000, 'p')));
        GOOD(pipe.close());
    });
    EQUAL(GOOD(worker.send(request)).body().size(), 100000U);
    writer.join();
    FAILS(pipe.write("more"), hs::errc::pipe_closed);
    auto aborted = GOOD(hs::pipe::make());
    GOOD(aborted.write("half"));
    GOOD(aborted.abort());
    request.body = hs::body::from(aborted);
    FAILS(worker.send(request), hs::errc::pipe_aborted);
}

TEST(a_form) {
    auto worker = GOOD(hs::worker::make());
    auto form = GOOD(hs::form::make());
    GOOD(form.field("one", "eins"));
    GOOD(form.read("two", "two.txt", reads("zwei", 2)));
    GOOD(form.file("three", check::server("ca_file"), "text/plain", "three.pem"));
    FAILS(form.field("", "nameless"), hs::errc::invalid_argument);
    auto request = to("/echo");
    request.body = hs::body::from(form);
    const auto response = GOOD(worker.send(request));
    for (const auto *part : {"eins", "zwei", "two.txt", "three.pem", "BEGIN CERTIFICATE"}) {
        CHECK(response.body().find(part) != std::string_view::npos);
    }
}

TEST(a_download) {
    auto worker = GOOD(hs::worker::make());
    std::FILE *const file = std::tmpfile();
    const auto response = GOOD(worker.download(to("/range/100000?etag=x"), fileno(file)));
    EQUAL(response.metrics().file_bytes, 100000U);
    EQUAL(::lseek(fileno(file), 0, SEEK_END), 100000);
    std::fclose(file);
    // What is missing can be had later.
    std::FILE *const half = std::tmpfile();
    hs::download_options options;
    options.max_resumes = 0;
    auto broken = to("/range/100000?fail_after=50000");
    broken.max_attempts = 1;
    const auto failed = worker.download(broken, fileno(half), options);
    CHECK(!failed);
    options.offset = failed.error().details().file_bytes;
    options.validator = std::string(failed.error().validator());
    CHECK(options.offset > 0 && !options.validator.empty());
    EQUAL(GOOD(worker.download(to("/range/100000"), fileno(half), options)).metrics().file_bytes, 100000U);
    std::fclose(half);
}

#if HTTP_SENTINEL_EXCEPTIONS
struct thrown {
    int number;
};

template <class F> static int number_thrown(F &&call) {
    try {
        call();
    } catch (const thrown &caught) {
        return caught.number;
    }
    return 0;
}

TEST(what_callbacks_throw_comes_out_of_the_call) {
    hs::worker_options options;
    int throws = 0;
    options.observe.emplace().on_event = [&](const hs::event &event) {
        if (throws > 0 && event.kind == HS_EVENT_SENDING) throw thrown{throws};
    };
    auto worker = GOOD(hs::worker::make(options));
    auto request = to("/echo");
    request.on_body = [](std::string_view) { throw thrown{1}; };
    request.body = "x";
    EQUAL(number_thrown([&] { (void)worker.send(request); }), 1);
    request.on_body = {};
    request.body = hs::body::from([](hs::span<std::byte>) -> std::optional<std::size_t> { throw thrown{2}; });
    EQUAL(number_thrown([&] { (void)worker.send(request); }), 2);
    request = to("/redirect-to?url=/echo&status=307");
    request.method = "PUT";
    request.body = hs::body::from(reads("abc", 3), 3, []() -> bool { throw thrown{3}; });
    EQUAL(number_thrown([&] { (void)worker.send(request); }), 3);
    throws = 4;
    EQUAL(number_thrown([&] { (void)worker.get(check::http("/get")); }), 4);
    throws = 0;
    auto form = GOOD(hs::form::make());
    GOOD(form.read("f", "f", [](hs::span<std::byte>) -> std::optional<std::size_t> { throw thrown{5}; }));
    request = to("/echo");
    request.body = hs::body::from(form);
    EQUAL(number_thrown([&] { (void)worker.send(request); }), 5);
    // Of several the first one, and nothing is left behind.
    const std::vector<hs::request> many{to("/get"), to("/get")};
    throws = 6;
    EQUAL(number_thrown([&] { (void)worker.send_many(many); }), 6);
    throws = 0;
    EQUAL(GOOD(worker.get(check::http("/get"))).status(), 200U);
}

TEST(the_face_that_throws) {
    hs::client client;
    EQUAL(client.get(check::http("/get")).status(), 200U);
    CHECK(client.post(check::http("/anything"), "b", {{"X-A", "b"}}).body().find("POST") != std::string_view::npos);
    EQUAL(client.head(check::http("/get")).status(), 200U);
    EQUAL(client.put(check::http("/echo"), "put").body(), "put");
    EQUAL(client.patch(check::http("/echo"), "patch").body(), "patch");
    EQUAL(client.erase(check::http("/anything")).status(), 200U);
    EQUAL(hs::get(check::http("/get")).status(), 200U);
    EQUAL(hs::post(check::http("/echo"), "text").body(), "text");
    std::thread([] { EQUAL(hs::get(check::http("/get")).status(), 200U); }).join();
    try {
        client.get("http://" + check::server("script") + "/close-after-request?key=cpp");
        CHECK(false);
    } catch (const std::system_error &caught) { // hs::exception is one
        CHECK(caught.code() == hs::errc::connection_closed);
        const auto copy = static_cast<const hs::exception &>(caught);
        CHECK(copy.error().attempts() > 0 && std::string(copy.what()).find("HS_ERR_CONNECTION_CLOSED") == 0);
    }
    hs::worker_options options;
    options.ca_pem = "nonsense";
    try {
        hs::client refused(options);
        CHECK(false);
    } catch (const hs::exception &caught) {
        CHECK(caught.error() == hs::errc::ca_store);
    }
}
#endif

TEST(a_call_is_cancelled) {
    const auto key = check::key("cancel");
    auto cancel = GOOD(hs::cancel::make());
    auto worker = GOOD(hs::worker::make());
    auto request = to("/stall/head?key=" + key);
    request.cancel = cancel;
    std::thread other([&] {
        GOOD(GOOD(hs::worker::make()).get(check::http("/wait/" + key + "?at_least=1")));
        GOOD(cancel.trigger());
    });
    FAILS(worker.send(request), hs::errc::cancelled);
    other.join();
}

#if HTTP_SENTINEL_STOP_TOKEN
TEST(a_stop_token_cancels) {
    const auto key = check::key("stop");
    std::stop_source source;
    auto worker = GOOD(hs::worker::make());
    auto request = to("/stall/head?key=" + key);
    request.stop = source.get_token();
    std::thread other([&] {
        GOOD(GOOD(hs::worker::make()).get(check::http("/wait/" + key + "?at_least=1")));
        source.request_stop();
    });
    FAILS(worker.send(request), hs::errc::cancelled);
    other.join();
    FAILS(worker.send(request), hs::errc::cancelled); // from the beginning
    // It reaches into a stream, too.
    std::stop_source second;
    request = to("/stall/body?bytes=10");
    request.stop = second.get_token();
    auto response = GOOD(worker.stream(request));
    std::byte buffer[100];
    EQUAL(GOOD(response.read(buffer)), 10U);
    second.request_stop();
    FAILS(response.read(buffer), hs::errc::cancelled);
    // Two at once say nothing clear.
    auto cancel = GOOD(hs::cancel::make());
    request.cancel = cancel;
    FAILS(worker.send(request), hs::errc::invalid_argument);
}
#endif

TEST(a_stream_outlives_its_request_and_may_end_elsewhere) {
    auto worker = GOOD(hs::worker::make());
    std::optional<hs::response> response;
    {
        auto request = to("/upload");
        request.body = hs::body::from(reads(std::string(300000, 'u'), 1000));
        response = GOOD(worker.stream(request));
    }
    std::thread([&] { response.reset(); }).join();
    EQUAL(GOOD(worker.get(check::http("/get"))).status(), 200U);
}
