// Durations, as options and as waits.
#pragma once

#include <http_sentinel/config.hpp>

#include <chrono>
#include <cstdint>

HTTP_SENTINEL_BEGIN

namespace detail {
struct forever_t {
    explicit forever_t() = default;
};

// Whole milliseconds, rounded up; nothing below 0.
template <class Rep, class Period> constexpr std::uint64_t milliseconds(std::chrono::duration<Rep, Period> time) noexcept {
    if (time <= time.zero()) return 0;
    using wide = std::chrono::duration<long double, std::milli>;
    if (wide(time).count() >= 9.2e18L) return HS_INFINITE;
    const auto whole = std::chrono::duration_cast<std::chrono::duration<std::uint64_t, std::milli>>(time);
    return whole.count() + (wide(whole) < wide(time) ? 1 : 0);
}
} // namespace detail

// No limit.
inline constexpr detail::forever_t forever{};

// A limit of time among options. One that was not given is the default; one that has run out already (0 or less, which
// is what `deadline - now()` comes to in the end) is the shortest that there is, and never the default.
class timeout {
  public:
    constexpr timeout() noexcept = default;
    constexpr timeout(detail::forever_t) noexcept : ms_(HS_INFINITE) {}
    template <class Rep, class Period>
    constexpr timeout(std::chrono::duration<Rep, Period> time) noexcept : ms_(detail::milliseconds(time)) {
        if (ms_ == 0) ms_ = 1;
    }
    // As the C structs have it.
    constexpr std::uint64_t native() const noexcept { return ms_; }

  private:
    std::uint64_t ms_ = 0;
};

// How long to wait: 0 or less is not at all.
class wait {
  public:
    constexpr wait(detail::forever_t) noexcept : ms_(HS_INFINITE) {}
    template <class Rep, class Period>
    constexpr wait(std::chrono::duration<Rep, Period> time) noexcept : ms_(detail::milliseconds(time)) {}
    constexpr std::uint64_t native() const noexcept { return ms_; }

  private:
    std::uint64_t ms_;
};

HTTP_SENTINEL_END
