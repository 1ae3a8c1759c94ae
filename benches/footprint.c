/* What workers cost: heap of an idle worker, after one plain and after one TLS request; time of hs_worker_new and of
 * the first TLS request of the first and of each further worker. Linux with glibc, for mallinfo2.
 *
 *     footprint HTTP_URL HTTPS_URL CA_FILE [WORKERS]
 */
#define _POSIX_C_SOURCE 200809L
#include "../include/http_sentinel.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST = 1000 };

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static size_t heap(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static hs_worker *new_worker(const char *ca) {
    hs_worker_options options = {0};
    hs_worker *worker = NULL;
    options.struct_size = sizeof options;
    options.ca_file = (hs_str){ca, HS_NTS};
    if (hs_worker_new(&options, &worker, NULL) != HS_OK) {
        fprintf(stderr, "hs_worker_new failed\n");
        exit(1);
    }
    return worker;
}

static double get(hs_worker *worker, const char *url) {
    hs_request_options request = {0};
    hs_response *response = NULL;
    hs_error *error = NULL;
    double start = microseconds();
    request.struct_size = sizeof request;
    request.url = (hs_str){url, HS_NTS};
    if (hs_request(worker, &request, &response, &error) != HS_OK || hs_response_status(response) != 200) {
        hs_str message = hs_error_message(error);
        fprintf(stderr, "%s: %.*s\n", url, (int)message.len, message.data);
        exit(1);
    }
    hs_response_free(response);
    return microseconds() - start;
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[count / 2];
}

int main(int argc, char **argv) {
    static hs_worker *workers[MOST];
    static double times[MOST];
    if (argc < 4) return fprintf(stderr, "usage: footprint HTTP_URL HTTPS_URL CA_FILE [WORKERS]\n"), 2;
    int count = argc > 4 ? atoi(argv[4]) : 100;
    if (count < 1 || count > MOST) return fprintf(stderr, "WORKERS: 1 to %d\n", MOST), 2;

    double start = microseconds();
    hs_worker *first = new_worker(argv[3]);
    printf("first worker of the process   %8.1f us\n", microseconds() - start);
    printf("its first TLS request         %8.1f us\n", get(first, argv[2]));

    size_t before = heap();
    for (int i = 0; i < count; i++) {
        start = microseconds();
        workers[i] = new_worker(argv[3]);
        times[i] = microseconds() - start;
    }
    printf("each further worker           %8.1f us (median of %d)\n", median(times, count), count);
    printf("idle worker                   %8.1f KB of heap\n", (double)(heap() - before) / count / 1024);
    for (int i = 0; i < count; i++) times[i] = get(workers[i], argv[1]);
    printf("after one plain request       %8.1f KB (connection open)\n", (double)(heap() - before) / count / 1024);
    for (int i = 0; i < count; i++) hs_worker_free(workers[i]);

    before = heap();
    for (int i = 0; i < count; i++) workers[i] = new_worker(argv[3]);
    for (int i = 0; i < count; i++) times[i] = get(workers[i], argv[2]);
    printf("first TLS request of each     %8.1f us (median)\n", median(times, count));
    printf("after one TLS request         %8.1f KB (connection open)\n", (double)(heap() - before) / count / 1024);
    for (int i = 0; i < count; i++) hs_worker_free(workers[i]);
    printf("left over after freeing all   %8.1f KB in all\n", ((double)heap() - (double)before) / 1024);
    hs_worker_free(first);
    return 0;
}
