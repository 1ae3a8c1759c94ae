/* The admitted path of each policy, as a caller in C has it: every call looks its handles and its key up. */
#include <http_sentinel.h>

#include <stdio.h>
#include <stdlib.h>

static const char KEY[] = "https://api.example.com:443";

static void check(hs_status status) {
    if (status != HS_OK) {
        hs_str name = hs_status_name(status);
        fprintf(stderr, "%.*s\n", (int)name.len, name.data);
        exit(1);
    }
}

static hs_str key(void) { return (hs_str){KEY, sizeof KEY - 1}; }

/* ---- Each by itself. */

static hs_breaker *breaker;
static hs_bulkhead *bulkhead;
static hs_budget *budget;

void ours_begin(void) {
    check(hs_breaker_new(NULL, &breaker, NULL));
    check(hs_bulkhead_new(NULL, &bulkhead, NULL));
    check(hs_budget_new(NULL, &budget, NULL));
}

void ours_breaker(uint64_t rounds) {
    while (rounds-- > 0) {
        hs_permit permit;
        check(hs_breaker_acquire(breaker, key(), &permit, NULL));
        check(hs_breaker_record(breaker, &permit, HS_OUTCOME_SUCCESS, NULL));
    }
}

void ours_bulkhead(uint64_t rounds) {
    while (rounds-- > 0) {
        hs_bulkhead_permit permit;
        check(hs_bulkhead_acquire(bulkhead, key(), 0, NULL, &permit, NULL));
        check(hs_bulkhead_release(bulkhead, &permit));
    }
}

void ours_budget(uint64_t rounds) {
    while (rounds-- > 0) check(hs_budget_original(budget, key()));
}

static hs_limiter *limiter_with(uint32_t mode, uint32_t limit, uint32_t burst, uint64_t period_ms, uint64_t margin_ms) {
    hs_limiter_options options = {
        .struct_size = sizeof options,
        .limit = limit,
        .mode = mode,
        .period_ms = period_ms,
        .burst = burst,
        .window_margin_ms = margin_ms,
    };
    hs_limiter *limiter = NULL;
    check(hs_limiter_new(&options, &limiter, NULL));
    return limiter;
}

/* So much that nobody waits. */
static hs_limiter *smooth(void) { return limiter_with(HS_LIMITER_GCRA, 1000000000, 100000000, 1000, 0); }

static void take(hs_limiter *limiter) {
    hs_ticket ticket;
    check(hs_limiter_acquire(limiter, key(), 1, 0, NULL, &ticket, NULL));
}

void ours_gcra(uint64_t rounds) {
    static hs_limiter *limiter;
    if (limiter == NULL) limiter = smooth();
    while (rounds-- > 0) take(limiter);
}

void ours_log(uint64_t rounds) {
    static hs_limiter *limiter;
    if (limiter == NULL) limiter = limiter_with(HS_LIMITER_SLIDING_LOG, 100000, 0, 1, 1);
    while (rounds-- > 0) take(limiter);
}

/* ---- Together: work that succeeds the first time. */

static int32_t work(void *context, hs_attempt_context *attempt) {
    (void)attempt;
    ++*(volatile uint64_t *)context;
    return HS_OK;
}

void ours_retry(uint64_t rounds) {
    static hs_retry *retry;
    uint64_t done = 0;
    if (retry == NULL) {
        hs_breaker *its_breaker = NULL;
        check(hs_breaker_new(NULL, &its_breaker, NULL));
        const hs_bucket bucket = {.limiter = smooth(), .key = key()};
        const hs_retry_policies policies = {
            .struct_size = sizeof policies,
            .key = key(),
            .breaker = its_breaker,
            .buckets = &bucket,
            .bucket_count = 1,
        };
        check(hs_retry_new(NULL, &policies, &retry, NULL));
    }
    while (rounds-- > 0) check(hs_retry_run(retry, work, &done, NULL, NULL, NULL, NULL));
}

/* ---- A whole call over a mock, without policies and with all of them. */

static hs_mock *mock;

static hs_worker *worker_with(const hs_policies *policies) {
    if (mock == NULL) {
        hs_mock_rule rule = {.struct_size = sizeof rule, .status = 200};
        check(hs_mock_new(&mock));
        check(hs_mock_add(mock, &rule, NULL));
    }
    hs_worker_options options = {.struct_size = sizeof options, .mock = mock, .policies = policies};
    hs_worker *worker = NULL;
    check(hs_worker_new(&options, &worker, NULL));
    return worker;
}

static void call(hs_worker *worker, uint64_t rounds) {
    static const char url[] = "https://api.example.com/v2/orders";
    const hs_request_options request = {.struct_size = sizeof request, .url = {url, sizeof url - 1}};
    while (rounds-- > 0) {
        hs_response *response = NULL;
        check(hs_request(worker, &request, &response, NULL));
        check(hs_response_free(response));
        if (rounds % 256 == 0) {
            /* It remembers what it was asked. */
            hs_mock_rule rule = {.struct_size = sizeof rule, .status = 200};
            check(hs_mock_clear(mock));
            check(hs_mock_add(mock, &rule, NULL));
        }
    }
}

void ours_plain_call(uint64_t rounds) {
    static hs_worker *worker;
    if (worker == NULL) worker = worker_with(NULL);
    call(worker, rounds);
}

static hs_worker *worker_with_all(hs_bulkhead *and_a) {
    const hs_bucket bucket = {.limiter = smooth()};
    const hs_policies policies = {
        .struct_size = sizeof policies,
        .breaker = breaker,
        .buckets = &bucket,
        .bucket_count = 1,
        .bulkhead = and_a,
    };
    return worker_with(&policies);
}

void ours_call(uint64_t rounds) {
    static hs_worker *worker;
    if (worker == NULL) worker = worker_with_all(NULL);
    call(worker, rounds);
}

void ours_bulkhead_call(uint64_t rounds) {
    static hs_worker *worker;
    if (worker == NULL) worker = worker_with_all(bulkhead);
    call(worker, rounds);
}
