/* A pool whose server is killed, stops answering, or moves to another address: every request has one completion, which says
 * the truth about whether the server may have seen it, and the pool needs nobody's help to go on. */

#include "client.h"
#include "killable.h"
#include "resolver.h"

#define MOST 400

static long each;
static int port;
/* The number of a request is its tag and its name in the URL. */
static uint64_t next_id = 1;
static char ended[KILLABLE_MOST_REQUESTS];

struct tally {
    long good, connect, unsure, unsent, timeouts;
};

static hs_pool *open_pool(const hs_worker_options *worker) {
    hs_pool_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.worker = worker;
    options.max_threads = options.min_threads = 2;
    options.max_in_flight = options.max_in_flight_per_origin = 2 * MOST;
    hs_pool *pool = NULL;
    CHECK_STATUS(hs_pool_new(&options, &pool, NULL), HS_OK);
    return pool;
}

static void close_pool(hs_pool *pool) { CHECK_STATUS(hs_pool_free(pool), HS_OK); }

/* Every other one is a POST, which must never be sent twice. */
static void submit(hs_pool *pool, const char *host, const char *what, uint64_t attempt_ms) {
    const uint64_t id = next_id++;
    CHECK(id < KILLABLE_MOST_REQUESTS);
    const char *target = url("http://%s:%d/%s/%" PRIu64, host, port, what, id);
    hs_request_options request = id % 2 == 0 ? get(target) : post(target, "an order");
    request.attempt_timeout_ms = attempt_ms;
    CHECK_STATUS(hs_pool_submit(pool, &request, id, NULL), HS_OK);
}

static void submit_many(hs_pool *pool, long count, const char *host, const char *what, uint64_t attempt_ms) {
    for (long i = 0; i < count; i++) {
        submit(pool, host, what, attempt_ms);
    }
}

static void failed(const hs_completion *completion, struct tally *tally) {
    hs_error_info info;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    CHECK(completion->response == NULL);
    CHECK_STATUS(hs_error_status(completion->error), completion->status);
    CHECK_STATUS(hs_error_details(completion->error, &info), HS_OK);
    CHECK(info.request_sent != HS_SENT_YES); /* This server answers whole or not at all. */
    tally->connect += completion->status == HS_ERR_CONNECT;
    tally->timeouts += completion->status == HS_ERR_ATTEMPT_TIMEOUT;
    tally->unsure += info.request_sent == HS_SENT_MAYBE;
    tally->unsent += info.request_sent == HS_SENT_NO;
    if (info.request_sent == HS_SENT_NO && killable_seen[completion->tag] != 0) {
        const hs_str message = hs_error_message(completion->error);
        FAIL("not sent, and yet seen: %.*s", (int)message.len, message.data);
    }
}

/* Reaps exactly so many, each of them for the first time. */
static void reap(hs_pool *pool, long count, struct tally *tally, int last_byte) {
    while (count > 0) {
        hs_completion completions[64];
        size_t got = 0;
        CHECK_STATUS(hs_pool_next(pool, completions, count < 64 ? (size_t)count : 64, &got, HS_INFINITE), HS_OK);
        for (size_t i = 0; i < got; i++) {
            const uint64_t id = completions[i].tag;
            CHECK(id > 0 && id < next_id && !ended[id]);
            ended[id] = 1;
            if (completions[i].status == HS_OK) {
                CHECK_INT(hs_response_status(completions[i].response), 200);
                CHECK(killable_seen[id] > 0);
                CHECK(last_byte == 0 || metrics_of(completions[i].response).peer.ip[3] == last_byte);
                tally->good++;
            } else {
                failed(&completions[i], tally);
            }
            CHECK(id % 2 == 0 || killable_seen[id] <= 1);
            CHECK_STATUS(hs_response_free(completions[i].response), HS_OK);
            CHECK_STATUS(hs_error_free(completions[i].error), HS_OK);
        }
        count -= (long)got;
    }
}

static void nothing_is_left(hs_pool *pool) {
    hs_completion completion;
    size_t got = 1;
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &got, 0), HS_OK);
    CHECK_INT(got, 0);
}

static void all_is_well(hs_pool *pool, const char *host, int last_byte) {
    struct tally tally = {0};
    submit_many(pool, each, host, "now", 60000);
    reap(pool, each, &tally, last_byte);
    CHECK_INT(tally.good, each);
}

/* The server dies with all of them in its hands, is away, and comes back. */
static void killed(void) {
    const hs_worker_options options = defaults();
    hs_pool *pool = open_pool(&options);
    struct tally tally = {0};
    all_is_well(pool, "127.0.0.1", 1);
    submit_many(pool, each, "127.0.0.1", "hold", 60000);
    killable_await(each);
    killable_do('k', 1, port);
    reap(pool, each, &tally, 0);
    CHECK_INT(tally.good, 0);
    CHECK_INT(tally.unsure, each);

    memset(&tally, 0, sizeof tally);
    submit_many(pool, each, "127.0.0.1", "now", 60000);
    reap(pool, each, &tally, 0);
    CHECK_INT(tally.connect, each);
    CHECK_INT(tally.unsent, each);

    killable_do('+', 1, port);
    all_is_well(pool, "127.0.0.1", 1);
    nothing_is_left(pool);
    close_pool(pool);
}

/* Killed over and over in the midst of traffic, with the retries that everybody has. */
static void killed_in_traffic(void) {
    const long kills = number("kills", 5);
    hs_worker_options options = defaults();
    options.max_attempts = 0;
    hs_pool *pool = open_pool(&options);
    struct tally tally = {0};
    submit_many(pool, each, "127.0.0.1", "now", 60000);
    for (long kill = 0; kill < kills; kill++) {
        for (long turn = 0; turn < 4 * each; turn++) {
            reap(pool, 1, &tally, 0);
            submit(pool, "127.0.0.1", "now", 60000);
            if (turn == 2 * each) {
                killable_do('k', 1, port);
            }
            if (turn == 2 * each + each / 2) {
                killable_do('+', 1, port);
            }
        }
    }
    reap(pool, each, &tally, 0);
    nothing_is_left(pool);
    printf("pool_recovery: killed %ld times in traffic: %ld answered, %ld surely not sent, %ld perhaps\n", kills,
           tally.good, tally.unsent, tally.unsure);
    CHECK_INT(tally.good + tally.unsent + tally.unsure, each + 4 * each * kills);
    CHECK(tally.good >= each * kills);
    all_is_well(pool, "127.0.0.1", 1);
    close_pool(pool);
}

/* The process is there and does nothing: its kernel takes connections and bytes. */
static void half_open(void) {
    const hs_worker_options options = defaults();
    hs_pool *pool = open_pool(&options);
    struct tally tally = {0};
    all_is_well(pool, "127.0.0.1", 1);
    killable_do('s', 1, port);
    const uint64_t first = next_id, start = now_ns();
    submit_many(pool, each, "127.0.0.1", "now", 300);
    reap(pool, each, &tally, 0);
    CHECK_INT(tally.timeouts, each);
    CHECK(now_ns() - start >= UINT64_C(300000000));
    for (uint64_t id = first; id < next_id; id++) {
        CHECK_INT(killable_seen[id], 0);
    }
    killable_do('c', 1, port);
    all_is_well(pool, "127.0.0.1", 1);
    nothing_is_left(pool);
    close_pool(pool);
}

/* A listener that never takes a byte: the body fills what the kernels hold, and then stops. */
static void never_reads(void) {
    enum { LENGTH = 8 << 20, COUNT = 8 };
    static char body[LENGTH];
    int silent = 0;
    const int listener = killable_listen(1, &silent);
    CHECK(listener >= 0);
    const hs_worker_options options = defaults();
    hs_pool *pool = open_pool(&options);
    struct tally tally = {0};
    for (int i = 0; i < COUNT; i++) {
        hs_request_options request = get(url("http://127.0.0.1:%d/", silent));
        request.method = text("POST");
        request.body = bytes(body, LENGTH);
        request.attempt_timeout_ms = 3000; /* Each is to send something before. */
        CHECK_STATUS(hs_pool_submit(pool, &request, next_id++, NULL), HS_OK);
    }
    reap(pool, COUNT, &tally, 0);
    CHECK_INT(tally.timeouts, COUNT);
    CHECK_INT(tally.unsure, COUNT);
    close(listener);
    all_is_well(pool, "127.0.0.1", 1);
    close_pool(pool);
}

/* The name is at another address from now on, and who was there is gone: found by a flush, or by the answer's age. */
static void moved(int by_flush) {
    const char *host = by_flush ? "flushed.moving.test" : "aged.moving.test";
    hs_dns_options dns;
    memset(&dns, 0, sizeof dns);
    dns.struct_size = sizeof dns;
    dns.cache_ms = by_flush ? HS_INFINITE : 1;
    hs_worker_options options = defaults();
    options.dns = &dns;
    options.max_attempts = 0;
    hs_pool *pool = open_pool(&options);
    resolver_move("127.0.0.1");
    all_is_well(pool, host, 1);
    killable_do('+', 2, port);
    resolver_move("127.0.0.2");
    killable_do('k', 1, port);
    if (by_flush) {
        CHECK_STATUS(hs_dns_flush(), HS_OK);
    }
    all_is_well(pool, host, 2);
    killable_do('k', 2, port);
    killable_do('+', 1, port);
    nothing_is_left(pool);
    close_pool(pool);
}

/* The old address still answers: connections to it are used until they are as old as they may get. */
static void moved_and_left_behind(void) {
    hs_dns_options dns;
    memset(&dns, 0, sizeof dns);
    dns.struct_size = sizeof dns;
    dns.flags = HS_DNS_NO_CACHE;
    hs_worker_options options = defaults();
    options.dns = &dns;
    options.connection_life_ms = 1000;
    hs_pool *pool = open_pool(&options);
    resolver_move("127.0.0.1");
    all_is_well(pool, "left.moving.test", 1);
    killable_do('+', 2, port);
    resolver_move("127.0.0.2");
    for (int last_byte = 1; last_byte != 2;) {
        hs_completion completion;
        size_t got = 0;
        submit(pool, "left.moving.test", "now", 60000);
        CHECK_STATUS(hs_pool_next(pool, &completion, 1, &got, HS_INFINITE), HS_OK);
        CHECK_INT(got, 1);
        CHECK_STATUS(completion.status, HS_OK);
        last_byte = metrics_of(completion.response).peer.ip[3];
        CHECK_STATUS(hs_response_free(completion.response), HS_OK);
    }
    killable_do('k', 2, port);
    close_pool(pool);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    killable_begin();
    each = number("each", 300);
    CHECK(each >= 2 && each <= MOST);
    port = killable_do('+', 1, 0);
    killed();
    killed_in_traffic();
    half_open();
    never_reads();
    moved(1);
    moved(0);
    moved_and_left_behind();
    killable_end();
    return 0;
}
