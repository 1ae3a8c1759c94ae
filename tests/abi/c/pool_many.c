/* Very many requests in flight on two threads: all at the server at once, which is seen there, then all again at a server
 * that takes half a second. What that costs in memory, descriptors and threads. */

#include "pool.h"

#include <semaphore.h>
#include <sys/resource.h>

#define THREADS 2

static long in_flight;

static long status_of(const char *field) {
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            value = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    fclose(file);
    CHECK(value >= 0);
    return value;
}

/* Each of the multis that they are spread over has a few for itself. */
static long most_descriptors(void) {
    return in_flight + in_flight / 20 + 100;
}

static void allow_descriptors(void) {
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < (rlim_t)most_descriptors()) {
        FAIL("this test needs %ld descriptors; the machine's limit is lower", most_descriptors());
    }
}

static void submit_all(hs_pool *pool, const char *target) {
    hs_request_options request = get(target);
    request.timeout_ms = HS_INFINITE;
    request.attempt_timeout_ms = HS_INFINITE;
    for (long i = 0; i < in_flight; i++) {
        CHECK_STATUS(hs_pool_submit(pool, &request, (uint64_t)i, NULL), HS_OK);
    }
}

/* Each exactly once, and well. */
static void reap_all(hs_pool *pool) {
    char *seen = calloc((size_t)in_flight, 1);
    CHECK(seen != NULL);
    for (long left = in_flight; left > 0;) {
        hs_completion completions[256];
        size_t got = 0;
        CHECK_STATUS(hs_pool_next(pool, completions, 256, &got, HS_INFINITE), HS_OK);
        for (size_t i = 0; i < got; i++) {
            if (completions[i].status != HS_OK) {
                const hs_str message = hs_error_message(completions[i].error);
                FAIL("%.*s", (int)message.len, message.data);
            }
            CHECK_INT(hs_response_status(completions[i].response), 200);
            CHECK(completions[i].tag < (uint64_t)in_flight && !seen[completions[i].tag]);
            seen[completions[i].tag] = 1;
            CHECK_STATUS(hs_response_free(completions[i].response), HS_OK);
        }
        left -= (long)got;
    }
    free(seen);
}

static int32_t flows(void *begun, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    sem_post(begun);
    return 0;
}

/* On one thread more bodies without end than one multi has: all of them flow, and others get through beside them. */
static void beside_endless_ones(void) {
    enum { ENDLESS = 120, OTHERS = 20 };
    const hs_worker_options worker = defaults();
    hs_pool_options options = pool_options(&worker);
    options.max_threads = 1;
    hs_pool *pool = open_pool(&options);
    sem_t begun[ENDLESS];
    hs_request_options endless = get(url("%s/big/1000000000000000", address("http")));
    endless.timeout_ms = endless.attempt_timeout_ms = HS_INFINITE;
    endless.on_body = flows;
    for (uint64_t tag = 0; tag < ENDLESS; tag++) {
        CHECK_INT(sem_init(&begun[tag], 0, 0), 0);
        endless.user_data = &begun[tag];
        SUBMIT(pool, &endless, OTHERS + tag);
    }
    for (int i = 0; i < ENDLESS; i++) {
        CHECK_INT(sem_wait(&begun[i]), 0);
    }
    hs_request_options other = get(url("%s/get", address("http")));
    other.timeout_ms = other.attempt_timeout_ms = HS_INFINITE;
    for (uint64_t tag = 0; tag < OTHERS; tag++) {
        SUBMIT(pool, &other, tag);
    }
    for (int i = 0; i < OTHERS; i++) {
        const hs_completion completion = NEXT(pool);
        CHECK(completion.tag < OTHERS);
        CHECK_STATUS(completion.status, HS_OK);
        release(completion);
    }
    close_pool(pool);
    for (int i = 0; i < ENDLESS; i++) {
        CHECK_INT(sem_destroy(&begun[i]), 0);
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    beside_endless_ones();
    in_flight = number("in_flight", 10000);
    allow_descriptors();
    hs_worker *worker = open_worker();
    GOOD(worker, url("%s/get", address("http")));
    const long descriptors = open_descriptors(), threads = status_of("Threads");
    const long memory = status_of("VmRSS");

    hs_worker_options each = defaults();
    each.max_idle_connections = (uint32_t)in_flight;
    hs_pool_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.worker = &each;
    options.max_threads = THREADS;
    options.max_in_flight = options.max_in_flight_per_origin = options.max_queued = (uint32_t)in_flight;
    hs_pool *pool = NULL;
    CHECK_STATUS(hs_pool_new(&options, &pool, NULL), HS_OK);

    const uint64_t start = now_ns();
    /* Another run may have been at the same server. */
    const int key = (int)getpid();
    char held_key[64];
    snprintf(held_key, sizeof held_key, "held:many-%d", key);
    submit_all(pool, url("%s/hold/many-%d", address("http"), key));
    await_counter(worker, held_key, in_flight);
    const uint64_t held = now_ns();
    const long peak_descriptors = open_descriptors(), peak_threads = status_of("Threads");
    GOOD(worker, url("%s/release/many-%d", address("http"), key));
    reap_all(pool);
    const uint64_t released = now_ns();
    submit_all(pool, url("%s/delay/500", address("http")));
    reap_all(pool);
    const uint64_t end = now_ns();

    const long peak_memory = status_of("VmHWM");
    printf("pool_many: %ld in flight: %ld threads more, %ld descriptors more, %ld kB more memory (%.1f a request); all at the "
           "server after %.2f s, all answered %.2f s later; answered after 500 ms: %.2f s\n",
           in_flight, peak_threads - threads, peak_descriptors - descriptors, peak_memory - memory,
           (double)(peak_memory - memory) / (double)in_flight, (double)(held - start) / 1e9,
           (double)(released - held) / 1e9, (double)(end - released) / 1e9);
    CHECK(end - released >= UINT64_C(500000000));
    CHECK(peak_threads <= threads + THREADS + 2);
    CHECK(peak_descriptors >= descriptors + in_flight);
    CHECK(peak_descriptors <= descriptors + most_descriptors());
    CHECK_STATUS(hs_pool_free(pool), HS_OK);
    CHECK(open_descriptors() <= descriptors + 2); /* What a process opens once. */
    close_worker(worker);
    return 0;
}
