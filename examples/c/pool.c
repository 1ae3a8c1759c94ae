// Many requests at once, a few threads:  pool URL [REQUESTS] [AT_ONCE]
#define _POSIX_C_SOURCE 200809L
#include <http_sentinel.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char *what, hs_status status, hs_error *error) {
    hs_str name = hs_status_name(status), message = hs_error_message(error);
    fprintf(stderr, "%s: %.*s: %.*s\n", what, (int)name.len, name.data ? name.data : "", (int)message.len,
            message.data ? message.data : "");
    hs_error_free(error);
    return 1;
}

int main(int argc, char **argv) {
    long requests = argc > 2 ? atol(argv[2]) : 1000, at_once = argc > 3 ? atol(argv[3]) : 100;
    if (argc < 2 || requests < 1 || at_once < 1 || at_once > 10000) {
        fprintf(stderr, "usage: %s URL [REQUESTS] [AT_ONCE]\n", argv[0]);
        return 2;
    }
    hs_pool_options options = {.struct_size = sizeof options,
                               .max_in_flight = (uint32_t)at_once,
                               .max_in_flight_per_origin = (uint32_t)at_once,
                               .submit_timeout_ms = HS_INFINITE};
    hs_pool *pool = NULL;
    hs_error *error = NULL;
    hs_status status = hs_pool_new(&options, &pool, &error);
    if (status != HS_OK) return failed("hs_pool_new", status, error);

    hs_request_options request = {.struct_size = sizeof request, .url = {argv[1], HS_NTS}};
    long submitted = 0, ended = 0, failures = 0;
    while (ended < requests) {
        while (submitted < requests && submitted - ended < 2 * at_once) {
            status = hs_pool_submit(pool, &request, (uint64_t)submitted, &error);
            if (status != HS_OK) return failed("hs_pool_submit", status, error);
            submitted++;
        }
        hs_completion completions[64];
        size_t count = 0;
        status = hs_pool_next(pool, completions, 64, &count, HS_INFINITE);
        if (status != HS_OK) return failed("hs_pool_next", status, NULL);
        for (size_t i = 0; i < count; i++) {
            if (completions[i].status != HS_OK && failures++ == 0) {
                failed("a request", completions[i].status, completions[i].error);
            } else {
                hs_error_free(completions[i].error);
            }
            hs_response_free(completions[i].response);
        }
        ended += (long)count;
    }
    hs_pool_counters counters = {.struct_size = sizeof counters};
    hs_pool_stats(pool, &counters);
    printf("%ld requests, %ld failures, at most %llu under way, on %llu threads with %llu connections\n", requests, failures,
           (unsigned long long)counters.most_in_flight, (unsigned long long)counters.threads,
           (unsigned long long)counters.connections);
    hs_pool_free(pool);
    return failures == 0 ? 0 : 1;
}
