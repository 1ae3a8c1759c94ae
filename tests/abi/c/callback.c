/* What a body callback may do to the library in the middle of a call, and what it may not. */

#include "client.h"

#include <pthread.h>

static hs_worker *busy;
static hs_cancel *cancel;
static int calls;
static size_t received;

/* A request whose body comes in pieces to a callback. */
static hs_request_options streamed(hs_body_callback on_body) {
    hs_request_options request = get(url("%s/drip?bytes=3&interval_ms=1", address("http")));
    request.on_body = on_body;
    request.user_data = &received;
    calls = 0;
    received = 0;
    return request;
}

static void count_bytes(void *user_data, const void *data, size_t length) {
    CHECK(user_data == &received);
    CHECK(data != NULL && length > 0);
    received += length;
    calls++;
}

static int32_t only_count(void *user_data, const void *data, size_t length) {
    count_bytes(user_data, data, length);
    return 0;
}

static void plain(void) {
    hs_request_options request = streamed(only_count);
    hs_response *response = SEND(busy, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(received, 3);
    CHECK_INT(hs_response_body(response).len, 0);
    CHECK_INT(metrics_of(response).response_body_bytes, 3);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static int32_t enter_again(void *user_data, const void *data, size_t length) {
    const hs_request_options request = get(url("%s/count/re-entry", address("http")));
    count_bytes(user_data, data, length);
    FAILS(busy, &request, HS_ERR_BUSY);
    CHECK_STATUS(hs_request(busy, NULL, NULL, NULL), HS_ERR_BUSY);
    CHECK_STATUS(hs_worker_free(busy), HS_ERR_BUSY);
    CHECK_STATUS(hs_worker_close_idle(busy), HS_ERR_BUSY);
    return 0;
}

static void re_entry(void) {
    hs_request_options request = streamed(enter_again);
    CHECK_STATUS(hs_response_free(SEND(busy, &request)), HS_OK);
    CHECK_INT(received, 3);
    CHECK_INT(counter("re-entry"), 0);
    CHECK_INT(GOOD(busy, url("%s/get", address("http"))).connection_reused, 1);
}

static int32_t use_another(void *user_data, const void *data, size_t length) {
    count_bytes(user_data, data, length);
    hs_worker *other = open_worker();
    GOOD(other, url("%s/get", address("http")));
    GOOD(other, url("%s/get", address("https")));
    /* And a callback in a callback. */
    hs_request_options request = get(url("%s/drip?bytes=2&interval_ms=1", address("http")));
    size_t inner = 0;
    const size_t outer = received;
    request.on_body = only_count;
    request.user_data = &received;
    CHECK_STATUS(hs_response_free(SEND(other, &request)), HS_OK);
    inner = received - outer;
    CHECK_INT(inner, 2);
    received = outer;
    close_worker(other);
    return 0;
}

static void another_worker(void) {
    hs_request_options request = streamed(use_another);
    CHECK_STATUS(hs_response_free(SEND(busy, &request)), HS_OK);
    CHECK_INT(received, 3);
}

static void *intrude(void *unused) {
    const hs_request_options request = get(url("%s/get", address("http")));
    (void)unused;
    FAILS(busy, &request, HS_ERR_WRONG_THREAD);
    CHECK_STATUS(hs_worker_free(busy), HS_ERR_WRONG_THREAD);
    return NULL;
}

static int32_t let_intrude(void *user_data, const void *data, size_t length) {
    pthread_t thread;
    count_bytes(user_data, data, length);
    CHECK_INT(pthread_create(&thread, NULL, intrude, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    return 0;
}

static void intruders(void) {
    hs_request_options request = streamed(let_intrude);
    CHECK_STATUS(hs_response_free(SEND(busy, &request)), HS_OK);
    CHECK_INT(received, 3);
}

static int32_t stop_value;
static int32_t stop(void *user_data, const void *data, size_t length) {
    count_bytes(user_data, data, length);
    return stop_value;
}

static void stopping(void) {
    const int32_t values[] = {1, -1, INT32_MIN, HS_ERR_BUSY};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        hs_request_options request = streamed(stop);
        stop_value = values[i];
        const hs_error_info info = FAILS(busy, &request, HS_ERR_CALLBACK);
        CHECK_INT(calls, 1);
        CHECK_INT(info.request_sent, HS_SENT_YES);
        CHECK_INT(info.retryable, HS_RETRYABLE_NO);
        GOOD(busy, url("%s/get", address("http")));
    }
}

static int32_t trigger(void *user_data, const void *data, size_t length) {
    count_bytes(user_data, data, length);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    return 0;
}

static void cancelling(void) {
    hs_request_options request = streamed(trigger);
    request.url = text(url("%s/stall/body?bytes=5", address("http")));
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    request.cancel = cancel;
    const hs_error_info info = FAILS(busy, &request, HS_ERR_CANCELLED);
    CHECK_INT(received, 5);
    CHECK_INT(info.request_sent, HS_SENT_YES);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    GOOD(busy, url("%s/get", address("http")));
}

static int32_t free_cancel(void *user_data, const void *data, size_t length) {
    count_bytes(user_data, data, length);
    CHECK_STATUS(hs_cancel_free(cancel), calls == 1 ? HS_OK : HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_ERR_INVALID_HANDLE);
    return 0;
}

/* Freed while a call has it: the call goes on to its end. */
static void freeing_its_cancel(void) {
    hs_request_options request = streamed(free_cancel);
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    request.cancel = cancel;
    CHECK_STATUS(hs_response_free(SEND(busy, &request)), HS_OK);
    CHECK_INT(received, 3);
}

static int32_t retire(void *user_data, const void *data, size_t length) {
    const hs_request_options request = get(url("%s/get", address("http")));
    count_bytes(user_data, data, length);
    CHECK_STATUS(hs_worker_retire(busy), calls == 1 ? HS_OK : HS_ERR_INVALID_HANDLE);
    FAILS(busy, &request, HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_worker_free(busy), HS_ERR_INVALID_HANDLE);
    return 0;
}

/* Retired inside its own call: invalid at once, the call ends undisturbed, and then it is closed. */
static void retiring(void) {
    const int before = open_descriptors();
    busy = open_worker();
    hs_request_options request = streamed(retire);
    CHECK_STATUS(hs_response_free(SEND(busy, &request)), HS_OK);
    CHECK_INT(received, 3);
    CHECK_STATUS(hs_worker_free(busy), HS_ERR_INVALID_HANDLE);
    CHECK_INT(open_descriptors(), before);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    busy = open_worker();
    plain();
    re_entry();
    another_worker();
    intruders();
    stopping();
    cancelling();
    freeing_its_cancel();
    close_worker(busy);
    retiring();
    return 0;
}
