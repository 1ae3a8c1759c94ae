// Memory, threads and descriptors stay what they are, however many requests there were:  flat HTTP_URL [REQUESTS]
//
// Every way of this package in turns: workers and pools, values and exceptions, callbacks, streams that are left, failures,
// cancels, objects that are made and given up. What there is after a tenth of it must be there at the end, and not more.
// What grows once, because more came together than before, is no loss: what is lost is lost again the next time.
#include <http_sentinel.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <filesystem>
#include <malloc.h>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

struct usage {
    std::size_t heap = 0, resident = 0, threads = 0, descriptors = 0;

    static usage now() {
        usage found;
        malloc_trim(0);
        const auto info = mallinfo2();
        found.heap = info.uordblks + info.hblkhd;
        std::ifstream status("/proc/self/status");
        for (std::string line; std::getline(status, line);) {
            if (line.rfind("VmRSS:", 0) == 0) found.resident = std::stoul(line.substr(6)) * 1024;
            if (line.rfind("Threads:", 0) == 0) found.threads = std::stoul(line.substr(8));
        }
        using descriptors = std::filesystem::directory_iterator;
        found.descriptors = static_cast<std::size_t>(std::distance(descriptors("/proc/self/fd"), descriptors()));
        return found;
    }
    bool within(const usage &before) const {
        constexpr std::size_t slack = 256 * 1024, pages = 4096 * 1024;
        return heap <= before.heap + slack && resident <= before.resident + pages && threads <= before.threads &&
               descriptors <= before.descriptors + 2;
    }
    void print(const char *when) const {
        std::printf("%s: heap %zu KiB, resident %zu KiB, %zu threads, %zu descriptors\n", when, heap / 1024, resident / 1024,
                    threads, descriptors);
    }
};

void check(bool so, const char *what) {
    if (!so) throw std::runtime_error(what);
}
#define CHECK(condition) check(condition, #condition)

class everything {
  public:
    explicit everything(std::string base) : base_(std::move(base)) {}

    void request(long i) {
        switch (i % 10) {
        case 0: CHECK(worker_.get(base_ + "/get")->ok()); break;
        case 1: CHECK(client_.post(base_ + "/echo", "text", {{"X-Secret", "s", hs::sensitive}}).body() == "text"); break;
        case 2: refused(); break;
        case 3: callbacks(); break;
        case 4: left_stream(); break;
        case 5: CHECK(engine_.execute([&] { return worker_.get(base_ + "/get"); })->ok()); break;
        case 6: pooled(i); break;
        case 7: thrown(); break;
        case 8: stopped(); break;
        case 9: objects(i); break;
        }
    }

  private:
    std::string base_;
    hs::worker worker_ = hs::unwrap(hs::worker::make());
    hs::client client_;
    hs::pool pool_ = hs::unwrap(hs::pool::make(few()));
    hs::retry_engine engine_ = hs::unwrap(hs::retry_engine::make());

    static hs::pool_options few() {
        hs::pool_options options;
        options.max_threads = options.min_threads = 2;
        return options;
    }
    hs::request to(const char *path) const {
        hs::request made;
        made.url = base_ + path;
        return made;
    }

    void refused() {
        const auto failed = worker_.get("http://user:secret@a.test:99999/");
        CHECK(!failed && failed.error() == hs::errc::invalid_url && !failed.error().text().empty());
    }
    void callbacks() {
        auto made = to("/echo");
        std::string received;
        made.on_body = [&](std::string_view piece) { received += piece; };
        made.body = hs::body::from([left = 3](hs::span<std::byte> buffer) mutable -> std::optional<std::size_t> {
            buffer[0] = std::byte{'u'};
            return left-- > 0 ? 1 : 0;
        });
        CHECK(worker_.send(made) && received == "uuu");
    }
    void left_stream() {
        auto response = hs::unwrap(worker_.stream(to("/bytes/100000")));
        for (const auto &piece : response.pieces(1000)) {
            CHECK(piece.has_value());
            break;
        }
    }
    void pooled(long i) {
        auto made = to("/echo");
        made.body = hs::body::from([left = 2](hs::span<std::byte> buffer) mutable -> std::optional<std::size_t> {
            buffer[0] = std::byte{'p'};
            return left-- > 0 ? 1 : 0;
        });
        const auto tag = static_cast<std::uint64_t>(i);
        hs::unwrap(pool_.submit_stream(made, tag));
        hs::unwrap(pool_.submit(to("/get"), tag));
        int ended = 0, bytes = 0;
        while (ended < 2) {
            auto next = hs::unwrap(pool_.next());
            if (!next || next->readable) continue;
            auto response = next->take();
            std::byte buffer[16];
            if (response.body().empty()) {
                while (const auto count = hs::unwrap(response.read(buffer))) bytes += static_cast<int>(count);
            }
            ended++;
        }
        CHECK(bytes == 2);
    }
    void thrown() {
        auto made = to("/get");
        made.on_body = [](std::string_view) { throw std::runtime_error("mine"); };
        try {
            (void)worker_.send(made);
            CHECK(false);
        } catch (const std::runtime_error &caught) {
            CHECK(std::string(caught.what()) == "mine");
        }
    }
    void stopped() {
        auto made = to("/get");
#if HTTP_SENTINEL_STOP_TOKEN
        std::stop_source source;
        made.stop = source.get_token();
        CHECK(worker_.send(made)->ok());
        source.request_stop();
#else
        auto cancel = hs::unwrap(hs::cancel::make());
        made.cancel = cancel;
        CHECK(worker_.send(made)->ok());
        hs::unwrap(cancel.trigger());
#endif
        CHECK(worker_.send(made).error() == hs::errc::cancelled);
    }
    void objects(long i) {
        hs::breaker_options options;
        int told = 0;
        options.min_calls = options.window_calls = 1;
        options.on_transition = [&](const hs::breaker_event &) { told++; };
        auto breaker = hs::unwrap(hs::circuit_breaker::make(options));
        hs::unwrap(hs::unwrap(breaker.acquire("k")).failure());
        CHECK(told == 1);
        auto made = to("/get");
        made.policies.emplace().breaker = breaker;
        CHECK(worker_.send(made)->ok());
        auto form = hs::unwrap(hs::form::make());
        hs::unwrap(form.field("a", "b"));
        made = to("/echo");
        made.body = hs::body::from(form);
        CHECK(worker_.send(made)->ok());
        if (i % 1000 != 9) return;
        auto other = hs::unwrap(hs::worker::make());
        CHECK(other.get(base_ + "/get")->ok());
        std::thread([moved = std::move(other)]() mutable { hs::worker gone(std::move(moved)); }).join(); // retired
    }
};

int run(const char *base, long requests) {
    everything all(base);
    long i = 0;
    while (i < requests / 10) all.request(i++);
    auto before = usage::now();
    before.print("after a tenth");
    bool flat = false;
    for (int tries = 0; tries < 5 && !flat; tries++) {
        while (i < requests) all.request(i++);
        i = requests / 10;
        const auto after = usage::now();
        after.print("at the end");
        flat = after.within(before);
        before = after;
    }
    std::printf("%ld requests: %s\n", requests, flat ? "flat" : "IT GROWS");
    return flat ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: %s HTTP_URL [REQUESTS]\n", argv[0]), 2;
    try {
        return run(argv[1], argc > 2 ? std::atol(argv[2]) : 10000);
    } catch (const std::exception &failure) {
        return std::fprintf(stderr, "%s\n", failure.what()), 1;
    }
}
