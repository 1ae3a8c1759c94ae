// Request bodies, and who takes those of responses.
#pragma once

#include <http_sentinel/exception.hpp>
#include <http_sentinel/handle.hpp>
#include <http_sentinel/pipe.hpp>
#include <http_sentinel/span.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

HTTP_SENTINEL_BEGIN

// Writes the next bytes of a body into the buffer and says how many; 0 is the end. std::nullopt ends the call with
// errc::callback, and so does an exception, which the call then throws on.
using reader = std::function<std::optional<std::size_t>(span<std::byte> buffer)>;
// Begins again with the first byte; false where it cannot.
using rewinder = std::function<bool()>;

// Takes a response's body piece by piece. The callback returns nothing, or whether to go on.
class body_sink {
  public:
    body_sink() = default;
    template <class F, class = std::enable_if_t<std::is_invocable_v<F &, std::string_view> &&
                                                !std::is_same_v<std::decay_t<F>, body_sink>>>
    body_sink(F callback) {
        if constexpr (std::is_void_v<std::invoke_result_t<F &, std::string_view>>) {
            take_ = [callback = std::move(callback)](std::string_view piece) mutable {
                callback(piece);
                return true;
            };
        } else {
            take_ = std::move(callback);
        }
    }
    explicit operator bool() const noexcept { return static_cast<bool>(take_); }
    bool operator()(std::string_view piece) const { return take_(piece); }

  private:
    std::function<bool(std::string_view)> take_;
};

// What a request sends: nothing, bytes of its own or lent ones, what a callback reads, what is written to a pipe, a form.
class body {
  public:
    body() = default;
    body(std::string bytes) : owned_(std::move(bytes)) {}
    body(const char *text) : owned_(text) {}
    body(std::string_view bytes) : owned_(bytes) {}

    // Bytes that stay where they are until the call has ended. (A pool and a stream copy them nevertheless.)
    static body lend(std::string_view bytes) {
        body made;
        made.lent_ = bytes;
        return made;
    }
    // What `read` reads: so many bytes, or until it says that it is the end. Without `rewind` it can be sent once.
    static body from(reader read, std::optional<std::uint64_t> length = std::nullopt, rewinder rewind = nullptr) {
        body made;
        made.read_ = std::move(read);
        made.rewind_ = std::move(rewind);
        made.length_ = length.value_or(0);
        return made;
    }
    // What other threads write to a pipe.
    static body from(const hs::pipe &pipe, std::optional<std::uint64_t> length = std::nullopt) {
        body made;
        made.pipe_ = pipe;
        made.length_ = length.value_or(0);
        return made;
    }
    // A form, which may be sent any number of times.
    static body from(ref<hs_form> form) {
        body made;
        made.form_ = std::move(form);
        return made;
    }

    std::string_view bytes() const noexcept { return lent_.data() != nullptr ? lent_ : std::string_view(owned_); }
    const hs::reader &reader() const noexcept { return read_; }
    const hs::rewinder &rewinder() const noexcept { return rewind_; }
    const ref<hs_pipe> &pipe() const noexcept { return pipe_; }
    const ref<hs_form> &form() const noexcept { return form_; }
    std::uint64_t length() const noexcept { return length_; }

    // The bytes that it owns, where it lends none.
    std::string *owned() noexcept { return lent_.data() == nullptr ? &owned_ : nullptr; }

  private:
    std::string owned_;
    std::string_view lent_;
    hs::reader read_;
    hs::rewinder rewind_;
    ref<hs_pipe> pipe_;
    ref<hs_form> form_;
    std::uint64_t length_ = 0;
};

namespace detail {

// A body that a callback reads, as C calls it. It stays where it is for as long as the call takes.
struct upload {
    hs_upload native = sized<hs_upload>();
    reader read;
    rewinder rewind;
    thrown_later *later = nullptr; // where what it throws is kept; NULL: by the thread that called

    upload(reader read_it, rewinder rewind_it, std::uint64_t length, hs_pipe *pipe)
        : read(std::move(read_it)), rewind(std::move(rewind_it)) {
        native.length = length;
        native.user_data = this;
        native.pipe = pipe;
        if (read) native.read = on_read;
        if (rewind) native.rewind = on_rewind;
    }
    upload(const upload &) = delete;
    upload &operator=(const upload &) = delete;

  private:
    static constexpr std::int32_t stop = 1;

    static std::int32_t on_read(void *user_data, void *buffer, std::size_t capacity, std::size_t *count) noexcept {
        auto &self = *static_cast<upload *>(user_data);
        const auto read_it = [&]() -> std::int32_t {
            const auto got = self.read({static_cast<std::byte *>(buffer), capacity});
            // More than there is room for would be a lie.
            if (!got || *got > capacity) return stop;
            *count = *got;
            return 0;
        };
        return guarded(stop, read_it, self.later);
    }
    static std::int32_t on_rewind(void *user_data) noexcept {
        auto &self = *static_cast<upload *>(user_data);
        return guarded(stop, [&]() -> std::int32_t { return self.rewind() ? 0 : stop; }, self.later);
    }
};

// Who takes a response's body, as C calls it.
struct receiver {
    body_sink sink;
    thrown_later *later = nullptr;

    static std::int32_t call(void *user_data, const void *data, std::size_t length) noexcept {
        const auto &self = *static_cast<const receiver *>(user_data);
        const auto take = [&]() -> std::int32_t {
            return self.sink({static_cast<const char *>(data), length}) ? 0 : 1;
        };
        return guarded(std::int32_t{1}, take, self.later);
    }
};

} // namespace detail

HTTP_SENTINEL_END
