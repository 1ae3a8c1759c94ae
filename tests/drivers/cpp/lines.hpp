// Lines: what stands in them, and how they are told.
#pragma once

#include <http_sentinel.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

[[noreturn]] inline void fail(std::string_view what, std::string_view which) {
    std::cerr << "driver: " << what << ' ' << which << '\n';
    std::exit(2);
}

inline unsigned digit(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'A' + 10); }

inline std::string decoded(std::string_view line) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); i++) {
        if (line[i] == '%' && i + 2 < line.size()) {
            text += static_cast<char>(digit(line[i + 1]) << 4 | digit(line[i + 2]));
            i += 2;
        } else {
            text += line[i];
        }
    }
    return text;
}

inline std::string encoded(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > ' ' && byte < 0x7f && byte != '%') {
            line += c;
        } else {
            line += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return line;
}

// Negative ones in two's complement.
inline std::uint64_t number(const std::string &line) {
    const char *const text = line.c_str();
    return *text == '-' ? static_cast<std::uint64_t>(std::strtoll(text, nullptr, 10)) : std::strtoull(text, nullptr, 10);
}

// What stands before the first blank and behind it.
inline std::pair<std::string, std::string> split(const std::string &line) {
    const auto blank = line.find(' ');
    if (blank == std::string::npos) return {line, {}};
    return {line.substr(0, blank), line.substr(blank + 1)};
}

inline std::string_view view(hs_str text) { return {text.data, text.len}; }

inline void put(std::string_view key, std::string_view text) { std::cout << key << ' ' << encoded(text) << '\n'; }
inline void put_number(std::string_view key, std::int64_t value) { std::cout << key << ' ' << value << '\n'; }
inline void put_status(std::string_view key, hs_status status) { put(key, view(hs_status_name(status))); }
template <class T> hs_status status_of(const hs::result<T> &got) {
    return got ? HS_OK : static_cast<hs_status>(got.error().status());
}
template <class T> void put_result(std::string_view key, const hs::result<T> &got) { put_status(key, status_of(got)); }
