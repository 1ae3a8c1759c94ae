/* Proxies as a caller sees them: each kind for targets in clear and in TLS, exceptions, redirects, the environment only
 * where it is asked for, options that make no sense, and failures that say that nothing was sent. */

#include "client.h"

#define KNOWN "proxy-user:proxy%%20word@" /* In a format. */

static hs_proxy_options proxies(const char *all) {
    hs_proxy_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.all = text(all);
    return options;
}

static hs_worker *over(const hs_proxy_options *options) {
    hs_worker_options worker_options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    worker_options.proxy = options;
    if (hs_worker_new(&worker_options, &worker, &error) != HS_OK) {
        FAIL("%.*s", (int)hs_error_message(error).len, hs_error_message(error).data);
    }
    return worker;
}

/* Whether a GET gets 200 through a proxy; with a header that only a proxy may see. */
static void goes(hs_worker *worker, const char *target, uint32_t proxied) {
    const hs_header header = {text("Proxy-Authorization"), text("Basic cHJveHktdXNlcjpwcm94eSB3b3Jk"), 0};
    hs_request_options request = get(target);
    request.headers = &header;
    request.header_count = 1;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics_of(response).proxied, proxied);
    CHECK(!text_has(hs_response_body(response), "roxy-"));
    CHECK(!text_has(hs_response_body(response), "cHJveHk"));
    CHECK(hs_response_header(response, text("x-from-proxy"), 0).data == NULL);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void both_targets(const hs_proxy_options *options) {
    hs_worker *worker = over(options);
    goes(worker, url("%s/anything", address("http")), 1);
    goes(worker, url("%s/anything", address("https")), 1);
    goes(worker, url("%s/redirect-to?url=%s/anything", address("http"), address("https")), 1);
    close_worker(worker);
}

static const char *host_of(const char *name) {
    const char *after = strstr(address(name), "://");
    return after == NULL ? address(name) : after + 3;
}

static void each_kind(void) {
    const char *const socks[] = {"socks4a", "socks5h"};
    hs_proxy_options options = proxies(address("proxy"));
    both_targets(&options);
    options.flags = HS_PROXY_TUNNEL;
    both_targets(&options);
    options = proxies(host_of("proxy")); /* Without a scheme. */
    both_targets(&options);
    options = proxies(url("http://" KNOWN "%s", host_of("proxy_basic")));
    both_targets(&options);
    options = proxies(address("proxy_basic"));
    options.user = text("proxy-user");
    options.password = text("proxy word");
    both_targets(&options);
    options = proxies(address("proxy_tls"));
    both_targets(&options);
    options = proxies(address("proxy_stranger"));
    options.ca_file = text(address("stranger_ca_file"));
    both_targets(&options);
    for (int i = 0; i < 2; i++) {
        options = proxies(url("%s://%s", socks[i], address("socks")));
        both_targets(&options);
        options = proxies(url("%s://" KNOWN "%s", socks[i], address("socks_auth")));
        both_targets(&options);
    }
    /* Only the address can be told to these, and that the URL has. */
    const char *const by_address[] = {"socks4", "socks5"};
    for (int i = 0; i < 2; i++) {
        options = proxies(url("%s://%s", by_address[i], address("socks")));
        hs_worker *worker = over(&options);
        goes(worker, url("%s/anything", address("http")), 1);
        close_worker(worker);
    }
}

static void digest(void) {
    hs_proxy_options options = proxies(url("http://" KNOWN "%s", host_of("proxy_digest")));
    options.auth = HS_PROXY_AUTH_DIGEST;
    hs_worker *worker = over(&options);
    const char *const targets[] = {address("http"), address("https")};
    for (int i = 0; i < 2; i++) {
        const hs_request_options request = post(url("%s/count/digest%d", targets[i], i), "an order");
        hs_response *response = SEND(worker, &request);
        CHECK_INT(hs_response_status(response), 200);
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
    close_worker(worker);
    CHECK_INT(counter("digest0"), 1);
    CHECK_INT(counter("digest1"), 1);
}

/* One proxy that nobody could use, and a way around it. */
static void exceptions(void) {
    const char *const lists[] = {"*", "127.0.0.0/8 localhost", "other.test,::ffff:127.0.0.1/128,localhost"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        hs_proxy_options options = proxies(url("http://%s", address("closed")));
        options.no_proxy = text(lists[i]);
        hs_worker *worker = over(&options);
        goes(worker, url("%s/anything", address("http")), 0);
        goes(worker, url("http://0x7f.1:%s/anything", strrchr(address("http"), ':') + 1), 0);
        goes(worker, url("%s/anything", address("https")), 0);
        close_worker(worker);
    }
    /* For each scheme its own. */
    hs_proxy_options options = proxies(url("http://%s", address("closed")));
    options.http_proxy = text(address("proxy"));
    hs_worker *worker = over(&options);
    goes(worker, url("%s/anything", address("http")), 1);
    const hs_request_options request = get(url("%s/get", address("https")));
    FAILS(worker, &request, HS_ERR_PROXY_CONNECT);
    const hs_request_options hop = get(url("%s/redirect-to?url=%s/get", address("http"), address("https")));
    FAILS(worker, &hop, HS_ERR_PROXY_CONNECT);
    close_worker(worker);
}

/* What fails with a proxy says so, names it, shows no secret, and was not sent. */
static void fails(const char *proxy, const char *target, hs_status expected, const char *part) {
    const hs_proxy_options options = proxies(proxy);
    hs_worker *worker = over(&options);
    hs_request_options request = post(target, "an order");
    request.connect_timeout_ms = expected == HS_ERR_CONNECT_TIMEOUT ? 400 : 0;
    hs_error *error = ERROR_OF(worker, &request, expected);
    CHECK_HAS(hs_error_message(error), part);
    CHECK(!text_has(hs_error_message(error), "hunter2") && !text_has(hs_error_message(error), "joe"));
    const hs_error_info info = take_facts(error);
    CHECK_INT(info.phase, HS_PHASE_PROXY);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    close_worker(worker);
}

static void failures(void) {
    const char *const targets[] = {url("%s/count/ordered", address("http")), url("%s/count/ordered", address("https"))};
    for (int i = 0; i < 2; i++) {
        fails(url("http://joe:hunter2@%s", address("closed")), targets[i], HS_ERR_PROXY_CONNECT, address("closed"));
        fails(url("socks5h://joe:hunter2@%s", address("closed")), targets[i], HS_ERR_PROXY_CONNECT, address("closed"));
        fails(address("proxy_stranger"), targets[i], HS_ERR_PROXY_CONNECT, "localhost");
        fails(url("http://joe:hunter2@%s", host_of("proxy_basic")), targets[i], HS_ERR_PROXY_AUTH, "407");
        fails(url("socks5h://joe:hunter2@%s", address("socks_auth")), targets[i], HS_ERR_PROXY_AUTH, "127.0.0.1");
        fails(url("http://%s", address("stall_connect")), targets[i], HS_ERR_CONNECT_TIMEOUT, "");
    }
    const char *nowhere = url("https://%s/", address("closed"));
    fails(address("proxy"), nowhere, HS_ERR_PROXY_REFUSED, "502");
    fails(url("socks5h://%s", address("socks")), nowhere, HS_ERR_PROXY_HANDSHAKE, "127.0.0.1");
    CHECK_INT(counter("ordered"), 0);
}

static void refused(const hs_proxy_options *options, hs_status expected, const char *part) {
    hs_worker_options worker_options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    worker_options.proxy = options;
    CHECK_STATUS(hs_worker_new(&worker_options, &worker, &error), expected);
    CHECK(worker == NULL);
    CHECK_HAS(hs_error_message(error), part);
    CHECK(!text_has(hs_error_message(error), "hunter2"));
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void options_that_make_no_sense(void) {
    const struct {
        const char *url;
        hs_status status;
        const char *part;
    } urls[] = {
        {"ftp://joe:hunter2@host", HS_ERR_INVALID_URL, "hs_proxy_options.all"},
        {"http://joe:hunter2@host/path", HS_ERR_INVALID_URL, "nothing may follow"},
        {"http://joe:hunter2@host:0", HS_ERR_INVALID_URL, "port 0"},
        {"http://joe:hunter2@ho st", HS_ERR_INVALID_URL, "blank"},
        {"http://", HS_ERR_INVALID_URL, "host"},
        {"http://jo%3Ae:hunter2@host", HS_ERR_INVALID_ARGUMENT, "colon"},
        {"http://jo%0Ae:hunter2@host", HS_ERR_INVALID_ARGUMENT, "control"},
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const hs_proxy_options options = proxies(urls[i].url);
        refused(&options, urls[i].status, urls[i].part);
    }
    const char *fine = "http://proxy";
    hs_proxy_options options = proxies(fine);
    options.struct_size = 7;
    refused(&options, HS_ERR_STRUCT_SIZE, "hs_proxy_options.struct_size");
    options = proxies(fine);
    options.flags = 4;
    refused(&options, HS_ERR_INVALID_ARGUMENT, "hs_proxy_options.flags");
    options = proxies(fine);
    options.auth = 2;
    refused(&options, HS_ERR_INVALID_ARGUMENT, "hs_proxy_options.auth");
    options = proxies(fine);
    options.reserved = 1;
    refused(&options, HS_ERR_INVALID_ARGUMENT, "hs_proxy_options.reserved");
    options = proxies(fine);
    options.password = text("hunter2");
    refused(&options, HS_ERR_INVALID_ARGUMENT, "without a user");
    options = proxies(fine);
    options.no_proxy = text("example.com,10.0.0.0/33");
    refused(&options, HS_ERR_INVALID_ARGUMENT, "10.0.0.0/33");
    options = proxies(fine);
    options.ca_pem = text("not PEM");
    refused(&options, HS_ERR_CA_STORE, "ca_pem");
    options = proxies(fine);
    options.header_count = 1;
    refused(&options, HS_ERR_NULL_ARGUMENT, "hs_proxy_options.headers");
    const hs_header headers[] = {{text("X-Fine"), text("1"), 0}, {text("Transfer-Encoding"), text("chunked"), 0}};
    options.headers = headers;
    options.header_count = 2;
    refused(&options, HS_ERR_INVALID_HEADER, "headers[1]");
    hs_str *const texts[] = {&options.all,  &options.http_proxy, &options.https_proxy, &options.no_proxy,
                             &options.user, &options.password,   &options.ca_file,     &options.ca_pem};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        options = proxies(fine);
        *texts[i] = bytes(NULL, 3);
        refused(&options, HS_ERR_NULL_ARGUMENT, "");
    }
    hs_network_options network;
    memset(&network, 0, sizeof network);
    network.struct_size = sizeof network;
    network.unix_socket = text("/nowhere");
    hs_worker_options both = defaults();
    hs_worker *worker = NULL;
    options = proxies(fine);
    both.network = &network;
    both.proxy = &options;
    CHECK_STATUS(hs_worker_new(&both, &worker, NULL), HS_ERR_INVALID_ARGUMENT);
}

/* The program has one thread, so that it may change its environment. */
static void environment(void) {
    const hs_proxy_options nothing = proxies("");
    hs_proxy_options asked = proxies("");
    asked.flags = HS_PROXY_FROM_ENVIRONMENT;
    setenv("http_proxy", address("proxy"), 1);
    setenv("ALL_PROXY", url("socks5h://%s", address("socks")), 1);
    setenv("no_proxy", "", 1);
    hs_worker *worker = over(&nothing);
    goes(worker, url("%s/anything", address("http")), 0);
    close_worker(worker);
    worker = open_worker();
    goes(worker, url("%s/anything", address("https")), 0);
    close_worker(worker);
    both_targets(&asked);

    /* Read once. */
    worker = over(&asked);
    setenv("http_proxy", url("http://%s", address("closed")), 1);
    setenv("no_proxy", "*", 1);
    goes(worker, url("%s/anything", address("http")), 1);
    close_worker(worker);
    worker = over(&asked);
    goes(worker, url("%s/anything", address("http")), 0);
    close_worker(worker);

    /* What is given counts more; what no_proxy of the environment says does not hold for it where it has its own. */
    asked.http_proxy = text(address("proxy"));
    asked.no_proxy = text("elsewhere.test");
    worker = over(&asked);
    goes(worker, url("%s/anything", address("http")), 1);
    close_worker(worker);

    setenv("no_proxy", "", 1);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    setenv("HTTP_PROXY", url("http://%s", address("closed")), 1);
    asked = proxies("");
    asked.flags = HS_PROXY_FROM_ENVIRONMENT;
    worker = over(&asked);
    goes(worker, url("%s/anything", address("http")), 0);
    close_worker(worker);

    setenv("https_proxy", "ftp://joe:hunter2@host", 1);
    refused(&asked, HS_ERR_INVALID_URL, "https_proxy");
    worker = over(&nothing);
    close_worker(worker);
    unsetenv("https_proxy");
}

int main(int count, char **arguments) {
    begin(count, arguments);
    each_kind();
    digest();
    exceptions();
    failures();
    options_that_make_no_sense();
    environment();
    return 0;
}
