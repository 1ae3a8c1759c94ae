/* exit() while pools are at work, are being made and freed, and others wait in them: the process ends, with its own status
 * and without a crash. */

#include "pool.h"

#include <pthread.h>

static char stalled[64], counted[64];

static void *reap(void *pool) {
    for (;;) {
        hs_completion completions[16];
        size_t count = 0;
        if (hs_pool_next(pool, completions, 16, &count, HS_INFINITE) != HS_OK) {
            return NULL;
        }
        for (size_t i = 0; i < count; i++) {
            hs_response_free(completions[i].response);
            hs_error_free(completions[i].error);
        }
    }
}

static void *feed(void *pool) {
    for (uint64_t tag = 0;; tag++) {
        const hs_request_options request = get(url("%s/count/%s", address(tag % 2 ? "http" : "https"), counted));
        hs_pool_submit(pool, &request, tag, NULL);
    }
    return NULL;
}

static void *come_and_go(void *unused) {
    (void)unused;
    for (;;) {
        const hs_worker_options worker = defaults();
        const hs_pool_options options = pool_options(&worker);
        hs_pool *pool = NULL;
        if (hs_pool_new(&options, &pool, NULL) == HS_OK) {
            const hs_request_options request = get(url("%s/get", address("https")));
            hs_pool_submit(pool, &request, 1, NULL);
            hs_pool_free(pool);
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    begin(count, arguments);
    snprintf(stalled, sizeof stalled, "pool-stalled-%d", (int)getpid());
    snprintf(counted, sizeof counted, "pool-counted-%d", (int)getpid());
    hs_worker *watcher = open_worker();
    hs_pool *pool = default_pool();
    for (uint64_t tag = 0; tag < 20; tag++) {
        hs_request_options request = get(url("%s/stall/head?key=%s", address(tag % 2 ? "http" : "https"), stalled));
        request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
        SUBMIT(pool, &request, tag);
    }
    await_counter(watcher, stalled, 20);
    pthread_t thread;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&thread, NULL, reap, pool), 0);
        CHECK_INT(pthread_create(&thread, NULL, feed, pool), 0);
    }
    CHECK_INT(pthread_create(&thread, NULL, come_and_go, NULL), 0);
    await_counter(watcher, counted, number("requests", 200));
    exit(42);
}
