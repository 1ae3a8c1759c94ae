// Credentials.
#pragma once

#include <http_sentinel/text.hpp>

#include <cstdint>
#include <string>

HTTP_SENTINEL_BEGIN

// Of a request, for the origin of its URL; of a worker, for the origin that is named.
struct auth {
    enum class scheme : std::uint32_t {
        none = HS_AUTH_NONE,
        basic = HS_AUTH_BASIC,
        bearer = HS_AUTH_BEARER,
        digest = HS_AUTH_DIGEST,
    };

    scheme by = scheme::none;
    std::string user{};
    std::string password{};
    std::string token{};
    // Of a worker: "https://api.example:8443". Of a request: empty.
    std::string origin{};

    static auth basic(std::string user, std::string password, std::string origin = {}) {
        return {scheme::basic, std::move(user), std::move(password), {}, std::move(origin)};
    }
    static auth digest(std::string user, std::string password, std::string origin = {}) {
        return {scheme::digest, std::move(user), std::move(password), {}, std::move(origin)};
    }
    static auth bearer(std::string token, std::string origin = {}) {
        return {scheme::bearer, {}, {}, std::move(token), std::move(origin)};
    }
    // Of a request: without the worker's credentials.
    static auth anonymous() { return {}; }
};

namespace detail {

inline hs_auth lower(const auth &from) {
    auto to = sized<hs_auth>();
    to.scheme = static_cast<std::uint32_t>(from.by);
    to.user = lend(from.user);
    to.password = lend(from.password);
    to.token = lend(from.token);
    to.origin = lend(from.origin);
    return to;
}

} // namespace detail

HTTP_SENTINEL_END
