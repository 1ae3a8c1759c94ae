// Between the texts of C and of C++.
#pragma once

#include <http_sentinel/config.hpp>

#include <string_view>
#include <type_traits>

HTTP_SENTINEL_BEGIN

namespace detail {

inline std::string_view view(hs_str text) noexcept { return {text.data, text.len}; }
inline hs_str lend(std::string_view text) noexcept { return {text.data(), text.size()}; }

// A struct of the header, all zero but its size.
template <class T> T sized() noexcept {
    T value{};
    value.struct_size = sizeof value;
    return value;
}

} // namespace detail

HTTP_SENTINEL_END
