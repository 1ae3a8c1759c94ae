/* What a small request takes on one worker over a connection that is kept: with the C functions alone, beside which the
 * programs of the language packages stand.
 *
 *     c URL [REQUESTS]
 *
 * Prints a line for each way, with tabs: its name, microseconds a request by the clock, and by the processor's time of this
 * process. The way "mock" has no network, so that nothing hides what a call itself costs.
 */
#define _POSIX_C_SOURCE 200809L
#include "http_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void fail(const char *what, hs_error *error) {
    const hs_str text = hs_error_message(error);
    fprintf(stderr, "%s: %.*s\n", what, (int)text.len, text.data);
    exit(1);
}

static double microseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* One request as a program makes it: sent, its status and body looked at, freed. */
static void once(hs_worker *worker, const char *url) {
    hs_request_options request = {0};
    hs_response *response = NULL;
    hs_error *error = NULL;
    request.struct_size = sizeof request;
    request.url = (hs_str){url, HS_NTS};
    if (hs_request(worker, &request, &response, &error) != HS_OK) {
        fail(url, error);
    }
    if (hs_response_status(response) != 200 || hs_response_body(response).len == 0) {
        fail("not the answer that was expected", NULL);
    }
    hs_response_free(response);
}

static void measure(const char *name, hs_worker *worker, const char *url, long requests) {
    for (long i = 0; i < requests / 10 + 1; i++) {
        once(worker, url);
    }
    const double wall = microseconds(CLOCK_MONOTONIC), processor = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < requests; i++) {
        once(worker, url);
    }
    printf("%s\t%.3f\t%.3f\n", name, (microseconds(CLOCK_MONOTONIC) - wall) / (double)requests,
           (microseconds(CLOCK_PROCESS_CPUTIME_ID) - processor) / (double)requests);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s URL [REQUESTS]\n", argv[0]);
        return 2;
    }
    const long requests = argc > 2 ? atol(argv[2]) : 10000;
    hs_error *error = NULL;
    hs_worker *worker = NULL;
    if (hs_worker_new(NULL, &worker, &error) != HS_OK) {
        fail("hs_worker_new", error);
    }
    measure("C", worker, argv[1], requests);
    hs_worker_free(worker);

    hs_mock *mock = NULL;
    hs_mock_rule rule = {0};
    rule.struct_size = sizeof rule;
    rule.answer_body = (hs_str){"hello", HS_NTS};
    if (hs_mock_new(&mock) != HS_OK || hs_mock_add(mock, &rule, &error) != HS_OK) {
        fail("hs_mock_add", error);
    }
    hs_worker_options options = {0};
    options.struct_size = sizeof options;
    options.mock = mock;
    if (hs_worker_new(&options, &worker, &error) != HS_OK) {
        fail("hs_worker_new", error);
    }
    measure("C, mock", worker, argv[1], requests);
    hs_worker_free(worker);
    hs_mock_free(mock);
    return 0;
}
