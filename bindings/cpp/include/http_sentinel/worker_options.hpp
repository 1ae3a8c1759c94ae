// Options of workers.
#pragma once

#include <http_sentinel/auth.hpp>
#include <http_sentinel/network.hpp>
#include <http_sentinel/observe.hpp>
#include <http_sentinel/policies.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

HTTP_SENTINEL_BEGIN

// What is not set is the default. What each field means is told at hs_worker_options in http_sentinel.h.
struct worker_options {
    hs::timeout timeout{};
    hs::timeout attempt_timeout{};
    hs::timeout connect_timeout{};
    hs::timeout idle_timeout{};
    std::uint64_t max_body_bytes = 0;
    std::uint32_t max_header_bytes = 0;
    std::uint32_t max_header_count = 0;
    hs::timeout idle_connection{};
    hs::timeout connection_life{};
    std::uint32_t max_idle_connections = 0;
    hs::http_version http_version = hs::http_version::any;
    hs::http_version min_http_version = hs::http_version::any;
    std::string user_agent{};
    // A PEM file with the certificates to trust instead of the system's, or the same as text.
    std::string ca_file{};
    std::string ca_pem{};
    hs::redirects redirects = hs::redirects::standard;
    std::uint32_t max_redirects = 0;
    // How many attempts a call makes at most; 1 is no retries. Default 3.
    std::uint32_t max_attempts = 0;
    std::optional<hs::policies> policies{};
    std::optional<address_rule> addresses{};
    std::optional<network_options> network{};
    std::optional<dns_options> dns{};
    std::optional<proxy_options> proxy{};
    std::optional<tls_options> tls{};
    // Credentials for one origin.
    std::optional<hs::auth> auth{};
    // A jar that several workers may have, or `own_cookies` for one of its own.
    ref<hs_cookie_jar> cookies{};
    bool own_cookies = false;
    std::optional<observe_options> observe{};
    // Answers instead of the network, and virtual time.
    ref<hs_mock> mock{};
    ref<hs_simulation> simulation{};
    std::string record{};
    bool allow_downgrade = false;
    bool raw_body = false;
    bool trace = false;
};

namespace detail {

// The struct of C with all that it points to; it borrows from the options.
class lowered_worker_options {
  public:
    hs_worker_options native = sized<hs_worker_options>();
    // What the callbacks need for as long as there is the worker.
    std::vector<kept> keeps;

    explicit lowered_worker_options(const worker_options &from) {
        const auto flag = [&](bool set, std::uint32_t bit) { native.flags |= set ? bit : 0; };
        flag(from.allow_downgrade, HS_ALLOW_DOWNGRADE);
        flag(from.raw_body, HS_RAW_BODY);
        flag(from.own_cookies, HS_COOKIES);
        flag(from.trace, HS_TRACE);
        native.timeout_ms = from.timeout.native();
        native.attempt_timeout_ms = from.attempt_timeout.native();
        native.connect_timeout_ms = from.connect_timeout.native();
        native.idle_timeout_ms = from.idle_timeout.native();
        native.max_body_bytes = from.max_body_bytes;
        native.max_header_bytes = from.max_header_bytes;
        native.max_header_count = from.max_header_count;
        native.idle_connection_ms = from.idle_connection.native();
        native.connection_life_ms = from.connection_life.native();
        native.max_idle_connections = from.max_idle_connections;
        native.http_version = static_cast<std::uint32_t>(from.http_version);
        native.min_http_version = static_cast<std::uint32_t>(from.min_http_version);
        native.user_agent = lend(from.user_agent);
        native.ca_file = lend(from.ca_file);
        native.ca_pem = lend(from.ca_pem);
        native.redirects = static_cast<std::uint32_t>(from.redirects);
        native.max_redirects = from.max_redirects;
        native.max_attempts = from.max_attempts;
        native.cookies = from.cookies.native();
        native.mock = from.mock.native();
        native.simulation = from.simulation.native();
        native.record = lend(from.record);
        if (from.policies) {
            native.policies = &policies_.emplace(*from.policies).native;
            lowered_policies::keep(*from.policies, keeps);
        }
        if (from.addresses) native.addresses = &addresses_.emplace(*from.addresses).native;
        if (from.network) native.network = &network_.emplace(*from.network).native;
        if (from.dns) native.dns = &dns_.emplace(*from.dns).native;
        if (from.proxy) native.proxy = &proxy_.emplace(*from.proxy).native;
        if (from.tls) native.tls = &tls_.emplace(*from.tls).native;
        if (from.auth) native.auth = &auth_.emplace(lower(*from.auth));
        if (from.observe) {
            auto &observe = observe_.emplace(*from.observe);
            native.observe = &observe.native;
            if (observe.callback) keeps.push_back(observe.callback);
        }
    }
    lowered_worker_options(const lowered_worker_options &) = delete;
    lowered_worker_options &operator=(const lowered_worker_options &) = delete;

  private:
    std::optional<lowered_policies> policies_;
    std::optional<lowered_address_rule> addresses_;
    std::optional<lowered_network> network_;
    std::optional<lowered_dns> dns_;
    std::optional<lowered_proxy> proxy_;
    std::optional<lowered_tls> tls_;
    std::optional<hs_auth> auth_;
    std::optional<lowered_observe> observe_;
};

} // namespace detail

HTTP_SENTINEL_END
