/* What goes wrong on the way: each fault has its status, its phase, and the truth about whether the request was sent;
 * and the worker is as good as new after each. */

#include "client.h"

#include <errno.h>

static hs_worker *worker;

/* A request that fails so; then one that succeeds. */
static hs_error_info expect(hs_request_options request, hs_status status, hs_phase phase, uint32_t sent,
                            uint32_t retryable) {
    hs_error *error = ERROR_OF(worker, &request, status);
    const hs_str message = hs_error_message(error);
    const hs_str target = request.url;
    if (number("verbose", 0)) {
        printf("errors: %s: %.*s\n", target.data, (int)message.len, message.data);
    }
    const hs_error_info info = take_facts(error);
    if (info.phase != phase || info.request_sent != sent || info.retryable != retryable) {
        FAIL("%s: phase %d, sent %d, retryable %d, not %d, %d, %d", target.data, info.phase, info.request_sent,
             info.retryable, phase, sent, retryable);
    }
    CHECK_STATUS(info.status, status);
    CHECK_INT(info.attempts, 1);
    CHECK(info.elapsed_ns > 0);
    GOOD(worker, url("%s/get", address("http")));
    return info;
}

static hs_request_options to(const char *format, const char *name) { return get(url(format, address(name))); }

static void connecting(void) {
    hs_error_info info = expect(to("http://%s/", "closed"), HS_ERR_CONNECT, HS_PHASE_CONNECT, HS_SENT_NO,
                                HS_RETRYABLE_SAFE);
    CHECK_INT(info.os_error, ECONNREFUSED);
    CHECK_INT(info.curl_code, 7);
    /* A POST that was not sent may be sent again. */
    expect(post(url("http://%s/", address("closed")), "x"), HS_ERR_CONNECT, HS_PHASE_CONNECT, HS_SENT_NO,
           HS_RETRYABLE_SAFE);
    expect(to("https://%s/", "closed"), HS_ERR_CONNECT, HS_PHASE_CONNECT, HS_SENT_NO, HS_RETRYABLE_SAFE);
    expect(get("http://name.invalid/"), HS_ERR_DNS, HS_PHASE_DNS, HS_SENT_NO, HS_RETRYABLE_SAFE);

    hs_request_options request = to("http://%s/", "stall_connect");
    request.connect_timeout_ms = 400;
    info = expect(request, HS_ERR_CONNECT_TIMEOUT, HS_PHASE_CONNECT, HS_SENT_NO, HS_RETRYABLE_SAFE);
    CHECK(info.elapsed_ns >= 399000000u && info.elapsed_ns < 60000000000u);
    request = to("https://%s/", "stall_tls");
    request.connect_timeout_ms = 1000;
    info = expect(request, HS_ERR_CONNECT_TIMEOUT, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_SAFE);
    CHECK(info.elapsed_ns >= 999000000u);
    /* Other limits that pass meanwhile say which one it was. */
    request.connect_timeout_ms = HS_INFINITE;
    request.attempt_timeout_ms = 1000;
    expect(request, HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_SAFE);
    request.attempt_timeout_ms = HS_INFINITE;
    request.timeout_ms = 1000;
    expect(request, HS_ERR_TIMEOUT, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_SAFE);
}

/* Limits that leave a loaded machine time: this end to connect and send, or the server to answer. */
enum { TO_SEND_MS = 1000, TO_ANSWER_MS = 3000 };

static void time_limits(void) {
    hs_request_options request = to("%s/stall/head", "http");
    request.attempt_timeout_ms = TO_SEND_MS;
    hs_error_info info =
        expect(request, HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_SAFE);
    CHECK(info.elapsed_ns >= TO_SEND_MS * 1000000u && info.elapsed_ns < 60000000000u);
    request.method = text("POST");
    request.body = text("x");
    expect(request, HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN);
    request.attempt_timeout_ms = 0;
    request.timeout_ms = TO_SEND_MS;
    expect(request, HS_ERR_TIMEOUT, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN);

    request = to("%s/stall/body?bytes=10", "http");
    request.idle_timeout_ms = 100;
    expect(request, HS_ERR_IDLE_TIMEOUT, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_SAFE);
    request.method = text("POST");
    expect(request, HS_ERR_IDLE_TIMEOUT, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_UNKNOWN);
    request.idle_timeout_ms = 0;
    request.timeout_ms = TO_ANSWER_MS;
    expect(request, HS_ERR_TIMEOUT, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_UNKNOWN);
    /* Progress is no idling, and the head is not the body: neither limit applies, the whole call's does. */
    request = to("%s/drip?bytes=1000000&interval_ms=10", "http");
    request.idle_timeout_ms = 60000;
    request.timeout_ms = TO_ANSWER_MS;
    expect(request, HS_ERR_TIMEOUT, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_SAFE);
}

static void limits(void) {
    const char *const bodies[] = {"%s/bytes/1000", "%s/bytes/1000?chunked=1"};
    for (int i = 0; i < 2; i++) {
        hs_request_options request = to(bodies[i], "http");
        request.max_body_bytes = 999;
        expect(request, HS_ERR_BODY_TOO_LARGE, HS_PHASE_LIMIT, HS_SENT_YES, HS_RETRYABLE_NO);
        request.max_body_bytes = 1000;
        hs_response *response = SEND(worker, &request);
        CHECK_INT(hs_response_body(response).len, 1000);
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
    /* A head that was not taken whole is no answer yet. */
    expect(to("%s/header-flood?count=250&size=10", "http"), HS_ERR_HEADERS_TOO_LARGE, HS_PHASE_LIMIT, HS_SENT_MAYBE,
           HS_RETRYABLE_NO);
    expect(to("%s/header-flood?count=5&size=20000", "http"), HS_ERR_HEADERS_TOO_LARGE, HS_PHASE_LIMIT, HS_SENT_MAYBE,
           HS_RETRYABLE_NO);
    GOOD(worker, url("%s/header-flood?count=150&size=10", address("http")));
}

static void certificates(void) {
    const char *const ports[] = {"untrusted", "self_signed", "expired", "not_yet_valid", "wrong_host"};
    const hs_status statuses[] = {HS_ERR_TLS_UNTRUSTED, HS_ERR_TLS_SELF_SIGNED, HS_ERR_TLS_EXPIRED,
                                  HS_ERR_TLS_NOT_YET_VALID, HS_ERR_TLS_HOSTNAME};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        expect(to("%s/get", ports[i]), statuses[i], HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_NO);
    }
    /* A worker with the system's authorities does not trust the test server's. */
    hs_worker *stranger = NULL;
    hs_worker_options options = defaults();
    options.ca_file = bytes(NULL, 0);
    const hs_request_options request = to("%s/get", "https");
    const hs_status status = hs_worker_new(&options, &stranger, NULL);
    if (status == HS_OK) {
        FAILS(stranger, &request, HS_ERR_TLS_UNTRUSTED);
        close_worker(stranger);
    } else {
        CHECK_STATUS(status, HS_ERR_CA_STORE); /* A machine without any. */
    }
    /* TLS spoken to a port that does not: the handshake fails. */
    expect(get(url("https://%s/", strstr(address("http"), "//") + 2)), HS_ERR_TLS_HANDSHAKE, HS_PHASE_TLS, HS_SENT_NO,
           HS_RETRYABLE_SAFE);
    GOOD(worker, url("%s/get", address("https")));
}

/* The same on the scripted port in clear and in TLS. */
static void broken_answers(const char *scheme, const char *port) {
    char base[URL_BYTES];
    snprintf(base, sizeof base, "%s://%s", scheme, address(port));
    hs_request_options request = get(url("%s/truncate", base));
    expect(request, HS_ERR_BODY_TRUNCATED, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_SAFE);
    request.url = text(url("%s/truncate?framing=chunked&at=60", base));
    expect(request, HS_ERR_BODY_TRUNCATED, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_SAFE);
    request.url = text(url("%s/truncate?framing=chunked&at=92", base)); /* All but the last chunk. */
    expect(request, HS_ERR_BODY_TRUNCATED, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_SAFE);
    request.url = text(url("%s/close-after-request", base));
    expect(request, HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_SAFE);
    request = post(url("%s/close-after-request", base), "order");
    expect(request, HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN);
    request = post(url("%s/reset?phase=request", base), "order");
    expect(request, HS_ERR_RECEIVE, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN);
    request = get(url("%s/reset?phase=body", base));
    expect(request, HS_ERR_RECEIVE, HS_PHASE_BODY, HS_SENT_YES, HS_RETRYABLE_SAFE);
    request = get(url("%s/garbage", base));
    expect(request, HS_ERR_PROTOCOL, HS_PHASE_PROTOCOL, HS_SENT_MAYBE, HS_RETRYABLE_SAFE);
    /* In the middle of the head: of its first line, and after it. */
    const int places[] = {5, 14, 30, 47};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        request = get(url("%s/truncate?at=%d", base, places[i]));
        expect(request, HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_SAFE);
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    connecting();
    time_limits();
    limits();
    certificates();
    broken_answers("http", "script");
    broken_answers("https", "script_tls");
    close_worker(worker);
    return 0;
}
