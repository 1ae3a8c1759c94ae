/* exit() while other threads are inside the library: the process ends, with its own status and without a crash. */

#include "client.h"

#include <pthread.h>

#define THREADS 16

/* Half of them hang in a request, half never stop making requests and workers. */
static void *hang(void *key) {
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/stall/head?key=%s", address("https"), (const char *)key));
    hs_response *response = NULL;
    request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
    hs_request(worker, &request, &response, NULL);
    return NULL;
}

static void *race(void *key) {
    for (long round = 0;; round++) {
        hs_worker *worker = NULL;
        hs_response *response = NULL;
        const hs_worker_options options = defaults();
        const hs_request_options request = get(url("%s/count/%s", address(round % 2 ? "http" : "https"), (const char *)key));
        /* Nothing is checked: the process is ending around it. */
        if (hs_worker_new(&options, &worker, NULL) == HS_OK) {
            hs_request(worker, &request, &response, NULL);
            hs_response_free(response);
            hs_worker_free(worker);
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    begin(count, arguments);
    static char hanging[64], racing[64];
    snprintf(hanging, sizeof hanging, "hanging-%d", (int)getpid());
    snprintf(racing, sizeof racing, "racing-%d", (int)getpid());
    hs_worker *worker = open_worker();
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, i % 2 ? hang : race, i % 2 ? hanging : racing), 0);
    }
    await_counter(worker, hanging, THREADS / 2);
    await_counter(worker, racing, 5 * THREADS);
    /* Its own worker is open, too. */
    exit(42);
}
