// The behaviour table's driver in C++: requests as lines on stdin, what came of them as lines on stdout. The protocol is
// told in tests/drivers/README.md.
#include "objects.hpp"
#include "options.hpp"
#include "pool.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>

namespace {

// A longer body is told by its length and hash alone.
constexpr std::size_t told_bytes = 65536;

// Facts that do not differ from run to run, in the order in which they are told.
const std::vector<std::pair<const char *, Field<hs_metrics>>> metrics_fields{
    {"attempts", &hs_metrics::attempts},
    {"redirects", &hs_metrics::redirects},
    {"internal_resends", &hs_metrics::internal_resends},
    {"request_header_bytes", &hs_metrics::request_header_bytes},
    {"request_body_bytes", &hs_metrics::request_body_bytes},
    {"response_header_bytes", &hs_metrics::response_header_bytes},
    {"response_body_bytes", &hs_metrics::response_body_bytes},
    {"connection_reused", &hs_metrics::connection_reused},
    {"http_version", &hs_metrics::http_version},
    {"tls_version", &hs_metrics::tls_version},
    {"decoded", &hs_metrics::decoded},
    {"proxied", &hs_metrics::proxied},
    {"auth_exchanges", &hs_metrics::auth_exchanges},
};

extern "C" std::int32_t read_upload(void *user_data, void *buffer, std::size_t capacity, std::size_t *count);
extern "C" std::int32_t rewind_upload(void *user_data);

// What the lines of a block say.
class Block : public Setter {
  public:
    hs_worker_options worker = sized<hs_worker_options>();
    hs_pool_options pool = sized<hs_pool_options>();
    bool via_pool = false; // a pool of such workers
    hs_request_options request = sized<hs_request_options>();
    std::uint64_t tag = 0;
    bool lends = false; // the body, until it is released
    std::vector<hs_part> parts;
    std::string boundary;
    std::string null;
    std::string cancel;
    std::optional<std::string> cancel_after;
    std::size_t read = 0; // the capacity of each hs_response_read, 0 for none
    std::string upload;   // what is uploaded
    std::size_t uploaded = 0;
    std::size_t upload_piece = 0;
    bool upload_stops = false;
    std::string on_body;
    std::optional<hs::cancel> switch_;
    std::string body; // what the callback received, or was read

    void worker_option(const std::string &key, const std::string &value, const hs::cookie_jar &jar) {
        if (key == "jar") {
            worker.cookies = jar.native();
            return;
        }
        if (key == "via") {
            via_pool = value == "pool";
            return;
        }
        const bool of_pool = key.rfind("pool.", 0) == 0;
        if (!(of_pool ? set(pool, key.substr(5), value) : set(worker, key, value))) fail("unknown worker option", key);
    }

    void request_option(const std::string &key, const std::string &value) {
        if (key == "header") { // FLAGS NAME VALUE
            const auto [flags, field] = split(value);
            const auto [name, text] = split(field);
            headers_.push_back({lent(decoded(name)), lent(decoded(text)), static_cast<std::uint32_t>(number(flags))});
            request.headers = headers_.data();
            request.header_count = headers_.size();
        } else if (key == "part.add") {
            parts.push_back(sized<hs_part>());
        } else if (key.rfind("part.", 0) == 0) {
            if (!set(parts.back(), key.substr(5), value)) fail("unknown option of a", key);
        } else if (key == "boundary") {
            boundary = decoded(value);
        } else if (key == "body_repeat") {
            request.body = lent(repeated(value));
        } else if (key == "upload_repeat") {
            upload = repeated(value);
            made(request.upload)->read = read_upload;
            made(request.upload)->user_data = this;
        } else if (key == "upload_piece") {
            upload_piece = number(value);
        } else if (key == "upload_stop") {
            upload_stops = true;
        } else if (key == "upload_rewind") {
            made(request.upload)->rewind = rewind_upload;
            made(request.upload)->user_data = this;
        } else if (key == "read") {
            read = number(value);
        } else if (key == "tag") {
            tag = number(value);
        } else if (key == "lend") {
            lends = true;
        } else if (key == "nts") {
            nts = true;
        } else if (key == "null") {
            null = decoded(value);
        } else if (key == "on_body") {
            on_body = decoded(value);
        } else if (key == "cancel" && value == "before") {
            cancel = decoded(value);
        } else if (key == "cancel_after") {
            cancel_after = decoded(value);
        } else if (!set(request, key, value)) {
            fail("unknown request option", key);
        }
    }

  private:
    std::vector<hs_header> headers_;

    static std::string repeated(const std::string &value) { // SIZE TEXT
        const auto [size, text] = split(value);
        const std::string pattern = decoded(text);
        std::string whole(number(size), '\0');
        for (std::size_t i = 0; i < whole.size(); i++) whole[i] = pattern[i % pattern.size()];
        return whole;
    }
};

// ---- what came of it ------------------------------------------------------------------------------------------------

void put_error(hs::error error) {
    hs_error *const object = error.native();
    put_status("error.details", object == nullptr ? HS_ERR_NULL_ARGUMENT : HS_OK);
    put("error.status", name(error.status()));
    put("error.message", error.message());
    put("error.phase", name(error.phase()));
    put_number("error.request_sent", static_cast<std::int64_t>(error.request_sent()));
    put_number("error.retryable", static_cast<std::int64_t>(error.retryable()));
    put_number("error.attempts", error.attempts());
    put_number("error.curl_code", error.curl_code());
    put_number("error.os_error", error.os_error());
    // With the last of its copies the object is gone.
    error = {};
    put_status("error.freed", hs_error_status(object) == HS_ERR_INVALID_HANDLE ? HS_OK : HS_ERR_INVALID_HANDLE);
}

void put_body(std::string_view body) {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    put_number("body.length", static_cast<std::int64_t>(body.size()));
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    put("body.hash", digits);
    if (body.size() <= told_bytes) put("body", body);
}

void put_metrics(const hs::response &response) {
    const hs::metrics metrics = response.metrics();
    put_status("metrics", metrics.attempts == 0 ? HS_ERR_INVALID_HANDLE : HS_OK);
    for (const auto &[name, field] : metrics_fields) {
        std::int64_t value = 0;
        if (const auto *const narrow = std::get_if<std::uint32_t hs_metrics::*>(&field)) value = metrics.**narrow;
        if (const auto *const wide = std::get_if<std::uint64_t hs_metrics::*>(&field)) {
            value = static_cast<std::int64_t>(metrics.**wide);
        }
        put_number(std::string("metrics.") + name, value);
    }
    put_number("metrics.peer.family", metrics.peer_address().family);
    put_number("metrics.local.family", metrics.local_address().family);
}

template <class Fields> void put_fields(const std::string &key, const Fields &fields) {
    for (const auto &[name, value] : fields) put(key + ' ' + encoded(name), value);
}

// Reads to the end, or until it fails, and once more: the end and a failure stay.
void read_body(Block &block, hs::response &response) {
    std::vector<std::byte> buffer(block.read);
    auto count = response.read(buffer);
    for (; count && *count > 0; count = response.read(buffer)) {
        block.body.append(reinterpret_cast<const char *>(buffer.data()), *count);
    }
    put_result("read", count);
    if (!count) put_error(std::exchange(count, std::size_t{0}).error());
    put_result("read.again", response.read(buffer));
}

void put_response(Block &block, hs::response response, bool pooled) {
    put_number("http", response.status());
    put("url", response.url());
    put_fields("header", response.headers());
    hs_header header{};
    const auto headers = response.headers();
    const auto count = static_cast<std::size_t>(std::distance(headers.begin(), headers.end()));
    put_status("header.end", hs_response_header_at(response.native(), count, &header));
    for (std::size_t nth = 0; response.interim_status(nth) != 0; nth++) {
        put_number("interim", response.interim_status(nth));
        put_fields("interim.header", response.interim_headers(nth));
    }

    // What came through a pool is read by another thread.
    if (block.read > 0 && pooled) std::thread(read_body, std::ref(block), std::ref(response)).join();
    if (block.read > 0 && !pooled) read_body(block, response);
    const auto body = response.body();
    const bool elsewhere = !block.on_body.empty() || block.read > 0;
    put_body(elsewhere ? std::string_view(block.body) : body);
    if (elsewhere) put_number("body.left", static_cast<std::int64_t>(body.size()));
    const auto trailers = response.trailers();
    put_fields("trailer", trailers);
    put_number("trailers", std::distance(trailers.begin(), trailers.end()));

    put_metrics(response);
    const auto redirects = response.redirects();
    for (const auto &hop : redirects) put("redirect " + std::to_string(hop.status), hop.url);
    auto redirect = sized<hs_redirect>();
    put_status("redirect.end", hs_response_redirect_at(response.native(), redirects.size(), &redirect));
    put_result("freed", response.close());
}

// ---- doing it -------------------------------------------------------------------------------------------------------

extern "C" std::int32_t receive(void *user_data, const void *data, std::size_t length) {
    auto &block = *static_cast<Block *>(user_data);
    if (block.on_body == "stop") return 7;
    if (block.on_body == "cancel" && !block.switch_->trigger()) return 8;
    block.body.append(static_cast<const char *>(data), length);
    return 0;
}

extern "C" std::int32_t read_upload(void *user_data, void *buffer, std::size_t capacity, std::size_t *count) {
    auto &block = *static_cast<Block *>(user_data);
    if (block.upload_stops) return 9;
    const std::size_t piece = block.upload_piece > 0 ? std::min(block.upload_piece, capacity) : capacity;
    *count = block.upload.copy(static_cast<char *>(buffer), piece, block.uploaded);
    block.uploaded += *count;
    return 0;
}

extern "C" std::int32_t rewind_upload(void *user_data) {
    static_cast<Block *>(user_data)->uploaded = 0;
    return 0;
}

// Waits until a URL answers, and throws the switch.
void cancel_when_answered(const std::string &url, const hs::cancel &switch_) {
    auto worker = hs::worker::make();
    if (!worker || !worker->get(url) || !switch_.trigger()) fail("cannot wait for", url);
}

hs::worker open(Block &block, Pool &pool) {
    if (block.via_pool) {
        block.pool.worker = &block.worker;
        auto opened = pool.open(block.pool);
        put_result("status", opened);
        if (!opened) put_error(std::exchange(opened, {}).error());
        return hs::worker(nullptr);
    }
    auto worker = hs::worker::make(block.worker);
    put_result("status", worker);
    if (worker) return *std::move(worker);
    put_error(std::exchange(worker, hs::worker(nullptr)).error());
    return hs::worker(nullptr);
}

hs::form form_of(const Block &block) {
    auto form = hs::form::make(block.boundary);
    put_result("form.new", form);
    if (!form) put_error(std::exchange(form, hs::form(nullptr)).error());
    for (const hs_part &part : block.parts) {
        auto added = form->add(part);
        put_result("form.add", added);
        if (!added) put_error(std::exchange(added, {}).error());
    }
    return *std::move(form);
}

void take_body(Block &block) {
    if (block.on_body.empty()) return;
    block.request.on_body = receive;
    block.request.user_data = &block;
}

void put_outcome(Block &block, Outcome outcome, bool pooled) {
    put_result("status", outcome);
    if (outcome) {
        put_response(block, *std::move(outcome), pooled);
    } else {
        put_error(std::exchange(outcome, hs::response()).error());
    }
}

// What the package takes by reference can be NULL in C alone.
Outcome send_null(const Block &block, const hs::worker &worker) {
    hs_response *response = nullptr;
    hs_error *error = nullptr;
    const hs_status status = hs_request(worker.native(), block.null == "request" ? nullptr : &block.request,
                                        block.null == "response" ? nullptr : &response, &error);
    if (status != HS_OK) return hs::unexpected<hs::error>(hs::error(status, error));
    return hs::response(response);
}

void send(Block &block, hs::worker &worker, Pool &pool) {
    hs::form form = block.parts.empty() ? hs::form(nullptr) : form_of(block);
    block.request.form = form.native();
    if (!block.cancel.empty() || block.cancel_after || block.on_body == "cancel") {
        auto made = hs::cancel::make();
        put_result("cancel.new", made);
        block.switch_ = *std::move(made);
        block.request.cancel = block.switch_->native();
    }
    if (block.cancel == "before") put_result("cancel.triggered", block.switch_->trigger());
    take_body(block);
    std::thread canceller;
    if (block.cancel_after) canceller = std::thread(cancel_when_answered, *block.cancel_after, std::cref(*block.switch_));

    Outcome outcome;
    hs::worker none(nullptr);
    if (pool.is_open()) {
        outcome = pool.request(block.null == "request" ? nullptr : &block.request);
    } else if (block.null == "request" || block.null == "response") {
        outcome = send_null(block, worker);
    } else {
        outcome = (block.null == "worker" ? none : worker).send(block.request);
    }

    if (canceller.joinable()) canceller.join();
    put_outcome(block, std::move(outcome), pool.is_open());
    if (block.switch_) put_status("cancel.freed", block.switch_->free());
    if (form) put_status("form.freed", form.free());
}

void submit(const Block &block, Pool &pool) {
    auto accepted = pool.submit(&block.request, block.tag);
    put_result("status", accepted);
    if (!accepted) put_error(std::exchange(accepted, {}).error());
}

void take_completion(Block &block, Pool &pool) {
    auto outcome = pool.take(block.tag);
    if (outcome) put_number("waited", outcome->metrics().pool_queue() > std::chrono::nanoseconds(0));
    put_outcome(block, std::move(outcome), true);
}

// `jar OP RESULT`: a text or number where it has one, else the status.
template <class T> void put_jar(const std::string &operation, hs::result<T> got) {
    const std::string told = "jar " + operation;
    if constexpr (std::is_same_v<T, std::string>) {
        if (got) return put(told, *got);
    }
    put_result(told, got);
    if (got) return;
    hs::error error = std::move(got).error();
    got = hs::unexpected<hs::error>(hs::error());
    if (error.native() != nullptr) put_error(std::move(error));
}

void jar_operation(hs::cookie_jar &jar, const std::string &key, const std::string &value) {
    const auto [first, second] = split(value);
    const std::string one = decoded(first), two = decoded(second);
    if (key == "new") {
        auto made = hs::cookie_jar::make();
        put_result("jar new", made);
        jar = *std::move(made);
    } else if (key == "count") {
        put_number("jar count", static_cast<std::int64_t>(jar.count()));
    } else if (key == "set") { // URL LINE
        put_jar(key, jar.set(one, two));
    } else if (key == "get") { // URL
        put_jar(key, jar.get(one));
    } else if (key == "export") {
        put_jar(key, jar.export_text());
    } else if (key == "import") { // TEXT
        put_jar(key, jar.import_text(one));
    } else if (key == "clear") {
        put_jar(key, jar.clear());
    } else {
        fail("unknown jar operation", key);
    }
}

} // namespace

std::shared_ptr<const hs_request_options> request_of(const Lines &lines) {
    auto block = std::make_shared<Block>();
    for (const auto &[key, value] : lines) block->request_option(key, value);
    take_body(*block);
    return {block, &block->request};
}

int main() {
    hs::cookie_jar jar(nullptr); // what jar blocks work on, and workers with `jar` use
    hs::worker worker(nullptr);
    Pool pool; // takes its place where a block says so
    const auto close = [&] { return pool.is_open() ? pool.close() : worker.close(); };
    for (std::string first; std::getline(std::cin, first);) {
        const auto [verb, name] = split(first);
        Lines lines;
        for (std::string line; std::getline(std::cin, line) && !line.empty();) lines.push_back(split(line));
        Block block;
        if (verb == "open") {
            for (const auto &[key, value] : lines) block.worker_option(key, value, jar);
            put_result("closed", close());
            worker = open(block, pool);
        } else if (verb == "jar") {
            for (const auto &[key, value] : lines) jar_operation(jar, key, value);
        } else if (verb == "pool") {
            for (const auto &[key, value] : lines) pool.operation(key, value);
        } else if (verb == "request" || verb == "submit" || verb == "next") {
            for (const auto &[key, value] : lines) block.request_option(key, value);
            if (block.lends) Pool::lend(block.request);
            if (verb == "request") send(block, worker, pool);
            if (verb == "submit") submit(block, pool);
            if (verb == "next") take_completion(block, pool);
        } else if (!scenario(verb, name, lines)) {
            fail("unknown block", verb);
        }
        std::cout << std::endl;
    }
    return close() ? 0 : 1;
}
