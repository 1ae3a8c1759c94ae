/* Rate limiters by themselves: what each mode lets through and when, in virtual time; and in the machine's, threads that
 * are served in the order of their arrival, counts that are exact however many of them want the same, and waits that are
 * given up. */

#include "client.h"

#include <pthread.h>
#include <sched.h>

#define MS UINT64_C(1000000)
#define MINUTE (60000 * MS)
#define MOST_THREADS 64

static hs_simulation *simulation;

static hs_limiter_options with_limit(uint32_t limit) {
    hs_limiter_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.limit = limit;
    options.simulation = simulation;
    return options;
}

static hs_limiter *made(const hs_limiter_options *options) {
    hs_limiter *limiter = NULL;
    hs_error *error = NULL;
    const hs_status status = hs_limiter_new(options, &limiter, &error);
    if (status != HS_OK) {
        FAIL("%.*s", (int)hs_error_message(error).len, hs_error_message(error).data);
    }
    CHECK(error == NULL);
    return limiter;
}

static hs_status take(hs_limiter *limiter, uint32_t cost) {
    return hs_limiter_try_acquire(limiter, text("k"), cost, NULL, NULL);
}

static hs_status wait_for(hs_limiter *limiter, uint64_t timeout_ms) {
    return hs_limiter_acquire(limiter, text("k"), 1, timeout_ms, NULL, NULL, NULL);
}

static int take_all(hs_limiter *limiter) {
    int count = 0;
    while (take(limiter, 1) == HS_OK) {
        count++;
    }
    return count;
}

static hs_limiter_info state(hs_limiter *limiter) {
    hs_limiter_info info;
    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_limiter_state(limiter, text("k"), &info), HS_OK);
    return info;
}

static void options_that_cannot_be(void) {
    static const struct {
        size_t offset;
        uint64_t value;
        size_t size;
        const char *part;
    } wrong[] = {
        {offsetof(hs_limiter_options, limit), 0, 4, "limit is 0"},
        {offsetof(hs_limiter_options, flags), 2, 4, "hs_limiter_options.flags"},
        {offsetof(hs_limiter_options, mode), 4, 4, "hs_limiter_options.mode is 4"},
        {offsetof(hs_limiter_options, period_ms), HS_INFINITE, 8, "hs_limiter_options.period_ms"},
        {offsetof(hs_limiter_options, window_margin_ms), HS_INFINITE, 8, "window_margin_ms"},
        {offsetof(hs_limiter_options, burst), 201, 4, "burst is 201"},
        {offsetof(hs_limiter_options, reset_format), 6, 4, "reset_format is 6"},
        {offsetof(hs_limiter_options, learn_max_ms), HS_INFINITE, 8, "learn_max_ms"},
        {offsetof(hs_limiter_options, learn_jitter_ms), HS_INFINITE, 8, "learn_jitter_ms"},
        {offsetof(hs_limiter_options, throttle_ms), HS_INFINITE, 8, "throttle_ms"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        hs_limiter_options options = with_limit(200);
        hs_limiter *none = NULL;
        hs_error *error = NULL;
        memcpy((char *)&options + wrong[i].offset, &wrong[i].value, wrong[i].size);
        CHECK_STATUS(hs_limiter_new(&options, &none, &error), HS_ERR_INVALID_ARGUMENT);
        CHECK(none == NULL);
        CHECK_HAS(hs_error_message(error), wrong[i].part);
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
    hs_limiter_options options = with_limit(200);
    hs_limiter *none = NULL;
    options.mode = HS_LIMITER_GCRA;
    options.window_margin_ms = 5;
    CHECK_STATUS(hs_limiter_new(&options, &none, NULL), HS_ERR_INVALID_ARGUMENT);
    options = with_limit(200);
    options.mode = HS_LIMITER_SLIDING_LOG;
    options.burst = 5;
    CHECK_STATUS(hs_limiter_new(&options, &none, NULL), HS_ERR_INVALID_ARGUMENT);
    options = with_limit(200);
    options.reset_header = text("not a token");
    CHECK_STATUS(hs_limiter_new(&options, &none, NULL), HS_ERR_INVALID_HEADER);
    options = with_limit(200);
    options.struct_size = 12;
    CHECK_STATUS(hs_limiter_new(&options, &none, NULL), HS_ERR_STRUCT_SIZE);
}

/* A limit and nothing else: 200 in any minute, and then the next after a minute and the margin. */
static void alpaca(void) {
    const hs_limiter_options options = with_limit(HS_LIMIT_ALPACA);
    hs_limiter *limiter = made(&options);
    const uint64_t start = hs_simulation_now(simulation);
    CHECK_INT(take_all(limiter), 200);
    hs_limiter_info info = state(limiter);
    CHECK_INT(info.struct_size, sizeof info);
    CHECK_INT(info.limit, 200);
    CHECK_INT(info.remaining, 0);
    CHECK_INT(info.waiting, 0);
    CHECK_INT(info.next_ms, 60050);
    CHECK_INT(info.hold_ms, 0);
    CHECK_INT(info.learned_reset_ms, 0);
    CHECK(info.learned_remaining == HS_INFINITE);
    CHECK_INT(info.admitted, 200);

    hs_error *error = NULL;
    CHECK_STATUS(hs_limiter_acquire(limiter, text("k"), 1, 0, NULL, NULL, &error), HS_ERR_RATE_LIMITED);
    CHECK_HAS(hs_error_message(error), "\"k\" lets it through in 60050 ms");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(wait_for(limiter, 60049), HS_ERR_RATE_LIMITED);
    CHECK_INT(hs_simulation_now(simulation), start);
    CHECK_STATUS(wait_for(limiter, 60050), HS_OK);
    CHECK_INT(hs_simulation_now(simulation), start + 60050 * MS);
    CHECK_STATUS(hs_limiter_try_acquire(limiter, text("other"), 200, NULL, NULL), HS_OK);
    CHECK_STATUS(take(limiter, 201), HS_ERR_RATE_NEVER_FITS);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
}

/* All that a server with a fixed minute sees in it. */
static void modes(void) {
    static const struct {
        uint32_t mode, burst;
        int sent;
    } kinds[] = {{HS_LIMITER_GCRA, 10, 209}, {HS_LIMITER_WINDOW_SAFE, 10, 200}, {HS_LIMITER_SLIDING_LOG, 0, 200}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        hs_limiter_options options = with_limit(200);
        options.mode = kinds[i].mode;
        options.burst = kinds[i].burst;
        hs_limiter *limiter = made(&options);
        const uint64_t start = hs_simulation_now(simulation);
        int sent = 0;
        for (;;) {
            CHECK_STATUS(wait_for(limiter, HS_INFINITE), HS_OK);
            if (hs_simulation_now(simulation) - start >= MINUTE) {
                break;
            }
            sent++;
        }
        CHECK_INT(sent, kinds[i].sent);
        CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
    }
}

static void refunds_quotas_and_holds(void) {
    const hs_limiter_options options = with_limit(10);
    hs_limiter *limiter = made(&options);
    hs_ticket ticket, twice;
    CHECK_STATUS(hs_limiter_acquire(limiter, text("k"), 4, 0, NULL, &ticket, NULL), HS_OK);
    CHECK_INT(ticket.number, 4);
    CHECK_INT(ticket.cost, 4);
    CHECK_INT(ticket.time_ns, hs_simulation_now(simulation));
    CHECK_INT(take_all(limiter), 6);
    CHECK_STATUS(hs_limiter_refund(limiter, text("k"), &ticket, NULL), HS_OK);
    CHECK_INT(ticket.cost, 0);
    CHECK_STATUS(hs_limiter_refund(limiter, text("k"), &ticket, NULL), HS_OK);
    CHECK_INT(take_all(limiter), 4);
    memset(&twice, 0, sizeof twice);
    twice.number = 1000;
    CHECK_STATUS(hs_limiter_refund(limiter, text("k"), &twice, NULL), HS_ERR_INVALID_ARGUMENT);
    twice.number = 1;
    twice.time_ns = UINT64_MAX;
    CHECK_STATUS(hs_limiter_refund(limiter, text("k"), &twice, NULL), HS_ERR_INVALID_ARGUMENT);

    CHECK_STATUS(hs_limiter_set_quota(limiter, text("k"), 15, 0, 0, NULL), HS_OK);
    CHECK_INT(take_all(limiter), 5);
    CHECK_STATUS(hs_limiter_set_quota(limiter, text("k"), 0, 0, 0, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_limiter_set_quota(limiter, text("k"), 10, 0, 5, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_limiter_set_quota(limiter, text("k"), 20, 1000, 0, NULL), HS_OK);
    CHECK_INT(state(limiter).limit, 20);
    CHECK_INT(take_all(limiter), 5);
    CHECK_INT(state(limiter).next_ms, 1050);

    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), 5000), HS_OK);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), 3000), HS_OK);
    CHECK_INT(state(limiter).hold_ms, 5000);
    CHECK_STATUS(wait_for(limiter, 4999), HS_ERR_RATE_LIMITED);
    CHECK_STATUS(wait_for(limiter, 5000), HS_OK);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), HS_INFINITE), HS_OK);
    CHECK(state(limiter).hold_ms == HS_INFINITE && state(limiter).next_ms == HS_INFINITE);
    CHECK_STATUS(take(limiter, 1), HS_ERR_RATE_LIMITED);
    CHECK_STATUS(wait_for(limiter, 0), HS_ERR_RATE_LIMITED);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), 0), HS_OK);
    CHECK_STATUS(take(limiter, 1), HS_OK);
    CHECK_STATUS(hs_limiter_hold(limiter, bytes("\xff", 1), 0), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
}

/* A token from each, or none. */
static void several(void) {
    const hs_limiter_options options = with_limit(2);
    hs_limiter *limiter = made(&options), *other = made(&options);
    hs_bucket buckets[] = {{limiter, text("account"), 0, 0}, {other, text("endpoint"), 2, 0}};
    hs_ticket tickets[2];
    hs_error *error = NULL;
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 2, 0, NULL, tickets, NULL), HS_OK);
    CHECK(tickets[0].cost == 1 && tickets[1].cost == 2);
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 2, 0, NULL, tickets, &error), HS_ERR_RATE_LIMITED);
    CHECK_HAS(hs_error_message(error), "endpoint");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_limiter_refund(other, text("endpoint"), &tickets[1], NULL), HS_OK);
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 2, 0, NULL, NULL, NULL), HS_OK);
    const uint64_t before = hs_simulation_now(simulation);
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 2, HS_INFINITE, NULL, NULL, NULL), HS_OK);
    CHECK_INT(hs_simulation_now(simulation) - before, 60050 * MS);
    buckets[1].cost = 3;
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 2, 0, NULL, NULL, NULL), HS_ERR_RATE_NEVER_FITS);
    buckets[1].reserved = 1;
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 2, 0, NULL, NULL, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 17, 0, NULL, NULL, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 0, 0, NULL, NULL, NULL), HS_OK);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
    CHECK_STATUS(hs_limiter_acquire_all(buckets, 1, 0, NULL, NULL, NULL), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_limiter_free(other), HS_OK);
}

static struct {
    hs_limiter *limiter;
    int count;
    uint32_t kinds[16];
    uint64_t waits[16], remaining[16], sequences[16];
} told;

/* Uses the limiter, as it may. */
static void on_event(void *user_data, const hs_limiter_event *event) {
    CHECK(user_data == &told && told.count < 16);
    CHECK_INT(event->struct_size, sizeof *event);
    CHECK_TEXT(event->key, "k");
    told.kinds[told.count] = event->kind;
    told.waits[told.count] = event->wait_ns / MS;
    told.remaining[told.count] = event->remaining;
    told.sequences[told.count++] = event->sequence;
    (void)state(told.limiter);
}

static void learning(void) {
    hs_limiter_options options = with_limit(HS_LIMIT_ALPACA);
    options.on_event = on_event;
    options.user_data = &told;
    hs_limiter *limiter = told.limiter = made(&options);
    const uint32_t none = 0;
    hs_ticket first;
    CHECK_STATUS(hs_simulation_random(simulation, &none, 1), HS_OK);
    CHECK_STATUS(hs_limiter_acquire(limiter, text("k"), 1, 0, NULL, &first, NULL), HS_OK);
    CHECK_STATUS(take(limiter, 1), HS_OK);
    CHECK_STATUS(take(limiter, 1), HS_OK);
    hs_header fields[] = {
        {text("date"), text("Tue, 21 Mar 2023 15:13:20 GMT"), 0},
        {text("x-ratelimit-limit"), text("200"), 0},
        {text("x-ratelimit-remaining"), text("3"), 0},
        {text("x-ratelimit-reset"), text("1679411617"), 0},
    };
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), &first, 200, fields, 4, NULL), HS_OK);
    /* Two were sent since, so one is left. */
    CHECK_INT(state(limiter).learned_remaining, 1);
    CHECK_INT(state(limiter).learned_reset_ms, 17000);
    CHECK_INT(take_all(limiter), 1);
    CHECK_INT(state(limiter).hold_ms, 17000);
    const uint64_t before = hs_simulation_now(simulation);
    CHECK_STATUS(wait_for(limiter, 0), HS_OK);
    CHECK_INT(hs_simulation_now(simulation) - before, 17000 * MS);

    const hs_header retry[] = {{text("Retry-After"), text("5"), 0}};
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 200, retry, 1, NULL), HS_OK);
    CHECK_INT(state(limiter).hold_ms, 0);
    CHECK_STATUS(hs_simulation_random(simulation, &none, 1), HS_OK);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 429, retry, 1, NULL), HS_OK);
    CHECK_INT(state(limiter).hold_ms, 5000);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 99, retry, 1, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 429, retry, SIZE_MAX, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_simulation_advance(simulation, 5000 * MS), HS_OK);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 429, NULL, 0, NULL), HS_OK);
    CHECK_INT(state(limiter).hold_ms, 1000);

    const uint32_t kinds[] = {HS_LIMITER_EVENT_LEARNED, HS_LIMITER_EVENT_REJECTED, HS_LIMITER_EVENT_WAIT,
                              HS_LIMITER_EVENT_LEARNED, HS_LIMITER_EVENT_LEARNED};
    const uint64_t waits[] = {0, 17000, 17000, 5000, 1000};
    const uint64_t remaining[] = {1, HS_INFINITE, HS_INFINITE, HS_INFINITE, HS_INFINITE};
    CHECK_INT(told.count, 5);
    for (int i = 0; i < told.count; i++) {
        CHECK_INT(told.kinds[i], kinds[i]);
        CHECK_INT(told.waits[i], waits[i]);
        CHECK(told.remaining[i] == remaining[i]);
        CHECK_INT(told.sequences[i], i + 1);
    }
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);

    options = with_limit(10);
    options.flags = HS_LIMITER_DEAF;
    limiter = made(&options);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 429, retry, 1, NULL), HS_OK);
    CHECK_INT(state(limiter).hold_ms, 0);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);

    options = with_limit(10);
    options.remaining_header = text("X-Left");
    options.reset_header = text("X-Until");
    options.reset_format = HS_RESET_DELTA_MILLISECONDS;
    limiter = made(&options);
    const hs_header own[] = {{text("x-left"), text("0"), 0}, {text("X-UNTIL"), text("1500"), 0}};
    CHECK_STATUS(hs_simulation_random(simulation, &none, 1), HS_OK);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 200, own, 2, NULL), HS_OK);
    CHECK_INT(state(limiter).hold_ms, 1500);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
}

/* From here on in the machine's time. */

struct one {
    pthread_t thread;
    hs_limiter *limiter;
    hs_cancel *cancel;
    hs_status status;
    hs_ticket ticket;
    int each, got;
};

static void *waits(void *given) {
    struct one *one = given;
    one->status = hs_limiter_acquire(one->limiter, text("k"), 1, HS_INFINITE, one->cancel, &one->ticket, NULL);
    return NULL;
}

static void begin_waiting(struct one *one, hs_limiter *limiter, uint64_t already) {
    one->limiter = limiter;
    CHECK_INT(pthread_create(&one->thread, NULL, waits, one), 0);
    while (state(limiter).waiting != already + 1) {
        sched_yield();
    }
}

/* All wait in a known order, and are let through in it. */
static void first_come_first_served(int threads) {
    const hs_limiter_options options = with_limit(1000);
    hs_limiter *limiter = made(&options);
    static struct one all[MOST_THREADS];
    memset(all, 0, sizeof all);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), HS_INFINITE), HS_OK);
    for (int i = 0; i < threads; i++) {
        begin_waiting(&all[i], limiter, (uint64_t)i);
    }
    CHECK_STATUS(take(limiter, 1), HS_ERR_RATE_LIMITED);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), 0), HS_OK);
    for (int i = 0; i < threads; i++) {
        CHECK_INT(pthread_join(all[i].thread, NULL), 0);
        CHECK_STATUS(all[i].status, HS_OK);
        CHECK_INT(all[i].ticket.number, i + 1);
    }
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
}

/* Every other one gives up; the others still come in order, and nothing is lost. */
static void giving_up(int threads) {
    const hs_limiter_options options = with_limit(1000);
    hs_limiter *limiter = made(&options);
    static struct one all[MOST_THREADS];
    memset(all, 0, sizeof all);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), HS_INFINITE), HS_OK);
    for (int i = 0; i < threads; i++) {
        CHECK_STATUS(hs_cancel_new(&all[i].cancel), HS_OK);
        begin_waiting(&all[i], limiter, (uint64_t)i);
    }
    for (int i = 0; i < threads; i += 2) {
        CHECK_STATUS(hs_cancel_trigger(all[i].cancel), HS_OK);
        CHECK_INT(pthread_join(all[i].thread, NULL), 0);
        CHECK_STATUS(all[i].status, HS_ERR_CANCELLED);
    }
    CHECK_INT(state(limiter).waiting, threads / 2);
    CHECK_STATUS(hs_limiter_acquire(limiter, text("k"), 1, HS_INFINITE, all[0].cancel, NULL, NULL), HS_ERR_CANCELLED);
    CHECK_STATUS(hs_limiter_hold(limiter, text("k"), 0), HS_OK);
    for (int i = 1; i < threads; i += 2) {
        CHECK_INT(pthread_join(all[i].thread, NULL), 0);
        CHECK_STATUS(all[i].status, HS_OK);
        CHECK_INT(all[i].ticket.number, (i + 1) / 2);
    }
    CHECK_INT(state(limiter).admitted, threads / 2);
    CHECK_INT(state(limiter).remaining, 1000 - threads / 2);
    for (int i = 0; i < threads; i++) {
        CHECK_STATUS(hs_cancel_free(all[i].cancel), HS_OK);
    }
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
}

static void *grabs(void *given) {
    struct one *one = given;
    for (int i = 0; i < one->each; i++) {
        hs_ticket ticket;
        if (hs_limiter_try_acquire(one->limiter, text("k"), 1, &ticket, NULL) == HS_OK) {
            if (i % 8 == 7) {
                CHECK_STATUS(hs_limiter_refund(one->limiter, text("k"), &ticket, NULL), HS_OK);
            } else {
                one->got++;
            }
        }
    }
    return NULL;
}

/* As many as there are, and not one more, in whatever mode; given back ones come to others. */
static void exactly(int threads, int each) {
    const uint32_t modes[] = {HS_LIMITER_SLIDING_LOG, HS_LIMITER_GCRA, HS_LIMITER_WINDOW_SAFE};
    for (size_t mode = 0; mode < 3; mode++) {
        const int limit = threads * each / 2;
        hs_limiter_options options = with_limit((uint32_t)limit);
        options.mode = modes[mode];
        const int at_once = modes[mode] == HS_LIMITER_SLIDING_LOG ? limit : limit / 2;
        options.burst = modes[mode] == HS_LIMITER_SLIDING_LOG ? 0 : (uint32_t)at_once;
        /* None comes back while they are at it. */
        options.period_ms = UINT64_C(86400000) * 300;
        hs_limiter *limiter = made(&options);
        static struct one all[MOST_THREADS];
        memset(all, 0, sizeof all);
        for (int i = 0; i < threads; i++) {
            all[i].limiter = limiter;
            all[i].each = each;
            CHECK_INT(pthread_create(&all[i].thread, NULL, grabs, &all[i]), 0);
        }
        int got = 0;
        for (int i = 0; i < threads; i++) {
            CHECK_INT(pthread_join(all[i].thread, NULL), 0);
            got += all[i].got;
        }
        CHECK(got <= at_once);
        const int rest = take_all(limiter);
        /* Of a rate a refund keeps what may have come meanwhile: a token a second, and less than that was lost. */
        if (modes[mode] == HS_LIMITER_SLIDING_LOG) {
            CHECK_INT(got + rest, at_once);
        } else {
            CHECK(got + rest <= at_once && got + rest >= at_once - threads * each / 8);
        }
        CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
    }
}

/* Whoever waits hears of a refund, and goes on waiting when the handle is freed. */
static void freed_while_they_wait(void) {
    const hs_limiter_options options = with_limit(1);
    hs_limiter *limiter = made(&options);
    struct one one;
    memset(&one, 0, sizeof one);
    hs_ticket ticket;
    CHECK_STATUS(hs_limiter_acquire(limiter, text("k"), 1, 0, NULL, &ticket, NULL), HS_OK);
    begin_waiting(&one, limiter, 0);
    CHECK_STATUS(hs_limiter_refund(limiter, text("k"), &ticket, NULL), HS_OK);
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_STATUS(one.status, HS_OK);
    memset(&one, 0, sizeof one);
    CHECK_STATUS(hs_cancel_new(&one.cancel), HS_OK);
    begin_waiting(&one, limiter, 0);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
    CHECK_STATUS(hs_cancel_trigger(one.cancel), HS_OK);
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_STATUS(one.status, HS_ERR_CANCELLED);
    CHECK_STATUS(hs_cancel_free(one.cancel), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    options_that_cannot_be();
    alpaca();
    modes();
    refunds_quotas_and_holds();
    several();
    learning();
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    simulation = NULL;
    const int threads = (int)number("threads", MOST_THREADS);
    first_come_first_served(threads);
    giving_up(threads);
    exactly(threads, (int)number("each", 200));
    freed_while_they_wait();
    return 0;
}
