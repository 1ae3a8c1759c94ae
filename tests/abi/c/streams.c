/* Bodies that are read piece by piece: what is read, what it leaves the worker free for, and how it may end. */

#include "client.h"

#include <pthread.h>

static hs_worker *worker;

static hs_response *open_stream(const char *target) {
    hs_request_options request = get(target);
    request.flags = HS_STREAM;
    return SEND(worker, &request);
}

static size_t read_some(hs_response *response, void *buffer, size_t capacity) {
    size_t count = SIZE_MAX;
    CHECK_STATUS(hs_response_read(response, buffer, capacity, &count, 0, NULL), HS_OK);
    CHECK(count <= capacity);
    return count;
}

/* The rest of a body, which must be as long as that. */
static void read_all(hs_response *response, size_t length) {
    char buffer[4001];
    size_t read = 0, count;
    while ((count = read_some(response, buffer, sizeof buffer)) != 0) {
        read += count;
    }
    CHECK_INT(read, length);
}

static hs_status read_status(hs_response *response, uint64_t timeout_ms) {
    char buffer[100];
    size_t count = 0x5EED;
    hs_error *error = NULL;
    const hs_status status = hs_response_read(response, buffer, sizeof buffer, &count, timeout_ms, &error);
    if (status != HS_OK) {
        CHECK_INT(count, 0x5EED);
        CHECK_INT(hs_error_status(error), status);
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
    return status;
}

static void free_response(hs_response *response) { CHECK_STATUS(hs_response_free(response), HS_OK); }

static void every_byte_comes_once_and_in_order(const char *base, const char *more) {
    static unsigned char buffer[70001];
    const size_t length = (size_t)number("length", 3000000);
    hs_response *response = open_stream(url("%s/bytes/%zu?seed=7%s", base, length, more));
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(hs_response_body(response).len, 0);
    size_t read = 0, capacity = 1, count;
    while ((count = read_some(response, buffer, capacity)) != 0) {
        for (size_t i = 0; i < count; i++) {
            CHECK(buffer[i] == byte_at(7, read + i));
        }
        read += count;
        capacity = capacity * 3 % sizeof buffer + 1;
    }
    CHECK_INT(read, length);
    CHECK_INT(read_some(response, buffer, sizeof buffer), 0);
    CHECK_INT(metrics_of(response).response_body_bytes, length);
    free_response(response);
    CHECK_INT(GOOD(worker, url("%s/get", base)).connection_reused, 1);
}

static void a_buffered_body_can_be_read_too(void) {
    const hs_request_options request = post(url("%s/echo", address("http")), "hello");
    hs_response *response = SEND(worker, &request);
    char buffer[4];
    CHECK_INT(read_some(response, buffer, 2), 2);
    CHECK(memcmp(buffer, "he", 2) == 0);
    CHECK_INT(read_some(response, buffer, 4), 3);
    CHECK(memcmp(buffer, "llo", 3) == 0);
    CHECK_INT(read_some(response, buffer, 4), 0);
    CHECK_TEXT(hs_response_body(response), "hello");
    free_response(response);
}

static void nothing_to_read(void) {
    char buffer[1];
    hs_request_options request = get(url("%s/bytes/100", address("http")));
    request.flags = HS_STREAM;
    request.method = text("HEAD");
    hs_response *response = SEND(worker, &request);
    CHECK_INT(read_some(response, buffer, 1), 0);
    free_response(response);
    response = open_stream(url("%s/status/204", address("http")));
    CHECK_INT(read_some(response, buffer, 1), 0);
    free_response(response);
}

static void the_body_in_memory_may_go_when_the_head_is_there(void) {
    char body[] = "an order";
    hs_request_options request = post(url("%s/echo", address("http")), body);
    request.flags = HS_STREAM;
    hs_response *response = SEND(worker, &request);
    memset(body, 'x', sizeof body);
    char buffer[20];
    CHECK_INT(read_some(response, buffer, sizeof buffer), 8);
    CHECK(memcmp(buffer, "an order", 8) == 0);
    free_response(response);
}

static void the_worker_is_free_between_two_reads(const char *base) {
    hs_response *streams[8];
    char buffer[1000];
    for (size_t i = 0; i < 8; i++) {
        streams[i] = open_stream(url("%s/bytes/400000?seed=%zu", base, i));
    }
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 8; i++) {
            CHECK(read_some(streams[i], buffer, 8) == 8);
            for (size_t at = 0; at < 8; at++) {
                CHECK((unsigned char)buffer[at] == byte_at(i, round * 8 + at));
            }
        }
        GOOD(worker, url("%s/get", address("http")));
    }
    for (size_t i = 8; i-- > 0;) {
        read_all(streams[i], 400000 - 24);
        free_response(streams[i]);
    }
}

static void nobody_reads_and_the_server_waits(void) {
    /* More than all buffers on the way can hold; the rest of it would take minutes to receive. */
    hs_response *response = open_stream(url("%s/big/100000000000", address("http")));
    char buffer[10];
    CHECK_INT(read_some(response, buffer, sizeof buffer), 10);
    for (int i = 0; i < 20; i++) {
        GOOD(worker, url("%s/get", address("https")));
    }
    CHECK(metrics_of(response).response_body_bytes < 50000000);
    free_response(response);
    GOOD(worker, url("%s/get", address("http")));
}

static void a_half_read_stream_may_be_closed(const char *base, const char *key) {
    hs_response *response = open_stream(url("%s/stall/body?bytes=5&key=%s", base, key));
    char buffer[10];
    CHECK_INT(read_some(response, buffer, 2), 2);
    free_response(response);
    /* Older libcurls tell an HTTP/2 server of it when the connection is used again. */
    GOOD(worker, url("%s/get", base));
    await_counter(worker, url("%s:dropped", key), 1);
    CHECK_STATUS(hs_response_read(response, buffer, 1, NULL, 0, NULL), HS_ERR_INVALID_HANDLE);
}

static hs_response *shared;

static void *on_another_thread(void *unused) {
    (void)unused;
    CHECK_STATUS(read_status(shared, 0), HS_ERR_WRONG_THREAD);
    CHECK_INT(hs_response_status(shared), 200);
    free_response(shared);
    return NULL;
}

static void another_thread_may_close_but_not_read(void) {
    pthread_t thread;
    shared = open_stream(url("%s/stall/body?bytes=5&key=elsewhere", address("http")));
    CHECK_INT(pthread_create(&thread, NULL, on_another_thread, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    await_counter(worker, "elsewhere:dropped", 1);
}

static void without_its_worker_a_stream_ends_and_the_head_stays(void) {
    hs_worker *other = open_worker();
    hs_request_options request = get(url("%s/stall/body?bytes=5&key=orphan", address("http")));
    request.flags = HS_STREAM;
    hs_response *response = SEND(other, &request);
    close_worker(other);
    CHECK_STATUS(read_status(response, 0), HS_ERR_INVALID_HANDLE);
    CHECK_INT(hs_response_status(response), 200);
    CHECK(hs_response_header_count(response) > 0);
    await_counter(worker, "orphan:dropped", 1);
    free_response(response);
}

static void reads_have_a_limit_of_their_own_and_share_the_idle_one(void) {
    hs_request_options request = get(url("%s/stall/body?bytes=5", address("http")));
    request.flags = HS_STREAM;
    request.idle_timeout_ms = 2000;
    hs_response *response = SEND(worker, &request);
    char buffer[10];
    for (size_t read = 0; read < 5;) {
        read += read_some(response, buffer, sizeof buffer);
    }
    int passing = 0;
    hs_status status;
    while ((status = read_status(response, 30)) == HS_ERR_READ_TIMEOUT) {
        passing++;
    }
    CHECK_STATUS(status, HS_ERR_IDLE_TIMEOUT);
    CHECK(passing >= 1 && passing <= 2000 / 30 + 1);
    CHECK_STATUS(read_status(response, 30), HS_ERR_IDLE_TIMEOUT);
    free_response(response);

    request.idle_timeout_ms = HS_INFINITE;
    request.timeout_ms = 3000; /* The server is to answer before. */
    response = SEND(worker, &request);
    while ((status = read_status(response, HS_INFINITE)) == HS_OK) {
    }
    CHECK_STATUS(status, HS_ERR_TIMEOUT);
    free_response(response);
}

static void a_cancel_ends_it(void) {
    hs_cancel *cancel = NULL;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    hs_request_options request = get(url("%s/stall/body?bytes=0", address("http")));
    request.flags = HS_STREAM;
    request.cancel = cancel;
    hs_response *response = SEND(worker, &request);
    CHECK_STATUS(read_status(response, 1), HS_ERR_READ_TIMEOUT);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    CHECK_STATUS(read_status(response, 0), HS_ERR_CANCELLED);
    CHECK_STATUS(read_status(response, 0), HS_ERR_CANCELLED);
    free_response(response);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
}

static void what_breaks_off_says_so(void) {
    hs_response *response = open_stream(url("%s/short?bytes=50&missing=10", address("http")));
    hs_status status;
    while ((status = read_status(response, 0)) == HS_OK) {
    }
    CHECK_STATUS(status, HS_ERR_BODY_TRUNCATED);
    CHECK_STATUS(read_status(response, 0), HS_ERR_BODY_TRUNCATED);
    free_response(response);

    hs_request_options request = get(url("%s/bytes/1000?chunked=1", address("http")));
    request.flags = HS_STREAM;
    request.max_body_bytes = 999;
    response = SEND(worker, &request);
    while ((status = read_status(response, 0)) == HS_OK) {
    }
    CHECK_STATUS(status, HS_ERR_BODY_TOO_LARGE);
    free_response(response);
}

static void codings_are_taken_off_as_it_is_read(void) {
    const char *const codings[] = {"gzip", "deflate", "br", "zstd"};
    for (size_t i = 0; i < 4; i++) {
        hs_response *response = open_stream(url("%s/%s?bytes=700000", address("http"), codings[i]));
        read_all(response, 700000);
        CHECK_INT(metrics_of(response).decoded, 1);
        free_response(response);
    }
    hs_response *response = open_stream(url("%s/bomb/gzip?mb=300", address("http")));
    hs_status status;
    while ((status = read_status(response, 0)) == HS_OK) {
    }
    CHECK_STATUS(status, HS_ERR_DECODE);
    free_response(response);
}

static void trailers_come_after_the_body_and_interim_responses_before(const char *base) {
    hs_request_options request = get(url("%s/trailers?body=abc&trailer=X-Sum:42", base));
    hs_header field;
    for (int streamed = 0; streamed < 2; streamed++) {
        request.flags = streamed ? HS_STREAM : 0;
        hs_response *response = SEND(worker, &request);
        CHECK_INT(hs_response_trailer_count(response), streamed ? 0 : 1);
        read_all(response, 3);
        CHECK_INT(hs_response_trailer_count(response), 1);
        CHECK_STATUS(hs_response_trailer_at(response, 0, &field), HS_OK);
        CHECK_INT(field.name.len, 5);
        CHECK_TEXT(field.value, "42");
        CHECK_STATUS(hs_response_trailer_at(response, 1, &field), HS_ERR_NOT_FOUND);
        CHECK(hs_response_header(response, text("x-sum"), 0).data == NULL);
        free_response(response);
    }
}

static void interim_responses_are_told(void) {
    hs_header field;
    hs_request_options request = get(url("%s/early-hints?count=2", address("http")));
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(hs_response_interim_status(response, 0), 103);
    CHECK_INT(hs_response_interim_status(response, 1), 103);
    CHECK_INT(hs_response_interim_status(response, 2), 0);
    CHECK_STATUS(hs_response_interim_header_at(response, 1, 0, &field), HS_OK);
    CHECK(field.value.len > 0);
    CHECK_STATUS(hs_response_interim_header_at(response, 1, 99, &field), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_response_interim_header_at(response, 2, 0, &field), HS_ERR_NOT_FOUND);
    free_response(response);
}

static int32_t unused_callback(void *user_data, const void *data, size_t length) {
    (void)user_data, (void)data, (void)length;
    return 1;
}

static void what_makes_no_sense_is_refused(void) {
    char buffer[1];
    size_t count = 0;
    hs_response *response = open_stream(url("%s/bytes/100", address("http")));
    CHECK_STATUS(hs_response_read(NULL, buffer, 1, &count, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_read(response, NULL, 1, &count, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_read(response, buffer, 1, NULL, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_read(response, buffer, 0, &count, 0, NULL), HS_ERR_INVALID_ARGUMENT);
    read_all(response, 100);
    free_response(response);

    hs_request_options request = get(address("http"));
    request.flags = HS_STREAM;
    request.on_body = unused_callback;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "HS_STREAM");
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    every_byte_comes_once_and_in_order(address("http"), "");
    every_byte_comes_once_and_in_order(address("http"), "&chunked=1");
    every_byte_comes_once_and_in_order(address("https"), "");
    a_buffered_body_can_be_read_too();
    nothing_to_read();
    the_body_in_memory_may_go_when_the_head_is_there();
    the_worker_is_free_between_two_reads(address("http"));
    the_worker_is_free_between_two_reads(address("https"));
    nobody_reads_and_the_server_waits();
    a_half_read_stream_may_be_closed(address("http"), "half");
    a_half_read_stream_may_be_closed(address("https"), "half-h2");
    another_thread_may_close_but_not_read();
    without_its_worker_a_stream_ends_and_the_head_stays();
    reads_have_a_limit_of_their_own_and_share_the_idle_one();
    a_cancel_ends_it();
    what_breaks_off_says_so();
    codings_are_taken_off_as_it_is_read();
    trailers_come_after_the_body_and_interim_responses_before(address("http"));
    trailers_come_after_the_body_and_interim_responses_before(address("https"));
    interim_responses_are_told();
    what_makes_no_sense_is_refused();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}
