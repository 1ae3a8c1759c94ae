// Many threads, each with a worker of its own:  threads URL [THREADS] [REQUESTS]   (REQUESTS is for each thread)
#define _POSIX_C_SOURCE 200809L
#include <http_sentinel.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    const char *url;
    long requests;
    long failures;
} job;

static void report(const char *what, hs_status status, hs_error *error) {
    hs_str name = hs_status_name(status), message = hs_error_message(error);
    fprintf(stderr, "%s: %.*s: %.*s\n", what, (int)name.len, name.data ? name.data : "", (int)message.len,
            message.data ? message.data : "");
    hs_error_free(error);
}

// A worker is made, used and freed on one thread; nothing of it is shared, so nothing needs a lock.
static void *run(void *argument) {
    job *mine = argument;
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    hs_status status = hs_worker_new(NULL, &worker, &error);
    if (status != HS_OK) {
        report("hs_worker_new", status, error);
        mine->failures = mine->requests;
        return NULL;
    }
    hs_request_options request = {.struct_size = sizeof request, .url = {mine->url, HS_NTS}};
    for (long i = 0; i < mine->requests; i++) {
        hs_response *response = NULL;
        status = hs_request(worker, &request, &response, &error);
        if (status == HS_OK) {
            hs_response_free(response);
        } else {
            if (mine->failures++ == 0) report("hs_request", status, error);
            else hs_error_free(error);
        }
    }
    hs_worker_free(worker);
    return NULL;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    long threads = argc > 2 ? atol(argv[2]) : 8, requests = argc > 3 ? atol(argv[3]) : 100;
    if (argc < 2 || threads < 1 || threads > 10000 || requests < 1) {
        fprintf(stderr, "usage: %s URL [THREADS] [REQUESTS]\n", argv[0]);
        return 2;
    }
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    job *jobs = calloc((size_t)threads, sizeof *jobs);
    if (!ids || !jobs) abort();

    double started = now();
    for (long i = 0; i < threads; i++) {
        jobs[i] = (job){.url = argv[1], .requests = requests};
        if (pthread_create(&ids[i], NULL, run, &jobs[i]) != 0) abort();
    }
    long failures = 0;
    for (long i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        failures += jobs[i].failures;
    }
    printf("%ld threads, %ld requests, %ld failures, %.0f requests/s\n", threads, threads * requests, failures,
           (double)(threads * requests - failures) / (now() - started));
    free(jobs);
    free(ids);
    return failures == 0 ? 0 : 1;
}
