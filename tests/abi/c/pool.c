/* A pool: each request that it accepts has exactly one completion, whatever becomes of it. */

#include "client.h"

#include <poll.h>
#include <pthread.h>

static hs_pool_options options_of(const hs_worker_options *worker) {
    hs_pool_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.worker = worker;
    return options;
}

static hs_pool *open_pool(const hs_pool_options *options) {
    hs_pool *pool = NULL;
    hs_error *error = (hs_error *)&pool; /* Success must clear it. */
    const hs_status status = hs_pool_new(options, &pool, &error);
    if (status != HS_OK) {
        check_failed(__FILE__, __LINE__, "%d: %.*s", status, (int)hs_error_message(error).len, hs_error_message(error).data);
    }
    CHECK(pool != NULL && error == NULL);
    return pool;
}

static hs_pool_counters stats_of(hs_pool *pool) {
    hs_pool_counters counters;
    memset(&counters, 0xA5, sizeof counters);
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_pool_stats(pool, &counters), HS_OK);
    return counters;
}

static void submit(hs_pool *pool, const hs_request_options *request, uint64_t tag) {
    hs_error *error = (hs_error *)&pool;
    CHECK_STATUS(hs_pool_submit(pool, request, tag, &error), HS_OK);
    CHECK(error == NULL);
}

static void refused(hs_pool *pool, const hs_request_options *request, hs_status status) {
    hs_error *error = NULL;
    const uint64_t before = stats_of(pool).refused;
    CHECK_STATUS(hs_pool_submit(pool, request, 0, &error), status);
    CHECK_STATUS(hs_error_status(error), status);
    CHECK(hs_error_message(error).len > 0);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK(stats_of(pool).refused >= before);
}

/* The next completion, which is there within a minute. */
static hs_completion next_of(hs_pool *pool) {
    hs_completion completion;
    size_t count = 99;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, 60000), HS_OK);
    CHECK(count == 1);
    CHECK((completion.status == HS_OK) == (completion.response != NULL));
    CHECK((completion.status == HS_OK) == (completion.error == NULL));
    return completion;
}

static void release(hs_completion completion) {
    CHECK_STATUS(hs_response_free(completion.response), HS_OK);
    CHECK_STATUS(hs_error_free(completion.error), HS_OK);
}

static void nothing_there(hs_pool *pool) {
    hs_completion completion;
    size_t count = 99;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, 0), HS_OK);
    CHECK(count == 0);
}

static int readable(int descriptor) {
    struct pollfd polled = {descriptor, POLLIN, 0};
    const int ready = poll(&polled, 1, 0);
    CHECK(ready >= 0);
    return ready;
}

static void every_tag_once(void) {
    enum { COUNT = 500 };
    const hs_worker_options worker = defaults();
    hs_pool_options options = options_of(&worker);
    options.max_threads = 2;
    hs_pool *pool = open_pool(&options);
    char seen[COUNT] = {0};
    for (uint64_t tag = 0; tag < COUNT; tag++) {
        const hs_request_options request =
            tag % 5 == 4 ? get(url("http://%s/", address("closed")))
                         : post(url("%s/anything", address(tag % 2 ? "http" : "https")), url("number %d", (int)tag));
        submit(pool, &request, tag);
    }
    hs_completion completions[64];
    for (size_t taken = 0; taken < COUNT;) {
        size_t count = 0;
        CHECK_STATUS(hs_pool_next(pool, completions, 64, &count, 60000), HS_OK);
        CHECK(count > 0);
        for (size_t i = 0; i < count; i++) {
            const uint64_t tag = completions[i].tag;
            CHECK(tag < COUNT && !seen[tag]);
            seen[tag] = 1;
            if (tag % 5 == 4) {
                CHECK_STATUS(completions[i].status, HS_ERR_CONNECT);
            } else {
                CHECK_STATUS(completions[i].status, HS_OK);
                CHECK_HAS(hs_response_body(completions[i].response), url("number %d\"", (int)tag));
            }
            release(completions[i]);
        }
        taken += count;
    }
    nothing_there(pool);
    const hs_pool_counters counters = stats_of(pool);
    CHECK(counters.accepted == COUNT && counters.completed == COUNT && counters.reaped == COUNT);
    CHECK(counters.queued == 0 && counters.unreaped == 0 && counters.threads >= 1 && counters.threads <= 2);
    CHECK_STATUS(hs_pool_free(pool), HS_OK);
    CHECK_STATUS(hs_pool_free(pool), HS_ERR_INVALID_HANDLE);
}

static void descriptor(void) {
    const hs_worker_options worker = defaults();
    const hs_pool_options options = options_of(&worker);
    hs_pool *pool = open_pool(&options);
    const int fd = hs_pool_fd(pool);
    CHECK(fd >= 0 && fd == hs_pool_fd(pool) && !readable(fd));
    const hs_request_options request = get(url("%s/get", address("http")));
    for (uint64_t tag = 0; tag < 3; tag++) {
        submit(pool, &request, tag);
    }
    struct pollfd polled = {fd, POLLIN, 0};
    while (stats_of(pool).unreaped < 3) {
        CHECK(poll(&polled, 1, 60000) == 1);
        pause_ms(1);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(readable(fd));
        release(next_of(pool));
    }
    CHECK(!readable(fd));
    CHECK_STATUS(hs_pool_wake(pool), HS_OK);
    CHECK(!readable(fd));
    hs_completion completion;
    size_t count = 99;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, HS_INFINITE), HS_OK);
    CHECK(count == 0);
    CHECK_STATUS(hs_pool_free(pool), HS_OK);
    CHECK_INT(hs_pool_fd(pool), -1);
}

static void called_off(void) {
    const hs_worker_options worker = defaults();
    hs_pool_options options = options_of(&worker);
    options.max_in_flight = 2;
    options.max_queued = 3;
    options.max_threads = 1;
    hs_pool *pool = open_pool(&options);
    hs_request_options request = get(url("%s/delay/60000", address("http")));
    for (uint64_t tag = 0; tag < 5; tag++) {
        submit(pool, &request, tag);
    }
    refused(pool, &request, HS_ERR_POOL_FULL);
    CHECK(stats_of(pool).in_flight == 2 && stats_of(pool).queued == 3);
    for (uint64_t tag = 4; tag < 5; tag--) {
        CHECK_STATUS(hs_pool_cancel(pool, tag), HS_OK);
        const hs_completion completion = next_of(pool);
        CHECK(completion.tag == tag);
        CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        release(completion);
    }
    CHECK_STATUS(hs_pool_cancel(pool, 77), HS_ERR_NOT_FOUND);

    /* The caller's own switch, and the time, end a wait in the queue too. */
    hs_cancel *cancel = NULL;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    for (uint64_t tag = 0; tag < 2; tag++) {
        submit(pool, &request, tag);
    }
    request.cancel = cancel;
    submit(pool, &request, 2);
    request.cancel = NULL;
    request.timeout_ms = 30;
    submit(pool, &request, 3);
    const hs_completion late = next_of(pool);
    CHECK(late.tag == 3);
    hs_error_info info = take_facts(late.error);
    CHECK_STATUS(late.status, HS_ERR_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_QUEUE);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    const hs_completion switched = next_of(pool);
    CHECK(switched.tag == 2);
    CHECK_STATUS(switched.status, HS_ERR_CANCELLED);
    release(switched);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);

    CHECK_STATUS(hs_pool_drain(pool, 0), HS_ERR_TIMEOUT);
    for (int i = 0; i < 2; i++) {
        const hs_completion completion = next_of(pool);
        CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        release(completion);
    }
    refused(pool, &request, HS_ERR_POOL_CLOSED);
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_OK);
    CHECK_STATUS(hs_pool_free(pool), HS_OK);
}

static void freed_at_work(void) {
    const hs_worker_options worker = defaults();
    const hs_pool_options options = options_of(&worker);
    hs_pool *pool = open_pool(&options);
    const hs_request_options slow = get(url("%s/delay/60000", address("http")));
    const hs_request_options fast = get(url("%s/get", address("http")));
    for (uint64_t tag = 0; tag < 100; tag++) {
        submit(pool, tag % 2 ? &slow : &fast, tag);
    }
    CHECK_STATUS(hs_pool_free(pool), HS_OK);
    CHECK_STATUS(hs_pool_free(NULL), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    every_tag_once();
    descriptor();
    called_off();
    freed_at_work();
    return 0;
}
