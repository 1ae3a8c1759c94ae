/* A worker and other threads: refused there, unharmed by it; retired from there and closed by its owner, which the
 * open descriptors prove. Responses, errors and cancels go anywhere. */

#include "client.h"

#include <pthread.h>

/* Runs a function on a thread of its own, to its end. */
static void elsewhere(void *(*body)(void *), void *argument) {
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, body, argument), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

static void *intrude(void *worker) {
    hs_request_options request = get(url("%s/count/wrong-thread", address("http")));
    /* Twice: a thread without workers of its own, and one that has one. */
    for (int round = 0; round < 2; round++) {
        hs_worker *own = round == 0 ? NULL : open_worker();
        FAILS(worker, &request, HS_ERR_WRONG_THREAD);
        CHECK_STATUS(hs_worker_free(worker), HS_ERR_WRONG_THREAD);
        CHECK_STATUS(hs_worker_close_idle(worker), HS_ERR_WRONG_THREAD);
        request.url = text("nonsense"); /* The thread is what is wrong first. */
        FAILS(worker, &request, HS_ERR_WRONG_THREAD);
        CHECK_STATUS(hs_request(worker, NULL, NULL, NULL), HS_ERR_WRONG_THREAD);
        if (own != NULL) {
            GOOD(own, url("%s/get", address("http")));
            close_worker(own);
        }
    }
    return NULL;
}

static void wrong_thread(void) {
    hs_worker *worker = open_worker();
    GOOD(worker, url("%s/get", address("http")));
    elsewhere(intrude, worker);
    CHECK_INT(GOOD(worker, url("%s/get", address("http"))).connection_reused, 1);
    CHECK_INT(counter("wrong-thread"), 0);
    close_worker(worker);
    /* Once it is freed the handle is invalid for everybody. */
    CHECK_STATUS(hs_worker_free(worker), HS_ERR_INVALID_HANDLE);
}

static void *find_it_freed(void *worker) {
    CHECK_STATUS(hs_worker_free(worker), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_worker_retire(worker), HS_ERR_INVALID_HANDLE);
    return NULL;
}

/* Its place in the library's tables is taken by another object: an old handle must not pass for a live one. */
static void freed_and_replaced(void) {
    hs_worker *old[4];
    hs_cancel *newer[200];
    for (int i = 0; i < 4; i++) {
        old[i] = open_worker();
    }
    for (int i = 0; i < 4; i++) {
        close_worker(old[i]);
    }
    for (int i = 0; i < 200; i++) {
        CHECK_STATUS(hs_cancel_new(&newer[i]), HS_OK);
    }
    for (int i = 0; i < 4; i++) {
        elsewhere(find_it_freed, old[i]);
        CHECK_STATUS(hs_worker_free(old[i]), HS_ERR_INVALID_HANDLE);
    }
    for (int i = 0; i < 200; i++) {
        CHECK_STATUS(hs_cancel_free(newer[i]), HS_OK);
    }
}

struct objects {
    hs_response *response;
    hs_error *error;
    hs_cancel *cancel;
};

static void *read_and_free(void *argument) {
    struct objects *objects = argument;
    CHECK_INT(hs_response_status(objects->response), 200);
    CHECK_HAS(hs_response_body(objects->response), "http-sentinel");
    CHECK_TEXT(hs_response_header(objects->response, text("CONTENT-length"), 0), "26");
    CHECK_STATUS(hs_error_status(objects->error), HS_ERR_INVALID_URL);
    CHECK_STATUS(hs_cancel_trigger(objects->cancel), HS_OK);
    CHECK_STATUS(hs_response_free(objects->response), HS_OK);
    CHECK_STATUS(hs_error_free(objects->error), HS_OK);
    CHECK_STATUS(hs_cancel_free(objects->cancel), HS_OK);
    return NULL;
}

/* Also when the worker that gave them is gone. */
static void foreign_free(void) {
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/", address("http")));
    struct objects objects;
    objects.response = SEND(worker, &request);
    request.url = text("nonsense");
    objects.error = ERROR_OF(worker, &request, HS_ERR_INVALID_URL);
    CHECK_STATUS(hs_cancel_new(&objects.cancel), HS_OK);
    close_worker(worker);
    elsewhere(find_it_freed, worker);
    elsewhere(read_and_free, &objects);
    CHECK_STATUS(hs_response_free(objects.response), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_error_free(objects.error), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_cancel_free(objects.cancel), HS_ERR_INVALID_HANDLE);
}

static void *retire_twice(void *worker) {
    CHECK_STATUS(hs_worker_retire(worker), HS_OK);
    CHECK_STATUS(hs_worker_retire(worker), HS_ERR_INVALID_HANDLE);
    return NULL;
}

/* A worker that holds a connection, and the descriptors that were open before it. */
static hs_worker *connected_worker(int *before) {
    *before = open_descriptors();
    hs_worker *worker = open_worker();
    GOOD(worker, url("%s/get", address("http")));
    GOOD(worker, url("%s/get", address("https")));
    CHECK(open_descriptors() >= *before + 3); /* Two connections, and what wakes the worker. */
    return worker;
}

static hs_status next_call_free(hs_worker *retired, hs_worker *other) {
    (void)other;
    return hs_worker_free(retired);
}
static hs_status next_call_request(hs_worker *retired, hs_worker *other) {
    const hs_request_options request = get(url("%s/get", address("http")));
    hs_response *response = NULL;
    CHECK_STATUS(hs_response_free(SEND(other, &request)), HS_OK);
    return hs_request(retired, &request, &response, NULL);
}
static hs_status next_call_new(hs_worker *retired, hs_worker *other) {
    (void)other;
    close_worker(open_worker());
    return hs_worker_free(retired);
}

/* Retired from another thread: the owner closes it at its next call, whichever that is. */
static void retired_by_another(void) {
    hs_status (*const next_calls[])(hs_worker *, hs_worker *) = {next_call_free, next_call_request, next_call_new};
    hs_worker *other = open_worker();
    GOOD(other, url("%s/get", address("http")));
    for (size_t i = 0; i < sizeof next_calls / sizeof *next_calls; i++) {
        int before;
        hs_worker *worker = connected_worker(&before);
        elsewhere(retire_twice, worker);
        CHECK(open_descriptors() > before); /* Nobody but the owner touches it. */
        CHECK_STATUS(next_calls[i](worker, other), HS_ERR_INVALID_HANDLE);
        CHECK_INT(open_descriptors(), before);
        elsewhere(find_it_freed, worker);
        CHECK_STATUS(hs_worker_retire(worker), HS_ERR_INVALID_HANDLE);
    }
    close_worker(other);
}

static void retired_by_its_owner(void) {
    int before;
    hs_worker *worker = connected_worker(&before);
    CHECK_STATUS(hs_worker_retire(worker), HS_OK);
    CHECK_INT(open_descriptors(), before);
    CHECK_STATUS(hs_worker_free(worker), HS_ERR_INVALID_HANDLE);
}

struct leaver {
    pthread_barrier_t step;
    hs_worker *worker;
    hs_response *response;
};

static void *leave_it_open(void *argument) {
    struct leaver *leaver = argument;
    const hs_request_options request = get(url("%s/", address("http")));
    int before;
    leaver->worker = connected_worker(&before);
    leaver->response = SEND(leaver->worker, &request);
    pthread_barrier_wait(&leaver->step); /* The main thread may retire it here. */
    pthread_barrier_wait(&leaver->step);
    return NULL;
}

/* A worker that is open, or retired and not yet closed, when its thread exits is closed then. */
static void open_at_thread_exit(int retire) {
    struct leaver leaver;
    pthread_t thread;
    const int before = open_descriptors();
    CHECK_INT(pthread_barrier_init(&leaver.step, NULL, 2), 0);
    CHECK_INT(pthread_create(&thread, NULL, leave_it_open, &leaver), 0);
    pthread_barrier_wait(&leaver.step);
    if (retire) {
        CHECK_STATUS(hs_worker_retire(leaver.worker), HS_OK);
    } else {
        CHECK_STATUS(hs_worker_free(leaver.worker), HS_ERR_WRONG_THREAD);
    }
    CHECK(open_descriptors() >= before + 3);
    pthread_barrier_wait(&leaver.step);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(open_descriptors(), before);
    pthread_barrier_destroy(&leaver.step);
    CHECK_STATUS(hs_worker_free(leaver.worker), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_worker_retire(leaver.worker), HS_ERR_INVALID_HANDLE);
    /* The response is the caller's and outlives worker and thread. */
    CHECK_HAS(hs_response_body(leaver.response), "http-sentinel");
    CHECK_STATUS(hs_response_free(leaver.response), HS_OK);
}

/* Everybody reads one response, then everybody frees it: exactly one of them does. */
#define RACERS 8
static struct {
    pthread_barrier_t start;
    hs_response *response;
    int freed[RACERS];
} race;

static void *race_to_free(void *argument) {
    int *freed = argument;
    pthread_barrier_wait(&race.start);
    const uint16_t status = hs_response_status(race.response);
    CHECK(status == 200 || status == 0);
    const hs_status result = hs_response_free(race.response);
    CHECK(result == HS_OK || result == HS_ERR_INVALID_HANDLE);
    *freed = result == HS_OK;
    return NULL;
}

static void racing_frees(void) {
    hs_worker *worker = open_worker();
    const hs_request_options request = get(url("%s/", address("http")));
    CHECK_INT(pthread_barrier_init(&race.start, NULL, RACERS), 0);
    for (int round = 0; round < 50; round++) {
        pthread_t threads[RACERS];
        int winners = 0;
        race.response = SEND(worker, &request);
        for (int i = 0; i < RACERS; i++) {
            CHECK_INT(pthread_create(&threads[i], NULL, race_to_free, &race.freed[i]), 0);
        }
        for (int i = 0; i < RACERS; i++) {
            CHECK_INT(pthread_join(threads[i], NULL), 0);
            winners += race.freed[i];
        }
        CHECK_INT(winners, 1);
    }
    pthread_barrier_destroy(&race.start);
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    close_worker(open_worker()); /* What a process opens once is open from here on. */
    wrong_thread();
    freed_and_replaced();
    foreign_free();
    retired_by_another();
    retired_by_its_owner();
    open_at_thread_exit(0);
    open_at_thread_exit(1);
    racing_frees();
    return 0;
}
