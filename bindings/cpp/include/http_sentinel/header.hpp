// Header fields.
#pragma once

#include <http_sentinel/text.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// For the third place of a header: its value is a secret, which never appears in an error and is never sent to another
// origin. Authorization, Cookie and Proxy-Authorization are secrets without it.
inline constexpr bool sensitive = true;

// A field of a request, as it is to be sent.
struct header {
    std::string name{};
    std::string value{};
    bool sensitive = false;
};

using headers = std::vector<header>;

// A field of a response, borrowed from it.
struct field {
    std::string_view name;
    std::string_view value;
};

namespace detail {

inline std::vector<hs_header> lower(const headers &fields) {
    std::vector<hs_header> lowered;
    lowered.reserve(fields.size());
    for (const auto &one : fields) {
        lowered.push_back({lend(one.name), lend(one.value), one.sensitive ? std::uint32_t{HS_HEADER_SENSITIVE} : 0});
    }
    return lowered;
}

// Fields that are found by their places. `At` says what is at a place, and fails behind the last one.
template <class At> class field_range {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = field;
        using difference_type = std::ptrdiff_t;
        using pointer = const field *;
        using reference = const field &;

        iterator() = default;
        reference operator*() const noexcept { return field_; }
        pointer operator->() const noexcept { return &field_; }
        iterator &operator++() {
            read(index_ + 1);
            return *this;
        }
        iterator operator++(int) {
            iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const iterator &left, const iterator &right) noexcept { return left.index_ == right.index_; }
        friend bool operator!=(const iterator &left, const iterator &right) noexcept { return left.index_ != right.index_; }

      private:
        friend class field_range;
        explicit iterator(At at) : at_(at) { read(0); }
        void read(std::size_t index) {
            hs_header found{};
            index_ = at_(index, &found) == HS_OK ? index : npos;
            field_ = {view(found.name), view(found.value)};
        }

        static constexpr std::size_t npos = static_cast<std::size_t>(-1);
        At at_{};
        std::size_t index_ = npos;
        field field_{};
    };

    explicit field_range(At at) noexcept : at_(at) {}
    iterator begin() const { return iterator(at_); }
    iterator end() const { return {}; }

  private:
    At at_;
};

} // namespace detail

HTTP_SENTINEL_END
