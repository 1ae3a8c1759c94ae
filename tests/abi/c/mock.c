/* A mock instead of the network: rules, failures, redirects, cookies, streams, uploads, timeouts, and what it was asked.
 * Not one socket is opened: whoever tries ends the program. */

#include "client.h"

#include <pthread.h>
#include <sys/socket.h>

#define HOST "http://api.test"

int socket(int family, int kind, int protocol) {
    FAIL("a socket was asked for: %d, %d, %d", family, kind, protocol);
    return -1;
}

int socketpair(int family, int kind, int protocol, int pair[2]) {
    FAIL("a pair of sockets was asked for: %d, %d, %d, %p", family, kind, protocol, (void *)pair);
    return -1;
}

static hs_mock *mock;

static hs_worker_options mocked(void) {
    hs_worker_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.mock = mock;
    return options;
}

static hs_worker *mocked_worker(const hs_worker_options *options) {
    hs_worker *worker = NULL;
    CHECK_STATUS(hs_worker_new(options, &worker, NULL), HS_OK);
    return worker;
}

static hs_mock_rule rule_for(const char *target) {
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.url = text(target);
    return rule;
}

static void add(const hs_mock_rule *rule) {
    hs_error *error = NULL;
    const hs_status status = hs_mock_add(mock, rule, &error);
    if (status != HS_OK) {
        const hs_str message = hs_error_message(error);
        FAIL("%.*s", (int)message.len, message.data);
    }
}

static hs_mock_call call_at(size_t index) {
    hs_mock_call call;
    memset(&call, 0xA5, sizeof call);
    call.struct_size = sizeof call;
    CHECK_STATUS(hs_mock_call_at(mock, index, &call), HS_OK);
    return call;
}

static void again(void) { CHECK_STATUS(hs_mock_clear(mock), HS_OK); }

static void gets(hs_worker *worker, const char *target, int status, const char *body) {
    const hs_request_options request = get(target);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), status);
    CHECK_TEXT(hs_response_body(response), body);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void rules(hs_worker *worker) {
    hs_mock_rule rule = rule_for(HOST "/a?x=1");
    rule.answer_body = text("first");
    rule.times = 1;
    add(&rule);
    rule.answer_body = text("second");
    rule.times = 0;
    add(&rule);
    rule = rule_for("/b");
    rule.answer_body = text("at any origin");
    add(&rule);
    rule = rule_for(HOST "/c/");
    rule.flags = HS_MOCK_PREFIX;
    rule.status = 404;
    rule.answer_body = text("none");
    add(&rule);
    CHECK_INT(hs_mock_unused(mock), 4);
    gets(worker, HOST "/a?x=1", 200, "first");
    gets(worker, HOST "/a?x=1#fragment", 200, "second");
    gets(worker, "http://user:pw@api.test:80/a?x=1", 200, "second");
    gets(worker, "https://elsewhere.test/b", 200, "at any origin");
    gets(worker, HOST "/c/d?e", 404, "none");
    CHECK_INT(hs_mock_unused(mock), 0);
    CHECK_INT(hs_mock_calls(mock), 5);
    CHECK_INT(call_at(1).rule, 2);
    CHECK_TEXT(call_at(2).url, HOST "/a?x=1");
    CHECK_TEXT(hs_mock_call_header(mock, 2, text("authorization"), 0), "Basic dXNlcjpwdw==");
    CHECK_TEXT(hs_mock_call_header(mock, 3, text("HOST"), 0), "elsewhere.test");
    CHECK_TEXT(call_at(4).method, "GET");
    again();
    CHECK_INT(hs_mock_calls(mock), 0);

    const hs_header wanted = {text("X-Key"), text("7"), HS_HEADER_SENSITIVE};
    rule = rule_for("/orders");
    rule.method = text("POST");
    rule.headers = &wanted;
    rule.header_count = 1;
    rule.body = text("buy");
    rule.status = 201;
    rule.http_version = HS_HTTP_2;
    add(&rule);
    hs_request_options request = post(HOST "/orders", "buy");
    request.headers = &wanted;
    request.header_count = 1;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 201);
    const hs_metrics metrics = metrics_of(response);
    CHECK_INT(metrics.http_version, HS_HTTP_2);
    CHECK_INT(metrics.request_body_bytes, 3);
    CHECK_INT(metrics.attempts, 1);
    hs_response_free(response);
    CHECK_TEXT(call_at(0).body, "buy");
    CHECK_INT(call_at(0).body_bytes, 3);
    again();
}

/* The nearest rule is named, with what it lacks; no secret is shown. */
static void unmatched(hs_worker *worker) {
    const hs_request_options plain = get("http://user:secret@api.test/x?token=secret");
    FAILS_SAYING(worker, &plain, HS_ERR_MOCK, "it has no rules");
    const hs_header wanted = {text("X-Key"), text("secret"), 0};
    hs_mock_rule rule = rule_for("/y");
    add(&rule);
    rule = rule_for("/x?token=secret");
    rule.method = text("PUT");
    add(&rule);
    rule.method = text("GET");
    rule.headers = &wanted;
    rule.header_count = 1;
    add(&rule);
    rule = rule_for("/once");
    rule.times = 1;
    add(&rule);
    hs_error *error = ERROR_OF(worker, &plain, HS_ERR_MOCK);
    CHECK_HAS(hs_error_message(error), "GET \"http://api.test/x?");
    CHECK_HAS(hs_error_message(error), "of its 4 rules, number 3 comes nearest");
    CHECK_HAS(hs_error_message(error), "does not have its header \"X-Key\"");
    CHECK(!text_has(hs_error_message(error), "secret"));
    const hs_error_info info = take_facts(error);
    CHECK_INT(info.phase, HS_PHASE_POLICY);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_NO);
    const hs_request_options posted = post("http://api.test/x?token=secret", "b");
    FAILS_SAYING(worker, &posted, HS_ERR_MOCK, "number 2 comes nearest: it is for the method PUT");
    const hs_request_options once = get("http://api.test/once");
    GOOD(worker, "http://api.test/once");
    FAILS_SAYING(worker, &once, HS_ERR_MOCK, "number 4 comes nearest: it has answered all of its 1 requests");
    CHECK_INT(hs_mock_unused(mock), 3);
    CHECK_INT(call_at(0).rule, 0);
    again();
}

static void failures(hs_worker *worker) {
    static const struct {
        hs_status status;
        int phase, sent, post_retryable;
    } cases[] = {
        {HS_ERR_DNS, HS_PHASE_DNS, HS_SENT_NO, HS_RETRYABLE_SAFE},
        {HS_ERR_CONNECT, HS_PHASE_CONNECT, HS_SENT_NO, HS_RETRYABLE_SAFE},
        {HS_ERR_CONNECT_TIMEOUT, HS_PHASE_CONNECT, HS_SENT_NO, HS_RETRYABLE_SAFE},
        {HS_ERR_LOCAL_ADDRESS, HS_PHASE_CONNECT, HS_SENT_NO, HS_RETRYABLE_SAFE},
        {HS_ERR_PROXY_CONNECT, HS_PHASE_PROXY, HS_SENT_NO, HS_RETRYABLE_SAFE},
        {HS_ERR_PROXY_AUTH, HS_PHASE_PROXY, HS_SENT_NO, HS_RETRYABLE_NO},
        {HS_ERR_TLS_HANDSHAKE, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_SAFE},
        {HS_ERR_TLS_CERTIFICATE, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_NO},
        {HS_ERR_TLS_EXPIRED, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_NO},
        {HS_ERR_TLS_WEAK_KEY, HS_PHASE_TLS, HS_SENT_NO, HS_RETRYABLE_NO},
        {HS_ERR_SEND, HS_PHASE_SEND, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN},
        {HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN},
        {HS_ERR_RECEIVE, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN},
        {HS_ERR_HTTP2, HS_PHASE_FIRST_BYTE, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN},
        {HS_ERR_PROTOCOL, HS_PHASE_PROTOCOL, HS_SENT_MAYBE, HS_RETRYABLE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hs_mock_rule rule = rule_for("");
        rule.failure = cases[i].status;
        add(&rule);
        const hs_request_options posted = post(HOST "/", "body");
        hs_error_info info = FAILS(worker, &posted, cases[i].status);
        CHECK_INT(info.phase, cases[i].phase);
        CHECK_INT(info.request_sent, cases[i].sent);
        CHECK_INT(info.retryable, cases[i].post_retryable);
        const hs_request_options request = get(HOST "/");
        info = FAILS(worker, &request, cases[i].status);
        CHECK_INT(info.retryable,
                  cases[i].post_retryable == HS_RETRYABLE_NO ? HS_RETRYABLE_NO : HS_RETRYABLE_SAFE);
        CHECK_INT(hs_mock_unused(mock), 0);
        again();
    }
    const hs_status within[] = {HS_ERR_BODY_TRUNCATED, HS_ERR_RECEIVE, HS_ERR_HTTP2};
    for (size_t i = 0; i < sizeof within / sizeof *within; i++) {
        hs_mock_rule rule = rule_for("");
        rule.status = 200;
        rule.failure = within[i];
        rule.answer_body = text("0123456789");
        rule.after_bytes = 4;
        add(&rule);
        hs_request_options request = get(HOST "/");
        const hs_error_info info = FAILS(worker, &request, within[i]);
        CHECK_INT(info.request_sent, HS_SENT_YES);
        request.flags = HS_STREAM;
        hs_response *response = SEND(worker, &request);
        char buffer[16];
        size_t count = 0;
        CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 0, NULL), HS_OK);
        CHECK_INT(count, 4);
        CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 0, NULL), within[i]);
        hs_response_free(response);
        again();
    }
    /* A body that is shorter than announced is truncated by itself. */
    const hs_header length = {text("Content-Length"), text("9"), 0};
    hs_mock_rule rule = rule_for("");
    rule.answer_headers = &length;
    rule.answer_header_count = 1;
    rule.answer_body = text("1234");
    add(&rule);
    hs_request_options request = get(HOST "/");
    FAILS_SAYING(worker, &request, HS_ERR_BODY_TRUNCATED, "4 of 9");
    request.method = text("HEAD");
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_body(response).len, 0);
    hs_response_free(response);
    again();
}

static void redirects_and_cookies(void) {
    hs_worker_options options = mocked();
    options.flags = HS_COOKIES;
    hs_worker *worker = mocked_worker(&options);
    const hs_header to[2] = {{text("Location"), text("https://other.test/end"), 0},
                             {text("Set-Cookie"), text("sid=31d4; Path=/"), 0}};
    hs_mock_rule rule = rule_for(HOST "/start");
    rule.status = 302;
    rule.answer_headers = to;
    rule.answer_header_count = 2;
    add(&rule);
    rule = rule_for("https://other.test/end");
    rule.answer_body = text("there");
    add(&rule);
    const hs_header secret = {text("Authorization"), text("Bearer t"), 0};
    hs_request_options request = get(HOST "/start");
    request.headers = &secret;
    request.header_count = 1;
    for (int round = 0; round < 2; round++) {
        hs_response *response = SEND(worker, &request);
        CHECK_TEXT(hs_response_body(response), "there");
        CHECK_TEXT(hs_response_url(response), "https://other.test/end");
        CHECK_INT(metrics_of(response).redirects, 1);
        hs_response_free(response);
    }
    CHECK_INT(hs_mock_calls(mock), 4);
    CHECK(hs_mock_call_header(mock, 0, text("cookie"), 0).data == NULL);
    CHECK_TEXT(hs_mock_call_header(mock, 2, text("cookie"), 0), "sid=31d4");
    CHECK_TEXT(hs_mock_call_header(mock, 2, text("authorization"), 0), "Bearer t");
    CHECK(hs_mock_call_header(mock, 1, text("authorization"), 0).data == NULL);
    close_worker(worker);
    again();
}

static void interim_and_trailers(hs_worker *worker) {
    const hs_header link = {text("Link"), text("</a.css>"), 0}, sum = {text("X-Sum"), text("12"), 0};
    hs_mock_interim early;
    memset(&early, 0, sizeof early);
    early.status = 103;
    early.headers = &link;
    early.header_count = 1;
    hs_mock_rule rule = rule_for("");
    rule.interim = &early;
    rule.interim_count = 1;
    rule.trailers = &sum;
    rule.trailer_count = 1;
    rule.answer_body = text("abc");
    add(&rule);
    const hs_request_options request = get(HOST "/");
    hs_response *response = SEND(worker, &request);
    hs_header field;
    CHECK_INT(hs_response_interim_status(response, 0), 103);
    CHECK_STATUS(hs_response_interim_header_at(response, 0, 0, &field), HS_OK);
    CHECK_TEXT(field.value, "</a.css>");
    CHECK_STATUS(hs_response_trailer_at(response, 0, &field), HS_OK);
    CHECK_TEXT(field.value, "12");
    hs_response_free(response);
    again();
}

static void streams(hs_worker *worker) {
    char body[5000];
    memset(body, 'x', sizeof body);
    hs_mock_rule rule = rule_for("");
    rule.answer_body = bytes(body, sizeof body);
    rule.piece_bytes = 999;
    rule.piece_delay_ms = 1;
    add(&rule);
    hs_request_options request = get(HOST "/");
    request.flags = HS_STREAM;
    hs_response *response = SEND(worker, &request);
    size_t all = 0, count = 1;
    for (int pieces = 0; count > 0; pieces++) {
        char buffer[4000];
        CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, HS_INFINITE, NULL), HS_OK);
        CHECK(count <= 999 && pieces < 10);
        all += count;
    }
    CHECK_INT(all, sizeof body);
    CHECK_INT(hs_mock_unused(mock), 0);
    hs_response_free(response);
    again();
    /* Who leaves early did not get the answer. */
    add(&rule);
    response = SEND(worker, &request);
    hs_response_free(response);
    CHECK_INT(hs_mock_unused(mock), 1);
    again();
}

static long left;

static int32_t read_body(void *user_data, void *buffer, size_t capacity, size_t *count) {
    CHECK(user_data == &left);
    *count = (size_t)left < capacity ? (size_t)left : capacity;
    memset(buffer, 'u', *count);
    left -= (long)*count;
    return 0;
}

static void uploads(hs_worker *worker) {
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.read = read_body;
    upload.user_data = &left;
    hs_request_options request = get(HOST "/up");
    request.method = text("PUT");
    request.upload = &upload;
    left = 300000;
    hs_mock_rule rule = rule_for("/up");
    add(&rule);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics_of(response).request_body_bytes, 300000);
    hs_response_free(response);
    CHECK_INT(left, 0);
    const hs_mock_call call = call_at(0);
    CHECK(call.body.len == 300000 && call.body_bytes == 300000 && call.body.data[299999] == 'u');
    again();
    /* What does not get so far is not read. */
    rule.failure = HS_ERR_CONNECT;
    add(&rule);
    left = 10;
    FAILS(worker, &request, HS_ERR_CONNECT);
    CHECK_INT(left, 10);
    again();
}

static void *trigger_soon(void *cancel) {
    while (hs_mock_calls(mock) == 0) {
        pause_ms(1);
    }
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    return NULL;
}

static void time_limits(hs_worker *worker) {
    hs_mock_rule rule = rule_for("");
    rule.delay_ms = 600000;
    add(&rule);
    hs_request_options request = get(HOST "/");
    request.timeout_ms = 500; /* A loaded machine comes to ask before. */
    hs_error_info info = FAILS(worker, &request, HS_ERR_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_FIRST_BYTE);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK(info.elapsed_ns >= 500000000u);
    request.timeout_ms = 0;
    request.attempt_timeout_ms = 500;
    FAILS(worker, &request, HS_ERR_ATTEMPT_TIMEOUT);
    CHECK_INT(hs_mock_unused(mock), 1);
    again();

    rule.delay_ms = 0;
    rule.flags = HS_MOCK_STALL;
    add(&rule);
    FAILS(worker, &request, HS_ERR_ATTEMPT_TIMEOUT);
    CHECK_INT(hs_mock_unused(mock), 0);
    again();

    rule.status = 200;
    rule.answer_body = text("abcdef");
    rule.after_bytes = 3;
    add(&rule);
    request = get(HOST "/");
    request.idle_timeout_ms = 20;
    info = FAILS(worker, &request, HS_ERR_IDLE_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_BODY);
    CHECK_INT(info.request_sent, HS_SENT_YES);
    again();

    rule = rule_for("");
    rule.flags = HS_MOCK_STALL;
    add(&rule);
    hs_cancel *cancel = NULL;
    pthread_t thread;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_INT(pthread_create(&thread, NULL, trigger_soon, cancel), 0);
    request = get(HOST "/");
    request.cancel = cancel;
    request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
    FAILS(worker, &request, HS_ERR_CANCELLED);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    again();

    /* The first answer comes late, after the second would have: it is waited for. */
    rule = rule_for("");
    rule.delay_ms = 30;
    add(&rule);
    const uint64_t start = now_ns();
    GOOD(worker, HOST "/");
    CHECK(now_ns() - start >= 30000000u);
    again();
}

#define REFUSED(rule, expected, part)                                                                            \
    do {                                                                                                         \
        hs_error *refusal = NULL;                                                                                \
        CHECK_STATUS(hs_mock_add(mock, rule, &refusal), expected);                                               \
        CHECK_HAS(hs_error_message(refusal), part);                                                              \
        CHECK_STATUS(hs_error_free(refusal), HS_OK);                                                             \
    } while (0)

static void misuse(void) {
    const hs_header bad = {text("X Y"), text("v"), 0};
    hs_mock_rule rule = rule_for("");
    REFUSED(NULL, HS_ERR_NULL_ARGUMENT, "rule");
    rule.struct_size = 4;
    REFUSED(&rule, HS_ERR_STRUCT_SIZE, "hs_mock_rule.struct_size is 4");
    rule = rule_for("");
    rule.flags = 8;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "hs_mock_rule.flags is 0x8");
    rule = rule_for("ftp://a/");
    REFUSED(&rule, HS_ERR_UNSUPPORTED_SCHEME, "ftp");
    rule = rule_for("nonsense");
    REFUSED(&rule, HS_ERR_INVALID_URL, "nonsense");
    rule = rule_for("/\xff");
    REFUSED(&rule, HS_ERR_INVALID_URL, "UTF-8");
    rule = rule_for("");
    rule.method = text("GE T");
    REFUSED(&rule, HS_ERR_INVALID_METHOD, "GE T");
    const uint32_t statuses[] = {1, 100, 102, 199, 1000};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        rule = rule_for("");
        rule.status = statuses[i];
        REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "hs_mock_rule.status");
    }
    rule = rule_for("");
    rule.http_version = HS_HTTP_2_PRIOR_KNOWLEDGE;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "http_version is 21");
    const hs_status cannot[] = {HS_ERR_TIMEOUT, HS_ERR_BODY_TRUNCATED, HS_ERR_PANIC, 1, -29};
    for (size_t i = 0; i < sizeof cannot / sizeof *cannot; i++) {
        rule = rule_for("");
        rule.failure = cannot[i];
        REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "hs_mock_rule.failure");
    }
    rule = rule_for("");
    rule.status = 200;
    rule.failure = HS_ERR_DNS;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "HS_ERR_DNS: no exchange fails so within a body");
    rule.failure = HS_ERR_RECEIVE;
    rule.flags = HS_MOCK_STALL;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "choose one");
    rule = rule_for("");
    rule.after_bytes = 1;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "after_bytes");
    rule = rule_for("");
    rule.failure = HS_ERR_DNS;
    rule.answer_body = text("x");
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "status");
    rule = rule_for("");
    rule.answer_headers = &bad;
    rule.answer_header_count = 1;
    REFUSED(&rule, HS_ERR_INVALID_HEADER, "X Y");
    rule.answer_headers = NULL;
    REFUSED(&rule, HS_ERR_NULL_ARGUMENT, "answer_headers");
    rule = rule_for("");
    hs_mock_interim early;
    memset(&early, 0, sizeof early);
    early.status = 101;
    rule.interim = &early;
    rule.interim_count = 1;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "hs_mock_interim.status is 101");
    early.status = 103;
    early.reserved = 1;
    REFUSED(&rule, HS_ERR_INVALID_ARGUMENT, "hs_mock_interim.reserved");

    hs_mock_call call;
    hs_header field;
    call.struct_size = sizeof call;
    CHECK_STATUS(hs_mock_call_at(mock, 0, &call), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_mock_call_at(mock, SIZE_MAX, &call), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_mock_call_header_at(mock, 0, 0, &field), HS_ERR_NOT_FOUND);
    CHECK(hs_mock_call_header(mock, 0, text("host"), 0).data == NULL);
    CHECK_INT(hs_mock_unused(mock), 0);
}

/* The fields of a call by their places, and a call that stays while others come. */
static void calls(hs_worker *worker) {
    hs_mock_rule rule = rule_for("");
    add(&rule);
    const hs_header twice[2] = {{text("X-A"), text("1"), 0}, {text("x-a"), text("2"), 0}};
    hs_request_options request = get(HOST "/");
    request.headers = twice;
    request.header_count = 2;
    hs_response_free(SEND(worker, &request));
    const hs_mock_call call = call_at(0);
    CHECK_TEXT(hs_mock_call_header(mock, 0, text("X-A"), 1), "2");
    CHECK(hs_mock_call_header(mock, 0, text("X-A"), 2).data == NULL);
    int found = 0;
    for (size_t place = 0; place < call.header_count; place++) {
        hs_header field;
        CHECK_STATUS(hs_mock_call_header_at(mock, 0, place, &field), HS_OK);
        found += text_is(field.name, "X-A") || text_is(field.name, "x-a") || text_is(field.name, "User-Agent");
    }
    CHECK_INT(found, 3);
    hs_header field;
    CHECK_STATUS(hs_mock_call_header_at(mock, 0, call.header_count, &field), HS_ERR_NOT_FOUND);
    for (int i = 0; i < 100; i++) {
        GOOD(worker, HOST "/more");
    }
    CHECK_TEXT(call.url, HOST "/");
    again();
}

/* A worker keeps its mock when that is freed. */
static void freed(hs_worker *worker) {
    hs_mock_rule rule = rule_for("");
    rule.answer_body = text("still there");
    add(&rule);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);
    gets(worker, HOST "/", 200, "still there");
    CHECK_STATUS(hs_mock_free(mock), HS_ERR_INVALID_HANDLE);
    const hs_worker_options options = mocked();
    hs_worker *none = NULL;
    CHECK_STATUS(hs_worker_new(&options, &none, NULL), HS_ERR_INVALID_HANDLE);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    const int before = open_descriptors();
    const hs_worker_options options = mocked();
    hs_worker *worker = mocked_worker(&options);
    rules(worker);
    unmatched(worker);
    failures(worker);
    redirects_and_cookies();
    interim_and_trailers(worker);
    streams(worker);
    uploads(worker);
    time_limits(worker);
    misuse();
    calls(worker);
    CHECK_INT(open_descriptors(), before);
    freed(worker);
    close_worker(worker);
    return 0;
}
