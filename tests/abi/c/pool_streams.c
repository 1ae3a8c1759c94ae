/* Bodies through a pool: the head comes as the completion, and the body is read on any one thread, as slowly as it likes. */

#include "pool.h"

#include <poll.h>
#include <pthread.h>

#define MIB (UINT64_C(1) << 20)

static hs_request_options streamed(const char *target) {
    hs_request_options request = get(target);
    request.flags = HS_STREAM;
    return request;
}

static hs_response *stream_of(hs_pool *pool, const char *target, uint64_t tag) {
    const hs_request_options request = streamed(target);
    SUBMIT(pool, &request, tag);
    const hs_completion completion = NEXT(pool);
    CHECK(completion.tag == tag);
    CHECK_STATUS(completion.status, HS_OK);
    return completion.response;
}

struct reader {
    hs_response *response;
    uint64_t total;
    size_t piece;
};

static void *read_all(void *data) {
    struct reader *reader = data;
    static __thread unsigned char buffer[100000];
    size_t count = 1;
    while (count > 0) {
        CHECK_STATUS(hs_response_read(reader->response, buffer, reader->piece, &count, 0, NULL), HS_OK);
        CHECK(count <= reader->piece);
        for (size_t i = 0; i < count; i += 997) {
            CHECK(buffer[i] == byte_at(5, reader->total + i));
        }
        reader->total += count;
    }
    CHECK_STATUS(hs_response_read(reader->response, buffer, 1, &count, 0, NULL), HS_OK);
    CHECK(count == 0);
    return NULL;
}

/* Several at once, over both versions of HTTP, read by threads that did not ask for them. */
static void read_elsewhere(void) {
    enum { READERS = 6 };
    const uint64_t bytes = 3 * MIB + 1;
    hs_pool *pool = default_pool();
    struct reader readers[READERS];
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++) {
        const char *base = address(i % 2 ? "http" : "https");
        readers[i].response = stream_of(pool, url("%s/bytes/%llu?seed=5", base, (unsigned long long)bytes), (uint64_t)i);
        readers[i].total = 0;
        readers[i].piece = i < 2 ? 100 : 100000;
        CHECK_INT(hs_response_status(readers[i].response), 200);
        CHECK(hs_response_body(readers[i].response).len == 0);
    }
    CHECK(stats_of(pool).in_flight == READERS);
    for (int i = 0; i < READERS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
        CHECK(readers[i].total == bytes);
        const hs_metrics metrics = metrics_of(readers[i].response);
        CHECK(metrics.response_body_bytes == bytes);
        CHECK(metrics.total_ns >= metrics.pool_queue_ns);
    }
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_OK);
    close_pool(pool);
    for (int i = 0; i < READERS; i++) {
        CHECK_STATUS(hs_response_free(readers[i].response), HS_OK);
    }
}

static long resident_kib(void) {
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    char line[256];
    long kib = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
            break;
        }
    }
    fclose(file);
    return kib;
}

/* Nobody reads: the server is made to wait, whatever it has to send, and other requests are not. */
static void back_pressure(void) {
    hs_pool *pool = default_pool();
    hs_response *warm = stream_of(pool, url("%s/bytes/4000000?seed=5", address("http")), 1);
    CHECK_STATUS(hs_response_free(warm), HS_OK);
    const long before = resident_kib();
    hs_response *responses[4];
    for (int i = 0; i < 4; i++) {
        responses[i] = stream_of(pool, url("%s/bytes/%llu?seed=5", address(i % 2 ? "http" : "https"), 256ull << 20), 1);
    }
    const hs_request_options request = get(url("%s/get", address("http")));
    for (int i = 0; i < 50; i++) {
        SUBMIT(pool, &request, 2);
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_OK);
        release(completion);
    }
    CHECK(resident_kib() < before + 48 * 1024);
    char buffer[1000];
    size_t count = 0;
    for (int i = 0; i < 4; i++) {
        CHECK_STATUS(hs_response_read(responses[i], buffer, sizeof buffer, &count, 60000, NULL), HS_OK);
        CHECK(count > 0 && (unsigned char)buffer[0] == byte_at(5, 0));
        CHECK_STATUS(hs_response_free(responses[i]), HS_OK);
    }
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_OK);
    close_pool(pool);
}

/* Without waiting: whoever finds nothing is told by a completion when there is something. */
static void told_when_there_is_something(void) {
    hs_pool *pool = default_pool();
    const char *target = url("%s/drip?bytes=6&chunk=2&interval_ms=20&head_delay_ms=1", address("http"));
    hs_response *response = stream_of(pool, target, 9);
    char buffer[64];
    size_t total = 0, count = 99;
    int told = 0;
    hs_error *error = NULL;
    for (;;) {
        const hs_status status = hs_response_try_read(response, buffer, sizeof buffer, &count, &error);
        if (status == HS_OK) {
            if (count == 0) {
                break;
            }
            total += count;
            continue;
        }
        CHECK_STATUS(status, HS_ERR_WOULD_BLOCK);
        CHECK_STATUS(hs_error_free(error), HS_OK);
        const hs_completion completion = NEXT(pool);
        CHECK(completion.kind == HS_COMPLETION_READABLE && completion.tag == 9);
        told++;
    }
    CHECK(total == 6 && told >= 1);
    nothing_there(pool);
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 1, NULL), HS_OK);
    CHECK(count == 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* A wait with an end of its own. */
    response = stream_of(pool, url("%s/stall/body?bytes=3", address("http")), 10);
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 60000, NULL), HS_OK);
    CHECK(count >= 1);
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, count < 3 ? 60000 : 20, NULL),
                 count < 3 ? HS_OK : HS_ERR_READ_TIMEOUT);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_pool(pool);
}

static hs_status read_to_the_end(hs_response *response) {
    char buffer[4096];
    size_t count = 1;
    hs_status status = HS_OK;
    while (status == HS_OK && count > 0) {
        status = hs_response_read(response, buffer, sizeof buffer, &count, 60000, NULL);
    }
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 0, NULL), status);
    return status;
}

/* Cancelled, cut by a drain, lost with the pool, broken by the server, given up by the reader. */
static void ends(void) {
    hs_pool *pool = default_pool();
    hs_response *response = stream_of(pool, url("%s/stall/body?bytes=5", address("http")), 1);
    CHECK_STATUS(hs_pool_cancel(pool, 1), HS_OK);
    CHECK_STATUS(read_to_the_end(response), HS_ERR_CANCELLED);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    response = stream_of(pool, url("%s/bytes/100000?fail_after=50000", address("http")), 2);
    CHECK_STATUS(read_to_the_end(response), HS_ERR_BODY_TRUNCATED);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    hs_request_options request = streamed(url("%s/stall/body?bytes=5", address("http")));
    request.idle_timeout_ms = 30;
    SUBMIT(pool, &request, 3);
    hs_completion completion = NEXT(pool);
    CHECK_STATUS(read_to_the_end(completion.response), HS_ERR_IDLE_TIMEOUT);
    release(completion);
    request.idle_timeout_ms = 0;
    request.timeout_ms = 3000; /* The server is to answer before. */
    SUBMIT(pool, &request, 4);
    completion = NEXT(pool);
    CHECK_STATUS(read_to_the_end(completion.response), HS_ERR_TIMEOUT);
    release(completion);

    request = streamed(url("%s/stall/head", address("http")));
    SUBMIT(pool, &request, 5);
    CHECK_STATUS(hs_pool_cancel(pool, 5), HS_OK);
    completion = NEXT(pool);
    CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
    release(completion);

    /* Freed before its end, it frees its place, and the server loses its connection. */
    hs_worker *watcher = open_worker();
    response = stream_of(pool, url("%s/stall/body?bytes=5&key=given-up", address("http")), 6);
    CHECK(stats_of(pool).in_flight == 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    await_counter(watcher, "given-up:dropped", 1);

    response = stream_of(pool, url("%s/stall/body?bytes=5", address("https")), 7);
    CHECK_STATUS(hs_pool_drain(pool, 0), HS_ERR_TIMEOUT);
    CHECK(stats_of(pool).in_flight == 0);
    CHECK_STATUS(read_to_the_end(response), HS_ERR_CANCELLED);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    nothing_there(pool);
    close_pool(pool);

    pool = default_pool();
    response = stream_of(pool, url("%s/stall/body?bytes=5", address("https")), 8);
    close_pool(pool);
    CHECK_STATUS(read_to_the_end(response), HS_ERR_CANCELLED);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(watcher);
}

static void released(void *user_data) { __atomic_add_fetch((int *)user_data, 1, __ATOMIC_SEQ_CST); }

/* A body that is not copied is the caller's again once he is told, which is once, and not where it was refused. */
static void lent_bodies(void) {
    enum { COUNT = 40 };
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_in_flight = 4;
    options.max_queued = COUNT;
    hs_pool *pool = open_pool(&options);
    int told[COUNT + 1] = {0};
    char *bodies[COUNT];
    for (int i = 0; i < COUNT; i++) {
        bodies[i] = strdup(url("body number %d.", i));
        hs_request_options request = post(url("%s%s", address("http"), i % 4 == 3 ? "/stall/head" : "/echo"), bodies[i]);
        request.body_release = released;
        request.release_data = &told[i];
        SUBMIT(pool, &request, (uint64_t)i);
        if (i % 4 == 3) {
            CHECK_STATUS(hs_pool_cancel(pool, (uint64_t)i), HS_OK);
        }
    }
    hs_request_options request = post("http://", "refused");
    request.body_release = released;
    request.release_data = &told[COUNT];
    REFUSED(pool, &request, HS_ERR_INVALID_URL);
    request.url = text(url("%s/echo", address("http")));
    request.body = text("");
    REFUSED(pool, &request, HS_ERR_INVALID_ARGUMENT);
    request.body = text("refused");
    for (int i = 0; i < COUNT; i++) {
        const hs_completion completion = NEXT(pool);
        if (completion.tag % 4 == 3) {
            CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        } else {
            CHECK_STATUS(completion.status, HS_OK);
            CHECK_TEXT(hs_response_body(completion.response), bodies[completion.tag]);
        }
        release(completion);
    }
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_OK);
    REFUSED(pool, &request, HS_ERR_POOL_CLOSED);
    hs_worker *single = open_worker();
    CHECK_STATUS(take_facts(ERROR_OF(single, &request, HS_ERR_INVALID_ARGUMENT)).status, HS_ERR_INVALID_ARGUMENT);
    close_worker(single);
    close_pool(pool);
    for (int i = 0; i <= COUNT; i++) {
        CHECK_INT(told[i], i < COUNT);
    }
    for (int i = 0; i < COUNT; i++) {
        free(bodies[i]);
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    read_elsewhere();
    back_pressure();
    told_when_there_is_something();
    ends();
    lent_bodies();
    return 0;
}
