/* Pools under everything at once: threads that submit, threads that reap, one that cancels, wakes and resizes, streams that
 * are read, read in part and left alone, bodies that are lent, and pools that are drained, or freed while all of that goes
 * on, and made again; over a network with faults, and over a mock for speed. Each request that was accepted gives one
 * completion, each body that was lent is given back once, and in the end nothing is left: no thread, no descriptor.
 *
 *   submissions=N   so many in all (default 3,000)       network=N   so many of 100 over the network (default 50)
 *   pools=N         so many at once (default 2)          each=N      so many requests a pool (default 250)
 *   seed=N          another run */

#include "pool.h"

#include <poll.h>
#include <pthread.h>

#define SUBMITTERS 3
#define REAPERS 3
#define CANCELS 4
#define LENT_BYTES 3000
#define STREAM_BYTES 150000

/* What is asked, and what may come of it when nobody cancels it. */
enum kind { GOOD_ONE, ECHO, LENT, SLOW, RESET, TRUNCATED, STALLED, CLOSED, STREAM, BROKEN_STREAM, LISTENED, LATER, UPLOADED,
            MALFORMED, KINDS };

/* Where a stream is that is read without waiting: nobody has it after it was parked, until it is told that it is readable. */
enum place { OPEN, PARKED, TOLD };

/* One request: written by who submits it, and then by who reaps it. */
struct job {
    enum kind kind;
    int accepted, completed, given_back, stops_listening;
    hs_upload upload;
    unsigned upload_left;
    enum place place;
    hs_response *stream;
    uint64_t streamed, listened;
};

/* One pool, from its beginning to its end. */
struct life {
    hs_pool *pool;
    uint64_t base; /* Of its tags. */
    unsigned count, next;
    int network, ending, parked, told, descriptor;
    hs_cancel *cancels[CANCELS];
    struct job *jobs;
};

struct helper {
    struct life *life;
    uint64_t chance;
    int number;
};

static hs_mock *mock;
static unsigned char lent[LENT_BYTES];
static unsigned long tally[KINDS], outcomes[4], lives[3], streams_read, told_in_all; /* Changed atomically. */

#define LOAD(what) __atomic_load_n(&(what), __ATOMIC_SEQ_CST)
#define STORE(what, value) __atomic_store_n(&(what), value, __ATOMIC_SEQ_CST)
#define ADD(what, more) __atomic_fetch_add(&(what), more, __ATOMIC_SEQ_CST)
#define EXCHANGE(what, value) __atomic_exchange_n(&(what), value, __ATOMIC_SEQ_CST)

static uint64_t draw(uint64_t *chance, uint64_t below) {
    uint64_t value = (*chance += UINT64_C(0x9E3779B97F4A7C15));
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (value ^ (value >> 31)) % below;
}

/* ---- What is asked. */

static void given_back(void *job) { CHECK_INT(ADD(((struct job *)job)->given_back, 1), 0); }

static int32_t listen_to(void *data, const void *bytes, size_t length) {
    struct job *job = data;
    (void)bytes;
    CHECK(LOAD(job->completed) == 0);
    job->listened += length;
    return job->stops_listening;
}

static int32_t upload_more(void *data, void *buffer, size_t capacity, size_t *count) {
    struct job *job = data;
    CHECK(LOAD(job->completed) == 0);
    *count = job->upload_left < capacity ? job->upload_left : capacity;
    memset(buffer, 'u', *count);
    job->upload_left -= (unsigned)*count;
    return 0;
}

static const char *path_of(const struct life *life, enum kind kind, uint64_t *chance) {
    static const char *const mocked[KINDS] = {
        "/good", "/good", "/good", "/slow", "/reset", "/truncated", "/stalled", "/closed", "/stream", "/broken", "/good", "/good",
        "/good", "/good"};
    static const char *const phases[] = {"head", "request", "body"};
    if (!life->network) {
        return url("http://mock.test%s", mocked[kind]);
    }
    const char *base = address(draw(chance, 4) == 0 ? "https" : "http");
    switch (kind) {
    case ECHO: case LENT: case UPLOADED: return url("%s/echo", base);
    case SLOW: return url("%s/delay/%d", base, (int)draw(chance, 20));
    case RESET: return url("http://%s/reset?phase=%s", address("script"), phases[draw(chance, 3)]);
    case TRUNCATED: case BROKEN_STREAM: return url("%s/short?bytes=%d&missing=10", base, (int)draw(chance, 3000) + 20);
    case STALLED: return url("%s%s", base, draw(chance, 2) ? "/stall/head" : "/stall/body?bytes=20");
    case CLOSED: return url("http://%s/", address("closed"));
    case STREAM:
        return draw(chance, 4) == 0 ? url("%s/drip?bytes=%d&chunk=50000&interval_ms=3&chunked=1", base, STREAM_BYTES)
                                    : url("%s/big/%d", base, STREAM_BYTES);
    default: return url("%s/", base);
    }
}

/* The body that the library has to copy is overwritten as soon as it is submitted. */
static void submit_one(struct life *life, unsigned index, uint64_t *chance) {
    struct job *job = &life->jobs[index];
    const enum kind kind = job->kind = (enum kind)draw(chance, KINDS);
    char copied[100];
    hs_request_options request = get(path_of(life, kind, chance));
    request.attempt_timeout_ms = request.idle_timeout_ms = request.timeout_ms = 600000;
    memset(copied, 'c', sizeof copied);
    switch (kind) {
    case ECHO: request.body = bytes(copied, sizeof copied); break;
    case LENT:
        request.body = bytes(lent, sizeof lent);
        request.body_release = given_back;
        request.release_data = job;
        break;
    case STALLED: request.timeout_ms = 1 + draw(chance, 40); break;
    case STREAM: case BROKEN_STREAM: request.flags = HS_STREAM; break;
    case LISTENED:
        job->stops_listening = draw(chance, 3) == 0;
        request.on_body = listen_to;
        request.user_data = job;
        break;
    case LATER: request.start_after_ms = 1 + draw(chance, 30); break;
    case UPLOADED:
        job->upload.struct_size = sizeof job->upload;
        job->upload.length = draw(chance, 2) ? 70000 : 0;
        job->upload.read = upload_more;
        job->upload.user_data = job;
        job->upload_left = 70000;
        request.upload = &job->upload;
        break;
    case MALFORMED:
        request.url = text("nonsense");
        request.body = bytes(lent, sizeof lent);
        request.body_release = given_back;
        request.release_data = job;
        break;
    default: break;
    }
    if (request.body.len == 0 && request.upload == NULL && draw(chance, 10) == 0) {
        request.cancel = life->cancels[draw(chance, CANCELS)];
    }
    hs_error *error = NULL;
    const hs_status status = hs_pool_submit(life->pool, &request, life->base + index, draw(chance, 2) ? &error : NULL);
    memset(copied, 'x', sizeof copied);
    switch (status) {
    case HS_OK:
        CHECK(kind != MALFORMED && error == NULL);
        ADD(tally[kind], 1);
        STORE(job->accepted, 1);
        break;
    case HS_ERR_INVALID_URL: CHECK(kind == MALFORMED); break;
    /* Room is waited for where the pool was made to. */
    case HS_ERR_POOL_FULL: pause_ms(1); break;
    case HS_ERR_POOL_CLOSED: case HS_ERR_INVALID_HANDLE: CHECK(LOAD(life->ending)); break;
    default: FAIL("kind %d: %.*s: %.*s", kind, check_name_length(status), check_name(status),
                  (int)hs_error_message(error).len, hs_error_message(error).data);
    }
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void *submit_all(void *argument) {
    struct helper *helper = argument;
    struct life *life = helper->life;
    for (unsigned index; (index = ADD(life->next, 1)) < life->count;) {
        submit_one(life, index, &helper->chance);
    }
    return NULL;
}

/* ---- What comes of it. */

static int may_be(const struct job *job, hs_status status) {
    switch (status) {
    case HS_ERR_CANCELLED: return 1;
    case HS_ERR_TIMEOUT: return job->kind == STALLED;
    case HS_ERR_CONNECT: return job->kind == CLOSED;
    case HS_ERR_CALLBACK: return job->kind == LISTENED && job->stops_listening;
    case HS_ERR_BODY_TRUNCATED: return job->kind == TRUNCATED || job->kind == BROKEN_STREAM || job->kind == RESET;
    case HS_ERR_RECEIVE: case HS_ERR_CONNECTION_CLOSED: case HS_ERR_SEND: case HS_ERR_HTTP2: case HS_ERR_PROTOCOL:
        return job->kind == RESET || job->kind == TRUNCATED || job->kind == BROKEN_STREAM;
    default: return 0;
    }
}

static void unexpected(const struct life *life, const struct job *job, hs_status status, const hs_error *error) {
    const hs_str message = hs_error_message(error);
    FAIL("kind %d over the %s: %.*s: %.*s", job->kind, life->network ? "network" : "mock", check_name_length(status),
         check_name(status), (int)message.len, message.data);
}

/* Whether it has ended; then it is freed. */
static int read_piece(struct life *life, struct job *job, size_t most, uint64_t wait_ms, int waits) {
    unsigned char buffer[20000];
    size_t count = 0;
    hs_error *error = NULL;
    most = most < sizeof buffer ? most : sizeof buffer;
    const hs_status status = waits ? hs_response_read(job->stream, buffer, most, &count, wait_ms, &error)
                                   : hs_response_try_read(job->stream, buffer, most, &count, &error);
    if (status == HS_OK && count > 0) {
        job->streamed += count;
        return 0;
    }
    if (status == HS_ERR_READ_TIMEOUT || status == HS_ERR_WOULD_BLOCK) {
        CHECK_STATUS(hs_error_free(error), HS_OK);
        return status == HS_ERR_WOULD_BLOCK ? -1 : 0;
    }
    if (status == HS_OK) {
        CHECK(job->kind == STREAM && job->streamed == STREAM_BYTES);
        ADD(streams_read, 1);
    } else if (!may_be(job, status)) {
        unexpected(life, job, status, error);
    }
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_response_free(EXCHANGE(job->stream, NULL)), HS_OK);
    return 1;
}

/* Without waiting, until there is nothing; whoever is told goes on. */
static void read_what_is_there(struct life *life, struct job *job, uint64_t *chance) {
    for (;;) {
        const int ended = read_piece(life, job, 1 + draw(chance, 20000), 0, 0);
        if (ended == 1) {
            return;
        }
        if (ended == -1) {
            ADD(life->parked, 1);
            if (EXCHANGE(job->place, PARKED) == OPEN) {
                return;
            }
            STORE(job->place, OPEN); /* It was told in between. */
        }
    }
}

static void take_stream(struct life *life, struct job *job, hs_response *response, uint64_t *chance) {
    CHECK_INT(hs_response_status(response), 200);
    CHECK(EXCHANGE(job->stream, response) == NULL);
    const uint64_t way = draw(chance, 4);
    if (way == 0) {
        read_what_is_there(life, job, chance);
        return;
    }
    for (uint64_t pieces = way == 1 ? UINT64_MAX : draw(chance, 5); pieces > 0; pieces--) {
        if (read_piece(life, job, 1 + draw(chance, 20000), draw(chance, 10), 1) == 1) {
            return;
        }
    }
    CHECK_STATUS(hs_response_free(EXCHANGE(job->stream, NULL)), HS_OK);
}

static void take_completion(struct life *life, const hs_completion *completion, uint64_t *chance) {
    const uint64_t index = completion->tag - life->base;
    CHECK(index < life->count);
    struct job *job = &life->jobs[index];
    if (completion->kind == HS_COMPLETION_READABLE) {
        CHECK(completion->response == NULL && completion->error == NULL);
        CHECK(ADD(life->told, 1) < LOAD(life->parked) + REAPERS);
        const enum place before = EXCHANGE(job->place, TOLD);
        CHECK(before != TOLD);
        if (before == PARKED) {
            STORE(job->place, OPEN);
            read_what_is_there(life, job, chance);
        }
        return;
    }
    CHECK_INT(ADD(job->completed, 1), 0);
    CHECK((completion->status == HS_OK) == (completion->response != NULL));
    CHECK((completion->status == HS_OK) == (completion->error == NULL));
    if (completion->status != HS_OK) {
        if (!may_be(job, completion->status)) {
            unexpected(life, job, completion->status, completion->error);
        }
        ADD(outcomes[completion->status == HS_ERR_CANCELLED ? 1 : 2], 1);
        CHECK_STATUS(hs_error_free(completion->error), HS_OK);
        return;
    }
    ADD(outcomes[0], 1);
    if (job->kind == STREAM || job->kind == BROKEN_STREAM) {
        take_stream(life, job, completion->response, chance);
        return;
    }
    CHECK(job->kind != RESET && job->kind != TRUNCATED && job->kind != STALLED && job->kind != CLOSED);
    CHECK_INT(hs_response_status(completion->response), 200);
    const hs_str body = hs_response_body(completion->response);
    if (life->network && job->kind == LENT) {
        CHECK(body.len == sizeof lent && memcmp(body.data, lent, sizeof lent) == 0);
    } else if (life->network && job->kind == ECHO) {
        CHECK(body.len == 100 && body.data[0] == 'c' && memcmp(body.data, body.data + 1, 99) == 0);
    } else if (job->kind == LISTENED) {
        CHECK(body.len == 0 && job->listened > 0 && !job->stops_listening);
    }
    CHECK_STATUS(hs_response_free(completion->response), HS_OK);
}

/* The first one waits at the descriptor, the others inside. */
static void *reap_all(void *argument) {
    struct helper *helper = argument;
    struct life *life = helper->life;
    hs_completion completions[64];
    for (;;) {
        if (helper->number == 0 && life->descriptor >= 0) {
            struct pollfd polled = {life->descriptor, POLLIN, 0};
            CHECK(poll(&polled, 1, 5) >= 0);
        }
        const size_t most = 1 + draw(&helper->chance, 64);
        const uint64_t wait = helper->number == 0 ? 0 : draw(&helper->chance, 3) ? draw(&helper->chance, 50) : HS_INFINITE;
        const int last = LOAD(life->ending) == 2;
        size_t count = 99;
        const hs_status status = hs_pool_next(life->pool, completions, most, &count, last ? 0 : wait);
        if (status == HS_ERR_INVALID_HANDLE) {
            CHECK(LOAD(life->ending) != 0);
            return NULL;
        }
        CHECK_STATUS(status, HS_OK);
        CHECK(count <= most);
        for (size_t i = 0; i < count; i++) {
            take_completion(life, &completions[i], &helper->chance);
        }
        if (last && count == 0) {
            return NULL;
        }
    }
}

static void *disturb(void *argument) {
    struct helper *helper = argument;
    struct life *life = helper->life;
    while (LOAD(life->ending) == 0) {
        hs_status status = HS_OK;
        switch (draw(&helper->chance, 13)) {
        case 0: status = hs_pool_wake(life->pool); break;
        case 12: status = hs_pool_close_idle(life->pool); break;
        case 1: {
            hs_pool_options options = pool_options(NULL);
            options.max_threads = 1 + (uint32_t)draw(&helper->chance, 4);
            options.min_threads = 1;
            options.max_in_flight = 5 + (uint32_t)draw(&helper->chance, 100);
            status = hs_pool_resize(life->pool, &options, NULL);
            break;
        }
        case 2:
            if (draw(&helper->chance, 10) == 0) {
                CHECK_STATUS(hs_cancel_trigger(life->cancels[draw(&helper->chance, CANCELS)]), HS_OK);
            }
            break;
        case 3: case 4: {
            hs_pool_counters counters;
            counters.struct_size = sizeof counters;
            status = hs_pool_stats(life->pool, &counters);
            break;
        }
        default: {
            const unsigned next = LOAD(life->next);
            const unsigned far = 1 + (next < 40 ? next : 40);
            status = hs_pool_cancel(life->pool, life->base + next - draw(&helper->chance, far));
            break;
        }
        }
        CHECK(status == HS_OK || status == HS_ERR_NOT_FOUND || (status == HS_ERR_INVALID_HANDLE && LOAD(life->ending)));
        if (draw(&helper->chance, 4) != 0) {
            pause_ms(1);
        }
    }
    return NULL;
}

/* ---- One pool. */

static hs_pool *new_pool(const struct life *life, uint64_t *chance) {
    hs_worker_options worker = defaults();
    worker.mock = life->network ? NULL : mock;
    worker.max_attempts = 1;
    hs_pool_options options = pool_options(&worker);
    options.max_threads = 1 + (uint32_t)draw(chance, 3);
    options.max_in_flight = 5 + (uint32_t)draw(chance, 100);
    options.max_in_flight_per_origin = 3 + (uint32_t)draw(chance, 100);
    options.max_queued = 10 + (uint32_t)draw(chance, 300);
    options.submit_timeout_ms = draw(chance, 3) ? HS_INFINITE : draw(chance, 2) * 3;
    options.idle_thread_ms = draw(chance, 2) ? 1 : 0;
    return open_pool(&options);
}

static void begin_thread(pthread_t *thread, void *(*body)(void *), struct helper *helper) {
    CHECK_INT(pthread_create(thread, NULL, body, helper), 0);
}

/* Drained with patience, drained without, or freed while all others are at it. */
static void end_pool(struct life *life, int way, pthread_t *submitters, pthread_t *reapers, pthread_t disturber) {
    if (way == 2) {
        STORE(life->ending, 1);
        CHECK_STATUS(hs_pool_free(life->pool), HS_OK);
    }
    for (int i = 0; i < SUBMITTERS && way == 0; i++) {
        CHECK_INT(pthread_join(submitters[i], NULL), 0);
    }
    if (way != 2) {
        STORE(life->ending, 1);
        const hs_status status = hs_pool_drain(life->pool, way == 0 ? HS_INFINITE : 1);
        CHECK(status == HS_OK || (way == 1 && status == HS_ERR_TIMEOUT));
        STORE(life->ending, 2);
        CHECK_STATUS(hs_pool_wake(life->pool), HS_OK);
        for (int i = 0; i < REAPERS; i++) {
            CHECK_STATUS(hs_pool_wake(life->pool), HS_OK);
        }
    }
    for (int i = 0; i < SUBMITTERS && way != 0; i++) {
        CHECK_INT(pthread_join(submitters[i], NULL), 0);
    }
    CHECK_INT(pthread_join(disturber, NULL), 0);
    for (int i = 0; i < REAPERS; i++) {
        /* Who was not waiting yet hears it now. */
        while (way != 2 && pthread_tryjoin_np(reapers[i], NULL) != 0) {
            CHECK_STATUS(hs_pool_wake(life->pool), HS_OK);
            pause_ms(1);
        }
        if (way == 2) {
            CHECK_INT(pthread_join(reapers[i], NULL), 0);
        }
    }
}

static void check_jobs(struct life *life, int way) {
    uint64_t accepted = 0, completed = 0;
    for (unsigned i = 0; i < life->count; i++) {
        struct job *job = &life->jobs[i];
        accepted += (uint64_t)job->accepted;
        completed += (uint64_t)job->completed;
        CHECK(job->completed <= job->accepted);
        if (job->stream != NULL) {
            CHECK(way == 2);
            CHECK_STATUS(hs_response_free(job->stream), HS_OK);
        }
    }
    if (way != 2) {
        CHECK_INT(completed, accepted);
        CHECK_INT(life->told, life->parked);
        const hs_pool_counters counters = stats_of(life->pool);
        CHECK_INT(counters.accepted, accepted);
        CHECK(counters.queued == 0 && counters.in_flight == 0 && counters.unreaped == 0);
        CHECK_INT(counters.completed, accepted);
        CHECK(counters.reaped >= accepted);
        CHECK_STATUS(hs_pool_free(life->pool), HS_OK);
    }
    for (unsigned i = 0; i < life->count; i++) {
        const struct job *job = &life->jobs[i];
        CHECK_INT(LOAD(job->given_back), job->kind == LENT && job->accepted);
    }
    CHECK_STATUS(hs_pool_free(life->pool), HS_ERR_INVALID_HANDLE);
}

static void live(uint64_t base, unsigned count, int network, uint64_t chance) {
    struct life life;
    memset(&life, 0, sizeof life);
    life.base = base;
    life.count = count;
    life.network = network;
    life.jobs = calloc(count, sizeof *life.jobs);
    CHECK(life.jobs != NULL);
    for (int i = 0; i < CANCELS; i++) {
        CHECK_STATUS(hs_cancel_new(&life.cancels[i]), HS_OK);
    }
    life.pool = new_pool(&life, &chance);
    life.descriptor = draw(&chance, 2) ? hs_pool_fd(life.pool) : -1;
    pthread_t submitters[SUBMITTERS], reapers[REAPERS], disturber;
    struct helper helpers[SUBMITTERS + REAPERS + 1];
    for (int i = 0; i < SUBMITTERS + REAPERS + 1; i++) {
        helpers[i].life = &life;
        helpers[i].chance = draw(&chance, UINT64_MAX);
        helpers[i].number = i < SUBMITTERS ? i : i - SUBMITTERS;
    }
    for (int i = 0; i < SUBMITTERS; i++) {
        begin_thread(&submitters[i], submit_all, &helpers[i]);
    }
    for (int i = 0; i < REAPERS; i++) {
        begin_thread(&reapers[i], reap_all, &helpers[SUBMITTERS + i]);
    }
    begin_thread(&disturber, disturb, &helpers[SUBMITTERS + REAPERS]);
    const int way = draw(&chance, 2) ? 0 : 1 + (int)draw(&chance, 2);
    const unsigned until = way == 0 ? 0 : (unsigned)draw(&chance, count);
    while (LOAD(life.next) < until) {
        pause_ms(1);
    }
    end_pool(&life, way, submitters, reapers, disturber);
    check_jobs(&life, way);
    for (int i = 0; i < CANCELS; i++) {
        CHECK_STATUS(hs_cancel_free(life.cancels[i]), HS_OK);
    }
    ADD(lives[way], 1);
    ADD(told_in_all, (unsigned long)life.told);
    free(life.jobs);
}

static uint64_t given_out;

static void *pools_one_after_another(void *argument) {
    const uint64_t all = (uint64_t)number("submissions", 3000), each = (uint64_t)number("each", 250);
    const uint64_t network = all * (uint64_t)number("network", 50) / 100;
    uint64_t chance = (uint64_t)number("seed", 1) * 1000 + (uint64_t)(uintptr_t)argument;
    for (uint64_t from; (from = ADD(given_out, each)) < all;) {
        const uint64_t left = all - from;
        live(from, (unsigned)(left < each ? left : each), from < network, draw(&chance, UINT64_MAX));
    }
    return NULL;
}

/* ---- The mock, and the end. */

static void add_rule(const char *path, size_t body_bytes, uint64_t delay_ms, hs_status failure, uint32_t status, uint32_t flags) {
    static char body[STREAM_BYTES];
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.flags = flags;
    rule.url = text(path);
    rule.status = status;
    rule.failure = failure;
    rule.delay_ms = delay_ms;
    rule.answer_body = bytes(body, body_bytes);
    rule.piece_bytes = body_bytes == STREAM_BYTES ? 40000 : 0;
    rule.piece_delay_ms = body_bytes == STREAM_BYTES ? 1 : 0;
    rule.after_bytes = body_bytes == 100 ? 10 : 0;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
}

static void make_mock(void) {
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    add_rule("/good", 500, 0, HS_OK, 200, 0);
    add_rule("/slow", 10, 3, HS_OK, 200, 0);
    add_rule("/reset", 0, 0, HS_ERR_RECEIVE, 0, 0);
    add_rule("/truncated", 100, 0, HS_ERR_BODY_TRUNCATED, 200, 0);
    add_rule("/stalled", 100, 0, HS_OK, 200, HS_MOCK_STALL);
    add_rule("/closed", 0, 0, HS_ERR_CONNECT, 0, 0);
    add_rule("/stream", STREAM_BYTES, 0, HS_OK, 200, 0);
    add_rule("/broken", 100, 0, HS_ERR_BODY_TRUNCATED, 200, 0);
}

static long thread_count(void) {
    DIR *folder = opendir("/proc/self/task");
    CHECK(folder != NULL);
    long count = -2;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

int main(int count, char **arguments) {
    begin(count, arguments);
    make_mock();
    for (size_t i = 0; i < sizeof lent; i++) {
        lent[i] = (unsigned char)(i * 7);
    }
    /* What a process has for good is there from now on. */
    hs_worker *worker = open_worker();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    close_pool(default_pool());
    const int descriptors = open_descriptors();
    const long threads = thread_count();

    const uint64_t start = now_ns();
    const size_t pools = (size_t)number("pools", 2);
    pthread_t runners[64];
    CHECK(pools <= 64);
    for (size_t i = 0; i < pools; i++) {
        CHECK_INT(pthread_create(&runners[i], NULL, pools_one_after_another, (void *)(uintptr_t)(i + 1)), 0);
    }
    for (size_t i = 0; i < pools; i++) {
        CHECK_INT(pthread_join(runners[i], NULL), 0);
    }
    CHECK_STATUS(hs_mock_free(mock), HS_OK);
    CHECK_INT(thread_count(), threads);
    CHECK_INT(open_descriptors(), descriptors);
    unsigned long accepted = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        accepted += tally[kind];
        CHECK(kind == MALFORMED ? tally[kind] == 0 : tally[kind] > 0);
    }
    printf("pool_torture: %ld submissions to %lu pools in %.1f s, %lu accepted: %lu answered, %lu cancelled, %lu failed; "
           "%lu streams read to their ends, %lu times told; %lu pools drained, %lu cut short, %lu freed amid it all\n",
           number("submissions", 3000), lives[0] + lives[1] + lives[2], (double)(now_ns() - start) / 1e9, accepted,
           outcomes[0], outcomes[1], outcomes[2], streams_read, told_in_all, lives[0], lives[1], lives[2]);
    return 0;
}
