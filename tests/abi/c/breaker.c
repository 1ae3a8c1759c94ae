/* Circuit breakers by themselves, for any work: in virtual time, on 64 threads, by hand, and misused. */

#include "client.h"

#include <pthread.h>

#define MS UINT64_C(1000000)
#define EVENTS 64

static hs_simulation *simulation;

/* What a listener saw. Texts are copied: they end with the callback. */
static struct seen {
    hs_breaker_event event;
    char key[16];
} seen[EVENTS];
static int seen_count;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static void see(void *user_data, const hs_breaker_event *event) {
    CHECK(user_data == seen);
    CHECK_INT(event->struct_size, sizeof *event);
    CHECK(event->key.len < sizeof seen->key);
    pthread_mutex_lock(&seen_lock);
    CHECK(seen_count < EVENTS);
    struct seen *place = &seen[seen_count++];
    place->event = *event;
    memcpy(place->key, event->key.data, event->key.len);
    place->key[event->key.len] = 0;
    pthread_mutex_unlock(&seen_lock);
}

static hs_breaker_options watched(void) {
    hs_breaker_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.on_transition = see;
    options.user_data = seen;
    options.simulation = simulation;
    seen_count = 0;
    return options;
}

static hs_breaker *make(const hs_breaker_options *options) {
    hs_breaker *breaker = NULL;
    hs_error *error = (hs_error *)&breaker;
    CHECK_STATUS(hs_breaker_new(options, &breaker, &error), HS_OK);
    CHECK(breaker != NULL && error == NULL);
    return breaker;
}

static hs_breaker_info state_of(hs_breaker *breaker, const char *key) {
    hs_breaker_info info;
    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_breaker_state(breaker, text(key), &info), HS_OK);
    return info;
}

static hs_permit acquire(hs_breaker *breaker, const char *key) {
    hs_permit permit;
    CHECK_STATUS(hs_breaker_acquire(breaker, text(key), &permit, NULL), HS_OK);
    return permit;
}

static void record(hs_breaker *breaker, hs_permit *permit, uint32_t outcome) {
    const hs_permit none = {{0}};
    CHECK_STATUS(hs_breaker_record(breaker, permit, outcome, NULL), HS_OK);
    CHECK(memcmp(permit, &none, sizeof none) == 0);
}

static void run(hs_breaker *breaker, const char *key, int times, uint32_t outcome) {
    for (int i = 0; i < times; i++) {
        hs_permit permit = acquire(breaker, key);
        record(breaker, &permit, outcome);
    }
}

static uint64_t refused(hs_breaker *breaker, const char *key, const char *part) {
    hs_permit permit, untouched;
    hs_error *error = NULL;
    memset(&permit, 0x5E, sizeof permit);
    untouched = permit;
    CHECK_STATUS(hs_breaker_acquire(breaker, text(key), &permit, &error), HS_ERR_BREAKER_OPEN);
    CHECK(memcmp(&permit, &untouched, sizeof permit) == 0);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_HAS(hs_error_message(error), key);
    const hs_error_info info = take_facts(error);
    CHECK_INT(info.phase, HS_PHASE_POLICY);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    return info.retry_after_ms;
}

static void chance(uint32_t millionths) { CHECK_STATUS(hs_simulation_random(simulation, &millionths, 1), HS_OK); }

static void pass(uint64_t nanoseconds) { CHECK_STATUS(hs_simulation_advance(simulation, nanoseconds), HS_OK); }

static void told(int at, uint32_t from, uint32_t to, uint32_t reason, const char *key) {
    CHECK(at < seen_count);
    const hs_breaker_event *event = &seen[at].event;
    CHECK_INT(event->from, from);
    CHECK_INT(event->to, to);
    CHECK_INT(event->reason, reason);
    CHECK_INT(event->manual, reason == HS_BREAKER_REASON_MANUAL);
    CHECK_INT(event->sequence, event->generation);
    CHECK(strcmp(seen[at].key, key) == 0);
}

/* From closed to open, half-open and closed again, with the defaults. */
static void around(void) {
    const hs_breaker_options options = watched();
    hs_breaker *breaker = make(&options);
    hs_breaker_info info;
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_breaker_state(breaker, text("a"), &info), HS_ERR_NOT_FOUND);
    run(breaker, "a", 9, HS_OUTCOME_SUCCESS);
    run(breaker, "a", 10, HS_OUTCOME_FAILURE);
    info = state_of(breaker, "a");
    CHECK(info.struct_size == sizeof info && info.state == HS_BREAKER_CLOSED && info.generation == 0);
    CHECK(info.calls == 19 && info.failures == 10 && info.slow == 0 && info.failure_pct == 52);
    CHECK(info.total_successes == 9 && info.total_failures == 10 && info.retry_after_ms == 0 && info.manual == 0);
    CHECK_INT(seen_count, 0);
    chance(500000);
    run(breaker, "a", 1, HS_OUTCOME_SUCCESS);
    told(0, HS_BREAKER_CLOSED, HS_BREAKER_OPEN, HS_BREAKER_REASON_FAILURES, "a");
    CHECK(seen[0].event.calls == 20 && seen[0].event.failure_pct == 50 && seen[0].event.slow_pct == 0);
    CHECK_INT(seen[0].event.open_ms, 5500);
    CHECK_INT(refused(breaker, "a", "next try in 5500 ms"), 5500);
    pass(5500 * MS - 1);
    CHECK_INT(refused(breaker, "a", "next try in 1 ms"), 1);
    info = state_of(breaker, "a");
    CHECK(info.state == HS_BREAKER_OPEN && info.retry_after_ms == 1 && info.rejected == 2 && info.opened == 1);
    run(breaker, "b", 20, HS_OUTCOME_SUCCESS); /* Another key is not concerned. */
    pass(1);
    hs_permit probes[3];
    for (int i = 0; i < 3; i++) {
        probes[i] = acquire(breaker, "a");
    }
    told(1, HS_BREAKER_OPEN, HS_BREAKER_HALF_OPEN, HS_BREAKER_REASON_TIME_PASSED, "a");
    CHECK_INT(refused(breaker, "a", "probes"), 0);
    record(breaker, &probes[1], HS_OUTCOME_NEUTRAL);
    probes[1] = acquire(breaker, "a");
    refused(breaker, "a", "probes");
    CHECK_INT(state_of(breaker, "a").probes_out, 3);
    record(breaker, &probes[0], HS_OUTCOME_SUCCESS);
    record(breaker, &probes[1], HS_OUTCOME_FAILURE);
    record(breaker, &probes[2], HS_OUTCOME_SUCCESS);
    told(2, HS_BREAKER_HALF_OPEN, HS_BREAKER_CLOSED, HS_BREAKER_REASON_RECOVERED, "a");
    info = state_of(breaker, "a");
    CHECK(info.state == HS_BREAKER_CLOSED && info.generation == 3 && info.calls == 0 && info.opens_in_a_row == 0);
    CHECK(info.total_neutral == 1 && info.total_successes == 12 && info.total_failures == 11);
    CHECK_INT(seen_count, 3);
    CHECK_INT(hs_breaker_count(breaker), 2);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

#define CROWD 64

static hs_breaker *crowded;
static pthread_barrier_t barrier;
static int admitted, rejected;

static void *rush(void *unused) {
    hs_permit permit;
    (void)unused;
    pthread_barrier_wait(&barrier);
    const hs_status status = hs_breaker_acquire(crowded, text("a"), &permit, NULL);
    if (status == HS_OK) {
        __atomic_fetch_add(&admitted, 1, __ATOMIC_RELAXED);
    } else {
        CHECK_STATUS(status, HS_ERR_BREAKER_OPEN);
        __atomic_fetch_add(&rejected, 1, __ATOMIC_RELAXED);
    }
    pthread_barrier_wait(&barrier); /* Everybody has asked. */
    if (status == HS_OK) {
        record(crowded, &permit, HS_OUTCOME_SUCCESS);
    }
    return NULL;
}

/* Open for long enough, and 64 threads ask at once: three get through, one transition, and it closes. */
static void crowd(void) {
    const hs_breaker_options options = watched();
    pthread_t threads[CROWD];
    crowded = make(&options);
    CHECK_INT(pthread_barrier_init(&barrier, NULL, CROWD), 0);
    for (long round = number("rounds", 20); round > 0; round--) {
        seen_count = 0, admitted = 0, rejected = 0;
        CHECK_STATUS(hs_breaker_force_open(crowded, text("a"), 5000), HS_OK);
        pass(5000 * MS);
        for (int i = 0; i < CROWD; i++) {
            CHECK_INT(pthread_create(&threads[i], NULL, rush, NULL), 0);
        }
        for (int i = 0; i < CROWD; i++) {
            CHECK_INT(pthread_join(threads[i], NULL), 0);
        }
        CHECK_INT(admitted, 3);
        CHECK_INT(rejected, CROWD - 3);
        CHECK_INT(seen_count, 3);
        told(0, HS_BREAKER_CLOSED, HS_BREAKER_FORCED_OPEN, HS_BREAKER_REASON_MANUAL, "a");
        told(1, HS_BREAKER_FORCED_OPEN, HS_BREAKER_HALF_OPEN, HS_BREAKER_REASON_TIME_PASSED, "a");
        told(2, HS_BREAKER_HALF_OPEN, HS_BREAKER_CLOSED, HS_BREAKER_REASON_RECOVERED, "a");
    }
    pthread_barrier_destroy(&barrier);
    CHECK_STATUS(hs_breaker_free(crowded), HS_OK);
}

#define WORKERS 8

static void *work(void *argument) {
    const long rounds = number("work", 20000);
    uint64_t random = 88172645463325252u + (uintptr_t)argument;
    long recorded = 0;
    for (long i = 0; i < rounds; i++) {
        hs_permit permit;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const hs_status status = hs_breaker_acquire(crowded, text(random & 64 ? "a" : "b"), &permit, NULL);
        if (status == HS_OK) {
            record(crowded, &permit, HS_OUTCOME_SUCCESS + (uint32_t)(random >> 8) % 3);
            recorded++;
        } else {
            CHECK_STATUS(status, HS_ERR_BREAKER_OPEN);
        }
        if (random % 97 == 0) {
            hs_breaker_force_open(crowded, text("a"), 1);
        } else if (random % 89 == 0) {
            CHECK_STATUS(hs_breaker_reset(crowded, text("a")), HS_OK);
        }
    }
    return (void *)(uintptr_t)recorded;
}

/* Many threads at once, in real time: no result is lost and none is counted twice, and events are numbered without a gap. */
static uint64_t numbered;

static void number_events(void *user_data, const hs_breaker_event *event) {
    (void)user_data;
    if (event->key.data[0] == 'a') {
        __atomic_fetch_add(&numbered, 1, __ATOMIC_RELAXED);
    }
}

static void at_once(void) {
    hs_breaker_options options = watched();
    pthread_t threads[WORKERS];
    uint64_t recorded = 0;
    options.on_transition = number_events;
    options.simulation = NULL;
    options.open_ms = 1;
    options.open_max_ms = 1;
    options.min_calls = 5;
    crowded = make(&options);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        void *result;
        CHECK_INT(pthread_join(threads[i], &result), 0);
        recorded += (uintptr_t)result;
    }
    const hs_breaker_info a = state_of(crowded, "a"), b = state_of(crowded, "b");
    const uint64_t counted = a.total_successes + a.total_failures + a.total_neutral + a.stale_results +
                             b.total_successes + b.total_failures + b.total_neutral + b.stale_results;
    CHECK_INT(counted, recorded);
    CHECK_INT(counted + a.rejected + b.rejected, WORKERS * number("work", 20000));
    CHECK_INT(numbered, a.generation);
    CHECK_INT(a.probes_out, 0);
    CHECK_STATUS(hs_breaker_free(crowded), HS_OK);
}

static void bad_record(hs_breaker *breaker, hs_permit *permit, const char *part) {
    hs_error *error = NULL;
    CHECK_STATUS(hs_breaker_record(breaker, permit, HS_OUTCOME_SUCCESS, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_breaker_mark_slow(breaker, permit, NULL), HS_ERR_INVALID_ARGUMENT);
}

/* A permit counts once, whatever is done with it; no misuse makes a fourth one. */
static void permits(void) {
    const hs_breaker_options options = watched();
    hs_breaker *breaker = make(&options), *other = make(&options);
    hs_permit permit = acquire(breaker, "a"), copy, old, probes[3];
    CHECK_STATUS(hs_breaker_record(breaker, &permit, 0, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_breaker_record(breaker, &permit, 4, NULL), HS_ERR_INVALID_ARGUMENT);
    bad_record(other, &permit, "another breaker");
    record(breaker, &permit, HS_OUTCOME_SUCCESS);
    bad_record(breaker, &permit, "recorded already");
    memset(&permit, 0x77, sizeof permit);
    bad_record(breaker, &permit, "none that a breaker has given");
    for (size_t bit = 0; bit < 8 * sizeof permit; bit++) {
        permit = acquire(breaker, "a");
        permit.opaque[bit / 64] ^= UINT64_C(1) << bit % 64;
        bad_record(breaker, &permit, "permit");
    }
    CHECK_INT(state_of(breaker, "a").calls, 1);

    CHECK_STATUS(hs_breaker_force_open(breaker, text("a"), 1), HS_OK);
    old = acquire(breaker, "b"); /* Of the time before. */
    CHECK_STATUS(hs_breaker_force_open(breaker, text("b"), 1), HS_OK);
    pass(MS);
    for (int i = 0; i < 3; i++) {
        probes[i] = acquire(breaker, "b");
    }
    record(breaker, &old, HS_OUTCOME_NEUTRAL);
    refused(breaker, "b", "probes");
    CHECK_INT(state_of(breaker, "b").stale_results, 1);
    copy = probes[0];
    record(breaker, &probes[0], HS_OUTCOME_NEUTRAL);
    old = copy;
    bad_record(breaker, &copy, "another copy");
    probes[0] = acquire(breaker, "b"); /* The slot that the copy names is taken again. */
    bad_record(breaker, &old, "another copy");
    refused(breaker, "b", "probes");
    CHECK_INT(state_of(breaker, "b").probes_out, 3);

    /* Never recorded: the lease ends, and with it what they were. */
    pass(60000 * MS - 1);
    CHECK_INT(state_of(breaker, "b").state, HS_BREAKER_HALF_OPEN);
    pass(1);
    CHECK_INT(state_of(breaker, "b").state, HS_BREAKER_OPEN);
    told(seen_count - 1, HS_BREAKER_HALF_OPEN, HS_BREAKER_OPEN, HS_BREAKER_REASON_LEASE_ENDED, "b");
    record(breaker, &probes[0], HS_OUTCOME_SUCCESS);
    CHECK_INT(state_of(breaker, "b").stale_results, 2);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
    CHECK_STATUS(hs_breaker_record(breaker, &probes[1], HS_OUTCOME_SUCCESS, NULL), HS_ERR_INVALID_HANDLE);
    CHECK_STATUS(hs_breaker_free(other), HS_OK);
}

static void slow_calls(void) {
    hs_breaker_options options = watched();
    hs_permit hanging[20];
    options.slow_ms = 2000;
    hs_breaker *breaker = make(&options);
    for (int i = 0; i < 20; i++) {
        hanging[i] = acquire(breaker, "a");
    }
    pass(2000 * MS);
    CHECK_STATUS(hs_breaker_mark_slow(breaker, &hanging[0], NULL), HS_OK);
    CHECK_INT(state_of(breaker, "a").slow, 0);
    pass(1);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(state_of(breaker, "a").slow, i);
        CHECK_STATUS(hs_breaker_mark_slow(breaker, &hanging[i], NULL), HS_OK);
        CHECK_STATUS(hs_breaker_mark_slow(breaker, &hanging[i], NULL), HS_OK);
    }
    told(0, HS_BREAKER_CLOSED, HS_BREAKER_OPEN, HS_BREAKER_REASON_SLOW_CALLS, "a");
    CHECK(seen[0].event.calls == 20 && seen[0].event.slow_pct == 100 && seen[0].event.failure_pct == 0);
    record(breaker, &hanging[0], HS_OUTCOME_FAILURE);
    CHECK_INT(state_of(breaker, "a").stale_results, 1);

    /* Marked and then failed is one call; found to be slow when it is recorded is as good. */
    hanging[0] = acquire(breaker, "b");
    hanging[1] = acquire(breaker, "b");
    pass(2000 * MS + 1);
    CHECK_STATUS(hs_breaker_mark_slow(breaker, &hanging[0], NULL), HS_OK);
    record(breaker, &hanging[0], HS_OUTCOME_FAILURE);
    record(breaker, &hanging[1], HS_OUTCOME_SUCCESS);
    const hs_breaker_info info = state_of(breaker, "b");
    CHECK(info.calls == 2 && info.slow == 2 && info.failures == 1 && info.total_slow == 2 && info.slow_pct == 100);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

static void by_hand(void) {
    const hs_breaker_options options = watched();
    hs_breaker *breaker = make(&options);
    CHECK_STATUS(hs_breaker_force_open(breaker, text("a"), HS_INFINITE), HS_OK);
    CHECK_INT(seen[0].event.open_ms, HS_INFINITE);
    pass(600000 * MS);
    refused(breaker, "a", "by hand");
    CHECK(state_of(breaker, "a").manual == 1 && state_of(breaker, "a").retry_after_ms == HS_INFINITE);
    CHECK_STATUS(hs_breaker_force_closed(breaker, text("a")), HS_OK);
    run(breaker, "a", 100, HS_OUTCOME_FAILURE);
    CHECK(state_of(breaker, "a").state == HS_BREAKER_FORCED_CLOSED && state_of(breaker, "a").calls == 100);
    CHECK_STATUS(hs_breaker_metrics_only(breaker, text("a")), HS_OK);
    run(breaker, "a", 20, HS_OUTCOME_FAILURE);
    told(3, HS_BREAKER_METRICS_ONLY, HS_BREAKER_METRICS_ONLY, HS_BREAKER_REASON_FAILURES, "a");
    run(breaker, "a", 1, HS_OUTCOME_FAILURE);
    CHECK(state_of(breaker, "a").state == HS_BREAKER_METRICS_ONLY && state_of(breaker, "a").calls == 1);
    CHECK_STATUS(hs_breaker_reset(breaker, text("a")), HS_OK);
    CHECK(state_of(breaker, "a").state == HS_BREAKER_CLOSED && state_of(breaker, "a").calls == 0);
    told(4, HS_BREAKER_METRICS_ONLY, HS_BREAKER_CLOSED, HS_BREAKER_REASON_MANUAL, "a");
    CHECK_INT(seen_count, 5);
    CHECK_STATUS(hs_breaker_force_open(breaker, text("a"), 0), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

/* A callback that uses the breaker, and frees it. */
static hs_breaker *own;
static int depth, deepest;

static void enter_again(void *user_data, const hs_breaker_event *event) {
    hs_permit *permit = user_data;
    depth++;
    deepest = depth > deepest ? depth : deepest;
    if (event->to == HS_BREAKER_OPEN) {
        CHECK_INT(state_of(own, "a").state, HS_BREAKER_OPEN);
        CHECK_STATUS(hs_breaker_record(own, permit, HS_OUTCOME_SUCCESS, NULL), HS_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(hs_breaker_reset(own, text("a")), HS_OK);
        CHECK_STATUS(hs_breaker_free(own), HS_OK);
    } else {
        run(own, "a", 1, HS_OUTCOME_SUCCESS);
    }
    depth--;
}

static void from_a_callback(void) {
    hs_breaker_options options = watched();
    hs_permit permit;
    options.on_transition = enter_again;
    options.user_data = &permit;
    options.window_calls = 1;
    own = make(&options);
    permit = acquire(own, "a");
    record(own, &permit, HS_OUTCOME_FAILURE);
    CHECK_INT(deepest, 2);
    CHECK_STATUS(hs_breaker_free(own), HS_ERR_INVALID_HANDLE);
}

static void keys(void) {
    hs_breaker_options options = watched();
    char name[16], longest[1026];
    options.max_keys = 4;
    hs_breaker *breaker = make(&options);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "k%d", i);
        run(breaker, name, 1, HS_OUTCOME_SUCCESS);
        CHECK(hs_breaker_count(breaker) == (i < 4 ? (size_t)i + 1 : 4));
    }
    CHECK_INT(seen_count, 0);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "o%d", i);
        CHECK_STATUS(hs_breaker_force_open(breaker, text(name), 5000), HS_OK);
    }
    CHECK_INT(hs_breaker_count(breaker), 4);
    run(breaker, "new", 100, HS_OUTCOME_FAILURE); /* Without a breaker. */
    told(4, HS_BREAKER_CLOSED, HS_BREAKER_CLOSED, HS_BREAKER_REASON_TABLE_FULL, "new");
    CHECK_INT(seen_count, 5);
    CHECK_STATUS(hs_breaker_reset(breaker, text("new")), HS_ERR_NOT_FOUND);
    pass(5000 * MS);
    run(breaker, "new", 20, HS_OUTCOME_FAILURE);
    CHECK_INT(state_of(breaker, "new").state, HS_BREAKER_OPEN);
    CHECK_INT(hs_breaker_count(breaker), 4);

    hs_permit permit;
    memset(longest, 'x', sizeof longest);
    CHECK_STATUS(hs_breaker_acquire(breaker, bytes(longest, 1025), &permit, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_breaker_acquire(breaker, text(""), &permit, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_breaker_acquire(breaker, text("\xff"), &permit, NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_breaker_acquire(breaker, bytes(longest, 1024), &permit, NULL), HS_OK);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

#define REFUSED(field, value, part)                                                                              \
    do {                                                                                                         \
        hs_breaker_options options;                                                                              \
        hs_breaker *made = NULL;                                                                                 \
        hs_error *error = NULL;                                                                                  \
        memset(&options, 0, sizeof options);                                                                     \
        options.struct_size = sizeof options;                                                                    \
        options.field = value;                                                                                   \
        CHECK_STATUS(hs_breaker_new(&options, &made, &error), HS_ERR_INVALID_ARGUMENT);                          \
        CHECK(made == NULL);                                                                                     \
        CHECK_HAS(hs_error_message(error), "hs_breaker_options." #field);                                        \
        CHECK_HAS(hs_error_message(error), part);                                                                \
        CHECK_STATUS(hs_error_free(error), HS_OK);                                                               \
    } while (0)

static void options_that_cannot_be(void) {
    REFUSED(flags, 1, "unknown bits");
    REFUSED(window_ms, 99, "is 99");
    REFUSED(window_ms, 3600001, "is 3600001");
    REFUSED(window_ms, HS_INFINITE, "100 to 3600000");
    REFUSED(window_calls, 10001, "is 10001");
    REFUSED(min_calls, 1000001, "is 1000001");
    REFUSED(failure_percent, 101, "is 101");
    REFUSED(slow_percent, 101, "is 101");
    REFUSED(slow_percent, 10, "without slow_ms");
    REFUSED(slow_ms, HS_INFINITE, "slow_ms");
    REFUSED(open_ms, HS_INFINITE, "open_ms");
    REFUSED(open_max_ms, 4999, "less than open_ms, which is 5000");
    REFUSED(half_open_permits, 11, "is 11: 1 to 10");
    REFUSED(max_keys, 65537, "is 65537");
    REFUSED(probe_lease_ms, HS_INFINITE, "probe_lease_ms");
    hs_breaker_options both = watched();
    hs_breaker *made = NULL;
    both.window_ms = 1000;
    both.window_calls = 10;
    CHECK_STATUS(hs_breaker_new(&both, &made, NULL), HS_ERR_INVALID_ARGUMENT);
    hs_breaker_options shorter = watched();
    shorter.struct_size = 7;
    CHECK_STATUS(hs_breaker_new(&shorter, &made, NULL), HS_ERR_STRUCT_SIZE);
    shorter.struct_size = 8; /* An older one: what it lacks has its default. */
    shorter.window_ms = 1;
    CHECK_STATUS(hs_breaker_new(&shorter, &made, NULL), HS_OK);
    CHECK_STATUS(hs_breaker_free(made), HS_OK);
    hs_breaker_options largest = watched();
    largest.window_calls = 10000;
    largest.min_calls = 1000000; /* No more than the window has are waited for. */
    largest.open_ms = 3600000;
    largest.half_open_permits = 10;
    largest.max_keys = 65536;
    made = make(&largest);
    run(made, "a", 9999, HS_OUTCOME_FAILURE);
    CHECK_INT(state_of(made, "a").state, HS_BREAKER_CLOSED);
    chance(0);
    run(made, "a", 1, HS_OUTCOME_FAILURE);
    CHECK_INT(seen[0].event.open_ms, 3600000);
    CHECK_STATUS(hs_breaker_free(made), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    around();
    crowd();
    at_once();
    permits();
    slow_calls();
    by_hand();
    from_a_callback();
    keys();
    options_that_cannot_be();
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    return 0;
}
