/* What it takes to be woken: one request at a time, from its submission to the completion in hand, beside the same request
 * on a worker of this thread. In turns, on kept connections; percentiles in microseconds.
 *
 *     wake URL CA_FILE|- [ROUNDS] [REQUESTS]
 */
#define _GNU_SOURCE
#include "../../include/http_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

static const char *url;
static hs_worker *worker;
static hs_pool *pool;
static int epoll_fd;

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static hs_request_options request(void) {
    hs_request_options options = {0};
    options.struct_size = sizeof options;
    options.url = (hs_str){url, HS_NTS};
    return options;
}

static hs_response *on_worker(void) {
    const hs_request_options options = request();
    hs_response *response = NULL;
    if (hs_request(worker, &options, &response, NULL) != HS_OK) fail("hs_request");
    return response;
}

static void submit(void) {
    const hs_request_options options = request();
    if (hs_pool_submit(pool, &options, 0, NULL) != HS_OK) fail("hs_pool_submit");
}

static hs_response *reap(uint64_t timeout_ms) {
    hs_completion completion;
    size_t count = 0;
    if (hs_pool_next(pool, &completion, 1, &count, timeout_ms) != HS_OK) fail("hs_pool_next");
    if (count != 1 || completion.status != HS_OK) fail("no completion");
    return completion.response;
}

static hs_response *by_next(void) {
    submit();
    return reap(HS_INFINITE);
}

static hs_response *by_epoll(void) {
    struct epoll_event event;
    submit();
    while (epoll_wait(epoll_fd, &event, 1, -1) != 1) {
    }
    return reap(0);
}

struct way {
    const char *name;
    hs_response *(*once)(void);
    double *took;  /* All rounds. */
    double *middle; /* Of each round. */
};

static int order(const void *one, const void *other) {
    const double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static double share(const double *sorted, long count, double part) { return sorted[(long)((double)(count - 1) * part)]; }

static void measure(struct way *way, long round, long requests) {
    double *took = way->took + round * requests;
    for (long i = -requests / 10; i < requests; i++) {
        const double start = microseconds();
        hs_response *response = way->once();
        const double end = microseconds();
        if (hs_response_status(response) != 200) fail("wrong answer");
        hs_response_free(response);
        if (i >= 0) took[i] = end - start;
    }
    qsort(took, (size_t)requests, sizeof *took, order);
    way->middle[round] = share(took, requests, 0.5);
}

int main(int count, char **arguments) {
    if (count < 3) fail("usage: wake URL CA_FILE|- [ROUNDS] [REQUESTS]");
    const long rounds = count > 3 ? atol(arguments[3]) : 11;
    const long requests = count > 4 ? atol(arguments[4]) : 2000;
    url = arguments[1];
    hs_worker_options options = {0};
    options.struct_size = sizeof options;
    if (strcmp(arguments[2], "-") != 0) options.ca_file = (hs_str){arguments[2], HS_NTS};
    hs_pool_options many = {0};
    many.struct_size = sizeof many;
    many.worker = &options;
    many.max_threads = 1;
    if (hs_worker_new(&options, &worker, NULL) != HS_OK || hs_pool_new(&many, &pool, NULL) != HS_OK) fail("options");
    struct epoll_event interest = {.events = EPOLLIN};
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, hs_pool_fd(pool), &interest) != 0) fail("epoll_ctl");

    struct way ways[] = {{"hs_request", on_worker, NULL, NULL},
                         {"submit, hs_pool_next", by_next, NULL, NULL},
                         {"submit, epoll, hs_pool_next", by_epoll, NULL, NULL}};
    const size_t kinds = sizeof ways / sizeof *ways;
    for (size_t kind = 0; kind < kinds; kind++) {
        ways[kind].took = calloc((size_t)(rounds * requests), sizeof(double));
        ways[kind].middle = calloc((size_t)rounds, sizeof(double));
        if (ways[kind].took == NULL || ways[kind].middle == NULL) fail("calloc");
    }
    for (long round = 0; round < rounds; round++) {
        for (size_t turn = 0; turn < kinds; turn++) measure(&ways[(turn + (size_t)round) % kinds], round, requests);
    }
    printf("%-30s%9s%9s%9s   %s\n", "", "p50", "p99", "p99.9", "p50 of hs_request's: median (least..greatest) of rounds");
    for (size_t kind = 0; kind < kinds; kind++) {
        const long all = rounds * requests;
        double *ratios = calloc((size_t)rounds, sizeof(double));
        if (ratios == NULL) fail("calloc");
        for (long round = 0; round < rounds; round++) ratios[round] = ways[kind].middle[round] / ways[0].middle[round];
        qsort(ratios, (size_t)rounds, sizeof *ratios, order);
        qsort(ways[kind].took, (size_t)all, sizeof(double), order);
        printf("%-30s%9.1f%9.1f%9.1f   %.2f (%.2f..%.2f)\n", ways[kind].name, share(ways[kind].took, all, 0.5),
               share(ways[kind].took, all, 0.99), share(ways[kind].took, all, 0.999), ratios[rounds / 2], ratios[0],
               ratios[rounds - 1]);
        free(ratios);
    }
    hs_pool_free(pool);
    hs_worker_free(worker);
    return 0;
}
