// A request body that other threads write while it is sent.
#pragma once

#include <http_sentinel/error.hpp>
#include <http_sentinel/handle.hpp>
#include <http_sentinel/time.hpp>

HTTP_SENTINEL_BEGIN

// Give it to a request (`body::from`), write to it on another thread, close it. Who writes faster than the server reads
// waits. Destroyed before it was closed, it ends its request with errc::pipe_aborted.
class pipe : public detail::object<hs_pipe, hs_pipe_free> {
  public:
    // 0 bytes: the default.
    static result<pipe> make(std::size_t capacity = 0) {
        hs_pipe *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_pipe_new(capacity, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return pipe(made);
    }
    explicit pipe(hs_pipe *owned) noexcept : object(owned) {}

    // Puts all of it in, or says why not; `written`, where it is given, says how much is in by then in any case.
    result<> write(std::string_view data, wait limit = forever, std::size_t *written = nullptr) const {
        hs_error *failure = nullptr;
        const auto status = hs_pipe_write(native(), data.data(), data.size(), written, limit.native(), &failure);
        return detail::checked(status, failure);
    }
    // Puts in what fits, or all; `written` says how much that was. Of a request that goes through a pool, a completion says when
    // there is room again (`writable`).
    result<> try_write(std::string_view data, std::size_t *written = nullptr) const {
        hs_error *failure = nullptr;
        const auto status = hs_pipe_try_write(native(), data.data(), data.size(), written, &failure);
        return detail::checked(status, failure);
    }
    // The body is complete.
    result<> close() const { return detail::checked(hs_pipe_close(native())); }
    // The body will never be complete.
    result<> abort() const { return detail::checked(hs_pipe_abort(native())); }
};

HTTP_SENTINEL_END
