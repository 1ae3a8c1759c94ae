/* Short forms for programs that use a pool. */

#ifndef POOL_H
#define POOL_H

#include "client.h"

static inline hs_pool_options pool_options(const hs_worker_options *worker) {
    hs_pool_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.worker = worker;
    return options;
}

static inline hs_pool *open_pool(const hs_pool_options *options) {
    hs_pool *pool = NULL;
    hs_error *error = (hs_error *)&pool; /* Success must clear it. */
    const hs_status status = hs_pool_new(options, &pool, &error);
    if (status != HS_OK) {
        const hs_str message = hs_error_message(error);
        check_failed(__FILE__, __LINE__, "%.*s: %.*s", check_name_length(status), check_name(status), (int)message.len,
                     message.data);
    }
    CHECK(pool != NULL && error == NULL);
    return pool;
}

/* A pool of workers that trust the test server. */
static inline hs_pool *default_pool(void) {
    const hs_worker_options worker = defaults();
    const hs_pool_options options = pool_options(&worker);
    return open_pool(&options);
}

static inline hs_pool_counters stats_of(hs_pool *pool) {
    hs_pool_counters counters;
    memset(&counters, 0xA5, sizeof counters);
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_pool_stats(pool, &counters), HS_OK);
    return counters;
}

static inline void submit_at(const char *file, int line, hs_pool *pool, const hs_request_options *request, uint64_t tag) {
    hs_error *error = (hs_error *)&pool; /* Success must clear it. */
    const hs_status status = hs_pool_submit(pool, request, tag, &error);
    if (status != HS_OK) {
        const hs_str message = hs_error_message(error);
        check_failed(file, line, "%.*s: %.*s", check_name_length(status), check_name(status), (int)message.len,
                     message.data);
    }
    CHECK(error == NULL);
}
#define SUBMIT(pool, request, tag) submit_at(__FILE__, __LINE__, pool, request, tag)

/* A request that is not accepted, with just that status and a message. */
static inline void refused_at(const char *file, int line, hs_pool *pool, const hs_request_options *request,
                              hs_status expected) {
    hs_error *error = NULL;
    const hs_status status = hs_pool_submit(pool, request, 0, &error);
    if (status != expected) {
        check_failed(file, line, "%.*s, not %.*s", check_name_length(status), check_name(status),
                     check_name_length(expected), check_name(expected));
    }
    CHECK_STATUS(hs_error_status(error), expected);
    CHECK(hs_error_message(error).len > 0);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}
#define REFUSED(pool, request, status) refused_at(__FILE__, __LINE__, pool, request, status)

/* The next completion, which is there within a minute. */
static inline hs_completion next_at(const char *file, int line, hs_pool *pool) {
    hs_completion completion;
    size_t count = 99;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, 60000), HS_OK);
    if (count != 1) {
        check_failed(file, line, "no completion within a minute");
    }
    if (completion.kind == HS_COMPLETION_READABLE || completion.kind == HS_COMPLETION_WRITABLE) {
        CHECK(completion.status == HS_OK && completion.response == NULL && completion.error == NULL);
    } else {
        CHECK(completion.kind == HS_COMPLETION_DONE);
        CHECK((completion.status == HS_OK) == (completion.response != NULL));
        CHECK((completion.status == HS_OK) == (completion.error == NULL));
    }
    return completion;
}
#define NEXT(pool) next_at(__FILE__, __LINE__, pool)

static inline void release(hs_completion completion) {
    CHECK_STATUS(hs_response_free(completion.response), HS_OK);
    CHECK_STATUS(hs_error_free(completion.error), HS_OK);
}

static inline void nothing_there(hs_pool *pool) {
    hs_completion completion;
    size_t count = 99;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, 0), HS_OK);
    CHECK(count == 0);
}

static inline void close_pool(hs_pool *pool) { CHECK_STATUS(hs_pool_free(pool), HS_OK); }

#endif
