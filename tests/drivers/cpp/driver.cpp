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

struct Free {
    void operator()(hs_worker *worker) const { hs_worker_free(worker); }
    void operator()(hs_cookie_jar *jar) const { hs_cookie_jar_free(jar); }
    void operator()(hs_text *text) const { hs_text_free(text); }
    void operator()(hs_form *form) const { hs_form_free(form); }
};
using Worker = std::unique_ptr<hs_worker, Free>;
using Jar = std::unique_ptr<hs_cookie_jar, Free>;
using Text = std::unique_ptr<hs_text, Free>;
using Form = std::unique_ptr<hs_form, Free>;

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
    hs_cancel *switch_ = nullptr;
    std::string body; // what the callback received, or was read

    void worker_option(const std::string &key, const std::string &value, hs_cookie_jar *jar) {
        if (key == "jar") {
            worker.cookies = jar;
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

void put_error(hs_error *error) {
    auto info = sized<hs_error_info>();
    put_status("error.details", hs_error_details(error, &info));
    put_status("error.status", hs_error_status(error));
    put("error.message", view(hs_error_message(error)));
    put("error.phase", view(hs_phase_name(info.phase)));
    put_number("error.request_sent", info.request_sent);
    put_number("error.retryable", info.retryable);
    put_number("error.attempts", info.attempts);
    put_number("error.curl_code", info.curl_code);
    put_number("error.os_error", info.os_error);
    put_status("error.freed", hs_error_free(error));
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

void put_metrics(const hs_response *response) {
    auto metrics = sized<hs_metrics>();
    put_status("metrics", hs_response_metrics(response, &metrics));
    for (const auto &[name, field] : metrics_fields) {
        std::int64_t value = 0;
        if (const auto *const narrow = std::get_if<std::uint32_t hs_metrics::*>(&field)) value = metrics.**narrow;
        if (const auto *const wide = std::get_if<std::uint64_t hs_metrics::*>(&field)) {
            value = static_cast<std::int64_t>(metrics.**wide);
        }
        put_number(std::string("metrics.") + name, value);
    }
    put_number("metrics.peer.family", metrics.peer.family);
    put_number("metrics.local.family", metrics.local.family);
}

void put_field(const std::string &key, const hs_header &header) {
    put(key + ' ' + encoded(view(header.name)), view(header.value));
}

// Reads to the end, or until it fails, and once more: the end and a failure stay.
void read_body(Block &block, hs_response *response) {
    std::vector<char> buffer(block.read);
    std::size_t count = 1;
    hs_error *error = nullptr;
    hs_status status = HS_OK;
    while (status == HS_OK && count > 0) {
        status = hs_response_read(response, buffer.data(), buffer.size(), &count, 0, &error);
        if (status == HS_OK) block.body.append(buffer.data(), count);
    }
    put_status("read", status);
    if (status != HS_OK) put_error(error);
    put_status("read.again", hs_response_read(response, buffer.data(), buffer.size(), &count, 0, nullptr));
}

void put_response(Block &block, hs_response *response, bool pooled) {
    put_number("http", hs_response_status(response));
    put("url", view(hs_response_url(response)));
    hs_header header{};
    const std::size_t headers = hs_response_header_count(response);
    for (std::size_t i = 0; i < headers && hs_response_header_at(response, i, &header) == HS_OK; i++) {
        put_field("header", header);
    }
    put_status("header.end", hs_response_header_at(response, headers, &header));
    for (std::size_t nth = 0; hs_response_interim_status(response, nth) != 0; nth++) {
        put_number("interim", hs_response_interim_status(response, nth));
        for (std::size_t i = 0; hs_response_interim_header_at(response, nth, i, &header) == HS_OK; i++) {
            put_field("interim.header", header);
        }
    }

    // What came through a pool is read by another thread.
    if (block.read > 0 && pooled) std::thread(read_body, std::ref(block), response).join();
    if (block.read > 0 && !pooled) read_body(block, response);
    const auto body = view(hs_response_body(response));
    const bool elsewhere = !block.on_body.empty() || block.read > 0;
    put_body(elsewhere ? std::string_view(block.body) : body);
    if (elsewhere) put_number("body.left", static_cast<std::int64_t>(body.size()));
    for (std::size_t i = 0; hs_response_trailer_at(response, i, &header) == HS_OK; i++) put_field("trailer", header);
    put_number("trailers", static_cast<std::int64_t>(hs_response_trailer_count(response)));

    put_metrics(response);
    auto redirect = sized<hs_redirect>();
    std::size_t hops = 0;
    for (; hs_response_redirect_at(response, hops, &redirect) == HS_OK; hops++) {
        put("redirect " + std::to_string(redirect.status), view(redirect.url));
    }
    put_status("redirect.end", hs_response_redirect_at(response, hops, &redirect));
    put_status("freed", hs_response_free(response));
}

// ---- doing it -------------------------------------------------------------------------------------------------------

extern "C" std::int32_t receive(void *user_data, const void *data, std::size_t length) {
    auto &block = *static_cast<Block *>(user_data);
    if (block.on_body == "stop") return 7;
    if (block.on_body == "cancel") hs_cancel_trigger(block.switch_);
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
void cancel_when_answered(const std::string &url, hs_cancel *switch_) {
    hs_worker *worker = nullptr;
    hs_response *response = nullptr;
    auto request = sized<hs_request_options>();
    request.url = {url.data(), url.size()};
    if (hs_worker_new(nullptr, &worker, nullptr) != HS_OK || hs_request(worker, &request, &response, nullptr) != HS_OK) {
        fail("cannot wait for", url);
    }
    const Worker owned(worker);
    hs_cancel_trigger(switch_);
    hs_response_free(response);
}

Worker open(Block &block, Pool &pool) {
    hs_worker *worker = nullptr;
    Pool::Outcome outcome{};
    if (block.via_pool) {
        block.pool.worker = &block.worker;
        outcome = pool.open(block.pool);
    } else {
        outcome.status = hs_worker_new(&block.worker, &worker, &outcome.error);
    }
    put_status("status", outcome.status);
    if (outcome.status != HS_OK) put_error(outcome.error);
    return Worker(worker);
}

Form form_of(const Block &block) {
    hs_form *form = nullptr;
    hs_error *error = nullptr;
    put_status("form.new", hs_form_new({block.boundary.data(), block.boundary.size()}, &form, &error));
    if (error != nullptr) put_error(error);
    for (const hs_part &part : block.parts) {
        put_status("form.add", hs_form_add(form, &part, &error));
        if (error != nullptr) put_error(error);
    }
    return Form(form);
}

void take_body(Block &block) {
    if (block.on_body.empty()) return;
    block.request.on_body = receive;
    block.request.user_data = &block;
}

void put_outcome(Block &block, const Pool::Outcome &outcome, bool pooled) {
    put_status("status", outcome.status);
    if (outcome.status == HS_OK) {
        put_response(block, outcome.response, pooled);
    } else {
        put_error(outcome.error);
    }
}

void send(Block &block, hs_worker *worker, Pool &pool) {
    Form form = block.parts.empty() ? nullptr : form_of(block);
    block.request.form = form.get();
    if (!block.cancel.empty() || block.cancel_after || block.on_body == "cancel") {
        put_status("cancel.new", hs_cancel_new(&block.switch_));
        block.request.cancel = block.switch_;
    }
    if (block.cancel == "before") put_status("cancel.triggered", hs_cancel_trigger(block.switch_));
    take_body(block);
    std::thread canceller;
    if (block.cancel_after) canceller = std::thread(cancel_when_answered, *block.cancel_after, block.switch_);

    const hs_request_options *const request = block.null == "request" ? nullptr : &block.request;
    Pool::Outcome outcome{};
    if (pool.is_open()) {
        outcome = pool.request(request);
    } else {
        outcome.status = hs_request(block.null == "worker" ? nullptr : worker, request,
                                    block.null == "response" ? nullptr : &outcome.response, &outcome.error);
    }

    if (canceller.joinable()) canceller.join();
    put_outcome(block, outcome, pool.is_open());
    if (block.switch_ != nullptr) put_status("cancel.freed", hs_cancel_free(block.switch_));
    if (form) put_status("form.freed", hs_form_free(form.release()));
}

void submit(const Block &block, Pool &pool) {
    const Pool::Outcome outcome = pool.submit(&block.request, block.tag);
    put_status("status", outcome.status);
    if (outcome.status != HS_OK) put_error(outcome.error);
}

void take_completion(Block &block, Pool &pool) {
    const Pool::Outcome outcome = pool.take(block.tag);
    auto metrics = sized<hs_metrics>();
    if (outcome.status == HS_OK) {
        hs_response_metrics(outcome.response, &metrics);
        put_number("waited", metrics.pool_queue_ns > 0);
    }
    put_outcome(block, outcome, true);
}

// `jar OP RESULT`: a text or number where it has one, else the status.
void put_jar(const std::string &operation, hs_status status, hs_error *error = nullptr, Text text = nullptr) {
    put("jar " + operation, view(text ? hs_text_value(text.get()) : hs_status_name(status)));
    if (error != nullptr) put_error(error);
}

void jar_operation(Jar &jar, const std::string &key, const std::string &value) {
    const auto [first, second] = split(value);
    const std::string one = decoded(first), two = decoded(second);
    const auto lent = [](const std::string &text) { return hs_str{text.data(), text.size()}; };
    hs_error *error = nullptr;
    hs_text *text = nullptr;
    hs_status status = HS_OK;
    if (key == "new") {
        hs_cookie_jar *made = nullptr;
        put_jar(key, hs_cookie_jar_new(&made));
        jar.reset(made);
        return;
    }
    if (key == "count") return put_number("jar count", static_cast<std::int64_t>(hs_cookie_jar_count(jar.get())));
    if (key == "set") { // URL LINE
        status = hs_cookie_jar_set(jar.get(), lent(one), lent(two), &error);
    } else if (key == "get") { // URL
        status = hs_cookie_jar_get(jar.get(), lent(one), &text, &error);
    } else if (key == "export") {
        status = hs_cookie_jar_export(jar.get(), &text, &error);
    } else if (key == "import") { // TEXT
        status = hs_cookie_jar_import(jar.get(), lent(one), &error);
    } else if (key == "clear") {
        status = hs_cookie_jar_clear(jar.get());
    } else {
        fail("unknown jar operation", key);
    }
    put_jar(key, status, error, Text(text));
}

} // namespace

std::shared_ptr<const hs_request_options> request_of(const Lines &lines) {
    auto block = std::make_shared<Block>();
    for (const auto &[key, value] : lines) block->request_option(key, value);
    take_body(*block);
    return {block, &block->request};
}

int main() {
    Jar jar; // what jar blocks work on, and workers with `jar` use
    Worker worker;
    Pool pool; // takes its place where a block says so
    const auto close = [&] { return pool.is_open() ? pool.close() : hs_worker_free(worker.release()); };
    for (std::string first; std::getline(std::cin, first);) {
        const auto [verb, name] = split(first);
        Lines lines;
        for (std::string line; std::getline(std::cin, line) && !line.empty();) lines.push_back(split(line));
        Block block;
        if (verb == "open") {
            for (const auto &[key, value] : lines) block.worker_option(key, value, jar.get());
            put_status("closed", close());
            worker = open(block, pool);
        } else if (verb == "jar") {
            for (const auto &[key, value] : lines) jar_operation(jar, key, value);
        } else if (verb == "pool") {
            for (const auto &[key, value] : lines) pool.operation(key, value);
        } else if (verb == "request" || verb == "submit" || verb == "next") {
            for (const auto &[key, value] : lines) block.request_option(key, value);
            if (block.lends) Pool::lend(block.request);
            if (verb == "request") send(block, worker.get(), pool);
            if (verb == "submit") submit(block, pool);
            if (verb == "next") take_completion(block, pool);
        } else if (!scenario(verb, name, lines)) {
            fail("unknown block", verb);
        }
        std::cout << std::endl;
    }
    return close() == HS_OK ? 0 : 1;
}
