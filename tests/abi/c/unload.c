/* dlclose() while threads have workers: they end later and close them, in code that must still be there. This program
 * is not linked with the library; it knows it by its path. */

#include "client.h"

#include <dlfcn.h>
#include <pthread.h>

#define THREADS 8

static pthread_barrier_t step;

typedef hs_status worker_new(const hs_worker_options *, hs_worker **, hs_error **);
typedef hs_status request(hs_worker *, const hs_request_options *, hs_response **, hs_error **);
typedef hs_status response_free(hs_response *);

static void *library;

static void find(const char *name, void *function) {
    void *symbol = dlsym(library, name);
    CHECK(symbol != NULL);
    memcpy(function, &symbol, sizeof symbol);
}

static void *work(void *unused) {
    worker_new *make;
    request *send;
    response_free *done;
    hs_worker *worker = NULL;
    hs_response *response = NULL;
    const hs_worker_options options = defaults();
    hs_request_options target = get(url("%s/get", address("https")));
    (void)unused;
    find("hs_worker_new", &make);
    find("hs_request", &send);
    find("hs_response_free", &done);
    CHECK(make(&options, &worker, NULL) == HS_OK);
    CHECK(send(worker, &target, &response, NULL) == HS_OK);
    CHECK(done(response) == HS_OK);
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step); /* The library is closed by now; the worker is open. */
    return NULL;
}

int main(int count, char **arguments) {
    begin(count, arguments);
    for (int round = 0; round < 3; round++) {
        pthread_t threads[THREADS];
        library = dlopen(address("library"), RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            FAIL("%s", dlerror());
        }
        CHECK_INT(pthread_barrier_init(&step, NULL, THREADS + 1), 0);
        for (int i = 0; i < THREADS; i++) {
            CHECK_INT(pthread_create(&threads[i], NULL, work, NULL), 0);
        }
        pthread_barrier_wait(&step);
        const int open = open_descriptors();
        CHECK_INT(dlclose(library), 0);
        pthread_barrier_wait(&step);
        for (int i = 0; i < THREADS; i++) {
            CHECK_INT(pthread_join(threads[i], NULL), 0);
        }
        CHECK(open_descriptors() <= open - 2 * THREADS); /* Their ends closed their workers. */
        pthread_barrier_destroy(&step);
        /* It never goes: a thread-local destructor or a fork handler may need it later than anyone can know. */
        library = dlopen(address("library"), RTLD_NOW | RTLD_NOLOAD);
        CHECK(library != NULL);
        CHECK_INT(dlclose(library), 0);
    }
    return 0;
}
