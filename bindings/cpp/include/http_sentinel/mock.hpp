// A double for all servers.
#pragma once

#include <http_sentinel/enums.hpp>
#include <http_sentinel/error.hpp>
#include <http_sentinel/handle.hpp>
#include <http_sentinel/header.hpp>
#include <http_sentinel/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// Which requests a rule is for, and what they get. What is not set: every request, 200 and an empty body.
struct mock_rule {
    struct interim_response {
        std::uint32_t status = 103;
        hs::headers headers{};
    };

    std::string method{};
    std::string url{};
    bool url_is_prefix = false;
    hs::headers headers{};
    std::string body{};
    bool body_must_match = false;
    // How many requests it is for; 0: any number.
    std::uint32_t times = 0;

    std::uint32_t status = 0;
    hs::http_version http_version = hs::http_version::any;
    errc failure = errc::ok;
    bool stall = false;
    hs::headers answer_headers{};
    std::string answer_body{};
    hs::headers trailers{};
    std::vector<interim_response> interim{};
    timeout delay{};
    timeout piece_delay{};
    std::uint64_t piece_bytes = 0;
    std::uint64_t after_bytes = 0;
};

namespace detail {
struct call_header_at {
    const hs_mock *of = nullptr;
    std::size_t call = 0;
    hs_status operator()(std::size_t index, hs_header *found) const {
        return hs_mock_call_header_at(of, call, index, found);
    }
};
} // namespace detail

// A request that a mock got; borrowed from the mock until `clear` or its end.
struct mock_call {
    std::uint32_t rule;
    std::string_view method;
    std::string_view url;
    std::string_view body;
    std::uint64_t body_bytes;
};

// Name it in `worker_options::mock`: the worker opens no socket then.
class mock : public detail::object<hs_mock, hs_mock_free> {
  public:
    static result<mock> make() {
        hs_mock *made = nullptr;
        if (const auto status = hs_mock_new(&made)) return detail::failed(status);
        return mock(made);
    }
    explicit mock(hs_mock *owned) noexcept : object(owned) {}

    result<> add(const mock_rule &from) const {
        auto rule = detail::sized<hs_mock_rule>();
        const auto flag = [&](bool set, std::uint32_t bit) { rule.flags |= set ? bit : 0; };
        flag(from.url_is_prefix, HS_MOCK_PREFIX);
        flag(from.body_must_match, HS_MOCK_BODY);
        flag(from.stall, HS_MOCK_STALL);
        const auto asked = detail::lower(from.headers), answered = detail::lower(from.answer_headers);
        const auto trailers = detail::lower(from.trailers);
        std::vector<std::vector<hs_header>> fields;
        std::vector<hs_mock_interim> interim;
        for (const auto &one : from.interim) {
            fields.push_back(detail::lower(one.headers));
            interim.push_back({one.status, 0, fields.back().data(), fields.back().size()});
        }
        rule.method = detail::lend(from.method);
        rule.url = detail::lend(from.url);
        rule.headers = asked.data();
        rule.header_count = asked.size();
        rule.body = detail::lend(from.body);
        rule.times = from.times;
        rule.status = from.status;
        rule.http_version = static_cast<std::uint32_t>(from.http_version);
        rule.failure = static_cast<hs_status>(from.failure);
        rule.answer_headers = answered.data();
        rule.answer_header_count = answered.size();
        rule.answer_body = detail::lend(from.answer_body);
        rule.trailers = trailers.data();
        rule.trailer_count = trailers.size();
        rule.interim = interim.data();
        rule.interim_count = interim.size();
        rule.delay_ms = from.delay.native();
        rule.piece_delay_ms = from.piece_delay.native();
        rule.piece_bytes = from.piece_bytes;
        rule.after_bytes = from.after_bytes;
        return add(rule);
    }
    // From the struct of C.
    result<> add(const hs_mock_rule &rule) const {
        hs_error *failure = nullptr;
        const auto status = hs_mock_add(native(), &rule, &failure);
        return detail::checked(status, failure);
    }
    // The rules of a recording (`worker_options::record`).
    result<> load(std::string_view file) const {
        hs_error *failure = nullptr;
        const auto status = hs_mock_load(native(), detail::lend(file), &failure);
        return detail::checked(status, failure);
    }
    result<> clear() const { return detail::checked(hs_mock_clear(native())); }

    // How many requests it got, and how many rules have answered fewer than they are for.
    std::size_t calls() const noexcept { return hs_mock_calls(native()); }
    std::size_t unused() const noexcept { return hs_mock_unused(native()); }
    result<mock_call> call(std::size_t index) const {
        auto raw = detail::sized<hs_mock_call>();
        if (const auto status = hs_mock_call_at(native(), index, &raw)) return detail::failed(status);
        return mock_call{raw.rule, detail::view(raw.method), detail::view(raw.url), detail::view(raw.body), raw.body_bytes};
    }
    // All fields of a request, as they would be sent, secrets included.
    auto call_headers(std::size_t index) const noexcept { return detail::field_range(detail::call_header_at{native(), index}); }
    // The nth of them with that name; `data() == nullptr` where there is none.
    std::string_view call_header(std::size_t index, std::string_view name, std::size_t nth = 0) const noexcept {
        return detail::view(hs_mock_call_header(native(), index, detail::lend(name), nth));
    }
};

HTTP_SENTINEL_END
