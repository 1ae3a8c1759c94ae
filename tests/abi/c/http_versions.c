/* Versions of HTTP: asked for, required, and what an HTTP/2 server says instead of an answer. */

#include "client.h"

static hs_request_options asking(const char *target, uint32_t version, uint32_t at_least) {
    hs_request_options request = post(target, "an order");
    request.http_version = version;
    request.min_http_version = at_least;
    return request;
}

static void answers_in(hs_worker *worker, const hs_request_options *request, uint32_t version) {
    hs_response *response = SEND(worker, request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics_of(response).http_version, version);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void asked_for(void) {
    const char *const clear = url("%s/anything", address("http")), *const tls = url("%s/anything", address("https"));
    const char *const h2c = url("%s/anything", address("h2c"));
    const struct {
        const char *target;
        uint32_t asked, at_least, spoken;
    } cases[] = {
        {clear, HS_HTTP_DEFAULT, 0, HS_HTTP_1_1},
        {clear, HS_HTTP_1_1, HS_HTTP_1_1, HS_HTTP_1_1},
        {clear, HS_HTTP_2, HS_HTTP_1_1, HS_HTTP_1_1},
        {tls, HS_HTTP_DEFAULT, 0, HS_HTTP_2},
        {tls, HS_HTTP_1_1, 0, HS_HTTP_1_1},
        {tls, HS_HTTP_2, HS_HTTP_2, HS_HTTP_2},
        {tls, HS_HTTP_2_PRIOR_KNOWLEDGE, HS_HTTP_2, HS_HTTP_2},
        {h2c, HS_HTTP_2_PRIOR_KNOWLEDGE, HS_HTTP_2, HS_HTTP_2},
    };
    hs_worker *worker = open_worker();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const hs_request_options request = asking(cases[i].target, cases[i].asked, cases[i].at_least);
        answers_in(worker, &request, cases[i].spoken);
    }
    const hs_request_options request = asking(clear, HS_HTTP_1_0, HS_HTTP_1_0);
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "HTTP/1.0");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);

    /* A worker's wish, and a request that overrules it. */
    hs_worker_options options = defaults();
    options.http_version = HS_HTTP_1_1;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    hs_request_options own = get(tls);
    answers_in(worker, &own, HS_HTTP_1_1);
    own.http_version = HS_HTTP_2;
    own.min_http_version = HS_HTTP_2; /* Also past the connection that is there. */
    answers_in(worker, &own, HS_HTTP_2);
    close_worker(worker);
}

static void too_old(void) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    options.min_http_version = HS_HTTP_2;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    const char *const targets[] = {url("%s/get?count_key=old", address("https_h1")),
                                   url("%s/get?count_key=old", address("http"))};
    for (int i = 0; i < 2; i++) {
        hs_request_options request = post(targets[i], "an order");
        FAILS_SAYING(worker, &request, HS_ERR_HTTP_VERSION, "HTTP/1.1");
        const hs_error_info info = FAILS(worker, &request, HS_ERR_HTTP_VERSION);
        CHECK_INT(info.request_sent, HS_SENT_NO);
        CHECK_INT(info.retryable, HS_RETRYABLE_NO);
        CHECK_INT(info.phase, HS_PHASE_PROTOCOL);
        CHECK_INT(counter("old"), 0);
    }
    /* A request may do with less. */
    hs_request_options request = post(targets[1], "an order");
    request.min_http_version = HS_HTTP_1_0;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_INT(counter("old"), 1);
    /* But not ask for what it refuses. */
    request = asking(targets[1], HS_HTTP_1_1, 0);
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "at least HTTP/2");
    close_worker(worker);

    options.http_version = HS_HTTP_1_1;
    hs_error *error = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "at least HTTP/2");
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

/* Installs a script with a port of its own; returns a URL there. */
static const char *play(hs_worker *worker, const char *name, const char *connections) {
    hs_request_options request = post(url("%s/script/%s", address("http"), name), connections);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    const hs_str body = hs_response_body(response);
    const char *port = memmem(body.data, body.len, "\"port\":", 7);
    CHECK(port != NULL);
    const char *target = url("http://127.0.0.1:%ld/", strtol(port + 7, NULL, 10));
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return target;
}

#define BEGIN "{\"read_frame\": \"settings\"}, {\"send_frame\": {\"type\": \"settings\"}}, {\"read_frame\": \"request\"}, "
#define RESET(code) "{\"send_frame\": {\"type\": \"rst_stream\", \"stream\": \"last\", \"error\": " code "}}, {\"stall\": true}"
#define ANSWER                                                                                                   \
    "{\"send_frame\": {\"type\": \"headers\", \"flags\": 5, \"stream\": \"last\", \"headers\": [[\":status\", "  \
    "\"204\"]]}}, {\"stall\": true}"
#define SCRIPT(lists) "{\"listen\": \"tcp\", \"per_connection\": [" lists "]}"

static void refused(void) {
    hs_worker *worker = open_worker();
    const char *target =
        play(worker, "refuses", SCRIPT("[" BEGIN RESET("7") "], [" BEGIN ANSWER "]"));
    hs_request_options request = asking(target, HS_HTTP_2_PRIOR_KNOWLEDGE, 0);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 204);
    CHECK_INT(metrics_of(response).internal_resends, 1);
    CHECK_INT(metrics_of(response).attempts, 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_INT(counter("script:refuses"), 2);

    request = asking(play(worker, "always", SCRIPT("[" BEGIN RESET("7") "]")), HS_HTTP_2_PRIOR_KNOWLEDGE, 0);
    hs_error_info info = FAILS(worker, &request, HS_ERR_HTTP2);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(info.retryable, HS_RETRYABLE_UNKNOWN);
    CHECK_INT(counter("script:always"), 2);

    request = asking(play(worker, "cancels", SCRIPT("[" BEGIN RESET("8") "]")), HS_HTTP_2_PRIOR_KNOWLEDGE, 0);
    info = FAILS(worker, &request, HS_ERR_HTTP2);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(info.retryable, HS_RETRYABLE_UNKNOWN);
    CHECK_INT(counter("script:cancels"), 1);

    target = play(worker, "downgrades",
                  SCRIPT("[" BEGIN RESET("13") "], [{\"read\": \"request\"}, {\"send\": \"HTTP/1.1 200 "
                         "OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"}]"));
    request = asking(target, HS_HTTP_2_PRIOR_KNOWLEDGE, 0);
    answers_in(worker, &request, HS_HTTP_1_1);
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    asked_for();
    too_old();
    refused();
    return 0;
}
