/* What is wrong with a pool's arguments, its handle, its options, or the place it is called from, is refused, and nothing
 * happens to the pool. */

#include "pool.h"

#include <pthread.h>

static void null_and_nonsense(void) {
    hs_pool *pool = default_pool();
    const hs_request_options request = get(url("%s/get", address("http")));
    hs_completion completion;
    hs_pool_counters counters = stats_of(pool);
    hs_counters totals;
    hs_histogram histogram;
    size_t count = 77;
    CHECK_STATUS(hs_pool_new(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_submit(NULL, &request, 0, NULL), HS_ERR_NULL_ARGUMENT);
    REFUSED(pool, NULL, HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_next(NULL, &completion, 1, &count, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_next(pool, NULL, 1, &count, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, NULL, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_next(pool, &completion, 0, &count, 0), HS_ERR_INVALID_ARGUMENT);
    CHECK(count == 77);
    CHECK_STATUS(hs_pool_cancel(NULL, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_wake(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_close_idle(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_pool_fd(NULL), -1);
    CHECK_STATUS(hs_pool_stats(NULL, &counters), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_stats(pool, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_drain(NULL, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_free(NULL), HS_OK);
    CHECK_STATUS(hs_pool_resize(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_resize(pool, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_worker_counters(NULL, &totals), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_worker_counters(pool, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_histogram(NULL, 0, &histogram), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_histogram(pool, 0, NULL), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_pool_histogram_counts(NULL, 0, NULL, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_try_read(NULL, &completion, 1, &count, NULL), HS_ERR_NULL_ARGUMENT);
    counters.struct_size = 0;
    CHECK_STATUS(hs_pool_stats(pool, &counters), HS_ERR_STRUCT_SIZE);
    hs_request_options wrong = request;
    wrong.flags = 1u << 30;
    REFUSED(pool, &wrong, HS_ERR_INVALID_ARGUMENT);
    wrong = request;
    wrong.url = text("ftp://host/");
    REFUSED(pool, &wrong, HS_ERR_UNSUPPORTED_SCHEME);
    CHECK(stats_of(pool).refused == 0 && stats_of(pool).accepted == 0);
    close_pool(pool);

    /* All defaults. */
    CHECK_STATUS(hs_pool_new(NULL, &pool, NULL), HS_OK);
    close_pool(pool);
}

/* Handles of other kinds, freed and forged ones. */
static void handles(void) {
    hs_pool *pool = default_pool(), *freed = default_pool();
    close_pool(freed);
    hs_worker *worker = open_worker();
    hs_pool *const wrong[] = {freed, (hs_pool *)worker, (hs_pool *)((uintptr_t)pool + 1), (hs_pool *)(uintptr_t)64,
                              (hs_pool *)&pool};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const hs_request_options request = get(url("%s/get", address("http")));
        hs_pool_options options = pool_options(NULL);
        hs_completion completion;
        hs_pool_counters counters;
        hs_counters totals;
        hs_histogram histogram;
        uint64_t counts[HS_HISTOGRAM_BUCKETS];
        size_t count;
        counters.struct_size = sizeof counters;
        totals.struct_size = sizeof totals;
        histogram.struct_size = sizeof histogram;
        CHECK_STATUS(hs_pool_submit(wrong[i], &request, 1, NULL), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_next(wrong[i], &completion, 1, &count, 0), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_cancel(wrong[i], 1), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_wake(wrong[i]), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_close_idle(wrong[i]), HS_ERR_INVALID_HANDLE);
        CHECK_INT(hs_pool_fd(wrong[i]), -1);
        CHECK_STATUS(hs_pool_stats(wrong[i], &counters), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_worker_counters(wrong[i], &totals), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_histogram(wrong[i], 0, &histogram), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_histogram_counts(wrong[i], 0, counts, HS_HISTOGRAM_BUCKETS), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_resize(wrong[i], &options, NULL), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_drain(wrong[i], 0), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_pool_free(wrong[i]), HS_ERR_INVALID_HANDLE);
    }
    CHECK_STATUS(hs_worker_free((hs_worker *)pool), HS_ERR_INVALID_HANDLE);
    const hs_request_options request = get(url("%s/get", address("http")));
    SUBMIT(pool, &request, 5);
    release(NEXT(pool));
    close_pool(pool);
    close_worker(worker);
}

static void no_pool(const hs_pool_options *options, hs_status expected, const char *says) {
    hs_pool *const untouched = (hs_pool *)(uintptr_t)0x5EED;
    hs_pool *pool = untouched;
    hs_error *error = NULL;
    CHECK_STATUS(hs_pool_new(options, &pool, &error), expected);
    CHECK(pool == untouched);
    CHECK_HAS(hs_error_message(error), says);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void options(void) {
    hs_worker_options worker = defaults();
    const hs_pool_options good = pool_options(&worker);
    hs_pool_options wrong = good;
    wrong.struct_size = 4;
    no_pool(&wrong, HS_ERR_STRUCT_SIZE, "hs_pool_options");
    wrong = good;
    wrong.flags = 8;
    no_pool(&wrong, HS_ERR_INVALID_ARGUMENT, "flags is 0x8");
    wrong = good;
    wrong.max_threads = 257;
    no_pool(&wrong, HS_ERR_INVALID_ARGUMENT, "max_threads is 257");
    wrong = good;
    wrong.max_threads = 2;
    wrong.min_threads = 3;
    no_pool(&wrong, HS_ERR_INVALID_ARGUMENT, "min_threads is 3");
    wrong = good;
    wrong.max_in_flight = 1000001;
    no_pool(&wrong, HS_ERR_INVALID_ARGUMENT, "max_in_flight is 1000001");
    wrong = good;
    wrong.max_queued = 10000001;
    no_pool(&wrong, HS_ERR_INVALID_ARGUMENT, "max_queued is 10000001");
    worker.record = text("recording.jsonl");
    no_pool(&good, HS_ERR_INVALID_ARGUMENT, "record");
    worker = defaults();
    /* What no worker can be made of. */
    worker.ca_file = text("/does/not/exist.pem");
    no_pool(&good, HS_ERR_CA_STORE, "/does/not/exist.pem");
    worker = defaults();
    worker.max_header_count = 5001;
    no_pool(&good, HS_ERR_INVALID_ARGUMENT, "max_header_count is 5001");

    worker = defaults();
    hs_pool *pool = open_pool(&good);
    hs_pool_options other = pool_options(&worker);
    hs_error *error = NULL;
    CHECK_STATUS(hs_pool_resize(pool, &other, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "worker is set");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    other = pool_options(NULL);
    other.submit_timeout_ms = 1;
    CHECK_STATUS(hs_pool_resize(pool, &other, NULL), HS_ERR_INVALID_ARGUMENT);
    other = pool_options(NULL);
    CHECK_STATUS(hs_pool_resize(pool, &other, NULL), HS_OK);
    close_pool(pool);
}

struct inside {
    hs_pool *pool;
    hs_response *stream;
    int calls;
};

/* On a thread of the pool: what would wait for that very thread is refused, everything else works. */
static int32_t from_inside(void *user_data, const void *data, size_t length) {
    struct inside *inside = user_data;
    (void)data, (void)length;
    if (inside->calls++ > 0) {
        return 0;
    }
    hs_completion completion;
    char buffer[8];
    size_t count = 77;
    CHECK_STATUS(hs_pool_next(inside->pool, &completion, 1, &count, 1000), HS_ERR_BUSY);
    CHECK_STATUS(hs_pool_next(inside->pool, &completion, 1, &count, HS_INFINITE), HS_ERR_BUSY);
    CHECK_STATUS(hs_pool_drain(inside->pool, 0), HS_ERR_BUSY);
    CHECK_STATUS(hs_pool_free(inside->pool), HS_ERR_BUSY);
    CHECK_STATUS(hs_response_read(inside->stream, buffer, sizeof buffer, &count, 0, NULL), HS_ERR_BUSY);
    CHECK_STATUS(hs_pool_next(inside->pool, &completion, 1, &count, 0), HS_OK);
    CHECK(count == 0);
    CHECK(stats_of(inside->pool).in_flight == 2);
    const hs_request_options request = get(url("%s/get", address("http")));
    SUBMIT(inside->pool, &request, 2);
    CHECK_STATUS(hs_pool_cancel(inside->pool, 99), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_pool_wake(inside->pool), HS_OK);
    /* A worker of its own is fine: the thread is a thread. */
    hs_worker *worker = open_worker();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}

static void callbacks(void) {
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_threads = 1;
    struct inside inside = {open_pool(&options), NULL, 0};
    hs_request_options request = get(url("%s/stall/body?bytes=1", address("http")));
    request.flags = HS_STREAM;
    SUBMIT(inside.pool, &request, 0);
    inside.stream = NEXT(inside.pool).response;
    request = get(url("%s/get", address("http")));
    request.on_body = from_inside;
    request.user_data = &inside;
    SUBMIT(inside.pool, &request, 1);
    int seen = 0;
    while (seen != 6) {
        hs_completion completion;
        size_t count = 0;
        CHECK_STATUS(hs_pool_next(inside.pool, &completion, 1, &count, 60000), HS_OK);
        if (count > 0) {
            CHECK_STATUS(completion.status, HS_OK);
            seen |= 1 << completion.tag;
            release(completion);
        }
    }
    CHECK(inside.calls >= 1);
    CHECK_STATUS(hs_response_free(inside.stream), HS_OK);
    close_pool(inside.pool);
}

static void *wait_for_one(void *pool) {
    hs_completion completion;
    size_t count = 0;
    return (void *)(intptr_t)hs_pool_next(pool, &completion, 1, &count, HS_INFINITE);
}

static void *wait_for_the_end(void *pool) { return (void *)(intptr_t)hs_pool_drain(pool, HS_INFINITE); }

/* Freed while others are inside: they come back. */
static void freed_under_others(void) {
    for (int round = 0; round < 20; round++) {
        hs_pool *pool = default_pool();
        const hs_request_options request = get(url("%s/stall/head", address("http")));
        SUBMIT(pool, &request, 1);
        pthread_t threads[4];
        for (int i = 0; i < 4; i++) {
            CHECK_INT(pthread_create(&threads[i], NULL, i % 2 ? wait_for_one : wait_for_the_end, pool), 0);
        }
        close_pool(pool);
        int taken = 0;
        for (int i = 0; i < 4; i++) {
            void *result;
            CHECK_INT(pthread_join(threads[i], &result), 0);
            const hs_status status = (hs_status)(intptr_t)result;
            taken += i % 2 && status == HS_OK;
            CHECK(status == HS_OK || status == HS_ERR_INVALID_HANDLE);
        }
        CHECK(taken <= 1);
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    null_and_nonsense();
    handles();
    options();
    callbacks();
    freed_under_others();
    return 0;
}
