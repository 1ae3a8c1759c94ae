/* A pool: each request that it accepts has exactly one completion, whatever becomes of it. */

#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

static int readable(int descriptor) {
    struct pollfd polled = {descriptor, POLLIN, 0};
    const int ready = poll(&polled, 1, 0);
    CHECK(ready >= 0);
    return ready;
}

static void every_tag_once(void) {
    enum { COUNT = 500 };
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_threads = 2;
    hs_pool *pool = open_pool(&options);
    char seen[COUNT] = {0};
    for (uint64_t tag = 0; tag < COUNT; tag++) {
        const hs_request_options request =
            tag % 5 == 4 ? get(url("http://%s/", address("closed")))
                         : post(url("%s/anything", address(tag % 2 ? "http" : "https")), url("number %d", (int)tag));
        SUBMIT(pool, &request, tag);
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
    close_pool(pool);
    CHECK_STATUS(hs_pool_free(pool), HS_ERR_INVALID_HANDLE);
}

static void descriptor(void) {
    const hs_worker_options worker = defaults();
    const hs_pool_options options = pool_options(&worker);
    hs_pool *pool = open_pool(&options);
    const int fd = hs_pool_fd(pool);
    CHECK(fd >= 0 && fd == hs_pool_fd(pool) && !readable(fd));
    const hs_request_options request = get(url("%s/get", address("http")));
    for (uint64_t tag = 0; tag < 3; tag++) {
        SUBMIT(pool, &request, tag);
    }
    struct pollfd polled = {fd, POLLIN, 0};
    while (stats_of(pool).unreaped < 3) {
        CHECK(poll(&polled, 1, 60000) == 1);
        pause_ms(1);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(readable(fd));
        release(NEXT(pool));
    }
    CHECK(!readable(fd));
    CHECK_STATUS(hs_pool_wake(pool), HS_OK);
    CHECK(!readable(fd));
    hs_completion completion;
    size_t count = 99;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, HS_INFINITE), HS_OK);
    CHECK(count == 0);
    close_pool(pool);
    CHECK_INT(hs_pool_fd(pool), -1);
}

static void called_off(void) {
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_in_flight = 2;
    options.max_queued = 3;
    options.max_threads = 1;
    hs_pool *pool = open_pool(&options);
    hs_request_options request = get(url("%s/delay/60000", address("http")));
    for (uint64_t tag = 0; tag < 5; tag++) {
        SUBMIT(pool, &request, tag);
    }
    REFUSED(pool, &request, HS_ERR_POOL_FULL);
    CHECK(stats_of(pool).in_flight == 2 && stats_of(pool).queued == 3);
    for (uint64_t tag = 4; tag < 5; tag--) {
        CHECK_STATUS(hs_pool_cancel(pool, tag), HS_OK);
        const hs_completion completion = NEXT(pool);
        CHECK(completion.tag == tag);
        CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        release(completion);
    }
    CHECK_STATUS(hs_pool_cancel(pool, 77), HS_ERR_NOT_FOUND);

    /* The caller's own switch, and the time, end a wait in the queue too. */
    hs_cancel *cancel = NULL;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    for (uint64_t tag = 0; tag < 2; tag++) {
        SUBMIT(pool, &request, tag);
    }
    request.cancel = cancel;
    SUBMIT(pool, &request, 2);
    request.cancel = NULL;
    request.timeout_ms = 30;
    SUBMIT(pool, &request, 3);
    const hs_completion late = NEXT(pool);
    CHECK(late.tag == 3);
    hs_error_info info = take_facts(late.error);
    CHECK_STATUS(late.status, HS_ERR_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_QUEUE);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_SAFE);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    const hs_completion switched = NEXT(pool);
    CHECK(switched.tag == 2);
    CHECK_STATUS(switched.status, HS_ERR_CANCELLED);
    release(switched);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);

    CHECK_STATUS(hs_pool_drain(pool, 0), HS_ERR_TIMEOUT);
    for (int i = 0; i < 2; i++) {
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        release(completion);
    }
    REFUSED(pool, &request, HS_ERR_POOL_CLOSED);
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_OK);
    close_pool(pool);
}

static void freed_at_work(void) {
    const hs_worker_options worker = defaults();
    const hs_pool_options options = pool_options(&worker);
    hs_pool *pool = open_pool(&options);
    const hs_request_options slow = get(url("%s/delay/60000", address("http")));
    const hs_request_options fast = get(url("%s/get", address("http")));
    for (uint64_t tag = 0; tag < 100; tag++) {
        SUBMIT(pool, tag % 2 ? &slow : &fast, tag);
    }
    close_pool(pool);
    CHECK_STATUS(hs_pool_free(NULL), HS_OK);
}

/* Without a descriptor left each request says so, and with some again the pool goes on. */
static void no_descriptors(void) {
    enum { MOST = 200, AT_ONCE = 8 };
    hs_pool *pool = default_pool();
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = MOST;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int taken[MOST], count = 0;
    while ((taken[count] = open("/dev/null", O_RDONLY)) >= 0) {
        CHECK(++count < MOST);
    }
    CHECK_INT(errno, EMFILE);
    CHECK_INT(hs_pool_fd(pool), -1);
    const hs_request_options request = get(url("%s/get", address("http")));
    for (uint64_t tag = 0; tag < AT_ONCE; tag++) {
        SUBMIT(pool, &request, tag);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_ERR_CONNECT);
        CHECK_HAS(hs_error_message(completion.error), "Too many open files");
        const hs_error_info info = take_facts(completion.error);
        CHECK_INT(info.os_error, EMFILE);
        CHECK_INT(info.request_sent, HS_SENT_NO);
    }
    while (count > 0) {
        CHECK_INT(close(taken[--count]), 0);
    }
    limit.rlim_cur = before;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    SUBMIT(pool, &request, 0);
    const hs_completion completion = NEXT(pool);
    CHECK_STATUS(completion.status, HS_OK);
    release(completion);
    CHECK(hs_pool_fd(pool) >= 0);
    close_pool(pool);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    no_descriptors();
    every_tag_once();
    descriptor();
    called_off();
    freed_at_work();
    return 0;
}
