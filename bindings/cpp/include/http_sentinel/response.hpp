// A response.
#pragma once

#include <http_sentinel/exception.hpp>
#include <http_sentinel/handle.hpp>
#include <http_sentinel/header.hpp>
#include <http_sentinel/span.hpp>
#include <http_sentinel/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// A redirect that was followed. Its URL is the response's.
struct redirect {
    std::uint32_t status;
    std::string_view url;
    std::chrono::nanoseconds elapsed;
};

namespace detail {
struct header_at {
    const hs_response *of = nullptr;
    hs_status operator()(std::size_t index, hs_header *found) const { return hs_response_header_at(of, index, found); }
};
struct trailer_at {
    const hs_response *of = nullptr;
    hs_status operator()(std::size_t index, hs_header *found) const { return hs_response_trailer_at(of, index, found); }
};
struct interim_at {
    const hs_response *of = nullptr;
    std::size_t nth = 0;
    hs_status operator()(std::size_t index, hs_header *found) const {
        return hs_response_interim_header_at(of, nth, index, found);
    }
};
} // namespace detail

class body_range;

// Whatever its status is: a 503 is no error. It outlives its worker, and may be read on any thread, but for the body of a
// stream that did not come through a pool. What is read from it is borrowed until it is destroyed.
class response : public detail::object<hs_response, hs_response_free> {
  public:
    response() noexcept = default;
    explicit response(hs_response *owned, std::shared_ptr<const void> lasts = {}) noexcept
        : object(owned), lasts_(std::move(lasts)) {}
    response(response &&) noexcept = default;
    response &operator=(response &&other) noexcept {
        handle_ = std::move(other.handle_); // before what its callbacks need goes
        lasts_ = std::move(other.lasts_);
        return *this;
    }
    ~response() { handle_.reset(); }

    std::uint32_t status() const noexcept { return hs_response_status(native()); }
    bool ok() const noexcept { return status() / 100 == 2; }
    std::string_view body() const noexcept { return detail::view(hs_response_body(native())); }
    // After redirects.
    std::string_view url() const noexcept { return detail::view(hs_response_url(native())); }

    // The value of the nth field of that name; `data() == nullptr` where there is none.
    std::string_view header(std::string_view name, std::size_t nth = 0) const noexcept {
        return detail::view(hs_response_header(native(), detail::lend(name), nth));
    }
    bool has_header(std::string_view name) const noexcept { return header(name).data() != nullptr; }
    // All fields, in the order received:  for (const auto &[name, value] : response.headers())
    auto headers() const noexcept { return detail::field_range(detail::header_at{native()}); }
    auto trailers() const noexcept { return detail::field_range(detail::trailer_at{native()}); }
    // The nth interim response (1xx); 0 where there are not so many.
    std::uint32_t interim_status(std::size_t nth) const noexcept { return hs_response_interim_status(native(), nth); }
    auto interim_headers(std::size_t nth) const noexcept { return detail::field_range(detail::interim_at{native(), nth}); }

    hs::metrics metrics() const noexcept {
        hs::metrics facts;
        hs_response_metrics(native(), &facts);
        return facts;
    }
    std::vector<attempt_record> attempts() const {
        std::vector<attempt_record> records(hs_response_attempt_count(native()));
        for (std::size_t i = 0; i < records.size(); i++) hs_response_attempt_at(native(), i, &records[i]);
        return records;
    }
    std::vector<redirect> redirects() const {
        std::vector<redirect> all;
        auto one = detail::sized<hs_redirect>();
        while (hs_response_redirect_at(native(), all.size(), &one) == HS_OK) {
            all.push_back({one.status, detail::view(one.url), detail::nanoseconds(one.elapsed_ns)});
        }
        return all;
    }
    // The certificate at an index, the server's own at 0, where the worker keeps them. Its texts are the response's.
    result<hs_certificate> certificate(std::size_t index) const {
        auto found = detail::sized<hs_certificate>();
        if (const auto status = hs_response_certificate(native(), index, &found)) return detail::failed(status);
        return found;
    }
    std::string_view trace() const noexcept { return detail::view(hs_response_trace(native())); }
    std::string_view trace_id() const noexcept { return detail::view(hs_response_trace_id(native())); }

    // ---- a body that is read piece by piece

    // The next bytes, at least one; 0 is the end. After errc::read_timeout the stream goes on.
    result<std::size_t> read(span<std::byte> buffer, timeout limit = {}) {
        return read_with([&](std::size_t *count, hs_error **failure) {
            return hs_response_read(native(), buffer.data(), buffer.size(), count, limit.native(), failure);
        });
    }
    result<std::size_t> read(char *buffer, std::size_t capacity, timeout limit = {}) {
        return read({reinterpret_cast<std::byte *>(buffer), capacity}, limit);
    }
    // The same, and never waits: errc::would_block.
    result<std::size_t> try_read(span<std::byte> buffer) {
        return read_with([&](std::size_t *count, hs_error **failure) {
            return hs_response_try_read(native(), buffer.data(), buffer.size(), count, failure);
        });
    }
    // The rest of it, as a range of result<std::string_view>, each at most so long. An error is the last element.
    body_range pieces(std::size_t most = 65536, timeout limit = {});

    // Ends it here: of a stream, the rest is not received, and its connection is closed.
    result<> close() {
        const auto status = hs_response_free(release());
        lasts_.reset();
        return detail::checked(status);
    }

  private:
    std::shared_ptr<const void> lasts_; // what the callbacks of a stream's request need

    template <class F> static result<std::size_t> read_with(F &&read) {
        std::size_t count = 0;
        hs_error *failure = nullptr;
        detail::catcher thrown;
        const auto status = read(&count, &failure);
        result<std::size_t> got = count;
        if (status != HS_OK) got = detail::failed(status, failure);
        thrown.rethrow();
        return got;
    }
};

// What `response::pieces` gives. It is gone through once.
class body_range {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = result<std::string_view>;
        using difference_type = std::ptrdiff_t;
        using pointer = const value_type *;
        using reference = const value_type &;

        iterator() = default;
        reference operator*() const noexcept { return range_->piece_; }
        pointer operator->() const noexcept { return &range_->piece_; }
        iterator &operator++() {
            if (!range_->next()) range_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator &left, const iterator &right) noexcept { return left.range_ == right.range_; }
        friend bool operator!=(const iterator &left, const iterator &right) noexcept { return left.range_ != right.range_; }

      private:
        friend class body_range;
        explicit iterator(body_range *range) : range_(range) { ++*this; }
        body_range *range_ = nullptr;
    };

    iterator begin() { return iterator(this); }
    iterator end() noexcept { return {}; }

  private:
    friend class response;
    body_range(response &from, std::size_t most, timeout limit) : from_(&from), limit_(limit), buffer_(most, '\0') {}

    bool next() {
        if (!piece_) return false;
        const auto count = from_->read(&buffer_[0], buffer_.size(), limit_);
        if (!count) {
            piece_ = unexpected<error>(count.error());
            return true;
        }
        piece_ = std::string_view(buffer_.data(), *count);
        return *count > 0;
    }

    response *from_;
    timeout limit_;
    std::string buffer_;
    result<std::string_view> piece_ = std::string_view();
};

inline body_range response::pieces(std::size_t most, timeout limit) { return {*this, most, limit}; }

HTTP_SENTINEL_END
