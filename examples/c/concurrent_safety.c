// Many threads, each with a worker of its own, each answer verified, and now and then a forbidden step: using the
// worker of another thread, which must be refused.
//
//   concurrent_safety --url BASE [--threads 50] [--requests 100]      BASE is the project's test server
//
// --requests is for each thread. Exits with 0 only if every request succeeded, every answer was the one to the question
// asked, and every attempt on another thread's worker was refused.
#define _POSIX_C_SOURCE 200809L
#include <http_sentinel.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CROSS_EVERY = 10, MOST_REPORTS = 10, BIG_BODY = 100000 };

typedef struct {
    pthread_t id;
    int number;
    hs_worker *worker;    // written before the first gate, read by others between the gates
    uint64_t *latencies;  // one for each request
    char marker[64];      // what this thread's current request carries, and its answer must carry too
} client;

static const char *base;
static long threads = 50, requests = 100;
static client *clients;

// What all threads add to, under one lock.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t all_here;
    long waiting, gates_passed;
    long done, succeeded, failed, crossed, tries, refused, reports;
    double started;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER, .all_here = PTHREAD_COND_INITIALIZER};

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Waits until every thread has come here. (Some systems have no pthread_barrier_t.)
static void gate(void) {
    pthread_mutex_lock(&shared.lock);
    long mine = shared.gates_passed;
    if (++shared.waiting == threads) {
        shared.waiting = 0;
        shared.gates_passed++;
        pthread_cond_broadcast(&shared.all_here);
    }
    while (shared.gates_passed == mine) pthread_cond_wait(&shared.all_here, &shared.lock);
    pthread_mutex_unlock(&shared.lock);
}

static void complain(const client *c, const char *what, hs_status status, const char *text, size_t len) {
    pthread_mutex_lock(&shared.lock);
    if (shared.reports++ < MOST_REPORTS) {
        hs_str name = hs_status_name(status);
        fprintf(stderr, "thread %d: %s: %.*s %.*s\n", c->number, what, (int)name.len, name.data ? name.data : "",
                (int)(len < 300 ? len : 300), text ? text : "");
    }
    pthread_mutex_unlock(&shared.lock);
}

// ---- What is asked, and how the answer is verified ------------------------------------------------------------------

typedef struct {
    const char *method;
    const char *path;
    enum { NO_BODY, MARKER, BIG, TWO_HEADERS, TO_CALLBACK } send; // TO_CALLBACK: the marker, and the answer to on_body
    uint16_t status;
    enum { STATUS_ONLY, MIRROR, MIRROR_HEADERS, SAME_BODY, HEAD_ONLY, REPEATED } answer;
} question;

static const question questions[] = {
    {"GET", "/get?", NO_BODY, 200, MIRROR},
    {"POST", "/anything?", MARKER, 200, MIRROR},
    {"PUT", "/anything/put?", MARKER, 200, MIRROR},
    {"GET", "/status/404?", NO_BODY, 404, STATUS_ONLY}, // a success: a status is never an error
    {"DELETE", "/anything/delete?", NO_BODY, 200, MIRROR},
    {"", "/echo?", MARKER, 200, SAME_BODY}, // no method but a body is a POST
    {"HEAD", "/get?", NO_BODY, 200, HEAD_ONLY},
    {"PATCH", "/anything/patch?", MARKER, 200, MIRROR},
    {"GET", "/delay/5?", NO_BODY, 200, STATUS_ONLY},
    {"GET", "/headers?", TWO_HEADERS, 200, MIRROR_HEADERS},
    {"OPTIONS", "/anything?", NO_BODY, 200, MIRROR},
    {"GET", "/response?header=X-Twice:one&header=X-Twice:two&", NO_BODY, 200, REPEATED},
    {"PUT", "/echo?", TO_CALLBACK, 200, STATUS_ONLY},
    {"POST", "/echo?", BIG, 200, SAME_BODY},
    {"GET", "/status/503?", NO_BODY, 503, STATUS_ONLY},
    {"PURGE", "/anything?", NO_BODY, 200, MIRROR},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static int contains(hs_str text, const char *part) {
    size_t len = strlen(part);
    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.data + i, part, len) == 0) return 1;
    return 0;
}

static int equals(hs_str text, const char *data, size_t len) {
    return text.len == len && (len == 0 || memcmp(text.data, data, len) == 0);
}

static hs_str field(const hs_response *response, const char *name, size_t nth) {
    return hs_response_header(response, (hs_str){name, HS_NTS}, nth);
}

static int verified(const client *c, const question *q, hs_str sent, const hs_response *response) {
    hs_str body = hs_response_body(response);
    char text[200];
    if (hs_response_status(response) != q->status) return 0;
    switch (q->answer) {
    case STATUS_ONLY: return 1;
    case MIRROR: // what the server says that it received: the method, and the marker in URL and body
        snprintf(text, sizeof text, "\"method\":\"%s\"", q->method);
        if (!contains(body, text) || !contains(body, c->marker)) return 0;
        snprintf(text, sizeof text, "\"body\":\"%.*s\"", (int)sent.len, sent.data ? sent.data : "");
        return contains(body, text);
    case MIRROR_HEADERS:
        snprintf(text, sizeof text, "[\"x-marker\",\"%s\"],[\"x-marker\",\"%s\"]", c->marker, c->marker);
        return contains(body, text);
    case SAME_BODY: return equals(body, sent.data, sent.len);
    case HEAD_ONLY: return body.len == 0 && field(response, "Content-Length", 0).len >= 3;
    case REPEATED:
        return equals(field(response, "x-twice", 0), "one", 3) && equals(field(response, "X-Twice", 1), "two", 3) &&
               field(response, "X-Twice", 2).data == NULL;
    }
    return 0;
}

// A body that is received piece by piece and compared on the way.
typedef struct {
    const char *expected;
    size_t received;
} stream;

static int32_t on_body(void *user_data, const void *data, size_t len) {
    stream *s = user_data;
    if (len > strlen(s->expected) - s->received || memcmp(s->expected + s->received, data, len) != 0) return 1;
    s->received += len;
    return 0;
}

// ---- One request ----------------------------------------------------------------------------------------------------

// Whether an answer carries the marker of another thread's request: the worst that could happen.
static int crossed(const client *c, hs_str body) {
    static const char start[] = "marker-";
    for (size_t i = 0; i + sizeof start - 1 < body.len; i++) {
        if (memcmp(body.data + i, start, sizeof start - 1) != 0) continue;
        int number = 0;
        for (size_t at = i + sizeof start - 1; at < body.len && body.data[at] >= '0' && body.data[at] <= '9'; at++)
            number = number * 10 + (body.data[at] - '0');
        if (number != c->number) return 1;
    }
    return 0;
}

static void ask(client *c, long sequence, char *big) {
    const question *q = &questions[(c->number + sequence) % QUESTIONS];
    char url[512];
    char letter = (char)('a' + (c->number + sequence) % 26);
    snprintf(c->marker, sizeof c->marker, "marker-%d-%ld-%c", c->number, sequence, letter);
    snprintf(url, sizeof url, "%s%sm=%s", base, q->path, c->marker);

    hs_header headers[2];
    memset(headers, 0, sizeof headers);
    headers[0].name = headers[1].name = (hs_str){"x-marker", HS_NTS};
    headers[0].value = headers[1].value = (hs_str){c->marker, HS_NTS};
    stream body = {c->marker, 0};

    hs_request_options request = {.struct_size = sizeof request, .method = {q->method, HS_NTS}, .url = {url, HS_NTS}};
    if (q->send == TWO_HEADERS) {
        request.headers = headers;
        request.header_count = 2;
    } else if (q->send == BIG) {
        memset(big, letter, BIG_BODY);
        request.body = (hs_str){big, BIG_BODY};
    } else if (q->send != NO_BODY) {
        request.body = (hs_str){c->marker, strlen(c->marker)};
    }
    if (q->send == TO_CALLBACK) {
        request.on_body = on_body;
        request.user_data = &body;
    }

    hs_response *response = NULL;
    hs_error *error = NULL;
    uint64_t asked = now_ns();
    hs_status status = hs_request(c->worker, &request, &response, &error);
    c->latencies[sequence] = now_ns() - asked;

    int good = 0, mixed_up = 0;
    if (status != HS_OK) {
        hs_str message = hs_error_message(error);
        complain(c, q->path, status, message.data, message.len);
        hs_error_free(error);
    } else {
        hs_str text = hs_response_body(response);
        mixed_up = crossed(c, text);
        good = !mixed_up && verified(c, q, request.body, response) &&
               (q->send != TO_CALLBACK || body.received == request.body.len);
        const char *why = mixed_up ? "another thread's answer" : "not the answer expected";
        if (!good) complain(c, why, status, text.data, text.len);
        if (hs_response_free(response) != HS_OK) good = 0;
    }

    pthread_mutex_lock(&shared.lock);
    shared.done++;
    if (good) shared.succeeded++;
    else shared.failed++;
    shared.crossed += mixed_up;
    long all = threads * requests;
    if (shared.done * 10 / all != (shared.done - 1) * 10 / all) {
        double seconds = (double)now_ns() / 1e9 - shared.started;
        printf("%3ld %%  %ld requests, %ld failed, %.0f requests/s\n", shared.done * 100 / all, shared.done,
               shared.failed, (double)shared.done / seconds);
        fflush(stdout);
    }
    pthread_mutex_unlock(&shared.lock);
}

// ---- The forbidden step ---------------------------------------------------------------------------------------------

// Uses, then frees, the worker of the next thread. Both must be refused, and change nothing there.
static void try_to_cross(const client *c) {
    hs_worker *neighbour = clients[(c->number + 1) % threads].worker;
    char url[512];
    snprintf(url, sizeof url, "%s/anything", base);
    hs_request_options request = {.struct_size = sizeof request, .url = {url, HS_NTS}};
    hs_response *response = NULL;
    hs_error *error = NULL;
    hs_status used = hs_request(neighbour, &request, &response, &error);
    int refused = used == HS_ERR_WRONG_THREAD && response == NULL && hs_error_status(error) == HS_ERR_WRONG_THREAD;
    hs_error_free(error);
    hs_response_free(response);
    hs_status freed = hs_worker_free(neighbour);

    pthread_mutex_lock(&shared.lock);
    shared.tries += 2;
    shared.refused += refused + (freed == HS_ERR_WRONG_THREAD);
    shared.crossed += (used == HS_OK) + (freed == HS_OK);
    pthread_mutex_unlock(&shared.lock);
}

// ---- Threads --------------------------------------------------------------------------------------------------------

static void *run(void *argument) {
    client *c = argument;
    hs_error *error = NULL;
    hs_status status = hs_worker_new(NULL, &c->worker, &error);
    if (status != HS_OK) {
        hs_str message = hs_error_message(error);
        complain(c, "hs_worker_new", status, message.data, message.len);
        hs_error_free(error);
    }
    char *big = malloc(BIG_BODY);
    if (!big) abort();
    gate(); // from here on every thread sees every worker

    for (long i = 0; i < requests; i++) {
        if (threads > 1 && (c->number + i) % CROSS_EVERY == 0) try_to_cross(c);
        ask(c, i, big);
    }

    gate(); // nobody looks at another thread's worker any more
    free(big);
    status = hs_worker_free(c->worker);
    if (status != HS_OK) {
        complain(c, "hs_worker_free", status, NULL, 0);
        pthread_mutex_lock(&shared.lock);
        shared.failed++;
        pthread_mutex_unlock(&shared.lock);
    }
    return NULL;
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int usage(const char *program) {
    fprintf(stderr, "usage: %s --url BASE [--threads 50] [--requests 100]\n", program);
    return 2;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return usage(argv[0]);
        if (strcmp(argv[i], "--url") == 0) base = argv[i + 1];
        else if (strcmp(argv[i], "--threads") == 0) threads = atol(argv[i + 1]);
        else if (strcmp(argv[i], "--requests") == 0) requests = atol(argv[i + 1]);
        else return usage(argv[0]);
    }
    if (!base || strlen(base) > 300 || threads < 1 || threads > 10000 || requests < 1 || requests > 100000000 / threads)
        return usage(argv[0]);

    size_t all = (size_t)(threads * requests);
    uint64_t *latencies = calloc(all, sizeof *latencies);
    clients = calloc((size_t)threads, sizeof *clients);
    if (!latencies || !clients) abort();

    printf("%ld threads, %ld requests each, %d kinds of request\n", threads, requests, (int)QUESTIONS);
    fflush(stdout);
    shared.started = (double)now_ns() / 1e9;
    for (long i = 0; i < threads; i++) {
        clients[i].number = (int)i;
        clients[i].latencies = latencies + i * requests;
        if (pthread_create(&clients[i].id, NULL, run, &clients[i]) != 0) abort();
    }
    for (long i = 0; i < threads; i++) pthread_join(clients[i].id, NULL);
    double seconds = (double)now_ns() / 1e9 - shared.started;

    qsort(latencies, all, sizeof *latencies, compare);
    printf("latency: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms; %.0f requests/s\n",
           (double)latencies[(all - 1) * 50 / 100] / 1e6, (double)latencies[(all - 1) * 90 / 100] / 1e6,
           (double)latencies[(all - 1) * 99 / 100] / 1e6, (double)latencies[all - 1] / 1e6, (double)all / seconds);
    printf("%ld succeeded, %ld failed, %ld crossed threads (%ld tries to use another thread's worker, %ld refused)\n",
           shared.succeeded, shared.failed, shared.crossed, shared.tries, shared.refused);
    free(clients);
    free(latencies);
    int well = shared.succeeded == threads * requests && shared.failed == 0 && shared.crossed == 0 &&
               shared.refused == shared.tries && (threads == 1 || shared.tries > 0);
    return well ? 0 : 1;
}
