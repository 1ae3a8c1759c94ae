/* Workers in virtual time, over a mock, whose policies' events are recorded. */

#ifndef SIMULATED_H
#define SIMULATED_H

#include "client.h"

#define HOST "http://api.test"
#define MS UINT64_C(1000000)

static hs_mock *mock;
static hs_simulation *simulation;
static struct {
    uint32_t kinds[64];
    uint64_t waits[64];
    uint32_t stops[64];
    unsigned count;
} seen;

static inline void record(void *user_data, const hs_event *event) {
    (void)user_data;
    CHECK(seen.count < 64);
    seen.kinds[seen.count] = event->kind;
    seen.waits[seen.count] = event->wait_ns;
    seen.stops[seen.count++] = event->stop_reason;
    const int keyed = (event->kind & (HS_EVENT_RETRY | HS_EVENT_RETRY_ABANDONED | HS_EVENT_HEDGE_STARTED | HS_EVENT_HEDGE_WON |
                                      HS_EVENT_HEDGE_LOST | HS_EVENT_HEDGE_SKIPPED | HS_EVENT_BUDGET_EXHAUSTED)) != 0;
    CHECK_INT(event->key.len, keyed ? strlen(HOST) : 0);
    CHECK((event->sequence > 0) == keyed);
}

static inline hs_worker *worker_with(const hs_policies *policies) {
    hs_worker_options options;
    hs_observe_options observe;
    hs_worker *worker = NULL;
    memset(&options, 0, sizeof options);
    memset(&observe, 0, sizeof observe);
    observe.struct_size = sizeof observe;
    observe.on_event = record;
    observe.event_mask = HS_EVENT_ATTEMPT_START | HS_EVENT_ATTEMPT_END | HS_EVENT_RETRY | HS_EVENT_RETRY_ABANDONED |
                         HS_EVENT_HEDGE_STARTED | HS_EVENT_HEDGE_WON | HS_EVENT_HEDGE_LOST | HS_EVENT_HEDGE_SKIPPED |
                         HS_EVENT_BUDGET_EXHAUSTED | HS_EVENT_DEADLINE_EXCEEDED;
    options.struct_size = sizeof options;
    options.mock = mock;
    options.simulation = simulation;
    options.observe = &observe;
    options.policies = policies;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

/* Beginning anew: nothing is scripted, nothing was told, and no retry is remembered. */
static inline void again(void) {
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    CHECK_STATUS(hs_simulation_advance(simulation, 20000 * MS), HS_OK);
    memset(&seen, 0, sizeof seen);
}

static inline void answer_with(uint32_t status, const char *name, const char *value, uint64_t delay_ms, uint32_t times) {
    hs_mock_rule rule;
    const hs_header header = {text(name), text(value), 0};
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.status = status;
    rule.answer_headers = &header;
    rule.answer_header_count = *name ? 1 : 0;
    rule.answer_body = text("said");
    rule.delay_ms = delay_ms;
    rule.times = times;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
}

static inline void fail_with(hs_status failure, uint64_t delay_ms, uint32_t times) {
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.failure = failure;
    rule.delay_ms = delay_ms;
    rule.times = times;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
}

static inline void draws(uint32_t first, uint32_t second) {
    const uint32_t millionths[] = {first, second};
    CHECK_STATUS(hs_simulation_random(simulation, millionths, 2), HS_OK);
}

static inline hs_attempt attempt_of(const hs_response *response, size_t index) {
    hs_attempt attempt;
    memset(&attempt, 0xA5, sizeof attempt);
    attempt.struct_size = sizeof attempt;
    CHECK_STATUS(hs_response_attempt_at(response, index, &attempt), HS_OK);
    return attempt;
}

static inline hs_request_options request_of(const char *method) {
    hs_request_options request = get(HOST "/");
    request.method = text(method);
    return request;
}

static inline void check_kinds(int line, const uint32_t *expected) {
    unsigned i = 0;
    for (; expected[i] != 0; i++) {
        if (i >= seen.count || seen.kinds[i] != expected[i]) {
            check_failed(__FILE__, line, "event %u of %u is %u, not %u", i, seen.count, i < seen.count ? seen.kinds[i] : 0,
                         expected[i]);
        }
    }
    if (seen.count != i) {
        check_failed(__FILE__, line, "%u events, not %u", seen.count, i);
    }
}
#define CHECK_KINDS(...) check_kinds(__LINE__, (const uint32_t[]){__VA_ARGS__, 0})

static inline void begin_simulated(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
}

static inline int end_simulated(void) {
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);
    return 0;
}

#endif
