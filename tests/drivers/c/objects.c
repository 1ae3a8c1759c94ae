/* Scenarios: objects by their names, what is done with them, and a log of all that happens, each line with the virtual
 * time. */

#include "driver.h"

/* Which callbacks there are; made from the header. */
#include "callbacks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- objects ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    hs_status (*free_one)(void *object);
} object_kind;

/* One line for each kind, and one below for how it is made. */
#define FREE(kind) static hs_status free_##kind(void *object) { return hs_##kind##_free(object); }
FREE(simulation)
FREE(mock)
FREE(cancel)
FREE(worker)
FREE(breaker)
FREE(limiter)
FREE(bulkhead)
FREE(budget)

static const object_kind object_kinds[] = {
    {"simulation", free_simulation},
    {"mock", free_mock},
    {"cancel", free_cancel},
    {"worker", free_worker},
    {"breaker", free_breaker},
    {"limiter", free_limiter},
    {"bulkhead", free_bulkhead},
    {"budget", free_budget},
};

typedef union {
    hs_simulation *simulation;
    hs_mock *mock;
    hs_cancel *cancel;
    hs_worker *worker;
    hs_breaker *breaker;
    hs_limiter *limiter;
    hs_bulkhead *bulkhead;
    hs_budget *budget;
    void *any;
} made;

typedef struct known {
    struct known *older;
    const object_kind *kind;
    char *name;
    void *pointer;
} known;

static known *newest;
/* Whose clock the log goes by. */
static hs_simulation *simulation;

static known *find(const char *kind, const char *name) {
    for (known *one = newest; one != NULL; one = one->older) {
        if (one->pointer != NULL && is(one->kind->name, kind) && is(one->name, name)) return one;
    }
    fail("unknown object", name);
    return NULL;
}

void *object(const char *kind, const char *name) { return find(kind, name)->pointer; }

/* Its name is needed by callbacks, so it stays until the scenario is over. */
static known *announce(const char *kind, const char *name) {
    known *one = must(calloc(1, sizeof *one));
    for (size_t i = 0; i < COUNT(object_kinds); i++) {
        if (is(object_kinds[i].name, kind)) one->kind = &object_kinds[i];
    }
    if (one->kind == NULL) fail("unknown kind of object", kind);
    one->name = must(strdup(name));
    one->older = newest;
    newest = one;
    return one;
}

static hs_status release(known *one) {
    void *pointer = one->pointer;
    one->pointer = NULL;
    if (pointer == simulation) simulation = NULL;
    return one->kind->free_one(pointer);
}

/* ---- the log ------------------------------------------------------------------------------------------------------ */

static void begin(const char *what, const char *name) {
    printf("@%" PRIu64 " %s %s", hs_simulation_now(simulation), what, name);
}

static void end(void) { putchar('\n'); }

static void word(const char *key, hs_str text) {
    printf(" %s=", key);
    put_encoded(text);
}

static void count_word(const char *key, uint64_t value) { printf(" %s=%" PRIu64, key, value); }

static void status_word(hs_status status, hs_error *error) {
    word("status", hs_status_name(status));
    if (error != NULL) {
        word("message", hs_error_message(error));
        hs_error_free(error);
    }
}

/* Callbacks that are told a struct. */
#define TELL(callback, type, what)                                                                               \
    static void told_##type(void *user_data, const type *facts) {                                                \
        begin(what, ((const known *)user_data)->name);                                                           \
        put_fields(#type, facts);                                                                                \
        end();                                                                                                   \
    }
CALLBACKS(TELL)

callback callback_of(const char *type) {
    static const struct {
        const char *type;
        callback function;
    } callbacks[] = {
#define NAMED(name, type, what) {#name, (callback)told_##type},
        CALLBACKS(NAMED)};
    for (size_t i = 0; i < COUNT(callbacks); i++) {
        if (is(callbacks[i].type, type)) return callbacks[i].function;
    }
    fail("no function for", type);
    return NULL;
}

/* ---- what is done with them ---------------------------------------------------------------------------------------- */

/* The value of a key, NULL where it is not there. */
static const char *value_of(const lines *all, const char *key) {
    for (size_t i = 0; i < all->count; i++) {
        if (is(all->keys[i], key)) return all->values[i];
    }
    return NULL;
}

static uint64_t number_of(const lines *all, const char *key) {
    const char *value = value_of(all, key);
    return value == NULL ? 0 : number(value);
}

static hs_str text_of(const lines *all, const char *key) {
    const char *value = value_of(all, key);
    return value == NULL ? (hs_str){NULL, 0} : decoded(value);
}

static void fill(const char *type, void *options, void *user_data, const lines *all) {
    const manner how = {0, user_data};
    size_struct(type, options);
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->keys[i], "at_ns") == 0) continue;
        if (!set(type, options, &how, all->keys[i], all->values[i])) fail("unknown option", all->keys[i]);
    }
}

/* Objects with options: one line for each kind. */
#define NEW(kind)                                                                                                \
    if (is(verb, #kind ".new")) {                                                                                \
        hs_##kind##_options options;                                                                             \
        memset(&options, 0, sizeof options);                                                                     \
        one = announce(#kind, name);                                                                             \
        fill("hs_" #kind "_options", &options, one, all);                                                        \
        status = hs_##kind##_new(&options, &object.kind, &error);                                                \
    } else

static void make(const char *verb, const char *name, const lines *all) {
    known *one = NULL;
    made object = {NULL};
    hs_error *error = NULL;
    hs_status status = HS_OK;
    NEW(simulation)
    NEW(worker)
    NEW(breaker)
    NEW(limiter)
    NEW(bulkhead)
    NEW(budget)
    if (is(verb, "mock.new")) {
        one = announce("mock", name);
        status = hs_mock_new(&object.mock);
    } else if (is(verb, "cancel.new")) {
        one = announce("cancel", name);
        status = hs_cancel_new(&object.cancel);
    } else {
        fail("unknown kind of object", verb);
        return;
    }
    one->pointer = object.any;
    if (is(one->kind->name, "simulation") && status == HS_OK) simulation = object.simulation;
    if (status == HS_OK) return;
    begin(verb, name);
    status_word(status, error);
    end();
}

/* A block with `at_ns` that waits for its moment; it is there until the scenario is over. */
typedef struct plan {
    struct plan *older;
    char *verb;
    char *name;
    lines all;
} plan;

static plan *newest_plan;

static void forget_plans(void) {
    while (newest_plan != NULL) {
        plan *p = newest_plan;
        for (size_t i = 0; i < p->all.count; i++) {
            free(p->all.keys[i]);
            free(p->all.values[i]);
        }
        newest_plan = p->older;
        free(p->all.keys);
        free(p->all.values);
        free(p->verb);
        free(p->name);
        free(p);
    }
}

static void reset(void) {
    while (newest != NULL) {
        known *one = newest;
        const hs_status status = one->pointer == NULL ? HS_OK : release(one);
        if (status != HS_OK) {
            begin("free", one->name);
            status_word(status, NULL);
            end();
        }
        newest = one->older;
        free(one->name);
        free(one);
    }
    forget_plans();
}

static void put_attempt(const char *name, hs_status status, const hs_attempt *attempt) {
    if (status != HS_OK) fail("no attempt of", name);
    begin("attempt", name);
    put_fields("hs_attempt", attempt);
    end();
}

static void put_attempts(const char *name, const hs_response *response, const hs_error *error) {
    hs_attempt attempt;
    memset(&attempt, 0, sizeof attempt);
    attempt.struct_size = sizeof attempt;
    for (size_t i = 0; i < hs_response_attempt_count(response); i++) {
        put_attempt(name, hs_response_attempt_at(response, i, &attempt), &attempt);
    }
    for (size_t i = 0; i < hs_error_attempt_count(error); i++) {
        put_attempt(name, hs_error_attempt_at(error, i, &attempt), &attempt);
    }
}

/* What has become of a request; frees it. */
static void put_result(const char *name, uint64_t tag, hs_status status, hs_response *response, hs_error *error) {
    begin("result", name);
    if (tag != 0) count_word("tag", tag);
    word("status", hs_status_name(status));
    if (response != NULL) {
        hs_metrics metrics;
        memset(&metrics, 0, sizeof metrics);
        metrics.struct_size = sizeof metrics;
        count_word("http", hs_response_status(response));
        word("body", hs_response_body(response));
        hs_response_metrics(response, &metrics);
        put_fields("hs_metrics", &metrics);
    }
    if (error != NULL) {
        hs_error_info info;
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        word("message", hs_error_message(error));
        hs_error_details(error, &info);
        info.status = 0; /* It is told by its name. */
        put_fields("hs_error_info", &info);
    }
    end();
    put_attempts(name, response, error);
    hs_response_free(response);
    hs_error_free(error);
}

static void send_one(const char *name, const lines *all) {
    hs_response *response = NULL;
    hs_error *error = NULL;
    const hs_request_options *request = request_of(all, 0, all->count);
    const hs_status status = hs_request(object("worker", name), request, &response, &error);
    put_result(name, 0, status, response, error);
}

/* `add N` begins a request that is there N times. */
static void send_many(const char *name, const lines *all) {
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (is(all->keys[i], "add")) count += (size_t)number(all->values[i]);
    }
    const hs_request_options **requests = keep(count * sizeof *requests);
    hs_completion *completions = keep(count * sizeof *completions);
    hs_error *error = NULL;
    size_t filled = 0;
    for (size_t from = 0; from < all->count;) {
        size_t to = from + 1;
        while (to < all->count && !is(all->keys[to], "add")) to++;
        const hs_request_options *request = request_of(all, from + 1, to);
        for (uint64_t copies = number(all->values[from]); copies > 0; copies--) requests[filled++] = request;
        from = to;
    }
    const hs_status status = hs_request_many(object("worker", name), requests, count, completions, &error);
    begin("many", name);
    status_word(status, error);
    end();
    for (size_t i = 0; status == HS_OK && i < count; i++) {
        put_result(name, completions[i].tag, completions[i].status, completions[i].response, completions[i].error);
    }
}

static void simulate(const char *verb, const char *name, const lines *all) {
    hs_simulation *on = object("simulation", name);
    hs_status status = HS_OK;
    if (is(verb, "simulation.advance")) {
        status = hs_simulation_advance(on, number_of(all, "ns"));
    } else if (is(verb, "simulation.wall")) {
        status = hs_simulation_set_wall(on, (int64_t)number_of(all, "ns"));
    } else if (is(verb, "simulation.random")) {
        uint32_t *millionths = keep(all->count * sizeof *millionths);
        for (size_t i = 0; i < all->count; i++) millionths[i] = (uint32_t)number(all->values[i]);
        status = hs_simulation_random(on, millionths, all->count);
    } else {
        fail("unknown verb", verb);
    }
    if (status == HS_OK) return;
    begin(verb, name);
    status_word(status, NULL);
    end();
}

static void answer(const char *verb, const char *name, const lines *all) {
    hs_mock *on = object("mock", name);
    if (is(verb, "mock.add")) {
        hs_mock_rule rule;
        hs_error *error = NULL;
        memset(&rule, 0, sizeof rule);
        fill("hs_mock_rule", &rule, NULL, all);
        const hs_status status = hs_mock_add(on, &rule, &error);
        if (status == HS_OK) return;
        begin(verb, name);
        status_word(status, error);
    } else if (is(verb, "mock.clear")) {
        begin(verb, name);
        status_word(hs_mock_clear(on), NULL);
    } else if (is(verb, "mock.calls")) {
        begin(verb, name);
        count_word("calls", hs_mock_calls(on));
        count_word("unused", hs_mock_unused(on));
    } else if (is(verb, "mock.call")) {
        hs_mock_call call;
        const size_t index = (size_t)number_of(all, "index");
        memset(&call, 0, sizeof call);
        call.struct_size = sizeof call;
        begin(verb, name);
        status_word(hs_mock_call_at(on, index, &call), NULL);
        put_fields("hs_mock_call", &call);
        if (value_of(all, "header") != NULL) word("value", hs_mock_call_header(on, index, text_of(all, "header"), 0));
    } else {
        fail("unknown verb", verb);
    }
    end();
}

/* ---- what is done with policies ----------------------------------------------------------------------------------- */

/* What the library wants back, by its name. */
typedef struct {
    char name[32];
    union {
        hs_permit breaker;
        hs_bulkhead_permit bulkhead;
        hs_ticket limiter;
    } of;
} held_one;

static held_one *held(const lines *all) {
    static held_one place[256];
    const char *name = value_of(all, "permit");
    if (name == NULL) name = "(none)";
    for (size_t i = 0; i < COUNT(place); i++) {
        if (place[i].name[0] == '\0') snprintf(place[i].name, sizeof place[i].name, "%s", name);
        if (is(place[i].name, name)) return &place[i];
    }
    fail("too many permits beside", name);
    return NULL;
}

static void put_state(const char *verb, const char *name, hs_status status, const char *type, const void *info) {
    begin(verb, name);
    status_word(status, NULL);
    put_fields(type, info);
    end();
}

#define STATE(kind)                                                                                              \
    do {                                                                                                         \
        hs_##kind##_info info;                                                                                   \
        memset(&info, 0, sizeof info);                                                                           \
        info.struct_size = sizeof info;                                                                          \
        const hs_status told = hs_##kind##_state(on, key, &info);                                                \
        put_state(verb, name, told, "hs_" #kind "_info", &info);                                                 \
    } while (0)

static void breaker(const char *verb, const char *name, const lines *all) {
    hs_breaker *on = object("breaker", name);
    const hs_str key = text_of(all, "key");
    hs_error *error = NULL;
    hs_status status = HS_OK;
    if (is(verb, "breaker.state")) {
        STATE(breaker);
        return;
    } else if (is(verb, "breaker.count")) {
        begin(verb, name);
        count_word("count", hs_breaker_count(on));
        end();
        return;
    } else if (is(verb, "breaker.acquire")) {
        status = hs_breaker_acquire(on, key, &held(all)->of.breaker, &error);
    } else if (is(verb, "breaker.record")) {
        status = hs_breaker_record(on, &held(all)->of.breaker, (uint32_t)number_of(all, "outcome"), &error);
    } else if (is(verb, "breaker.mark_slow")) {
        status = hs_breaker_mark_slow(on, &held(all)->of.breaker, &error);
    } else if (is(verb, "breaker.force_open")) {
        status = hs_breaker_force_open(on, key, number_of(all, "ms"));
    } else if (is(verb, "breaker.force_closed")) {
        status = hs_breaker_force_closed(on, key);
    } else if (is(verb, "breaker.metrics_only")) {
        status = hs_breaker_metrics_only(on, key);
    } else if (is(verb, "breaker.reset")) {
        status = hs_breaker_reset(on, key);
    } else {
        fail("unknown verb", verb);
    }
    begin(verb, name);
    status_word(status, error);
    end();
}

static void bulkhead(const char *verb, const char *name, const lines *all) {
    hs_bulkhead *on = object("bulkhead", name);
    const hs_str key = text_of(all, "key");
    hs_error *error = NULL;
    hs_status status = HS_OK;
    if (is(verb, "bulkhead.state")) {
        STATE(bulkhead);
        return;
    } else if (is(verb, "bulkhead.acquire")) {
        const char *by = value_of(all, "cancel");
        hs_cancel *cancel = by == NULL ? NULL : object("cancel", by);
        hs_bulkhead_permit *permit = &held(all)->of.bulkhead;
        status = hs_bulkhead_acquire(on, key, number_of(all, "timeout_ms"), cancel, permit, &error);
    } else if (is(verb, "bulkhead.try_acquire")) {
        status = hs_bulkhead_try_acquire(on, key, &held(all)->of.bulkhead);
    } else if (is(verb, "bulkhead.release")) {
        status = hs_bulkhead_release(on, &held(all)->of.bulkhead);
    } else {
        fail("unknown verb", verb);
    }
    begin(verb, name);
    status_word(status, error);
    end();
}

/* `header FLAGS NAME VALUE` of every field. */
static hs_status learn(hs_limiter *on, const lines *all, hs_error **error) {
    hs_header *headers = keep(all->count * sizeof *headers);
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (!is(all->keys[i], "header")) continue;
        char *line = keep(strlen(all->values[i]));
        char *name = split(strcpy(line, all->values[i]));
        char *text = split(name);
        headers[count].name = decoded(name);
        headers[count++].value = decoded(text);
    }
    const hs_ticket *ticket = value_of(all, "permit") == NULL ? NULL : &held(all)->of.limiter;
    const uint32_t status = (uint32_t)number_of(all, "status");
    return hs_limiter_learn(on, text_of(all, "key"), ticket, status, headers, count, error);
}

static void limiter(const char *verb, const char *name, const lines *all) {
    hs_limiter *on = object("limiter", name);
    const hs_str key = text_of(all, "key");
    const uint32_t cost = (uint32_t)number_of(all, "cost");
    hs_ticket *ticket = &held(all)->of.limiter;
    hs_error *error = NULL;
    hs_status status = HS_OK;
    if (is(verb, "limiter.state")) {
        STATE(limiter);
        return;
    } else if (is(verb, "limiter.acquire")) {
        const char *by = value_of(all, "cancel");
        hs_cancel *cancel = by == NULL ? NULL : object("cancel", by);
        status = hs_limiter_acquire(on, key, cost, number_of(all, "timeout_ms"), cancel, ticket, &error);
    } else if (is(verb, "limiter.try_acquire")) {
        status = hs_limiter_try_acquire(on, key, cost, ticket, &error);
    } else if (is(verb, "limiter.refund")) {
        status = hs_limiter_refund(on, key, ticket, &error);
    } else if (is(verb, "limiter.set_quota")) {
        const uint32_t limit = (uint32_t)number_of(all, "limit"), burst = (uint32_t)number_of(all, "burst");
        status = hs_limiter_set_quota(on, key, limit, number_of(all, "period_ms"), burst, &error);
    } else if (is(verb, "limiter.hold")) {
        status = hs_limiter_hold(on, key, number_of(all, "ms"));
    } else if (is(verb, "limiter.learn")) {
        status = learn(on, all, &error);
    } else {
        fail("unknown verb", verb);
    }
    begin(verb, name);
    status_word(status, error);
    end();
}

static void budget(const char *verb, const char *name, const lines *all) {
    hs_budget *on = object("budget", name);
    const hs_str key = text_of(all, "key");
    uint32_t granted = 0;
    hs_status status = HS_OK;
    if (is(verb, "budget.state")) {
        STATE(budget);
        return;
    } else if (is(verb, "budget.original")) {
        status = hs_budget_original(on, key);
    } else if (is(verb, "budget.withdraw")) {
        status = hs_budget_withdraw(on, key, &granted);
    } else {
        fail("unknown verb", verb);
    }
    begin(verb, name);
    status_word(status, NULL);
    if (granted != 0) count_word("granted", granted);
    end();
}

static int begins(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static int carry_out(const char *verb, const char *name, const lines *all) {
    const size_t length = strlen(verb);
    if (is(verb, "reset")) {
        reset();
    } else if (length > 4 && is(verb + length - 4, ".new")) {
        make(verb, name, all);
    } else if (length > 5 && is(verb + length - 5, ".free")) {
        hs_str kind = decoded(verb);
        ((char *)(uintptr_t)kind.data)[length - 5] = '\0';
        const hs_status status = release(find(kind.data, name));
        begin(verb, name);
        status_word(status, NULL);
        end();
    } else if (is(verb, "send")) {
        send_one(name, all);
    } else if (is(verb, "many")) {
        send_many(name, all);
    } else if (is(verb, "cancel.trigger")) {
        hs_cancel_trigger(object("cancel", name));
    } else if (begins(verb, "simulation.")) {
        simulate(verb, name, all);
    } else if (begins(verb, "mock.")) {
        answer(verb, name, all);
    } else if (begins(verb, "breaker.")) {
        breaker(verb, name, all);
    } else if (begins(verb, "bulkhead.")) {
        bulkhead(verb, name, all);
    } else if (begins(verb, "limiter.")) {
        limiter(verb, name, all);
    } else if (begins(verb, "budget.")) {
        budget(verb, name, all);
    } else {
        return 0;
    }
    return 1;
}

/* ---- plans -------------------------------------------------------------------------------------------------------- */

static void carry_out_plan(void *user_data) {
    const plan *p = user_data;
    begin("plan", p->verb);
    printf(" %s", p->name);
    end();
    if (!carry_out(p->verb, p->name, &p->all)) fail("unknown verb", p->verb);
}

int scenario(const char *verb, const char *name, const lines *all) {
    const char *at = value_of(all, "at_ns");
    if (at == NULL) return carry_out(verb, name, all);
    plan *p = must(calloc(1, sizeof *p));
    p->older = newest_plan;
    newest_plan = p;
    p->verb = must(strdup(verb));
    p->name = must(strdup(name));
    p->all.keys = must(calloc(all->count, sizeof(char *)));
    p->all.values = must(calloc(all->count, sizeof(char *)));
    for (size_t i = 0; i < all->count; i++) {
        if (is(all->keys[i], "at_ns")) continue;
        p->all.keys[p->all.count] = must(strdup(all->keys[i]));
        p->all.values[p->all.count++] = must(strdup(all->values[i]));
    }
    if (hs_simulation_at(simulation, number(at), carry_out_plan, p) != HS_OK) fail("no plan for", verb);
    return 1;
}
