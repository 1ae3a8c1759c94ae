/* The pool: one thread submits, reaps, and submits again.
 *
 *     pool URL CA_FILE|- IN_FLIGHT MILLISECONDS THREADS
 */
#define _GNU_SOURCE
#include "contest.h"
#include "../../include/http_sentinel.h"

#include <unistd.h>

#define MOST_AT_ONCE 256

static struct contest contest;

static void submit(hs_pool *pool, const char *url) {
    static uint64_t tag;
    hs_request_options request = {0};
    request.struct_size = sizeof request;
    request.url = (hs_str){url, HS_NTS};
    request.timeout_ms = HS_INFINITE;
    if (hs_pool_submit(pool, &request, tag++, NULL) != HS_OK) fail("hs_pool_submit");
}

int main(int count, char **arguments) {
    if (count != 6) fail("usage: pool URL CA_FILE|- IN_FLIGHT MILLISECONDS THREADS");
    contest_begin(&contest, count, arguments);
    hs_worker_options worker = {0};
    worker.struct_size = sizeof worker;
    worker.max_idle_connections = (uint32_t)contest.in_flight;
    if (contest.ca != NULL) worker.ca_file = (hs_str){contest.ca, HS_NTS};
    hs_pool_options options = {0};
    options.struct_size = sizeof options;
    options.worker = &worker;
    options.max_threads = options.min_threads = (uint32_t)atol(arguments[5]);
    options.max_in_flight = options.max_in_flight_per_origin = options.max_queued = (uint32_t)contest.in_flight;
    hs_pool *pool = NULL;
    if (hs_pool_new(&options, &pool, NULL) != HS_OK) fail("hs_pool_new");
    for (long i = 0; i < contest.in_flight; i++) submit(pool, contest.first);
    size_t ended = 0;
    do {
        hs_completion completions[MOST_AT_ONCE];
        if (hs_pool_next(pool, completions, MOST_AT_ONCE, &ended, 1000) != HS_OK) fail("hs_pool_next");
        for (size_t i = 0; i < ended; i++) {
            hs_response *response = completions[i].response;
            if (completions[i].status != HS_OK) fail(hs_error_message(completions[i].error).data);
            if (hs_response_status(response) != 200 || hs_response_body(response).len == 0) fail("wrong answer");
            hs_response_free(response);
            submit(pool, contest.then);
        }
    } while (contest_goes_on(&contest, (long)ended));
    _exit(0); /* Without the time that it takes to close all. */
}
