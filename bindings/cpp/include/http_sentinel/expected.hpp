// hs::expected: std::expected where the library has it, else as much of it as this package promises.
#pragma once

#include <http_sentinel/config.hpp>

#if HTTP_SENTINEL_EXPECTED

#include <expected>

HTTP_SENTINEL_BEGIN
using std::bad_expected_access;
using std::expected;
using std::unexpect;
using std::unexpect_t;
using std::unexpected;
HTTP_SENTINEL_END

#else

#include <cstdlib>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

HTTP_SENTINEL_BEGIN

struct unexpect_t {
    explicit unexpect_t() = default;
};
inline constexpr unexpect_t unexpect{};

template <class E> class unexpected {
  public:
    constexpr explicit unexpected(E error) : error_(std::move(error)) {}
    constexpr const E &error() const & noexcept { return error_; }
    constexpr E &error() & noexcept { return error_; }
    constexpr E &&error() && noexcept { return std::move(error_); }

  private:
    E error_;
};

#if HTTP_SENTINEL_EXCEPTIONS
template <class E> class bad_expected_access : public std::exception {
  public:
    explicit bad_expected_access(E error) : error_(std::move(error)) {}
    const char *what() const noexcept override { return "bad access to hs::expected without expected value"; }
    const E &error() const & noexcept { return error_; }
    E &error() & noexcept { return error_; }

  private:
    E error_;
};
#endif

namespace detail {
template <class E> [[noreturn]] void no_value(const E &error) {
#if HTTP_SENTINEL_EXCEPTIONS
    throw bad_expected_access<E>(error);
#else
    static_cast<void>(error);
    std::abort();
#endif
}
} // namespace detail

template <class T, class E> class [[nodiscard]] expected {
  public:
    using value_type = T;
    using error_type = E;
    using unexpected_type = hs::unexpected<E>;

    expected() : state_(std::in_place_index<0>) {}
    template <class U = T,
              class = std::enable_if_t<std::is_constructible_v<T, U> && !std::is_same_v<std::decay_t<U>, expected> &&
                                       !std::is_same_v<std::decay_t<U>, unexpected_type>>>
    expected(U &&value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    template <class G> expected(hs::unexpected<G> error) : state_(std::in_place_index<1>, std::move(error).error()) {}
    template <class... Args>
    explicit expected(std::in_place_t, Args &&...args) : state_(std::in_place_index<0>, std::forward<Args>(args)...) {}
    template <class... Args>
    explicit expected(unexpect_t, Args &&...args) : state_(std::in_place_index<1>, std::forward<Args>(args)...) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    // As with std::expected, these may be asked of one that has a value alone …
    T &operator*() & noexcept { return *std::get_if<0>(&state_); }
    const T &operator*() const & noexcept { return *std::get_if<0>(&state_); }
    T &&operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    T *operator->() noexcept { return std::get_if<0>(&state_); }
    const T *operator->() const noexcept { return std::get_if<0>(&state_); }
    // … and these of one that has none.
    E &error() & noexcept { return *std::get_if<1>(&state_); }
    const E &error() const & noexcept { return *std::get_if<1>(&state_); }
    E &&error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    // Throws bad_expected_access where there is none; without exceptions it aborts.
    T &value() & {
        if (!has_value()) detail::no_value(error());
        return **this;
    }
    const T &value() const & {
        if (!has_value()) detail::no_value(error());
        return **this;
    }
    T &&value() && {
        if (!has_value()) detail::no_value(error());
        return *std::move(*this);
    }
    template <class U> T value_or(U &&other) const & {
        return has_value() ? **this : static_cast<T>(std::forward<U>(other));
    }
    template <class U> T value_or(U &&other) && {
        return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
    }

  private:
    std::variant<T, E> state_;
};

template <class E> class [[nodiscard]] expected<void, E> {
  public:
    using value_type = void;
    using error_type = E;
    using unexpected_type = hs::unexpected<E>;

    expected() = default;
    explicit expected(std::in_place_t) {}
    template <class G> expected(hs::unexpected<G> error) : state_(std::in_place_index<1>, std::move(error).error()) {}
    template <class... Args>
    explicit expected(unexpect_t, Args &&...args) : state_(std::in_place_index<1>, std::forward<Args>(args)...) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    void operator*() const noexcept {}
    E &error() & noexcept { return *std::get_if<1>(&state_); }
    const E &error() const & noexcept { return *std::get_if<1>(&state_); }
    E &&error() && noexcept { return std::move(*std::get_if<1>(&state_)); }
    void value() const {
        if (!has_value()) detail::no_value(error());
    }

  private:
    std::variant<std::monostate, E> state_;
};

HTTP_SENTINEL_END

#endif
