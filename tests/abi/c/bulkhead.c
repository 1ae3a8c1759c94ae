/* Bulkheads and retry budgets by themselves: slots that are given back once, waits that end in each way they can, threads
 * that share, callbacks that come back, virtual time. */

#include "client.h"

#include <pthread.h>

#define MS UINT64_C(1000000)

static hs_bulkhead_options bulkhead_options(void) {
    hs_bulkhead_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

static hs_bulkhead *open_bulkhead(const hs_bulkhead_options *options) {
    hs_bulkhead *bulkhead = NULL;
    CHECK_STATUS(hs_bulkhead_new(options, &bulkhead, NULL), HS_OK);
    return bulkhead;
}

static hs_bulkhead_info state_of(hs_bulkhead *bulkhead, const char *key) {
    hs_bulkhead_info info;
    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_bulkhead_state(bulkhead, text(key), &info), HS_OK);
    return info;
}

static void refused_saying(const hs_bulkhead_options *options, const char *part) {
    hs_bulkhead *const untouched = (hs_bulkhead *)(uintptr_t)0x5EED;
    hs_bulkhead *bulkhead = untouched;
    hs_error *error = NULL;
    CHECK_STATUS(hs_bulkhead_new(options, &bulkhead, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK(bulkhead == untouched);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void options_that_make_no_sense(void) {
    hs_bulkhead_options options = bulkhead_options();
    options.flags = 2;
    refused_saying(&options, "hs_bulkhead_options.flags is 0x2");
    options = bulkhead_options();
    options.capacity = 1000001;
    refused_saying(&options, "hs_bulkhead_options.capacity is 1000001");
    options = bulkhead_options();
    options.queue = 65537;
    refused_saying(&options, "hs_bulkhead_options.queue is 65537");
    options.queue = 1;
    options.flags = HS_BULKHEAD_NO_QUEUE;
    refused_saying(&options, "hs_bulkhead_options.queue is 1 with HS_BULKHEAD_NO_QUEUE");
    options = bulkhead_options();
    options.max_keys = 1048577;
    refused_saying(&options, "hs_bulkhead_options.max_keys is 1048577");
    options = bulkhead_options();
    options.reserved = 1;
    refused_saying(&options, "hs_bulkhead_options.reserved");
    options = bulkhead_options();
    options.struct_size = 4;
    hs_bulkhead *bulkhead = NULL;
    CHECK_STATUS(hs_bulkhead_new(&options, &bulkhead, NULL), HS_ERR_STRUCT_SIZE);
}

static void keys(void) {
    static char longest[1025];
    memset(longest, 'k', sizeof longest);
    hs_bulkhead *bulkhead = open_bulkhead(NULL);
    hs_bulkhead_permit permit;
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, bytes(longest, 1024), &permit), HS_OK);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, bytes(longest, 1025), &permit), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, text(""), &permit), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, text("\xff"), &permit), HS_ERR_INVALID_ARGUMENT);
    CHECK_INT(state_of(bulkhead, "other").capacity, 100);
    CHECK_INT(state_of(bulkhead, "other").in_use, 0);
    CHECK_STATUS(hs_bulkhead_free(bulkhead), HS_OK);
}

static void given_back_once(void) {
    hs_bulkhead_options options = bulkhead_options();
    options.capacity = 2;
    hs_bulkhead *bulkhead = open_bulkhead(&options), *other = open_bulkhead(&options);
    hs_bulkhead_permit first, second, copy, none = {{0, 0}}, forged = {{1, 2}};
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 0, NULL, &first, NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, text("a"), &second), HS_OK);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, text("a"), &copy), HS_ERR_BULKHEAD_FULL);
    CHECK_INT(state_of(bulkhead, "a").in_use, 2);
    copy = first;
    CHECK_STATUS(hs_bulkhead_release(other, &copy), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &first), HS_OK);
    CHECK(memcmp(&first, &none, sizeof none) == 0);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &first), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &copy), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &forged), HS_ERR_INVALID_ARGUMENT);
    CHECK_INT(state_of(bulkhead, "a").in_use, 1);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &second), HS_OK);
    CHECK_INT(state_of(bulkhead, "a").in_use, 0);
    CHECK_STATUS(hs_bulkhead_free(other), HS_OK);
    CHECK_STATUS(hs_bulkhead_free(bulkhead), HS_OK);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &copy), HS_ERR_INVALID_HANDLE);
}

/* What the callback heard, and that it may use the bulkhead. */
static struct {
    hs_bulkhead *bulkhead;
    uint32_t kinds[8];
    uint64_t times[8];
    size_t count;
} heard;

static void on_event(void *user_data, const hs_bulkhead_event *event) {
    hs_bulkhead_permit permit;
    CHECK(user_data == &heard && heard.count < 8);
    CHECK_INT(event->struct_size, sizeof *event);
    CHECK_INT(event->sequence, heard.count + 1);
    CHECK_TEXT(event->key, "a");
    CHECK_STATUS(hs_bulkhead_try_acquire(heard.bulkhead, event->key, &permit), HS_ERR_BULKHEAD_FULL);
    CHECK_INT(event->in_use, 1);
    heard.times[heard.count] = event->time_ns;
    heard.kinds[heard.count++] = event->kind;
}

static void trigger(void *cancel) { CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK); }

typedef struct {
    hs_bulkhead *bulkhead;
    hs_bulkhead_permit *permit;
} plan;

static void give_back(void *data) {
    plan *planned = data;
    CHECK_STATUS(hs_bulkhead_release(planned->bulkhead, planned->permit), HS_OK);
}

/* Each way in which a wait ends, in virtual time. */
static void waits(void) {
    hs_simulation *simulation = NULL;
    hs_cancel *cancel = NULL;
    hs_error *error = NULL;
    hs_bulkhead_permit held, got;
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    hs_bulkhead_options options = bulkhead_options();
    options.capacity = 1;
    options.queue = 1;
    options.simulation = simulation;
    options.on_event = on_event;
    options.user_data = &heard;
    hs_bulkhead *bulkhead = heard.bulkhead = open_bulkhead(&options);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 0, NULL, &held, NULL), HS_OK);

    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 50, NULL, &got, &error), HS_ERR_TIMEOUT);
    CHECK_HAS(hs_error_message(error), "none of 1 slots of \"a\" became free in time");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_INT(hs_simulation_now(simulation), 50 * MS);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 0, NULL, &got, NULL), HS_ERR_TIMEOUT);
    CHECK_INT(hs_simulation_now(simulation), 30050 * MS);
    CHECK_INT(state_of(bulkhead, "a").timed_out, 2);

    CHECK_STATUS(hs_simulation_at(simulation, 30060 * MS, trigger, cancel), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 1000, cancel, &got, NULL), HS_ERR_CANCELLED);
    CHECK_INT(hs_simulation_now(simulation), 30060 * MS);
    CHECK_INT(state_of(bulkhead, "a").waiting, 0);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), HS_INFINITE, NULL, &got, &error), HS_ERR_TIMEOUT);
    CHECK_HAS(hs_error_message(error), "in virtual time");
    CHECK_STATUS(hs_error_free(error), HS_OK);

    plan planned = {bulkhead, &held};
    CHECK_STATUS(hs_simulation_at(simulation, 30070 * MS, give_back, &planned), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), HS_INFINITE, NULL, &got, NULL), HS_OK);
    CHECK_INT(hs_simulation_now(simulation), 30070 * MS);
    CHECK_INT(state_of(bulkhead, "a").in_use, 1);
    /* A slot that is free is had whatever else. */
    CHECK_STATUS(hs_bulkhead_release(bulkhead, &got), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 1, cancel, &got, NULL), HS_OK);

    const uint32_t kinds[] = {HS_BULKHEAD_WAITS, HS_BULKHEAD_TIMED_OUT, HS_BULKHEAD_WAITS, HS_BULKHEAD_TIMED_OUT,
                              HS_BULKHEAD_WAITS, HS_BULKHEAD_WAITS,     HS_BULKHEAD_WAITS};
    CHECK_INT(heard.count, 7);
    CHECK(memcmp(heard.kinds, kinds, sizeof kinds) == 0);
    CHECK_INT(heard.times[3], 30050 * MS);
    CHECK_STATUS(hs_bulkhead_free(bulkhead), HS_OK);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
}

static void no_queue(void) {
    hs_bulkhead_options options = bulkhead_options();
    hs_error *error = NULL;
    hs_bulkhead_permit held, got;
    options.capacity = 1;
    options.flags = HS_BULKHEAD_NO_QUEUE;
    hs_bulkhead *bulkhead = open_bulkhead(&options);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), 0, NULL, &held, NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, text("a"), HS_INFINITE, NULL, &got, &error), HS_ERR_BULKHEAD_FULL);
    CHECK_HAS(hs_error_message(error), "1 slots of \"a\" are taken and 0 wait");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_INT(state_of(bulkhead, "a").rejected, 1);
    CHECK_STATUS(hs_bulkhead_free(bulkhead), HS_OK);
}

static hs_bulkhead *shared;
static int inside;

static void *many_rounds(void *unused) {
    (void)unused;
    for (long round = number("rounds", 2000); round > 0; round--) {
        hs_bulkhead_permit permit;
        CHECK_STATUS(hs_bulkhead_acquire(shared, text("a"), HS_INFINITE, NULL, &permit, NULL), HS_OK);
        CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) <= 3);
        __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        CHECK_STATUS(hs_bulkhead_release(shared, &permit), HS_OK);
    }
    return NULL;
}

/* More threads than slots, in real time; a permit that is given back on another thread. */
static void threads(void) {
    const long count = number("threads", 16);
    pthread_t *running = calloc((size_t)count, sizeof *running);
    hs_bulkhead_options options = bulkhead_options();
    options.capacity = 3;
    shared = open_bulkhead(&options);
    for (long i = 0; i < count; i++) {
        CHECK_INT(pthread_create(&running[i], NULL, many_rounds, NULL), 0);
    }
    for (long i = 0; i < count; i++) {
        CHECK_INT(pthread_join(running[i], NULL), 0);
    }
    free(running);
    CHECK_INT(state_of(shared, "a").in_use, 0);
    CHECK_INT(state_of(shared, "a").waiting, 0);
    CHECK_STATUS(hs_bulkhead_free(shared), HS_OK);
}

static void *cancel_soon(void *cancel) {
    while (state_of(shared, "a").waiting == 0) {
        pause_ms(1);
    }
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    return NULL;
}

static void cancelled_in_real_time(void) {
    hs_bulkhead_options options = bulkhead_options();
    hs_bulkhead_permit held, got;
    hs_cancel *cancel = NULL;
    pthread_t other;
    options.capacity = 1;
    shared = open_bulkhead(&options);
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(shared, text("a"), 0, NULL, &held, NULL), HS_OK);
    CHECK_INT(pthread_create(&other, NULL, cancel_soon, cancel), 0);
    CHECK_STATUS(hs_bulkhead_acquire(shared, text("a"), HS_INFINITE, cancel, &got, NULL), HS_ERR_CANCELLED);
    CHECK_INT(pthread_join(other, NULL), 0);
    CHECK_INT(state_of(shared, "a").waiting, 0);
    CHECK_STATUS(hs_bulkhead_free(shared), HS_OK);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
}

static uint32_t withdraw(hs_budget *budget, const char *key) {
    uint32_t granted = 7;
    CHECK_STATUS(hs_budget_withdraw(budget, text(key), &granted), HS_OK);
    CHECK(granted <= 1);
    return granted;
}

static hs_budget_info budget_of(hs_budget *budget, const char *key) {
    hs_budget_info info;
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_budget_state(budget, text(key), &info), HS_OK);
    return info;
}

static void budget_refused(hs_budget_options options, const char *part) {
    hs_budget *budget = NULL;
    hs_error *error = NULL;
    options.struct_size = sizeof options;
    CHECK_STATUS(hs_budget_new(&options, &budget, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void budgets(void) {
    hs_budget_options options;
    hs_simulation *simulation = NULL;
    hs_budget *budget = NULL;
    memset(&options, 0, sizeof options);
    options.percent = 101;
    budget_refused(options, "hs_budget_options.percent is 101");
    options.percent = 0;
    options.flags = 4;
    budget_refused(options, "hs_budget_options.flags is 0x4");
    options.flags = HS_BUDGET_NO_MINIMUM;
    options.min_retries = 3;
    budget_refused(options, "hs_budget_options.min_retries is 3 with HS_BUDGET_NO_MINIMUM");
    memset(&options, 0, sizeof options);
    options.reserved = 1;
    budget_refused(options, "hs_budget_options.reserved");
    options.reserved = 0;
    options.max_keys = UINT32_MAX;
    budget_refused(options, "hs_budget_options.max_keys is 4294967295");

    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = simulation;
    CHECK_STATUS(hs_budget_new(&options, &budget, NULL), HS_OK);
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(hs_budget_original(budget, text("a")), HS_OK);
    }
    for (int i = 0; i < 20; i++) {
        CHECK_INT(withdraw(budget, "a"), 1);
    }
    CHECK_INT(withdraw(budget, "a"), 0);
    CHECK_INT(withdraw(budget, "b"), 1);
    hs_budget_info info = budget_of(budget, "a");
    CHECK(info.originals == 100 && info.withdrawn == 20 && info.allowed == 20);
    CHECK_STATUS(hs_simulation_advance(simulation, 10000 * MS), HS_OK);
    info = budget_of(budget, "a");
    CHECK(info.originals == 0 && info.withdrawn == 0 && info.allowed == 10);
    CHECK_INT(withdraw(budget, "a"), 1);
    CHECK_STATUS(hs_budget_free(budget), HS_OK);

    options.flags = HS_BUDGET_NO_MINIMUM;
    CHECK_STATUS(hs_budget_new(&options, &budget, NULL), HS_OK);
    CHECK_INT(withdraw(budget, "a"), 0);
    CHECK_STATUS(hs_budget_free(budget), HS_OK);
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    options_that_make_no_sense();
    keys();
    given_back_once();
    waits();
    no_queue();
    threads();
    cancelled_in_real_time();
    budgets();
    return 0;
}
