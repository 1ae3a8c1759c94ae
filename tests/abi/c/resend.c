/* A server that takes a request on a kept connection and closes it without an answer: a request that must not happen
 * twice is sent once and the error says so; one that may is sent again, once, and the metrics say so. */

#include "client.h"

static char base[128];

/* How many requests the script port had in all that arrived whole for a script. */
static long arrived(const char *script) { return counter(url("script:%s", script)); }

/* The first request on a connection is answered; the next one is read whole and the connection closed. */
static hs_worker *with_a_trapped_connection(const char *target) {
    hs_worker *worker = open_worker();
    const hs_metrics metrics = GOOD(worker, target);
    CHECK_INT(metrics.connection_reused, 0);
    CHECK_INT(metrics.internal_resends, 0);
    return worker;
}

static void not_twice(const char *method, const char *body, const char *how) {
    static int round;
    char key[32], target[URL_BYTES];
    snprintf(key, sizeof key, "once-%d", ++round);
    snprintf(target, sizeof target, "%s/keepalive-then-close?key=%s&how=%s", base, key, how);
    const long before = arrived("keepalive-then-close");
    hs_worker *worker = with_a_trapped_connection(target);
    hs_request_options request = get(target);
    request.method = text(method);
    request.body = text(body);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_CONNECTION_CLOSED);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(info.retryable, HS_RETRYABLE_UNKNOWN);
    CHECK_INT(info.phase, HS_PHASE_FIRST_BYTE);
    CHECK_INT(info.attempts, 1);
    CHECK_INT(counter(key), 1);                                  /* The one on the kept connection. */
    CHECK_INT(arrived("keepalive-then-close") - before, 2);      /* It and the first: none on another connection. */
    CHECK_INT(GOOD(worker, target).connection_reused, 0);
    close_worker(worker);
}

static void at_most_twice(const char *method, const char *how) {
    static int round;
    char key[32], target[URL_BYTES];
    snprintf(key, sizeof key, "again-%d", ++round);
    snprintf(target, sizeof target, "%s/keepalive-then-close?key=%s&how=%s", base, key, how);
    const long before = arrived("keepalive-then-close");
    hs_worker *worker = with_a_trapped_connection(target);
    hs_request_options request = get(target);
    request.method = text(method);
    hs_response *response = SEND(worker, &request);
    const hs_metrics metrics = metrics_of(response);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics.internal_resends, 1);
    CHECK_INT(metrics.attempts, 1);
    CHECK_INT(counter(key), 1);
    CHECK_INT(arrived("keepalive-then-close") - before, 3);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

/* On a connection of its own there is nothing to blame but the server: no method is sent again. */
static void fresh_connection(const char *method, const char *body) {
    char key[32], target[URL_BYTES];
    snprintf(key, sizeof key, "fresh-%s-%d", method, (int)strlen(base));
    snprintf(target, sizeof target, "%s/close-after-request?key=%s", base, key);
    hs_worker *worker = open_worker();
    hs_request_options request = get(target);
    request.method = text(method);
    request.body = text(body);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_CONNECTION_CLOSED);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(counter(key), 1);
    close_worker(worker);
}

/* How many connections the server has open on a port. */
static long connections_open(hs_worker *worker, const char *port) {
    const hs_request_options request = get(url("%s/connections", address("http")));
    hs_response *response = SEND(worker, &request);
    const hs_str body = hs_response_body(response);
    const char *of_port = memmem(body.data, body.len, url("\"%s\":", port), strlen(port) + 3);
    const char *end = body.data + body.len;
    const char *open = of_port == NULL ? NULL : memmem(of_port, (size_t)(end - of_port), "\"open\":", 7);
    CHECK(open != NULL);
    const long count = strtol(open + 7, NULL, 10);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return count;
}

/* The server closed while the connection was idle: the POST takes another one and arrives. */
static void closed_while_idle(void) {
    char key[32], target[URL_BYTES];
    const char *port = strncmp(base, "https", 5) == 0 ? "script_tls" : "script";
    snprintf(key, sizeof key, "idle-%d", (int)strlen(base));
    snprintf(target, sizeof target, "%s/ok?key=%s", base, key);
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/truncate?at=75", base)); /* A whole answer, and then the end. */
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_body(response).len, 26);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    while (connections_open(worker, port) > 0) {
        pause_ms(1);
    }
    request = post(target, "order");
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_INT(counter(key), 1);
    close_worker(worker);
}

static void all(const char *scheme, const char *port) {
    snprintf(base, sizeof base, "%s://%s", scheme, address(port));
    const char *const ends[] = {"close", "reset"};
    for (int i = 0; i < 2; i++) {
        not_twice("POST", "order", ends[i]);
        not_twice("POST", "", ends[i]);
        not_twice("PATCH", "order", ends[i]);
        not_twice("get", "", ends[i]); /* Case counts: not the method GET. */
        at_most_twice("GET", ends[i]);
        at_most_twice("PUT", ends[i]);
        at_most_twice("DELETE", ends[i]);
    }
    fresh_connection("GET", "");
    fresh_connection("POST", "order");
    closed_while_idle();
}

int main(int count, char **arguments) {
    begin(count, arguments);
    all("http", "script");
    all("https", "script_tls");
    return 0;
}
