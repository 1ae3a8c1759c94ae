/* Connections that nothing uses are closed when that is asked for, those in use are not: of a worker, and of a pool. */

#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>

static void close_idle(hs_pool *pool) { CHECK_STATUS(hs_pool_close_idle(pool), HS_OK); }

/* A request to the port that is named, through a pool; whether its connection had served before. */
static int reuses(hs_pool *pool, const char *port) {
    const hs_request_options request = get(url("%s/get", address(port)));
    SUBMIT(pool, &request, 1);
    const hs_completion completion = NEXT(pool);
    CHECK_STATUS(completion.status, HS_OK);
    CHECK_INT(hs_response_status(completion.response), 200);
    const int reused = (int)metrics_of(completion.response).connection_reused;
    release(completion);
    return reused;
}

static void of_a_worker(void) {
    hs_worker *worker = open_worker();
    hs_worker *watcher = open_worker();
    const long before = counter("closed:https");
    CHECK_STATUS(hs_worker_close_idle(worker), HS_OK);
    for (int round = 1; round <= 3; round++) {
        CHECK_INT(GOOD(worker, url("%s/get", address("https"))).connection_reused, 0);
        CHECK_INT(GOOD(worker, url("%s/get", address("https"))).connection_reused, 1);
        CHECK_STATUS(hs_worker_close_idle(worker), HS_OK);
        await_counter(watcher, "closed:https", before + round);
    }
    close_worker(worker);
    CHECK_STATUS(hs_worker_close_idle(worker), HS_ERR_INVALID_HANDLE);
    close_worker(watcher);
}

/* A stream whose connection is not closed while the others are, before and between all of its pieces. */
static void around_a_stream(void) {
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/bytes/3000000?seed=5", address("http")));
    request.flags = HS_STREAM;
    hs_response *stream = SEND(worker, &request);
    static unsigned char buffer[100000];
    size_t count = 1;
    uint64_t total = 0;
    CHECK_INT(GOOD(worker, url("%s/get", address("http"))).connection_reused, 0);
    while (count > 0) {
        CHECK_STATUS(hs_worker_close_idle(worker), HS_OK);
        CHECK_STATUS(hs_response_read(stream, buffer, sizeof buffer, &count, HS_INFINITE, NULL), HS_OK);
        for (size_t i = 0; i < count; i++) {
            CHECK(buffer[i] == byte_at(5, total + i));
        }
        total += count;
    }
    CHECK_INT(total, 3000000);
    CHECK_STATUS(hs_response_free(stream), HS_OK);
    close_worker(worker);
}

static void of_a_pool(void) {
    hs_pool *pool = default_pool();
    hs_worker *watcher = open_worker();
    const long before = counter("closed:https");
    close_idle(pool);
    for (int round = 1; round <= 3; round++) {
        CHECK_INT(reuses(pool, "https"), 0);
        close_idle(pool);
        /* Nothing else wakes the thread. */
        await_counter(watcher, "closed:https", before + round);
    }
    /* What is submitted afterwards finds none of those from before, however soon that is. */
    for (int round = 0; round < 50; round++) {
        CHECK_INT(reuses(pool, "http"), 0);
        close_idle(pool);
    }
    close_pool(pool);
    close_worker(watcher);
}

static int32_t close_inside(void *user_data, const void *data, size_t length) {
    (void)data, (void)length;
    CHECK_STATUS(hs_pool_close_idle(user_data), HS_OK);
    return 0;
}

static void from_a_callback(void) {
    hs_pool *pool = default_pool();
    hs_request_options request = get(url("%s/drip?bytes=3&interval_ms=1", address("http")));
    request.on_body = close_inside;
    request.user_data = pool;
    for (int round = 0; round < 3; round++) {
        SUBMIT(pool, &request, 2);
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_OK);
        release(completion);
    }
    close_pool(pool);
}

static void beside_those_that_are_held(void) {
    enum { HELD = 5 };
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_threads = 1;
    hs_pool *pool = open_pool(&options);
    hs_worker *watcher = open_worker();
    const long before = counter("closed:https_h1");
    for (int i = 0; i < HELD; i++) {
        hs_request_options request = get(url("%s/hold/idle", address("https_h1")));
        request.timeout_ms = HS_INFINITE;
        request.attempt_timeout_ms = HS_INFINITE;
        SUBMIT(pool, &request, 3);
    }
    await_counter(watcher, "held:idle", HELD);
    CHECK_INT(reuses(pool, "https_h1"), 0);
    close_idle(pool);
    await_counter(watcher, "closed:https_h1", before + 1);
    /* The thread has done it when it answers: what comes free then is kept. */
    CHECK_INT(reuses(pool, "http"), 0);
    hs_request_options release_them = post(url("%s/release/idle", address("http")), "");
    hs_response_free(SEND(watcher, &release_them));
    for (int i = 0; i < HELD; i++) {
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_OK);
        CHECK_INT(hs_response_status(completion.response), 200);
        release(completion);
    }
    CHECK_INT(counter("closed:https_h1"), before + 1);
    CHECK_INT(reuses(pool, "https_h1"), 1);
    close_pool(pool);
    close_worker(watcher);
}

static atomic_int over;

static void *closes_again_and_again(void *pool) {
    while (!atomic_load(&over)) {
        close_idle(pool);
    }
    return NULL;
}

/* Whatever a request is about to do meanwhile, it is sent once and answered. */
static void while_requests_come_and_go(void) {
    enum { THREADS = 2, WAVES = 8, WAVE = 40 };
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_threads = 2;
    hs_pool *pool = open_pool(&options);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, closes_again_and_again, pool), 0);
    }
    static const char *const ports[] = {"http", "https", "https_h1", "h2c"};
    for (int wave = 0; wave < WAVES; wave++) {
        for (int i = 0; i < WAVE; i++) {
            hs_request_options request = post(url("%s/count/idle-sent", address(ports[i % 4])), "once");
            if (i % 4 == 3) {
                request.http_version = HS_HTTP_2_PRIOR_KNOWLEDGE;
            }
            request.timeout_ms = HS_INFINITE;
            request.attempt_timeout_ms = HS_INFINITE;
            SUBMIT(pool, &request, (uint64_t)i);
        }
        for (int i = 0; i < WAVE; i++) {
            const hs_completion completion = NEXT(pool);
            CHECK_STATUS(completion.status, HS_OK);
            CHECK_INT(hs_response_status(completion.response), 200);
            release(completion);
        }
    }
    atomic_store(&over, 1);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    close_pool(pool);
    CHECK_INT(counter("idle-sent"), WAVES * WAVE);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    of_a_worker();
    around_a_stream();
    of_a_pool();
    from_a_callback();
    beside_those_that_are_held();
    while_requests_come_and_go();
    return 0;
}
