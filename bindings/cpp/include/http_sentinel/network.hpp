// Where connections go and by what ways: addresses, names, proxies, TLS. What is not set is the default; what each field
// means is told at the struct of the same name in http_sentinel.h.
#pragma once

#include <http_sentinel/enums.hpp>
#include <http_sentinel/header.hpp>
#include <http_sentinel/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

HTTP_SENTINEL_BEGIN

// To which addresses a worker may connect.
struct address_rule {
    enum class mode : std::uint32_t {
        any = HS_ADDRESS_ANY,
        public_internet = HS_ADDRESS_PUBLIC,
        listed = HS_ADDRESS_LISTED,
    };
    mode allow_by = mode::any;
    std::vector<std::string> allow{};
    std::vector<std::string> deny{};

    // Against requests that are forged through URLs, names or redirects of others.
    static address_rule public_only() { return {mode::public_internet, {}, {}}; }
};

struct connect_to {
    std::string host{};
    std::uint32_t port = 0;
    std::string connect_host{};
    std::uint32_t connect_port = 0;
};

struct network_options {
    enum class family : std::uint32_t { any = HS_FAMILY_ANY, ipv4 = HS_FAMILY_IPV4, ipv6 = HS_FAMILY_IPV6 };

    std::string unix_socket{};
    std::string abstract_socket{};
    std::vector<hs::connect_to> connect_to{};
    std::string local_interface{};
    std::string local_address{};
    std::uint32_t local_port = 0;
    std::uint32_t local_port_count = 0;
    family addresses = family::any;
    bool no_keep_alive = false;
    bool send_delay = false;
    std::uint32_t keep_alive_count = 0;
    timeout keep_alive_idle{};
    timeout keep_alive_interval{};
    timeout happy_eyeballs{};
    std::uint32_t receive_buffer_bytes = 0;
    std::uint32_t send_buffer_bytes = 0;
};

struct dns_pin {
    std::string host{};
    std::vector<std::string> addresses{};
    std::uint32_t port = 0;
};

struct dns_options {
    bool no_cache = false;
    timeout cache{};
    std::vector<dns_pin> pins{};
};

struct proxy_options {
    std::string all{};
    std::string http_proxy{};
    std::string https_proxy{};
    std::string no_proxy{};
    std::string user{};
    std::string password{};
    hs::headers headers{};
    std::string ca_file{};
    std::string ca_pem{};
    bool digest = false;
    bool tunnel = false;
    bool from_environment = false;
};

struct tls_options {
    std::string ca_dir{};
    std::string certificate_file{};
    std::string certificate_pem{};
    std::string key_file{};
    std::string key_pem{};
    std::string key_password{};
    std::vector<std::string> pins{};
    tls_version min_version = tls_version::none;
    tls_version max_version = tls_version::none;
    std::string ciphers{};
    std::string ciphersuites{};
    std::string groups{};
    std::string server_name{};
    std::string key_log_file{};
    std::string crl_file{};
    std::string crl_pem{};
    bool add_ca = false;
    bool no_resumption = false;
    bool no_alpn = false;
    bool require_stapling = false;
    bool keep_certificates = false;
    // DANGEROUS: anybody on the way can pretend to be the server.
    bool insecure_skip_verify = false;
    bool insecure_skip_hostname = false;
};

namespace detail {

inline std::vector<hs_str> lower(const std::vector<std::string> &texts) {
    std::vector<hs_str> lowered;
    lowered.reserve(texts.size());
    for (const auto &one : texts) lowered.push_back(lend(one));
    return lowered;
}

template <class T> const T *data_of(const std::vector<T> &items) { return items.empty() ? nullptr : items.data(); }

struct lowered_address_rule {
    hs_address_rule native = sized<hs_address_rule>();
    std::vector<hs_str> allow, deny;

    explicit lowered_address_rule(const address_rule &from) : allow(lower(from.allow)), deny(lower(from.deny)) {
        native.mode = static_cast<std::uint32_t>(from.allow_by);
        native.allow = data_of(allow);
        native.allow_count = allow.size();
        native.deny = data_of(deny);
        native.deny_count = deny.size();
    }
};

struct lowered_network {
    hs_network_options native = sized<hs_network_options>();
    std::vector<hs_connect_to> connects;

    explicit lowered_network(const network_options &from) {
        for (const auto &one : from.connect_to) {
            connects.push_back({lend(one.host), lend(one.connect_host), one.port, one.connect_port});
        }
        native.flags = (from.no_keep_alive ? std::uint32_t{HS_NO_KEEP_ALIVE} : 0) |
                       (from.send_delay ? std::uint32_t{HS_SEND_DELAY} : 0);
        native.unix_socket = lend(from.unix_socket);
        native.abstract_socket = lend(from.abstract_socket);
        native.connect_to = data_of(connects);
        native.connect_to_count = connects.size();
        native.local_interface = lend(from.local_interface);
        native.local_address = lend(from.local_address);
        native.local_port = from.local_port;
        native.local_port_count = from.local_port_count;
        native.family = static_cast<std::uint32_t>(from.addresses);
        native.keep_alive_count = from.keep_alive_count;
        native.keep_alive_idle_ms = from.keep_alive_idle.native();
        native.keep_alive_interval_ms = from.keep_alive_interval.native();
        native.happy_eyeballs_ms = from.happy_eyeballs.native();
        native.receive_buffer_bytes = from.receive_buffer_bytes;
        native.send_buffer_bytes = from.send_buffer_bytes;
    }
};

struct lowered_dns {
    hs_dns_options native = sized<hs_dns_options>();
    std::vector<std::vector<hs_str>> addresses;
    std::vector<hs_dns_pin> pins;

    explicit lowered_dns(const dns_options &from) {
        addresses.reserve(from.pins.size());
        for (const auto &one : from.pins) {
            addresses.push_back(lower(one.addresses));
            pins.push_back({lend(one.host), data_of(addresses.back()), addresses.back().size(), one.port});
        }
        native.flags = from.no_cache ? std::uint32_t{HS_DNS_NO_CACHE} : 0;
        native.cache_ms = from.cache.native();
        native.pins = data_of(pins);
        native.pin_count = pins.size();
    }
};

struct lowered_proxy {
    hs_proxy_options native = sized<hs_proxy_options>();
    std::vector<hs_header> fields;

    explicit lowered_proxy(const proxy_options &from) : fields(lower(from.headers)) {
        native.flags = (from.tunnel ? std::uint32_t{HS_PROXY_TUNNEL} : 0) |
                       (from.from_environment ? std::uint32_t{HS_PROXY_FROM_ENVIRONMENT} : 0);
        native.all = lend(from.all);
        native.http_proxy = lend(from.http_proxy);
        native.https_proxy = lend(from.https_proxy);
        native.no_proxy = lend(from.no_proxy);
        native.user = lend(from.user);
        native.password = lend(from.password);
        native.headers = data_of(fields);
        native.header_count = fields.size();
        native.ca_file = lend(from.ca_file);
        native.ca_pem = lend(from.ca_pem);
        native.auth = from.digest ? HS_PROXY_AUTH_DIGEST : HS_PROXY_AUTH_BASIC;
    }
};

struct lowered_tls {
    hs_tls_options native = sized<hs_tls_options>();
    std::vector<hs_str> pins;

    explicit lowered_tls(const tls_options &from) : pins(lower(from.pins)) {
        const auto flag = [&](bool set, std::uint32_t bit) { native.flags |= set ? bit : 0; };
        flag(from.add_ca, HS_TLS_ADD_CA);
        flag(from.insecure_skip_verify, HS_TLS_INSECURE_SKIP_VERIFY);
        flag(from.insecure_skip_hostname, HS_TLS_INSECURE_SKIP_HOSTNAME);
        flag(from.no_resumption, HS_TLS_NO_RESUMPTION);
        flag(from.no_alpn, HS_TLS_NO_ALPN);
        flag(from.require_stapling, HS_TLS_REQUIRE_STAPLING);
        flag(from.keep_certificates, HS_TLS_KEEP_CERTIFICATES);
        native.ca_dir = lend(from.ca_dir);
        native.certificate_file = lend(from.certificate_file);
        native.certificate_pem = lend(from.certificate_pem);
        native.key_file = lend(from.key_file);
        native.key_pem = lend(from.key_pem);
        native.key_password = lend(from.key_password);
        native.pins = data_of(pins);
        native.pin_count = pins.size();
        native.min_version = static_cast<std::uint32_t>(from.min_version);
        native.max_version = static_cast<std::uint32_t>(from.max_version);
        native.ciphers = lend(from.ciphers);
        native.ciphersuites = lend(from.ciphersuites);
        native.groups = lend(from.groups);
        native.server_name = lend(from.server_name);
        native.key_log_file = lend(from.key_log_file);
        native.crl_file = lend(from.crl_file);
        native.crl_pem = lend(from.crl_pem);
    }
};

} // namespace detail

HTTP_SENTINEL_END
