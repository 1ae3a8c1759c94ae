// The face that throws: a worker whose failures are exceptions, and requests in one line. Only with exceptions.
#pragma once

#include <http_sentinel/worker.hpp>

#if HTTP_SENTINEL_EXCEPTIONS

HTTP_SENTINEL_BEGIN

// A client for one thread. What fails throws hs::exception, whose `error()` says the same as a worker's.
class client {
  public:
    explicit client(const worker_options &options = {}) : worker_(unwrap(worker::make(options))) {}

    response get(std::string_view url, headers fields = {}) { return send("GET", url, std::move(fields), {}); }
    response head(std::string_view url, headers fields = {}) { return send("HEAD", url, std::move(fields), {}); }
    response post(std::string_view url, body content, headers fields = {}) {
        return send("POST", url, std::move(fields), std::move(content));
    }
    response put(std::string_view url, body content, headers fields = {}) {
        return send("PUT", url, std::move(fields), std::move(content));
    }
    response patch(std::string_view url, body content, headers fields = {}) {
        return send("PATCH", url, std::move(fields), std::move(content));
    }
    // `delete` is a word of the language.
    response erase(std::string_view url, headers fields = {}) { return send("DELETE", url, std::move(fields), {}); }

    response send(const request &what) { return unwrap(worker_.send(what)); }
    response stream(const request &what) { return unwrap(worker_.stream(what)); }
    response download(const request &what, int descriptor, const download_options &to = {}) {
        return unwrap(worker_.download(what, descriptor, to));
    }
    std::vector<result<response>> send_many(span<const request> requests) { return unwrap(worker_.send_many(requests)); }

    // The worker below, whose functions return what this one throws.
    hs::worker &worker() noexcept { return worker_; }

  private:
    hs::worker worker_;

    response send(std::string_view method, std::string_view url, headers fields, body content) {
        request what;
        what.method = method;
        what.url = url;
        what.headers = std::move(fields);
        what.body = std::move(content);
        return send(what);
    }
};

// The calling thread's own client, made at its first use with all defaults.
inline client &this_thread_client() {
    static thread_local client one;
    return one;
}

inline response get(std::string_view url, headers fields = {}) { return this_thread_client().get(url, std::move(fields)); }
inline response head(std::string_view url, headers fields = {}) {
    return this_thread_client().head(url, std::move(fields));
}
inline response post(std::string_view url, body content, headers fields = {}) {
    return this_thread_client().post(url, std::move(content), std::move(fields));
}
inline response put(std::string_view url, body content, headers fields = {}) {
    return this_thread_client().put(url, std::move(content), std::move(fields));
}
inline response send(const request &what) { return this_thread_client().send(what); }

HTTP_SENTINEL_END

#endif
