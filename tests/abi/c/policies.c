/* Breaker, limiter and bulkhead on a worker and on a request, in virtual time: who is asked, in what order, and what it
 * costs to be refused. The policies themselves have programs of their own. */

#include "client.h"

#define HOST "http://api.test"
#define MS UINT64_C(1000000)
#define MANY 64

static hs_mock *mock;
static hs_simulation *simulation;

static hs_worker *worker_with(const hs_policies *policies) {
    hs_worker_options options;
    hs_worker *worker = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.mock = mock;
    options.simulation = simulation;
    options.policies = policies;
    options.max_attempts = 1;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static hs_policies no_policies(void) {
    hs_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    return policies;
}

static void answer(const char *target, uint32_t status, uint64_t delay_ms) {
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.url = text(target);
    rule.status = status;
    rule.delay_ms = delay_ms;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
}

static uint16_t status_of(hs_worker *worker, const char *target) {
    const hs_request_options request = get(target);
    hs_response *response = SEND(worker, &request);
    const uint16_t status = hs_response_status(response);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return status;
}

/* How many of so many at once end with a status. */
static size_t at_once(hs_worker *worker, const char *target, size_t count, hs_status expected) {
    hs_request_options request = get(target);
    const hs_request_options *requests[MANY] = {NULL};
    hs_completion completions[MANY];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        requests[i] = &request;
    }
    CHECK_STATUS(hs_request_many(worker, requests, count, completions, NULL), HS_OK);
    for (size_t i = 0; i < count; i++) {
        found += completions[i].status == expected;
        CHECK_STATUS(hs_response_free(completions[i].response), HS_OK);
        CHECK_STATUS(hs_error_free(completions[i].error), HS_OK);
    }
    return found;
}

static uint32_t state_of(hs_breaker *breaker, const char *key) {
    hs_breaker_info info;
    info.struct_size = sizeof info;
    const hs_status status = hs_breaker_state(breaker, text(key), &info);
    /* Nothing was asked of it yet. */
    return status == HS_ERR_NOT_FOUND ? HS_BREAKER_CLOSED : info.state;
}

static hs_breaker *new_breaker(void) {
    hs_breaker_options options;
    hs_breaker *breaker;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = simulation;
    CHECK_STATUS(hs_breaker_new(&options, &breaker, NULL), HS_OK);
    return breaker;
}

static void a_breaker(void) {
    hs_breaker *breaker = new_breaker();
    hs_policies policies = no_policies();
    policies.breaker = breaker;
    hs_worker *worker = worker_with(&policies);
    /* It lives for as long as the worker has it; another handle is needed to look at it. */
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    answer(HOST "/bad", 503, 1);
    answer(HOST "/good", 200, 10);
    answer("http://other.test/", 200, 1);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(state_of(breaker, HOST), HS_BREAKER_CLOSED);
        CHECK_INT(status_of(worker, HOST "/bad"), 503);
    }
    CHECK_INT(state_of(breaker, HOST), HS_BREAKER_OPEN);
    const hs_request_options request = get(HOST "/good");
    hs_error *error = ERROR_OF(worker, &request, HS_ERR_BREAKER_OPEN);
    CHECK_HAS(hs_error_message(error), HOST);
    const hs_error_info info = take_facts(error);
    CHECK(info.retry_after_ms >= 5000 && info.retry_after_ms <= 6000);
    CHECK_INT(info.stop_reason, HS_STOP_BREAKER_OPEN);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.phase, HS_PHASE_POLICY);
    CHECK_INT(hs_mock_calls(mock), 20);
    CHECK_INT(status_of(worker, "http://other.test/"), 200);

    /* Of 64 at once three are let through, and they close it. */
    CHECK_STATUS(hs_simulation_advance(simulation, 6000 * MS), HS_OK);
    CHECK_INT(at_once(worker, HOST "/good", MANY, HS_ERR_BREAKER_OPEN), MANY - 3);
    CHECK_INT(hs_mock_calls(mock), 24);
    CHECK_INT(state_of(breaker, HOST), HS_BREAKER_CLOSED);

    /* What a request says of it. */
    CHECK_STATUS(hs_breaker_force_open(breaker, text(HOST), HS_INFINITE), HS_OK);
    CHECK_STATUS(hs_breaker_force_open(breaker, text("mine"), HS_INFINITE), HS_OK);
    FAILS(worker, &request, HS_ERR_BREAKER_OPEN);
    hs_policies own = no_policies();
    hs_request_options without = get(HOST "/good");
    without.policies = &own;
    own.flags = HS_NO_BREAKER;
    CHECK_STATUS(hs_response_free(SEND(worker, &without)), HS_OK);
    own.flags = 0;
    own.breaker_key = text("yours");
    CHECK_STATUS(hs_response_free(SEND(worker, &without)), HS_OK);
    own.breaker_key = text("mine");
    FAILS_SAYING(worker, &without, HS_ERR_BREAKER_OPEN, "mine");
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
    FAILS(worker, &request, HS_ERR_BREAKER_OPEN);
    close_worker(worker);
}

/* Cancelled calls and those whose own time was too short say nothing of the server. */
static void what_a_breaker_is_not_told(void) {
    hs_breaker *breaker = new_breaker();
    hs_policies policies = no_policies();
    policies.breaker = breaker;
    hs_worker *worker = worker_with(&policies);
    hs_request_options request = get(HOST "/slow");
    hs_breaker_info info;
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    answer(HOST "/slow", 200, 60000);
    answer(HOST "/busy", 429, 0);
    answer(HOST "/none", 404, 0);
    request.timeout_ms = 900;
    for (int i = 0; i < 25; i++) {
        FAILS(worker, &request, HS_ERR_TIMEOUT);
        CHECK_INT(status_of(worker, HOST "/busy"), 429);
    }
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_breaker_state(breaker, text(HOST), &info), HS_OK);
    CHECK_INT(info.calls, 0);
    CHECK_INT(status_of(worker, HOST "/none"), 404);
    CHECK_STATUS(hs_breaker_state(breaker, text(HOST), &info), HS_OK);
    CHECK(info.calls == 1 && info.state == HS_BREAKER_CLOSED);
    CHECK_STATUS(hs_breaker_reset(breaker, text(HOST)), HS_OK);
    request.timeout_ms = 1500;
    for (int i = 0; i < 20; i++) {
        FAILS(worker, &request, HS_ERR_TIMEOUT);
    }
    CHECK_INT(state_of(breaker, HOST), HS_BREAKER_OPEN);
    close_worker(worker);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

/* Calls that hang are known to be slow while they do. */
static void slow_calls(void) {
    hs_breaker_options options;
    hs_breaker *breaker;
    hs_policies policies = no_policies();
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = simulation;
    options.slow_ms = 2000;
    CHECK_STATUS(hs_breaker_new(&options, &breaker, NULL), HS_OK);
    policies.breaker = breaker;
    hs_worker *worker = worker_with(&policies);
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    answer(HOST "/hangs", 200, 60000);
    const uint64_t before = hs_simulation_now(simulation);
    CHECK_INT(at_once(worker, HOST "/hangs", 20, HS_ERR_ATTEMPT_TIMEOUT), 20);
    CHECK(hs_simulation_now(simulation) == before + 10000 * MS);
    hs_breaker_info info;
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_breaker_state(breaker, text(HOST), &info), HS_OK);
    /* Open since 2 s, and not for longer than 6. */
    CHECK_INT(info.generation, 1);
    CHECK_INT(info.state, HS_BREAKER_OPEN);
    close_worker(worker);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
}

/* Places are kept while a request is under way, not while it waits for its next attempt. */
static void a_bulkhead(void) {
    hs_bulkhead_options options;
    hs_bulkhead *bulkhead;
    hs_policies policies = no_policies();
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = simulation;
    options.capacity = 1;
    options.queue = 2;
    CHECK_STATUS(hs_bulkhead_new(&options, &bulkhead, NULL), HS_OK);
    policies.bulkhead = bulkhead;
    hs_worker *worker = worker_with(&policies);
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    answer(HOST "/takes/1s", 200, 1000);
    uint64_t before = hs_simulation_now(simulation);
    CHECK_INT(at_once(worker, HOST "/takes/1s", 5, HS_ERR_BULKHEAD_FULL), 2);
    CHECK(hs_simulation_now(simulation) == before + 3000 * MS);
    CHECK_INT(hs_mock_calls(mock), 3);

    hs_request_options first = get(HOST "/later"), second = get(HOST "/takes/1s");
    hs_mock_rule later;
    const hs_header after = {text("Retry-After"), text("10"), 0};
    memset(&later, 0, sizeof later);
    later.struct_size = sizeof later;
    later.url = text(HOST "/later");
    later.status = 503;
    later.answer_headers = &after;
    later.answer_header_count = 1;
    CHECK_STATUS(hs_mock_add(mock, &later, NULL), HS_OK);
    first.max_attempts = 2;
    const hs_request_options *requests[] = {&first, &second};
    hs_completion completions[2];
    CHECK_STATUS(hs_request_many(worker, requests, 2, completions, NULL), HS_OK);
    CHECK_INT(hs_response_status(completions[0].response), 503);
    CHECK_INT(hs_response_attempt_count(completions[0].response), 2);
    hs_attempt attempt;
    attempt.struct_size = sizeof attempt;
    CHECK_STATUS(hs_response_attempt_at(completions[1].response, 0, &attempt), HS_OK);
    CHECK(attempt.wait_ns == 0 && attempt.started_ns == 0);
    CHECK_STATUS(hs_response_attempt_at(completions[0].response, 1, &attempt), HS_OK);
    CHECK(attempt.wait_ns >= 10000 * MS && attempt.wait_reason == HS_WAIT_RETRY_AFTER);
    CHECK_STATUS(hs_response_free(completions[0].response), HS_OK);
    CHECK_STATUS(hs_response_free(completions[1].response), HS_OK);

    /* A deadline in the queue. */
    hs_request_options hurried = get(HOST "/takes/1s");
    hurried.timeout_ms = 500;
    requests[0] = &second;
    requests[1] = &hurried;
    before = hs_simulation_now(simulation);
    CHECK_STATUS(hs_request_many(worker, requests, 2, completions, NULL), HS_OK);
    CHECK_STATUS(completions[1].status, HS_ERR_TIMEOUT);
    const hs_error_info info = take_facts(completions[1].error);
    CHECK_INT(info.phase, HS_PHASE_QUEUE);
    CHECK(info.elapsed_ns == 500 * MS && info.request_sent == HS_SENT_NO && info.stop_reason == HS_STOP_DEADLINE);
    CHECK_STATUS(hs_response_free(completions[0].response), HS_OK);
    close_worker(worker);
    CHECK_STATUS(hs_bulkhead_free(bulkhead), HS_OK);
}

/* Who must wait does, in his turn; what a refusal of the breaker's takes is given back. */
static void a_limiter(void) {
    hs_limiter_options quota;
    hs_limiter *limiter;
    hs_policies policies = no_policies();
    hs_bucket bucket = {NULL, {NULL, 0}, 0, 0};
    memset(&quota, 0, sizeof quota);
    quota.struct_size = sizeof quota;
    quota.limit = 3;
    quota.period_ms = 60000;
    quota.simulation = simulation;
    CHECK_STATUS(hs_limiter_new(&quota, &limiter, NULL), HS_OK);
    bucket.limiter = limiter;
    bucket.key = text("account");
    policies.buckets = &bucket;
    policies.bucket_count = 1;
    hs_worker *worker = worker_with(&policies);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    answer("/", 200, 0);
    uint64_t before = hs_simulation_now(simulation);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(status_of(worker, i == 1 ? "http://other.test/" : HOST "/"), 200);
    }
    CHECK(hs_simulation_now(simulation) == before);
    hs_request_options request = get(HOST "/");
    request.timeout_ms = HS_INFINITE;
    hs_response *response = SEND(worker, &request);
    hs_attempt attempt;
    attempt.struct_size = sizeof attempt;
    CHECK_STATUS(hs_response_attempt_at(response, 0, &attempt), HS_OK);
    CHECK(attempt.wait_ns == 60050 * MS && attempt.started_ns == 60050 * MS && attempt.wait_reason == HS_WAIT_LIMITER);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* No time for that: refused at once. */
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    }
    request.timeout_ms = 30000;
    before = hs_simulation_now(simulation);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_RATE_LIMITED);
    CHECK(hs_simulation_now(simulation) == before);
    CHECK(info.stop_reason == HS_STOP_LIMITED && info.retry_after_ms > 30000 && info.request_sent == HS_SENT_NO);
    hs_policies own = no_policies();
    own.flags = HS_NO_LIMITER;
    request.policies = &own;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    close_worker(worker);

    /* What a server says of its limit holds the bucket, and every worker that has it. */
    const hs_header held[] = {{text("X-RateLimit-Remaining"), text("0"), 0}, {text("X-RateLimit-Reset"), text("17"), 0}};
    quota.limit = HS_LIMIT_ALPACA;
    CHECK_STATUS(hs_limiter_new(&quota, &limiter, NULL), HS_OK);
    bucket.limiter = limiter;
    worker = worker_with(&policies);
    hs_worker *other = worker_with(&policies);
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.status = 200;
    rule.answer_headers = held;
    rule.answer_header_count = 2;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
    CHECK_INT(status_of(worker, HOST "/"), 200);
    before = hs_simulation_now(simulation);
    CHECK_INT(status_of(other, HOST "/"), 200);
    const uint64_t waited = hs_simulation_now(simulation) - before;
    CHECK(waited >= 17000 * MS && waited <= 17250 * MS);
    close_worker(worker);
    close_worker(other);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
}

/* What was made for another time is refused. */
static void other_clocks(void) {
    hs_breaker *breaker;
    hs_policies policies = no_policies();
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_breaker_new(NULL, &breaker, NULL), HS_OK);
    policies.breaker = breaker;
    options.policies = &policies;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    close_worker(worker);
    options.mock = mock;
    options.simulation = simulation;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "hs_policies.breaker");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_ERR_INVALID_HANDLE);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    a_breaker();
    what_a_breaker_is_not_told();
    slow_calls();
    a_bulkhead();
    a_limiter();
    other_clocks();
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);
    return 0;
}
