/* Work of the caller's own under the rules for requests, in virtual time: which outcomes are tried again and when, why it
 * stops, who is asked before each attempt, and that threads share one object and callbacks may use it again. */

#include "client.h"

#include <pthread.h>

#define MS UINT64_C(1000000)
#define MOST 8

/* What the work does at each attempt, and what it saw. */
typedef struct {
    hs_simulation *simulation;
    struct {
        int32_t result;
        uint32_t http_status;
        uint32_t request_sent;
        uint64_t retry_after_ms;
        uint32_t flags;
        uint64_t takes_ms;
    } does[MOST];
    uint64_t began_ms[MOST];
    uint32_t numbers[MOST], reasons[MOST], replays[MOST];
    uint64_t left_ms[MOST];
    uint32_t count;
    int asked, answers;
} work;

static int32_t attempt_of(void *context, hs_attempt_context *attempt) {
    work *self = context;
    const uint32_t at = self->count++;
    CHECK(at < MOST);
    CHECK_INT(attempt->struct_size, sizeof *attempt);
    CHECK_INT(attempt->http_status, 0);
    CHECK_INT(attempt->request_sent, HS_SENT_MAYBE);
    CHECK(attempt->retry_after_ms == HS_INFINITE);
    self->numbers[at] = attempt->number;
    self->reasons[at] = attempt->wait_reason;
    self->replays[at] = attempt->flags;
    self->left_ms[at] = attempt->left_ms;
    self->began_ms[at] = attempt->started_ns / MS;
    CHECK_STATUS(hs_simulation_advance(self->simulation, self->does[at].takes_ms * MS), HS_OK);
    attempt->http_status = self->does[at].http_status;
    attempt->request_sent = self->does[at].request_sent;
    attempt->flags |= self->does[at].flags;
    attempt->retry_after_ms = self->does[at].retry_after_ms;
    return self->does[at].result;
}

static int32_t predicate(void *context, int32_t result, const hs_attempt_context *attempt) {
    work *self = context;
    CHECK(result != 0 || attempt->http_status >= 400);
    self->asked++;
    return self->answers;
}

static hs_simulation *simulation;

/* Work that fails with that at every attempt. Chance is at its upper end. */
static work failing(int32_t result, uint32_t http_status) {
    work made;
    memset(&made, 0, sizeof made);
    made.simulation = simulation;
    for (int i = 0; i < MOST; i++) {
        made.does[i].result = result;
        made.does[i].http_status = http_status;
        made.does[i].request_sent = HS_SENT_MAYBE;
        made.does[i].retry_after_ms = HS_INFINITE;
    }
    static const uint32_t whole[16] = {1000000, 1000000, 1000000, 1000000, 1000000, 1000000, 1000000, 1000000,
                                       1000000, 1000000, 1000000, 1000000, 1000000, 1000000, 1000000, 1000000};
    CHECK_STATUS(hs_simulation_random(simulation, whole, 16), HS_OK);
    return made;
}

static hs_retry_policies policies_with(uint32_t flags) {
    hs_retry_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.flags = flags;
    policies.simulation = simulation;
    return policies;
}

static hs_retry_options options_with(uint32_t attempts) {
    hs_retry_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.max_attempts = attempts;
    return options;
}

static hs_retry *open_retry(const hs_retry_options *options, const hs_retry_policies *policies) {
    hs_retry *retry = NULL;
    CHECK_STATUS(hs_retry_new(options, policies, &retry, NULL), HS_OK);
    return retry;
}

/* Runs it with a retry of its own, and checks what comes of it. */
static hs_retry_report run(work *self, const hs_retry_options *options, const hs_retry_policies *policies,
                           int32_t expected, uint32_t stop_reason, uint32_t attempts) {
    hs_retry *retry = open_retry(options, policies);
    hs_retry_report report;
    hs_error *error = NULL;
    memset(&report, 0xA5, sizeof report);
    report.struct_size = sizeof report;
    const hs_status status = hs_retry_run(retry, attempt_of, self, NULL, NULL, &report, &error);
    CHECK_STATUS(status, expected);
    CHECK_INT(report.result, expected);
    CHECK_INT(report.stop_reason, stop_reason);
    CHECK_INT(report.attempts, attempts);
    CHECK((error == NULL) == (status == 0));
    if (error != NULL) {
        CHECK_STATUS(hs_error_status(error), expected);
    }
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
    return report;
}

static void until_it_is_done(void) {
    const hs_retry_policies policies = policies_with(HS_IDEMPOTENT);
    work self = failing(HS_ERR_RECEIVE, 0);
    self.does[0].takes_ms = 5;
    self.does[2].result = 0;
    const hs_retry_report report = run(&self, NULL, &policies, 0, HS_STOP_OK, 3);
    CHECK(self.began_ms[0] == 0 && self.began_ms[1] == 105 && self.began_ms[2] == 305);
    CHECK(self.numbers[0] == 1 && self.numbers[1] == 2 && self.numbers[2] == 3);
    CHECK(self.reasons[0] == HS_WAIT_NONE && self.reasons[1] == HS_WAIT_BACKOFF);
    CHECK(self.left_ms[0] == 30000 && self.left_ms[1] == 29895);
    CHECK(report.elapsed_ns == 305 * MS && report.waited_ns == 300 * MS && report.retry_after_ms == HS_INFINITE);
}

static void by_the_rules(void) {
    const hs_retry_policies careful = policies_with(0), again = policies_with(HS_IDEMPOTENT);
    const hs_retry_policies keyed = policies_with(HS_IDEMPOTENCY_KEY);
    work self = failing(HS_ERR_RECEIVE, 0);
    run(&self, NULL, &careful, HS_ERR_RECEIVE, HS_STOP_NOT_IDEMPOTENT, 1);
    self = failing(HS_ERR_RECEIVE, 0);
    self.does[0].request_sent = self.does[1].request_sent = HS_SENT_NO;
    run(&self, NULL, &careful, HS_ERR_RECEIVE, HS_STOP_NOT_IDEMPOTENT, 3);
    self = failing(HS_ERR_CONNECT, 0);
    run(&self, NULL, &careful, HS_ERR_CONNECT, HS_STOP_ATTEMPTS, 3);
    self = failing(HS_ERR_TLS_EXPIRED, 0);
    run(&self, NULL, &again, HS_ERR_TLS_EXPIRED, HS_STOP_TERMINAL, 1);
    self = failing(HS_ERR_CANCELLED, 0);
    run(&self, NULL, &again, HS_ERR_CANCELLED, HS_STOP_CANCELLED, 1);
    /* Numbers of the caller's own. */
    self = failing(42, 0);
    run(&self, NULL, &careful, 42, HS_STOP_ATTEMPTS, 3);
    self = failing(-100000, 0);
    run(&self, NULL, &careful, -100000, HS_STOP_ATTEMPTS, 3);
    /* Answers, which are no failures. */
    self = failing(0, 503);
    CHECK_INT(run(&self, NULL, &again, 0, HS_STOP_ATTEMPTS, 3).http_status, 503);
    self = failing(0, 503);
    run(&self, NULL, &careful, 0, HS_STOP_NOT_IDEMPOTENT, 1);
    self = failing(0, 429);
    run(&self, NULL, &careful, 0, HS_STOP_ATTEMPTS, 3);
    self = failing(0, 404);
    run(&self, NULL, &again, 0, HS_STOP_OK, 1);
    self = failing(7, 404);
    run(&self, NULL, &again, 7, HS_STOP_TERMINAL, 1);
    self = failing(0, 409);
    run(&self, NULL, &again, 0, HS_STOP_OK, 1);
    self = failing(0, 409);
    run(&self, NULL, &keyed, 0, HS_STOP_ATTEMPTS, 3);
    self = failing(0, 421);
    run(&self, NULL, &careful, 0, HS_STOP_OK, 1);
    CHECK(self.count == 2 && self.numbers[1] == 1 && self.replays[1] == HS_ATTEMPT_REPLAY && self.began_ms[1] == 0);
    /* What cannot be done again. */
    self = failing(42, 0);
    self.does[0].flags = HS_ATTEMPT_COMMITTED;
    run(&self, NULL, &again, 42, HS_STOP_COMMITTED, 1);
}

static void what_is_asked_for(void) {
    const hs_retry_policies policies = policies_with(0);
    work self = failing(0, 429);
    self.does[0].retry_after_ms = 2000;
    self.does[1].http_status = 200;
    run(&self, NULL, &policies, 0, HS_STOP_OK, 2);
    CHECK(self.began_ms[1] == 2200 && self.reasons[1] == HS_WAIT_RETRY_AFTER);
    self = failing(0, 429);
    self.does[0].retry_after_ms = 0;
    self.does[1].http_status = 200;
    run(&self, NULL, &policies, 0, HS_STOP_OK, 2);
    CHECK_INT(self.began_ms[1], 1000);
    self = failing(0, 429);
    self.does[0].retry_after_ms = 3600000;
    const hs_retry_report report = run(&self, NULL, &policies, 0, HS_STOP_RETRY_AFTER_TOO_LONG, 1);
    CHECK(report.retry_after_ms == 3600000 && report.elapsed_ns == 0);
}

static void what_the_work_may_not_say(void) {
    const hs_retry_policies policies = policies_with(HS_IDEMPOTENT);
    work self = failing(0, 99);
    run(&self, NULL, &policies, HS_ERR_INVALID_ARGUMENT, HS_STOP_TERMINAL, 1);
    self = failing(0, 600);
    run(&self, NULL, &policies, HS_ERR_INVALID_ARGUMENT, HS_STOP_TERMINAL, 1);
    self = failing(0, 0);
    self.does[0].request_sent = 3;
    run(&self, NULL, &policies, HS_ERR_INVALID_ARGUMENT, HS_STOP_TERMINAL, 1);
    self = failing(0, 0);
    self.does[0].flags = 4;
    run(&self, NULL, &policies, HS_ERR_INVALID_ARGUMENT, HS_STOP_TERMINAL, 1);
}

static void a_predicate_decides(void) {
    const hs_retry_policies policies = policies_with(0);
    hs_retry *retry = open_retry(NULL, &policies);
    hs_retry_report report;
    report.struct_size = sizeof report;
    work self = failing(HS_ERR_TLS_EXPIRED, 0);
    self.answers = -1;
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, predicate, NULL, &report, NULL), HS_ERR_TLS_EXPIRED);
    CHECK(report.stop_reason == HS_STOP_ATTEMPTS && report.attempts == 3 && self.asked == 3);
    self = failing(42, 0);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, predicate, NULL, &report, NULL), 42);
    CHECK(report.stop_reason == HS_STOP_TERMINAL && report.attempts == 1 && self.asked == 1);
    self = failing(0, 404);
    self.answers = 1;
    self.does[1].http_status = 200;
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, predicate, NULL, &report, NULL), HS_OK);
    CHECK(report.stop_reason == HS_STOP_OK && report.attempts == 2 && self.asked == 1);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

static void trigger(void *cancel) { CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK); }

static void time_and_cancel(void) {
    hs_retry_policies policies = policies_with(0);
    hs_retry_options options = options_with(100);
    policies.timeout_ms = 250;
    work self = failing(42, 0);
    self.does[0].takes_ms = self.does[1].takes_ms = 20;
    const hs_retry_report report = run(&self, &options, &policies, 42, HS_STOP_DEADLINE, 2);
    CHECK(report.elapsed_ns == 140 * MS);

    options.base_delay_ms = 10000;
    policies.timeout_ms = HS_INFINITE;
    hs_retry *retry = open_retry(&options, &policies);
    hs_cancel *cancel = NULL;
    hs_retry_report told;
    told.struct_size = sizeof told;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_STATUS(hs_simulation_at(simulation, hs_simulation_now(simulation) + 3000 * MS, trigger, cancel), HS_OK);
    self = failing(42, 0);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, cancel, &told, NULL), HS_ERR_CANCELLED);
    CHECK(self.left_ms[0] == HS_INFINITE);
    CHECK(told.stop_reason == HS_STOP_CANCELLED && told.attempts == 1 && told.elapsed_ns == 3000 * MS);
    self = failing(0, 0);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, cancel, &told, NULL), HS_ERR_CANCELLED);
    CHECK(told.attempts == 0 && self.count == 0);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

/* All who are asked; they are freed before the run and stay with the retry. */
static void the_others(void) {
    hs_retry_policies policies = policies_with(HS_IDEMPOTENT);
    hs_budget_options budget_options;
    hs_breaker_options breaker_options;
    hs_bulkhead_options bulkhead_options;
    memset(&budget_options, 0, sizeof budget_options);
    memset(&breaker_options, 0, sizeof breaker_options);
    memset(&bulkhead_options, 0, sizeof bulkhead_options);
    budget_options.struct_size = sizeof budget_options;
    budget_options.min_retries = 3;
    budget_options.simulation = simulation;
    breaker_options.struct_size = sizeof breaker_options;
    breaker_options.min_calls = 4;
    breaker_options.simulation = simulation;
    bulkhead_options.struct_size = sizeof bulkhead_options;
    bulkhead_options.capacity = 1;
    bulkhead_options.simulation = simulation;
    CHECK_STATUS(hs_budget_new(&budget_options, &policies.budget, NULL), HS_OK);
    CHECK_STATUS(hs_breaker_new(&breaker_options, &policies.breaker, NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_new(&bulkhead_options, &policies.bulkhead, NULL), HS_OK);
    policies.key = text("db");
    hs_retry *retry = open_retry(NULL, &policies);
    CHECK_STATUS(hs_budget_free(policies.budget), HS_OK);

    work self = failing(HS_ERR_RECEIVE, 0);
    hs_retry_report report;
    report.struct_size = sizeof report;
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, &report, NULL), HS_ERR_RECEIVE);
    CHECK(report.stop_reason == HS_STOP_ATTEMPTS && report.attempts == 3);
    /* The fourth failure opens the circuit; the third retry is the budget's last. */
    self = failing(HS_ERR_RECEIVE, 0);
    hs_error *error = NULL;
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, &report, &error), HS_ERR_BREAKER_OPEN);
    CHECK(report.stop_reason == HS_STOP_BREAKER_OPEN && report.attempts == 2 && self.count == 1);
    CHECK_HAS(hs_error_message(error), "open for \"db\": the next try may be made in 5900 ms");
    CHECK_INT(report.retry_after_ms, 5900);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_breaker_reset(policies.breaker, text("db")), HS_OK);
    self = failing(HS_ERR_RECEIVE, 0);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, &report, NULL), HS_ERR_RECEIVE);
    CHECK(report.stop_reason == HS_STOP_BUDGET && report.attempts == 1);

    hs_bulkhead_permit permit;
    CHECK_STATUS(hs_bulkhead_try_acquire(policies.bulkhead, text("db"), &permit), HS_OK);
    self = failing(0, 0);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, &report, NULL), HS_ERR_TIMEOUT);
    CHECK(report.stop_reason == HS_STOP_DEADLINE && self.count == 0 && report.waited_ns == 30000 * MS);
    CHECK_STATUS(hs_bulkhead_release(policies.bulkhead, &permit), HS_OK);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, &report, NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_free(policies.bulkhead), HS_OK);
    CHECK_STATUS(hs_breaker_free(policies.breaker), HS_OK);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

/* Each attempt takes a token; one that waits for it longer than for the back-off says so. */
static void with_a_limiter(void) {
    hs_retry_policies policies = policies_with(HS_IDEMPOTENT);
    hs_limiter_options options;
    hs_bucket bucket = {NULL, text("db"), 1, 0};
    hs_error *error = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.mode = HS_LIMITER_GCRA;
    options.limit = 1;
    options.period_ms = 1000;
    options.burst = 1;
    options.simulation = simulation;
    CHECK_STATUS(hs_limiter_new(&options, &bucket.limiter, NULL), HS_OK);
    policies.buckets = &bucket;
    policies.bucket_count = 1;
    work self = failing(HS_ERR_RECEIVE, 0);
    self.does[1].result = 0;
    const hs_retry_report report = run(&self, NULL, &policies, 0, HS_STOP_OK, 2);
    CHECK(self.began_ms[1] == 1000 && self.reasons[1] == HS_WAIT_LIMITER && report.waited_ns == 1000 * MS);
    policies.timeout_ms = 500;
    hs_retry *retry = open_retry(NULL, &policies);
    CHECK_STATUS(hs_limiter_free(bucket.limiter), HS_OK);
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, NULL, &error), HS_ERR_RATE_LIMITED);
    CHECK_HAS(hs_error_message(error), "the bucket \"db\" would let it through in 1000 ms");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

static void refused(const hs_retry_policies *policies, const hs_retry_options *options, const char *part) {
    hs_retry *const untouched = (hs_retry *)(uintptr_t)0x5EED;
    hs_retry *retry = untouched;
    hs_error *error = NULL;
    CHECK_STATUS(hs_retry_new(options, policies, &retry, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK(retry == untouched);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void options_that_make_no_sense(void) {
    hs_retry_policies policies = policies_with(64);
    hs_retry_options options = options_with(101);
    refused(&policies, NULL, "hs_retry_policies.flags is 0x40");
    refused(NULL, &options, "hs_retry_options.max_attempts is 101");
    policies = policies_with(0);
    policies.key = text("\xff");
    refused(&policies, NULL, "hs_retry_policies.key");
    options = options_with(1);
    options.base_delay_ms = 2;
    options.max_delay_ms = 1;
    refused(NULL, &options, "hs_retry_options.max_delay_ms is 1: less than base_delay_ms, 2");
    /* What goes by the machine's clock would wait in a simulation for ever. */
    hs_breaker *breaker = NULL;
    CHECK_STATUS(hs_breaker_new(NULL, &breaker, NULL), HS_OK);
    policies = policies_with(0);
    policies.key = text("key");
    policies.breaker = breaker;
    refused(&policies, NULL, "hs_retry_policies.breaker was made with another simulation");
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
    hs_retry *retry = open_retry(NULL, NULL);
    work self = failing(0, 0);
    hs_retry_report report;
    report.struct_size = 3;
    CHECK_STATUS(hs_retry_run(retry, attempt_of, &self, NULL, NULL, &report, NULL), HS_ERR_STRUCT_SIZE);
    CHECK_INT(self.count, 0);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

/* Real time: threads share one retry, whose work runs another one, frees it, and sends requests. */
typedef struct {
    hs_retry *retry;
    hs_worker *worker;
    int left;
} nested;

static int32_t inner(void *context, hs_attempt_context *attempt) {
    nested *self = context;
    hs_request_options request = get(url("%s/status/503", address("http")));
    hs_response *response = SEND(self->worker, &request);
    attempt->http_status = hs_response_status(response);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return 0;
}

static int32_t outer(void *context, hs_attempt_context *attempt) {
    nested *self = context;
    hs_retry_options options = options_with(2);
    options.max_delay_ms = 1;
    hs_retry_policies policies = policies_with(HS_IDEMPOTENT);
    policies.simulation = NULL;
    hs_retry *own = open_retry(&options, &policies);
    hs_retry_report report;
    report.struct_size = sizeof report;
    CHECK_STATUS(hs_retry_run(own, inner, self, NULL, NULL, &report, NULL), HS_OK);
    CHECK(report.http_status == 503 && report.stop_reason == HS_STOP_ATTEMPTS && report.attempts == 2);
    CHECK_STATUS(hs_retry_free(own), HS_OK);
    attempt->request_sent = HS_SENT_NO;
    return self->left-- > 0 ? 1 : 0;
}

static void *share(void *retry) {
    nested self = {retry, open_worker(), 1};
    hs_retry_report report;
    report.struct_size = sizeof report;
    CHECK_STATUS(hs_retry_run(retry, outer, &self, NULL, NULL, &report, NULL), HS_OK);
    CHECK(report.attempts == 2 && report.stop_reason == HS_STOP_OK);
    CHECK(report.waited_ns >= 10 * MS && report.elapsed_ns >= report.waited_ns);
    close_worker(self.worker);
    return NULL;
}

static void threads(void) {
    pthread_t running[4];
    hs_retry_options options = options_with(3);
    options.max_delay_ms = 1;
    hs_retry *retry = open_retry(&options, NULL);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_create(&running[i], NULL, share, retry), 0);
    }
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_join(running[i], NULL), 0);
    }
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

static int32_t free_it(void *retry, hs_attempt_context *attempt) {
    CHECK_STATUS(hs_retry_free(retry), attempt->number == 1 ? HS_OK : HS_ERR_INVALID_HANDLE);
    return attempt->number == 1;
}

/* A cancel from another thread, in real time: how long until the wait has ended. */
static uint64_t triggered_at;

static void *cancel_later(void *cancel) {
    pause_ms(20);
    triggered_at = now_ns();
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    return NULL;
}

static int32_t fail(void *context, hs_attempt_context *attempt) {
    (void)context, (void)attempt;
    return 1;
}

static void cancelled_in_real_time(void) {
    hs_retry_options options = options_with(2);
    hs_cancel *cancel = NULL;
    pthread_t other;
    /* So long that chance draws no short one. */
    options.base_delay_ms = options.max_delay_ms = 100000000000;
    hs_retry_policies policies = policies_with(0);
    policies.simulation = NULL;
    policies.timeout_ms = HS_INFINITE;
    hs_retry *retry = open_retry(&options, &policies);
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_INT(pthread_create(&other, NULL, cancel_later, cancel), 0);
    CHECK_STATUS(hs_retry_run(retry, fail, NULL, NULL, cancel, NULL, NULL), HS_ERR_CANCELLED);
    const uint64_t ended_at = now_ns();
    CHECK_INT(pthread_join(other, NULL), 0);
    printf("retry_run: a cancel ended the wait after %" PRIu64 " us\n", (ended_at - triggered_at) / 1000);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

/* A worker's request in each attempt. */
static struct {
    hs_worker *worker;
    hs_request_options request;
} within;

static int32_t ask(void *context, hs_attempt_context *attempt) {
    (void)context;
    hs_response *response = NULL;
    const hs_status status = hs_request(within.worker, &within.request, &response, NULL);
    attempt->http_status = hs_response_status(response);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return status;
}

static void asked(const char *key, uint32_t runs, long requests) {
    hs_retry_options options = options_with(runs);
    options.base_delay_ms = options.max_delay_ms = 1;
    hs_retry_policies policies = policies_with(HS_IDEMPOTENT);
    policies.simulation = NULL;
    hs_retry *retry = open_retry(&options, &policies);
    within.request.url = text(url("%s/status/503?count_key=%s", address("http"), key));
    CHECK_STATUS(hs_retry_run(retry, ask, NULL, NULL, NULL, NULL, NULL), HS_OK);
    CHECK_INT(counter(key), requests);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

/* The attempts of a request that is an attempt itself are not multiplied, but where it names them. */
static void requests_in_attempts(void) {
    hs_retry_options twice = options_with(2);
    twice.base_delay_ms = twice.max_delay_ms = 1;
    hs_policies own;
    memset(&own, 0, sizeof own);
    own.struct_size = sizeof own;
    within.worker = open_worker();
    within.request = get("");
    asked("in-a-run", 3, 3);
    within.request.policies = &own;
    asked("in-a-run-with-policies", 3, 3);
    own.retry = &twice;
    asked("in-a-run-with-retries", 3, 6);
    within.request.policies = NULL;
    within.request.max_attempts = 1;
    asked("in-a-run-once", 2, 2);
    within.request.max_attempts = 2;
    asked("in-a-run-twice", 2, 4);
    CHECK_STATUS(hs_worker_free(within.worker), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    until_it_is_done();
    by_the_rules();
    what_is_asked_for();
    what_the_work_may_not_say();
    a_predicate_decides();
    time_and_cancel();
    the_others();
    with_a_limiter();
    options_that_make_no_sense();
    threads();
    cancelled_in_real_time();
    requests_in_attempts();
    hs_retry *retry = open_retry(NULL, NULL);
    CHECK_STATUS(hs_retry_run(retry, free_it, retry, NULL, NULL, NULL, NULL), HS_OK);
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    return 0;
}
