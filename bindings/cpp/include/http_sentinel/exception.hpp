// Exceptions: those that this package throws, and those that callbacks throw while C is on the stack.
#pragma once

#include <http_sentinel/error.hpp>

#if HTTP_SENTINEL_EXCEPTIONS
#include <exception>
#include <mutex>
#include <utility>
#endif

HTTP_SENTINEL_BEGIN

#if HTTP_SENTINEL_EXCEPTIONS

// An error, thrown. `what()` is its text.
class exception : public std::system_error {
  public:
    explicit exception(hs::error error)
        : std::system_error(error.code()), error_(std::move(error)),
          text_(std::make_shared<const std::string>(error_.text())) {}

    const char *what() const noexcept override { return text_->c_str(); }
    const hs::error &error() const noexcept { return error_; }

  private:
    hs::error error_;
    std::shared_ptr<const std::string> text_; // copying an exception must not throw
};

// The value, or hs::exception.
template <class T> T unwrap(result<T> got) {
    if (!got) throw exception(std::move(got).error());
    if constexpr (!std::is_void_v<T>) return *std::move(got);
}

#endif

namespace detail {

#if HTTP_SENTINEL_EXCEPTIONS

// Keeps what callbacks throw inside of a call of C until the call has returned. Of several the first one counts.
class catcher {
  public:
    catcher() noexcept : outer_(std::exchange(innermost(), this)) {}
    catcher(const catcher &) = delete;
    catcher &operator=(const catcher &) = delete;
    ~catcher() { innermost() = outer_; }

    void rethrow() {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }

    // Where nobody on this thread would catch it, which is so on a pool's, it is kept for whoever takes completions.
    static void keep(std::exception_ptr thrown) noexcept {
        if (catcher *const here = innermost()) {
            if (!here->thrown_) here->thrown_ = std::move(thrown);
        } else {
            auto &[lock, stray] = strays();
            const std::lock_guard<std::mutex> locked(lock);
            if (!stray) stray = std::move(thrown);
        }
    }
    static void rethrow_stray() {
        auto &[lock, stray] = strays();
        std::exception_ptr thrown;
        {
            const std::lock_guard<std::mutex> locked(lock);
            thrown = std::exchange(stray, nullptr);
        }
        if (thrown) std::rethrow_exception(thrown);
    }

  private:
    struct stray_exception {
        std::mutex lock;
        std::exception_ptr thrown;
    };

    static catcher *&innermost() noexcept {
        static thread_local catcher *one = nullptr;
        return one;
    }
    static stray_exception &strays() noexcept {
        static stray_exception one;
        return one;
    }

    catcher *outer_;
    std::exception_ptr thrown_;
};

// What callbacks of one request throw on the threads of a pool, until the request has ended.
struct thrown_later {
    std::exception_ptr first;
};

// Calls a callback of the caller's where nothing may be thrown.
template <class R, class F> R guarded(R otherwise, F &&callback, thrown_later *later = nullptr) noexcept {
    try {
        return callback();
    } catch (...) {
        if (later == nullptr) {
            catcher::keep(std::current_exception());
        } else if (!later->first) {
            later->first = std::current_exception();
        }
        return otherwise;
    }
}

#else

class catcher {
  public:
    catcher() noexcept {}
    void rethrow() const noexcept {}
    static void rethrow_stray() noexcept {}
};

struct thrown_later {};

template <class R, class F> R guarded(R, F &&callback, thrown_later * = nullptr) noexcept { return callback(); }

#endif

} // namespace detail

HTTP_SENTINEL_END
