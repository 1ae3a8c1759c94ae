/* Bodies that other threads write while they are sent. */

#include "client.h"

#include <pthread.h>
#include <stddef.h>

#define SEED 11

static hs_worker *worker;

static hs_pipe *open_pipe(size_t capacity) {
    hs_pipe *pipe = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_pipe_new(capacity, &pipe, &error), HS_OK);
    CHECK(pipe != NULL && error == NULL);
    return pipe;
}

static hs_upload upload_from(hs_pipe *pipe, uint64_t length) {
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.length = length;
    upload.pipe = pipe;
    return upload;
}

/* One that writes so many bytes, in pieces that fit into nothing evenly, and closes. */
struct writer {
    hs_pipe *pipe;
    size_t length, piece, written;
    uint64_t timeout_ms;
    long pause_ms;
    hs_status status;
    pthread_t thread;
    int aborts;
};

static void *write_all(void *data) {
    struct writer *writer = data;
    unsigned char *piece = malloc(writer->piece);
    while (writer->written < writer->length && writer->status == HS_OK) {
        const size_t left = writer->length - writer->written, now = left < writer->piece ? left : writer->piece;
        for (size_t i = 0; i < now; i++) {
            piece[i] = byte_at(SEED, writer->written + i);
        }
        size_t written = 12345;
        hs_error *error = NULL;
        writer->status = hs_pipe_write(writer->pipe, piece, now, &written, writer->timeout_ms, &error);
        CHECK((writer->status == HS_OK) == (error == NULL) && (writer->status == HS_OK) == (written == now));
        CHECK_STATUS(hs_error_free(error), HS_OK);
        writer->written += written;
        if (writer->status == HS_ERR_WRITE_TIMEOUT || writer->status == HS_ERR_WOULD_BLOCK) {
            writer->status = HS_OK;
        }
        if (writer->pause_ms > 0) {
            pause_ms(writer->pause_ms);
        }
    }
    free(piece);
    CHECK_STATUS(writer->aborts ? hs_pipe_abort(writer->pipe) : hs_pipe_close(writer->pipe), HS_OK);
    return NULL;
}

static struct writer start(hs_pipe *pipe, size_t length) {
    const struct writer writer = {pipe, length, 7777, 0, HS_INFINITE, 0, HS_OK, 0, 0};
    return writer;
}

#define RUN(writer) CHECK(pthread_create(&(writer)->thread, NULL, write_all, writer) == 0)
#define JOIN(writer) CHECK(pthread_join((writer)->thread, NULL) == 0)

static void arrives(const char *base, size_t length, int announced, size_t capacity, uint64_t timeout_ms) {
    hs_pipe *pipe = open_pipe(capacity);
    struct writer writer = start(pipe, length);
    writer.timeout_ms = timeout_ms;
    const hs_upload upload = upload_from(pipe, announced ? length : 0);
    const hs_request_options request = put(url("%s/echo", base), &upload);
    RUN(&writer);
    hs_response *response = SEND(worker, &request);
    JOIN(&writer);
    CHECK_STATUS(writer.status, HS_OK);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics_of(response).request_body_bytes, length);
    const hs_str body = hs_response_body(response);
    CHECK_INT(body.len, length);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)body.data[i] != byte_at(SEED, i)) {
            FAIL("byte %zu of %zu is another one", i, length);
        }
    }
    CHECK_STATUS(hs_response_free(response), HS_OK);
    /* Nobody reads it any more. */
    CHECK_STATUS(hs_pipe_write(pipe, "x", 1, NULL, HS_INFINITE, NULL), HS_ERR_PIPE_CLOSED);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static void what_is_there_before_is_a_body_like_any_other(void) {
    for (int announced = 0; announced < 2; announced++) {
        hs_pipe *pipe = open_pipe(10);
        const hs_upload upload = upload_from(pipe, announced ? 10 : 0);
        const hs_request_options request = put(url("%s/echo", address("http")), &upload);
        CHECK_STATUS(hs_pipe_write(pipe, "0123456789", 10, NULL, 0, NULL), HS_OK);
        CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
        hs_response *response = SEND(worker, &request);
        CHECK_TEXT(hs_response_body(response), "0123456789");
        CHECK_STATUS(hs_response_free(response), HS_OK);
        CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    }
}

/* A conversation: each piece is written when the one before it has come back. */
static void bytes_go_out_as_soon_as_they_are_written(const char *base, uint64_t length) {
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, length);
    hs_request_options request = put(url("%s/echo", base), &upload);
    request.flags = HS_STREAM;
    CHECK_STATUS(hs_pipe_write(pipe, "0", 1, NULL, 0, NULL), HS_OK);
    hs_response *response = SEND(worker, &request);
    for (char next = '0'; next <= '9'; next++) {
        char came = 0;
        size_t count = 0;
        CHECK_STATUS(hs_response_read(response, &came, 1, &count, 0, NULL), HS_OK);
        CHECK_INT(count, 1);
        CHECK_INT(came, next);
        if (next < '9') {
            came++;
            CHECK_STATUS(hs_pipe_write(pipe, &came, 1, NULL, HS_INFINITE, NULL), HS_OK);
        }
    }
    CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
    char more = 0;
    size_t count = 7;
    CHECK_STATUS(hs_response_read(response, &more, 1, &count, 0, NULL), HS_OK);
    CHECK_INT(count, 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static void many_at_once(void) {
    enum { COUNT = 20, LENGTH = 100003 };
    struct writer writers[COUNT];
    hs_upload uploads[COUNT];
    hs_request_options requests[COUNT];
    const hs_request_options *pointers[COUNT];
    hs_completion completions[COUNT];
    const char *target = url("%s/upload", address("https"));
    for (int i = 0; i < COUNT; i++) {
        writers[i] = start(open_pipe(1000), LENGTH);
        uploads[i] = upload_from(writers[i].pipe, i % 2 ? LENGTH : 0);
        requests[i] = put(target, &uploads[i]);
        pointers[i] = &requests[i];
    }
    for (int i = 0; i < COUNT; i++) {
        RUN(&writers[i]);
    }
    CHECK_STATUS(hs_request_many(worker, pointers, COUNT, completions, NULL), HS_OK);
    for (int i = 0; i < COUNT; i++) {
        JOIN(&writers[i]);
        CHECK_STATUS(writers[i].status, HS_OK);
        CHECK_STATUS(completions[i].status, HS_OK);
        CHECK_HAS(hs_response_body(completions[i].response), url("\"length\":%d", LENGTH));
        CHECK_STATUS(hs_response_free(completions[i].response), HS_OK);
        CHECK_STATUS(hs_pipe_free(writers[i].pipe), HS_OK);
    }
}

static void a_slow_server_holds_the_writer_back(void) {
    hs_pipe *pipe = open_pipe(1000);
    const hs_upload upload = upload_from(pipe, 0);
    const hs_request_options request = put(url("%s/upload?delay_ms=1", address("http")), &upload);
    struct writer writer = start(pipe, 100003);
    RUN(&writer);
    hs_response *response = SEND(worker, &request);
    JOIN(&writer);
    CHECK_HAS(hs_response_body(response), "\"length\":100003");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static void a_length_is_kept_to(void) {
    const char *target = url("%s/upload", address("http"));
    hs_pipe *pipe = open_pipe(0);
    hs_upload upload = upload_from(pipe, 11);
    hs_request_options request = put(target, &upload);
    CHECK_STATUS(hs_pipe_write(pipe, "0123456789", 10, NULL, 0, NULL), HS_OK);
    CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_BODY, "10 of 11");
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);

    /* What is too much is not read, and its writer is told when the request has ended. */
    pipe = open_pipe(10);
    upload = upload_from(pipe, 9);
    struct writer writer = start(pipe, 1000);
    RUN(&writer);
    hs_response *response = SEND(worker, &request);
    JOIN(&writer);
    CHECK_STATUS(writer.status, HS_ERR_PIPE_CLOSED);
    CHECK(writer.written < 1000);
    CHECK_HAS(hs_response_body(response), "\"length\":9");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static void an_abort_fails_the_request(void) {
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, 0);
    hs_request_options request = put(url("%s/upload", address("http")), &upload);
    request.max_attempts = 5;
    struct writer writer = start(pipe, 200000);
    writer.aborts = 1;
    RUN(&writer);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_PIPE_ABORTED);
    JOIN(&writer);
    CHECK_STATUS(writer.status, HS_OK);
    CHECK_INT(info.attempts, 1);
    CHECK_INT(info.phase, HS_PHASE_SEND);
    CHECK_INT(info.retryable, HS_RETRYABLE_NO);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static void a_pipe_that_is_freed_while_it_is_read_fails_it_too(void) {
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, 0);
    hs_request_options request = put(url("%s/echo", address("http")), &upload);
    request.flags = HS_STREAM;
    CHECK_STATUS(hs_pipe_write(pipe, "a", 1, NULL, 0, NULL), HS_OK);
    hs_response *response = SEND(worker, &request);
    char buffer[10];
    size_t count = 0;
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 0, NULL), HS_OK);
    CHECK_INT(count, 1);
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 1, NULL), HS_ERR_READ_TIMEOUT);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    CHECK_STATUS(hs_pipe_free(pipe), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 0, NULL), HS_ERR_PIPE_ABORTED);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

struct ending {
    hs_cancel *cancel;
    hs_pipe *pipe;
};

static void *cancel_it(void *data) {
    struct ending *ending = data;
    await_counter(open_worker(), "pipe-cancelled", 1);
    CHECK_STATUS(hs_cancel_trigger(ending->cancel), HS_OK);
    return NULL;
}

/* Those who wait to write are told of every end of the request. */
static void the_writer_is_told(void) {
    const hs_request_options deaf =
        post(url("%s/script/pipe-deaf", address("http")),
             "{\"steps\":[{\"count\":\"pipe-cancelled\"},{\"stall\":\"unread\"}]}");
    const hs_request_options early =
        post(url("%s/script/pipe-early", address("http")),
             "{\"steps\":[{\"send\":\"HTTP/1.1 413 Too Large\\r\\nContent-Length: 3\\r\\n\\r\\nno!\"},{\"stall\":\"unread\"}]}");
    CHECK_STATUS(hs_response_free(SEND(worker, &deaf)), HS_OK);
    CHECK_STATUS(hs_response_free(SEND(worker, &early)), HS_OK);
    enum { CANCELLED, TIMEOUT, IDLE, EARLY, REFUSED, FREED, ENDS };
    for (int end = 0; end < ENDS; end++) {
        hs_worker *own = open_worker();
        /* The machine takes small pieces for a long time, and that is progress. */
        struct ending ending = {NULL, open_pipe(end == IDLE ? 0 : 100)};
        const hs_upload upload = upload_from(ending.pipe, end % 2 ? 500000000 : 0);
        hs_request_options request = put(url("http://%s/pipe-deaf", address("script")), &upload);
        struct writer writer = start(ending.pipe, 500000000);
        pthread_t canceller;
        request.idle_timeout_ms = HS_INFINITE;
        RUN(&writer);
        switch (end) {
        case CANCELLED:
            CHECK_STATUS(hs_cancel_new(&ending.cancel), HS_OK);
            request.cancel = ending.cancel;
            CHECK(pthread_create(&canceller, NULL, cancel_it, &ending) == 0);
            FAILS(own, &request, HS_ERR_CANCELLED);
            CHECK(pthread_join(canceller, NULL) == 0);
            CHECK_STATUS(hs_cancel_free(ending.cancel), HS_OK);
            break;
        case TIMEOUT:
            request.timeout_ms = 100;
            FAILS(own, &request, HS_ERR_TIMEOUT);
            break;
        case IDLE:
            request.idle_timeout_ms = 100;
            FAILS(own, &request, HS_ERR_IDLE_TIMEOUT);
            break;
        case EARLY:
            request.url = text(url("http://%s/pipe-early", address("script")));
            hs_response *response = SEND(own, &request);
            CHECK_INT(hs_response_status(response), 413);
            CHECK_TEXT(hs_response_body(response), "no!");
            CHECK_STATUS(hs_response_free(response), HS_OK);
            break;
        case REFUSED:
            request.url = text(url("http://%s/", address("closed")));
            FAILS(own, &request, HS_ERR_CONNECT);
            break;
        case FREED:
            request.flags = HS_STREAM;
            request.url = text(url("%s/echo", address("http")));
            hs_response *stream = SEND(own, &request);
            close_worker(own);
            own = NULL;
            JOIN(&writer);
            CHECK_STATUS(hs_response_free(stream), HS_OK);
            break;
        }
        if (end != FREED) {
            JOIN(&writer);
        }
        CHECK_STATUS(writer.status, HS_ERR_PIPE_CLOSED);
        CHECK(writer.written < 500000000);
        CHECK_STATUS(hs_pipe_free(ending.pipe), HS_OK);
        if (own != NULL) {
            close_worker(own);
        }
    }
}

/* An idle writer is no progress. */
static void a_writer_that_writes_nothing_is_not_waited_for_for_ever(void) {
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, 0);
    hs_request_options request = put(url("%s/upload", address("http")), &upload);
    request.idle_timeout_ms = 200;
    CHECK_STATUS(hs_pipe_write(pipe, "a", 1, NULL, 0, NULL), HS_OK);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_IDLE_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_SEND);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_STATUS(hs_pipe_write(pipe, "b", 1, NULL, HS_INFINITE, NULL), HS_ERR_PIPE_CLOSED);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

/* It is not the server's fault either. */
static void a_writer_that_writes_nothing_opens_no_circuit(void) {
    hs_breaker *breaker = NULL;
    CHECK_STATUS(hs_breaker_new(NULL, &breaker, NULL), HS_OK);
    hs_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.breaker = breaker;
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, 0);
    hs_request_options request = put(url("%s/upload", address("http")), &upload);
    request.idle_timeout_ms = 200;
    request.policies = &policies;
    FAILS(worker, &request, HS_ERR_IDLE_TIMEOUT);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    hs_breaker_info info;
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_breaker_state(breaker, text(address("http")), &info), HS_OK);
    CHECK_INT(info.total_failures, 0);
    CHECK_INT(info.total_neutral, 1);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

static void what_was_taken_is_not_sent_again(void) {
    char script[512];
    snprintf(script, sizeof script,
             "{\"steps\":[{\"read\":\"request\"},{\"send\":\"HTTP/1.1 307 Elsewhere\\r\\nLocation: %s/echo\\r\\n"
             "Content-Length: 0\\r\\n\\r\\n\"}]}", address("http"));
    const hs_request_options install = post(url("%s/script/pipe-moved", address("http")), script);
    CHECK_STATUS(hs_response_free(SEND(worker, &install)), HS_OK);
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, 3);
    hs_request_options request = put(url("http://%s/pipe-moved", address("script")), &upload);
    CHECK_STATUS(hs_pipe_write(pipe, "abc", 3, NULL, 0, NULL), HS_OK);
    CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
    FAILS(worker, &request, HS_ERR_NOT_REPLAYABLE);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    /* One that nothing was taken from goes along: nobody was there to take it at first. */
    pipe = open_pipe(0);
    const hs_upload again = upload_from(pipe, 0);
    request = put(url("http://%s/ok", address("script")), &again);
    request.url = text(url("http://%s/", address("closed")));
    request.max_attempts = 3;
    CHECK_STATUS(hs_pipe_write(pipe, "abc", 3, NULL, 0, NULL), HS_OK);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_CONNECT);
    CHECK_INT(info.attempts, 3);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static int32_t read_nothing(void *user_data, void *buffer, size_t capacity, size_t *count) {
    (void)user_data, (void)buffer, (void)capacity;
    *count = 0;
    return 0;
}

static int32_t rewind_nothing(void *user_data) {
    (void)user_data;
    return 0;
}

static int32_t write_inside(void *user_data, const void *data, size_t length) {
    (void)data, (void)length;
    CHECK_STATUS(hs_pipe_write(user_data, "x", 1, NULL, HS_INFINITE, NULL), HS_ERR_BUSY);
    CHECK_STATUS(hs_pipe_write(user_data, "x", 1, NULL, 1, NULL), HS_ERR_BUSY);
    CHECK_STATUS(hs_pipe_write(user_data, "x", 1, NULL, 0, NULL), HS_OK);
    return 0;
}

static void what_makes_no_sense_is_refused(void) {
    hs_pipe *pipe = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_pipe_new((64u << 20) + 1, &pipe, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "67108865");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK(pipe == NULL);
    CHECK_STATUS(hs_pipe_free(open_pipe(64u << 20)), HS_OK);

    pipe = open_pipe(0);
    hs_upload upload = upload_from(pipe, 0);
    hs_request_options request = put(url("%s/echo", address("http")), &upload);
    upload.read = read_nothing;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "hs_upload.pipe");
    upload.read = NULL;
    upload.rewind = rewind_nothing;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "hs_upload.rewind");
    upload.rewind = NULL;
    /* An older caller's struct ends before it. */
    upload.struct_size = (uint32_t)offsetof(hs_upload, pipe);
    FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "hs_upload.read");
    upload.read = read_nothing;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    upload.read = NULL;
    upload.struct_size = sizeof upload;
    hs_form *form = NULL;
    CHECK_STATUS(hs_form_new(text(""), &form, NULL), HS_OK);
    hs_part part;
    memset(&part, 0, sizeof part);
    part.struct_size = sizeof part;
    part.name = text("a");
    part.upload = &upload;
    CHECK_STATUS(hs_form_add(form, &part, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_form_free(form), HS_OK);

    /* A request that is refused for its arguments leaves the pipe to another one. */
    request.url = text("nonsense");
    FAILS(worker, &request, HS_ERR_INVALID_URL);
    request.url = text(url("%s/echo", address("http")));
    request.max_attempts = 101;
    FAILS(worker, &request, HS_ERR_INVALID_ARGUMENT);
    request.max_attempts = 0;
    hs_request_options inside = get(url("%s/get", address("http")));
    inside.on_body = write_inside;
    inside.user_data = pipe;
    CHECK_STATUS(hs_response_free(SEND(worker, &inside)), HS_OK);
    CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
    CHECK_STATUS(hs_pipe_abort(pipe), HS_OK);
    CHECK_STATUS(hs_pipe_write(pipe, "y", 1, NULL, 0, NULL), HS_ERR_PIPE_CLOSED);
    hs_response *response = SEND(worker, &request);
    CHECK_TEXT(hs_response_body(response), "x");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "hs_upload.pipe");
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    FAILS(worker, &request, HS_ERR_INVALID_HANDLE);

    pipe = open_pipe(0);
    upload.pipe = pipe;
    CHECK_STATUS(hs_pipe_abort(pipe), HS_OK);
    CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
    CHECK_STATUS(hs_pipe_write(pipe, "y", 1, NULL, HS_INFINITE, NULL), HS_ERR_PIPE_ABORTED);
    FAILS(worker, &request, HS_ERR_PIPE_ABORTED);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
}

static void *write_for_ever(void *data) {
    struct writer *writer = data;
    writer->status = hs_pipe_write(writer->pipe, "0123456789", 10, &writer->written, HS_INFINITE, NULL);
    return NULL;
}

static void a_pipe_that_is_freed_ends_its_writers(void) {
    for (int round = 0; round < 100; round++) {
        struct writer writers[3];
        hs_pipe *pipe = open_pipe(5);
        for (int i = 0; i < 3; i++) {
            writers[i] = start(pipe, 10);
            CHECK(pthread_create(&writers[i].thread, NULL, write_for_ever, &writers[i]) == 0);
        }
        /* A write that comes later finds no pipe. */
        CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
        for (int i = 0; i < 3; i++) {
            JOIN(&writers[i]);
            CHECK(writers[i].status == HS_ERR_PIPE_ABORTED || writers[i].status == HS_ERR_INVALID_HANDLE);
        }
    }
}

static void write_later(void *user_data) {
    CHECK_STATUS(hs_pipe_write(user_data, "cd", 2, NULL, 0, NULL), HS_OK);
    CHECK_STATUS(hs_pipe_close(user_data), HS_OK);
}

static void virtual_time_passes_until_it_is_written(void) {
    hs_mock *mock = NULL;
    hs_simulation *simulation = NULL;
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.body = text("abcd");
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
    hs_worker_options options = defaults();
    hs_worker *simulated = NULL;
    options.mock = mock;
    options.simulation = simulation;
    CHECK_STATUS(hs_worker_new(&options, &simulated, NULL), HS_OK);
    for (int written = 0; written < 2; written++) {
        hs_pipe *pipe = open_pipe(0);
        const hs_upload upload = upload_from(pipe, 0);
        hs_request_options request = put("http://api.test/", &upload);
        request.idle_timeout_ms = HS_INFINITE;
        request.timeout_ms = HS_INFINITE;
        CHECK_STATUS(hs_pipe_write(pipe, "ab", 2, NULL, 0, NULL), HS_OK);
        if (written) {
            CHECK_STATUS(hs_simulation_at(simulation, UINT64_C(3600000000000), write_later, pipe), HS_OK);
            CHECK_STATUS(hs_response_free(SEND(simulated, &request)), HS_OK);
            CHECK_INT(hs_simulation_now(simulation), UINT64_C(3600000000000));
        } else {
            /* Nobody is left who could. */
            FAILS_SAYING(simulated, &request, HS_ERR_MOCK, "virtual time");
        }
        CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    }
    close_worker(simulated);
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);
}

static void a_pool_reads_pipes_too(void) {
    enum { COUNT = 10, LENGTH = 30011 };
    const hs_worker_options workers = defaults();
    hs_pool_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.worker = &workers;
    options.max_threads = 1;
    hs_pool *pool = NULL;
    CHECK_STATUS(hs_pool_new(&options, &pool, NULL), HS_OK);
    struct writer writers[COUNT];
    hs_upload uploads[COUNT];
    const char *target = url("%s/upload", address("http"));
    for (int i = 0; i < COUNT; i++) {
        writers[i] = start(open_pipe(1000), LENGTH);
        uploads[i] = upload_from(writers[i].pipe, 0);
        const hs_request_options request = put(target, &uploads[i]);
        CHECK_STATUS(hs_pool_submit(pool, &request, (uint64_t)i, NULL), HS_OK);
        CHECK_STATUS(hs_pool_submit(pool, &request, 99, NULL), HS_ERR_INVALID_ARGUMENT);
    }
    for (int i = 0; i < COUNT; i++) {
        RUN(&writers[i]);
    }
    for (int ended = 0; ended < COUNT; ended++) {
        hs_completion completion;
        size_t count = 0;
        CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, HS_INFINITE), HS_OK);
        CHECK_INT(count, 1);
        CHECK_STATUS(completion.status, HS_OK);
        CHECK_HAS(hs_response_body(completion.response), url("\"length\":%d", LENGTH));
        CHECK_STATUS(hs_response_free(completion.response), HS_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        JOIN(&writers[i]);
        CHECK_STATUS(writers[i].status, HS_OK);
        CHECK_STATUS(hs_pipe_free(writers[i].pipe), HS_OK);
    }
    /* A pool that takes nothing more leaves the pipe to another. */
    hs_pipe *pipe = open_pipe(0);
    const hs_upload upload = upload_from(pipe, 0);
    const hs_request_options request = put(target, &upload);
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_OK);
    CHECK_STATUS(hs_pool_submit(pool, &request, 1, NULL), HS_ERR_POOL_CLOSED);
    CHECK_STATUS(hs_pipe_close(pipe), HS_OK);
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    CHECK_STATUS(hs_pool_free(pool), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    const char *const bases[] = {address("http"), address("https"), address("https_h1")};
    const size_t length = (size_t)number("length", 1000003);
    for (size_t i = 0; i < 3; i++) {
        for (int announced = 0; announced < 2; announced++) {
            arrives(bases[i], 0, announced, 0, HS_INFINITE);
            arrives(bases[i], 1, announced, 1, 1000);
            arrives(bases[i], length, announced, 0, HS_INFINITE);
            arrives(bases[i], length, announced, 1000, 1);
            arrives(bases[i], 30000, announced, 100000, 0);
        }
        bytes_go_out_as_soon_as_they_are_written(bases[i], 0);
        bytes_go_out_as_soon_as_they_are_written(bases[i], 10);
    }
    what_is_there_before_is_a_body_like_any_other();
    many_at_once();
    a_slow_server_holds_the_writer_back();
    a_length_is_kept_to();
    an_abort_fails_the_request();
    a_pipe_that_is_freed_while_it_is_read_fails_it_too();
    the_writer_is_told();
    a_writer_that_writes_nothing_is_not_waited_for_for_ever();
    a_writer_that_writes_nothing_opens_no_circuit();
    what_was_taken_is_not_sent_again();
    what_makes_no_sense_is_refused();
    a_pipe_that_is_freed_ends_its_writers();
    virtual_time_passes_until_it_is_written();
    a_pool_reads_pipes_too();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}
