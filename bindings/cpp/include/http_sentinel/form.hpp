// Forms (multipart/form-data).
#pragma once

#include <http_sentinel/body.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// Fields and files, in order: `body::from(form)` makes it the body of any number of requests. What its readers need lives
// as long as the form: it must not be destroyed before the requests that it is the body of have ended.
class form {
  public:
    using native_type = hs_form;

    // An empty boundary is a random one.
    static result<form> make(std::string_view boundary = {}) {
        hs_form *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_form_new(detail::lend(boundary), &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return form(made);
    }
    explicit form(hs_form *owned) noexcept : handle_(owned) {}
    form(form &&) noexcept = default;
    form &operator=(form &&other) noexcept {
        handle_ = std::move(other.handle_); // before what its readers need
        uploads_ = std::move(other.uploads_);
        return *this;
    }

    result<> field(std::string_view name, std::string_view value, std::string_view content_type = {}) {
        auto part = named(name, content_type);
        part.data = detail::lend(value);
        return add(part);
    }
    // A file, opened anew for each request. The server is told the last part of its path, or `filename`.
    result<> file(std::string_view name, std::string_view path, std::string_view content_type = {},
                  std::optional<std::string_view> filename = std::nullopt) {
        auto part = named(name, content_type);
        part.file = detail::lend(path);
        if (filename) part.filename = detail::lend(filename->data() != nullptr ? *filename : std::string_view(""));
        return add(part);
    }
    // What a callback reads; without `rewind` the form can be sent once.
    result<> read(std::string_view name, std::string_view filename, reader read_it, std::optional<std::uint64_t> length = {},
                  rewinder rewind_it = nullptr, std::string_view content_type = {}) {
        auto upload = std::make_unique<detail::upload>(std::move(read_it), std::move(rewind_it), length.value_or(0), nullptr);
        auto part = named(name, content_type);
        part.filename = detail::lend(filename);
        part.upload = &upload->native;
        auto added = add(part);
        if (added) uploads_.push_back(std::move(upload));
        return added;
    }
    // From the struct of C.
    result<> add(const hs_part &part) {
        hs_error *failure = nullptr;
        const auto status = hs_form_add(native(), &part, &failure);
        return detail::checked(status, failure);
    }

    hs_form *native() const noexcept { return handle_.get(); }
    hs_status free() noexcept { return hs_form_free(handle_.release()); }
    hs_form *release() noexcept { return handle_.release(); }
    explicit operator bool() const noexcept { return native() != nullptr; }

  private:
    std::vector<std::unique_ptr<detail::upload>> uploads_;
    detail::handle<hs_form, hs_form_free> handle_;

    static hs_part named(std::string_view name, std::string_view content_type) noexcept {
        auto part = detail::sized<hs_part>();
        part.name = detail::lend(name);
        part.content_type = detail::lend(content_type);
        return part;
    }
};

HTTP_SENTINEL_END
