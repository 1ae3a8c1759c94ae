// Cookies that several workers may share.
#pragma once

#include <http_sentinel/error.hpp>
#include <http_sentinel/handle.hpp>

#include <string>
#include <string_view>

HTTP_SENTINEL_BEGIN

class cookie_jar : public detail::object<hs_cookie_jar, hs_cookie_jar_free> {
  public:
    static result<cookie_jar> make() {
        hs_cookie_jar *made = nullptr;
        if (const auto status = hs_cookie_jar_new(&made)) return detail::failed(status);
        return cookie_jar(made);
    }
    explicit cookie_jar(hs_cookie_jar *owned) noexcept : object(owned) {}

    std::size_t count() const noexcept { return hs_cookie_jar_count(native()); }
    // A cookie as the server at `url` would send it: "sid=31d4; Path=/; Secure".
    result<> set(std::string_view url, std::string_view line) const {
        hs_error *failure = nullptr;
        const auto status = hs_cookie_jar_set(native(), detail::lend(url), detail::lend(line), &failure);
        return detail::checked(status, failure);
    }
    // The value of the Cookie header that a request for `url` would have; empty where it would have none.
    result<std::string> get(std::string_view url) const {
        return text_of([&](hs_text **text, hs_error **failure) {
            return hs_cookie_jar_get(native(), detail::lend(url), text, failure);
        });
    }
    result<> clear() const { return detail::checked(hs_cookie_jar_clear(native())); }
    // All of them in the format of cookies.txt, as secret as they are.
    result<std::string> export_text() const {
        return text_of([&](hs_text **text, hs_error **failure) { return hs_cookie_jar_export(native(), text, failure); });
    }
    result<> import_text(std::string_view text) const {
        hs_error *failure = nullptr;
        const auto status = hs_cookie_jar_import(native(), detail::lend(text), &failure);
        return detail::checked(status, failure);
    }

  private:
    template <class F> static result<std::string> text_of(F &&call) {
        hs_text *text = nullptr;
        hs_error *failure = nullptr;
        const auto status = call(&text, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        const detail::handle<hs_text, hs_text_free> owned(text);
        return std::string(detail::view(hs_text_value(text)));
    }
};

HTTP_SENTINEL_END
