/* Handles are tokens: freed twice, forged or of another kind they are refused, by every function, and nothing happens
 * to the objects that live. */

#include "client.h"

enum { WORKER, RESPONSE, ERROR, CANCEL, TEXT, JAR, MOCK, SIMULATION, BREAKER, BUDGET, BULKHEAD, RETRY, LIMITER, PIPE, KINDS };

static const char *const kind_names[KINDS] = {"worker", "response", "error", "cancel", "text", "cookie jar", "mock",
                                               "simulation", "breaker", "budget", "bulkhead", "retry", "limiter"};

/* Every function that takes a handle, made to answer with a status: those that answer with a value give none for what
 * is not a live object. */
static hs_status none(int nothing) { return nothing ? HS_ERR_INVALID_HANDLE : HS_OK; }

static hs_status use_request(void *handle) {
    hs_request_options request = get("http://127.0.0.1:1/");
    hs_response *response = NULL;
    hs_error *error = NULL;
    const hs_status status = hs_request(handle, &request, &response, &error);
    CHECK_STATUS(hs_error_status(error), status);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    return status;
}
static hs_status use_request_many(void *handle) {
    hs_request_options request = get("nonsense");
    const hs_request_options *const requests[] = {&request};
    hs_completion completion;
    return hs_request_many(handle, requests, 1, &completion, NULL);
}
static hs_status use_worker_free(void *handle) { return hs_worker_free(handle); }
static hs_status use_worker_retire(void *handle) { return hs_worker_retire(handle); }
static hs_status use_close_idle(void *handle) { return hs_worker_close_idle(handle); }
static hs_status use_counters(void *handle) {
    hs_counters counters;
    counters.struct_size = sizeof counters;
    return hs_worker_counters(handle, &counters);
}
static hs_status use_histogram(void *handle) {
    hs_histogram histogram;
    histogram.struct_size = sizeof histogram;
    const hs_status status = hs_worker_histogram(handle, HS_LATENCY_CALL, &histogram);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_counts(void *handle) {
    uint64_t counts[HS_HISTOGRAM_BUCKETS];
    const hs_status status = hs_worker_histogram_counts(handle, HS_LATENCY_CALL, counts, HS_HISTOGRAM_BUCKETS);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_status(void *handle) { return none(hs_response_status(handle) == 0); }
static hs_status use_body(void *handle) { return none(hs_response_body(handle).data == NULL); }
static hs_status use_header(void *handle) { return none(hs_response_header(handle, text("date"), 0).data == NULL); }
static hs_status use_count(void *handle) { return none(hs_response_header_count(handle) == 0); }
static hs_status use_url(void *handle) { return none(hs_response_url(handle).data == NULL); }
static hs_status use_certificate(void *handle) {
    hs_certificate certificate;
    memset(&certificate, 0, sizeof certificate);
    certificate.struct_size = sizeof certificate;
    return hs_response_certificate(handle, 0, &certificate);
}
static hs_status use_response_free(void *handle) { return hs_response_free(handle); }
static hs_status use_header_at(void *handle) {
    hs_header header;
    return hs_response_header_at(handle, 0, &header);
}
static hs_status use_redirect_at(void *handle) {
    hs_redirect redirect;
    redirect.struct_size = sizeof redirect;
    const hs_status status = hs_response_redirect_at(handle, 0, &redirect);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_response_attempt_count(void *handle) {
    return hs_response_attempt_count(handle) > 0 ? HS_OK : HS_ERR_INVALID_HANDLE;
}
static hs_status use_response_attempt_at(void *handle) {
    hs_attempt attempt;
    attempt.struct_size = sizeof attempt;
    return hs_response_attempt_at(handle, 0, &attempt);
}
static hs_status use_error_attempt_at(void *handle) {
    hs_attempt attempt;
    attempt.struct_size = sizeof attempt;
    const hs_status status = hs_error_attempt_at(handle, 0, &attempt);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_trailer_at(void *handle) {
    hs_header trailer;
    const hs_status status = hs_response_trailer_at(handle, 0, &trailer);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_interim_header_at(void *handle) {
    hs_header header;
    const hs_status status = hs_response_interim_header_at(handle, 0, 0, &header);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_read(void *handle) {
    char buffer[1];
    size_t count;
    return hs_response_read(handle, buffer, sizeof buffer, &count, 0, NULL);
}
static hs_status use_metrics(void *handle) {
    hs_metrics metrics;
    metrics.struct_size = sizeof metrics;
    return hs_response_metrics(handle, &metrics);
}
static hs_status use_error_status(void *handle) { return hs_error_status(handle); }
static hs_status use_message(void *handle) { return none(hs_error_message(handle).data == NULL); }
static hs_status use_error_free(void *handle) { return hs_error_free(handle); }
static hs_status use_details(void *handle) {
    hs_error_info info;
    info.struct_size = sizeof info;
    return hs_error_details(handle, &info);
}
static hs_status use_trigger(void *handle) { return hs_cancel_trigger(handle); }
static hs_status use_cancel_free(void *handle) { return hs_cancel_free(handle); }
static hs_status use_pipe_write(void *handle) { return hs_pipe_write(handle, "a", 1, NULL, 0, NULL); }
static hs_status use_pipe_try_write(void *handle) { return hs_pipe_try_write(handle, "a", 1, NULL, NULL); }
static hs_status use_pipe_close(void *handle) { return hs_pipe_close(handle); }
static hs_status use_pipe_abort(void *handle) { return hs_pipe_abort(handle); }
static hs_status use_pipe_free(void *handle) { return hs_pipe_free(handle); }
static hs_status use_given_pipe(void *handle);
static hs_status use_given_cancel(void *handle);
static hs_status use_text(void *handle) { return none(hs_text_value(handle).data == NULL); }
static hs_status use_text_free(void *handle) { return hs_text_free(handle); }
static hs_status use_jar_count(void *handle) { return none(hs_cookie_jar_count(handle) == 0); }
static hs_status use_jar_set(void *handle) { return hs_cookie_jar_set(handle, text("http://a/"), text("b=c"), NULL); }
static hs_status use_jar_clear(void *handle) { return hs_cookie_jar_clear(handle); }
static hs_status use_jar_import(void *handle) { return hs_cookie_jar_import(handle, text(""), NULL); }
static hs_status use_jar_free(void *handle) { return hs_cookie_jar_free(handle); }
static hs_status use_jar_get(void *handle) {
    hs_text *made = NULL;
    return hs_cookie_jar_get(handle, text("http://a/"), &made, NULL);
}
static hs_status use_jar_export(void *handle) {
    hs_text *made = NULL;
    return hs_cookie_jar_export(handle, &made, NULL);
}
static hs_status use_given_jar(void *handle) {
    hs_worker_options options;
    hs_worker *made = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.cookies = handle;
    return hs_worker_new(&options, &made, NULL);
}

static hs_status use_mock_add(void *handle) {
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    return hs_mock_add(handle, &rule, NULL);
}
static hs_status use_mock_unused(void *handle) { return none(hs_mock_unused(handle) == 0); }
static hs_status use_mock_clear(void *handle) { return hs_mock_clear(handle); }
static hs_status use_mock_free(void *handle) { return hs_mock_free(handle); }
static hs_status use_mock_call_at(void *handle) {
    hs_mock_call call;
    call.struct_size = sizeof call;
    const hs_status status = hs_mock_call_at(handle, 0, &call);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_mock_call_header_at(void *handle) {
    hs_header header;
    const hs_status status = hs_mock_call_header_at(handle, 0, 0, &header);
    return status == HS_ERR_NOT_FOUND ? HS_OK : status;
}
static hs_status use_mock_load(void *handle) {
    const hs_status status = hs_mock_load(handle, text("/no/such/file"), NULL);
    return status == HS_ERR_MOCK_FILE ? HS_OK : status;
}
static hs_status use_given_mock(void *handle) {
    hs_worker_options options;
    hs_worker *made = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.mock = handle;
    return hs_worker_new(&options, &made, NULL);
}

static hs_status use_advance(void *handle) { return hs_simulation_advance(handle, 0); }
static hs_status use_now(void *handle) { return none(hs_simulation_now(handle) == 0); }
static hs_status use_wall(void *handle) { return hs_simulation_set_wall(handle, 0); }
static hs_status use_random(void *handle) { return hs_simulation_random(handle, NULL, 0); }
static void never(void *user_data) { FAIL("a plan was carried out: %p", user_data); }
static hs_status use_at(void *handle) { return hs_simulation_at(handle, UINT64_MAX, never, NULL); }
static hs_status use_simulation_free(void *handle) { return hs_simulation_free(handle); }
static hs_status use_given_simulation(void *handle) {
    hs_worker_options options;
    hs_worker *made = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = handle;
    return hs_worker_new(&options, &made, NULL);
}

static hs_status use_breaker_acquire(void *handle) {
    hs_permit permit;
    return hs_breaker_acquire(handle, text("a"), &permit, NULL);
}
static hs_status use_breaker_record(void *handle) {
    hs_permit permit;
    memset(&permit, 0, sizeof permit);
    const hs_status status = hs_breaker_record(handle, &permit, HS_OUTCOME_SUCCESS, NULL);
    return status == HS_ERR_INVALID_ARGUMENT ? HS_OK : status;
}
static hs_status use_breaker_mark_slow(void *handle) {
    hs_permit permit;
    memset(&permit, 0, sizeof permit);
    const hs_status status = hs_breaker_mark_slow(handle, &permit, NULL);
    return status == HS_ERR_INVALID_ARGUMENT ? HS_OK : status;
}
static hs_status use_breaker_state(void *handle) {
    hs_breaker_info info;
    info.struct_size = sizeof info;
    return hs_breaker_state(handle, text("a"), &info);
}
static hs_status use_breaker_force_open(void *handle) { return hs_breaker_force_open(handle, text("b"), 1); }
static hs_status use_breaker_force_closed(void *handle) { return hs_breaker_force_closed(handle, text("b")); }
static hs_status use_breaker_metrics_only(void *handle) { return hs_breaker_metrics_only(handle, text("b")); }
static hs_status use_breaker_reset(void *handle) { return hs_breaker_reset(handle, text("b")); }
static hs_status use_breaker_count(void *handle) { return none(hs_breaker_count(handle) == 0); }
static hs_status use_breaker_simulation(void *handle) {
    hs_breaker_options options;
    hs_breaker *made = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = handle;
    const hs_status status = hs_breaker_new(&options, &made, NULL);
    CHECK_STATUS(hs_breaker_free(made), HS_OK);
    return status;
}
static hs_status use_breaker_free(void *handle) { return hs_breaker_free(handle); }
static hs_status use_budget_original(void *handle) { return hs_budget_original(handle, text("key")); }
static hs_status use_budget_withdraw(void *handle) {
    uint32_t granted;
    return hs_budget_withdraw(handle, text("key"), &granted);
}
static hs_status use_budget_state(void *handle) {
    hs_budget_info info;
    info.struct_size = sizeof info;
    return hs_budget_state(handle, text("key"), &info);
}
static hs_status use_budget_free(void *handle) { return hs_budget_free(handle); }
static hs_status use_bulkhead_acquire(void *handle) {
    hs_bulkhead_permit permit;
    return hs_bulkhead_acquire(handle, text("key"), 0, NULL, &permit, NULL);
}
static hs_status use_bulkhead_try_acquire(void *handle) {
    hs_bulkhead_permit permit;
    return hs_bulkhead_try_acquire(handle, text("key"), &permit);
}
static hs_status use_bulkhead_release(void *handle) {
    hs_bulkhead_permit permit = {{0, 0}};
    return hs_bulkhead_release(handle, &permit);
}
static hs_status use_bulkhead_state(void *handle) {
    hs_bulkhead_info info;
    info.struct_size = sizeof info;
    return hs_bulkhead_state(handle, text("key"), &info);
}
static hs_status use_bulkhead_free(void *handle) { return hs_bulkhead_free(handle); }
static hs_status use_bulkhead_simulation(void *handle) {
    hs_bulkhead_options options;
    hs_bulkhead *made = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = handle;
    return hs_bulkhead_new(&options, &made, NULL);
}
static hs_status use_budget_simulation(void *handle) {
    hs_budget_options options;
    hs_budget *made = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.simulation = handle;
    return hs_budget_new(&options, &made, NULL);
}
static hs_status use_bulkhead_cancel(void *handle);
static int32_t succeed(void *context, hs_attempt_context *attempt) {
    (void)context, (void)attempt;
    return 0;
}
static hs_status use_retry_run(void *handle) { return hs_retry_run(handle, succeed, NULL, NULL, NULL, NULL, NULL); }
static hs_status use_retry_free(void *handle) { return hs_retry_free(handle); }
static hs_status use_retry_cancel(void *handle);
static hs_status made_with(const hs_retry_policies *policies) {
    hs_retry *made = NULL;
    return hs_retry_new(NULL, policies, &made, NULL);
}
static hs_status use_retry_budget(void *handle) {
    hs_retry_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.budget = handle;
    return made_with(&policies);
}
static hs_status use_retry_breaker(void *handle) {
    hs_retry_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.breaker = handle;
    return made_with(&policies);
}
static hs_status use_retry_bulkhead(void *handle) {
    hs_retry_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.bulkhead = handle;
    return made_with(&policies);
}
static hs_status use_retry_buckets(void *handle) {
    const hs_bucket bucket = {handle, text("a"), 1, 0};
    hs_retry_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.buckets = &bucket;
    policies.bucket_count = 1;
    return made_with(&policies);
}
static hs_status use_retry_simulation(void *handle) {
    hs_retry_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.simulation = handle;
    return made_with(&policies);
}
static hs_status use_limiter_free(void *handle) { return hs_limiter_free(handle); }
static hs_status use_limiter_acquire(void *handle) {
    return hs_limiter_acquire(handle, text("k"), 1, 0, NULL, NULL, NULL);
}
static hs_status use_limiter_try(void *handle) { return hs_limiter_try_acquire(handle, text("k"), 1, NULL, NULL); }
static hs_status use_bucket(void *handle) {
    hs_bucket bucket = {handle, text("k"), 1, 0};
    return hs_limiter_acquire_all(&bucket, 1, 0, NULL, NULL, NULL);
}
static hs_status use_limiter_refund(void *handle) {
    hs_ticket ticket = {0, 0, 0, 0};
    return hs_limiter_refund(handle, text("k"), &ticket, NULL);
}
static hs_status use_limiter_quota(void *handle) { return hs_limiter_set_quota(handle, text("k"), 1, 0, 0, NULL); }
static hs_status use_limiter_hold(void *handle) { return hs_limiter_hold(handle, text("k"), 0); }
static hs_status use_limiter_learn(void *handle) {
    return hs_limiter_learn(handle, text("k"), NULL, 200, NULL, 0, NULL);
}
static hs_status use_limiter_state(void *handle) {
    hs_limiter_info limits = {.struct_size = sizeof limits};
    return hs_limiter_state(handle, text("k"), &limits);
}
static hs_status make_limiter(hs_simulation *simulation, hs_limiter **limiter) {
    hs_limiter_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.limit = 1000;
    options.simulation = simulation;
    return hs_limiter_new(&options, limiter, NULL);
}
static hs_status use_limiters_simulation(void *handle) {
    hs_limiter *made = NULL;
    return make_limiter(handle, &made);
}

static const struct use {
    int kind;
    const char *name;
    hs_status (*call)(void *handle);
} uses[] = {
    {WORKER, "hs_request", use_request},
    {WORKER, "hs_request_many", use_request_many},
    {WORKER, "hs_worker_close_idle", use_close_idle},
    {WORKER, "hs_worker_free", use_worker_free},
    {WORKER, "hs_worker_retire", use_worker_retire},
    {WORKER, "hs_worker_counters", use_counters},
    {WORKER, "hs_worker_histogram", use_histogram},
    {WORKER, "hs_worker_histogram_counts", use_counts},
    {RESPONSE, "hs_response_status", use_status},
    {RESPONSE, "hs_response_body", use_body},
    {RESPONSE, "hs_response_header", use_header},
    {RESPONSE, "hs_response_header_count", use_count},
    {RESPONSE, "hs_response_header_at", use_header_at},
    {RESPONSE, "hs_response_redirect_at", use_redirect_at},
    {RESPONSE, "hs_response_attempt_count", use_response_attempt_count},
    {RESPONSE, "hs_response_attempt_at", use_response_attempt_at},
    {RESPONSE, "hs_response_trailer_at", use_trailer_at},
    {RESPONSE, "hs_response_interim_header_at", use_interim_header_at},
    {RESPONSE, "hs_response_read", use_read},
    {RESPONSE, "hs_response_url", use_url},
    {RESPONSE, "hs_response_metrics", use_metrics},
    {RESPONSE, "hs_response_certificate", use_certificate},
    {RESPONSE, "hs_response_free", use_response_free},
    {ERROR, "hs_error_status", use_error_status},
    {ERROR, "hs_error_message", use_message},
    {ERROR, "hs_error_attempt_at", use_error_attempt_at},
    {ERROR, "hs_error_details", use_details},
    {ERROR, "hs_error_free", use_error_free},
    {CANCEL, "hs_cancel_trigger", use_trigger},
    {CANCEL, "hs_cancel_free", use_cancel_free},
    {CANCEL, "hs_request_options.cancel", use_given_cancel},
    {PIPE, "hs_pipe_write", use_pipe_write},
    {PIPE, "hs_pipe_try_write", use_pipe_try_write},
    {PIPE, "hs_pipe_close", use_pipe_close},
    {PIPE, "hs_pipe_abort", use_pipe_abort},
    {PIPE, "hs_pipe_free", use_pipe_free},
    {PIPE, "hs_upload.pipe", use_given_pipe},
    {TEXT, "hs_text_value", use_text},
    {TEXT, "hs_text_free", use_text_free},
    {JAR, "hs_cookie_jar_count", use_jar_count},
    {JAR, "hs_cookie_jar_set", use_jar_set},
    {JAR, "hs_cookie_jar_get", use_jar_get},
    {JAR, "hs_cookie_jar_clear", use_jar_clear},
    {JAR, "hs_cookie_jar_export", use_jar_export},
    {JAR, "hs_cookie_jar_import", use_jar_import},
    {JAR, "hs_cookie_jar_free", use_jar_free},
    {JAR, "hs_worker_options.cookies", use_given_jar},
    {MOCK, "hs_mock_add", use_mock_add},
    {MOCK, "hs_mock_load", use_mock_load},
    {MOCK, "hs_mock_unused", use_mock_unused},
    {MOCK, "hs_mock_clear", use_mock_clear},
    {MOCK, "hs_mock_call_at", use_mock_call_at},
    {MOCK, "hs_mock_call_header_at", use_mock_call_header_at},
    {MOCK, "hs_mock_free", use_mock_free},
    {MOCK, "hs_worker_options.mock", use_given_mock},
    {SIMULATION, "hs_simulation_advance", use_advance},
    {SIMULATION, "hs_simulation_now", use_now},
    {SIMULATION, "hs_simulation_set_wall", use_wall},
    {SIMULATION, "hs_simulation_random", use_random},
    {SIMULATION, "hs_simulation_at", use_at},
    {SIMULATION, "hs_simulation_free", use_simulation_free},
    {SIMULATION, "hs_worker_options.simulation", use_given_simulation},
    {SIMULATION, "hs_breaker_options.simulation", use_breaker_simulation},
    {BREAKER, "hs_breaker_acquire", use_breaker_acquire},
    {BREAKER, "hs_breaker_record", use_breaker_record},
    {BREAKER, "hs_breaker_mark_slow", use_breaker_mark_slow},
    {BREAKER, "hs_breaker_state", use_breaker_state},
    {BREAKER, "hs_breaker_force_open", use_breaker_force_open},
    {BREAKER, "hs_breaker_force_closed", use_breaker_force_closed},
    {BREAKER, "hs_breaker_metrics_only", use_breaker_metrics_only},
    {BREAKER, "hs_breaker_reset", use_breaker_reset},
    {BREAKER, "hs_breaker_count", use_breaker_count},
    {BREAKER, "hs_breaker_free", use_breaker_free},
    {SIMULATION, "hs_budget_options.simulation", use_budget_simulation},
    {SIMULATION, "hs_bulkhead_options.simulation", use_bulkhead_simulation},
    {BUDGET, "hs_budget_original", use_budget_original},
    {BUDGET, "hs_budget_withdraw", use_budget_withdraw},
    {BUDGET, "hs_budget_state", use_budget_state},
    {BUDGET, "hs_budget_free", use_budget_free},
    {BULKHEAD, "hs_bulkhead_acquire", use_bulkhead_acquire},
    {BULKHEAD, "hs_bulkhead_try_acquire", use_bulkhead_try_acquire},
    {BULKHEAD, "hs_bulkhead_release", use_bulkhead_release},
    {BULKHEAD, "hs_bulkhead_state", use_bulkhead_state},
    {BULKHEAD, "hs_bulkhead_free", use_bulkhead_free},
    {CANCEL, "hs_bulkhead_acquire's cancel", use_bulkhead_cancel},
    {RETRY, "hs_retry_run", use_retry_run},
    {RETRY, "hs_retry_free", use_retry_free},
    {CANCEL, "hs_retry_run's cancel", use_retry_cancel},
    {BUDGET, "hs_retry_policies.budget", use_retry_budget},
    {BREAKER, "hs_retry_policies.breaker", use_retry_breaker},
    {BULKHEAD, "hs_retry_policies.bulkhead", use_retry_bulkhead},
    {LIMITER, "hs_retry_policies.buckets", use_retry_buckets},
    {SIMULATION, "hs_retry_policies.simulation", use_retry_simulation},
    {SIMULATION, "hs_limiter_options.simulation", use_limiters_simulation},
    {LIMITER, "hs_limiter_acquire", use_limiter_acquire},
    {LIMITER, "hs_limiter_try_acquire", use_limiter_try},
    {LIMITER, "hs_bucket.limiter", use_bucket},
    {LIMITER, "hs_limiter_refund", use_limiter_refund},
    {LIMITER, "hs_limiter_set_quota", use_limiter_quota},
    {LIMITER, "hs_limiter_hold", use_limiter_hold},
    {LIMITER, "hs_limiter_learn", use_limiter_learn},
    {LIMITER, "hs_limiter_state", use_limiter_state},
    {LIMITER, "hs_limiter_free", use_limiter_free},
};
#define USES (sizeof uses / sizeof *uses)

/* One live object of each kind, side by side in the library's tables. */
static void *live[KINDS];

static hs_status use_given_cancel(void *handle) {
    hs_request_options request = get("http://127.0.0.1:1/");
    hs_response *response = NULL;
    request.cancel = handle;
    return hs_request(live[WORKER], &request, &response, NULL);
}

static hs_status use_given_pipe(void *handle) {
    hs_request_options request = get("http://127.0.0.1:1/");
    hs_response *response = NULL;
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.pipe = handle;
    request.upload = &upload;
    return hs_request(live[WORKER], &request, &response, NULL);
}

static hs_status use_bulkhead_cancel(void *handle) {
    hs_bulkhead_permit permit;
    return hs_bulkhead_acquire(live[BULKHEAD], text("key"), 0, handle, &permit, NULL);
}

static hs_status use_retry_cancel(void *handle) {
    return hs_retry_run(live[RETRY], succeed, NULL, NULL, handle, NULL, NULL);
}

static void make(void *objects[KINDS]) {
    hs_request_options request = get(url("%s/get", address("http")));
    hs_cancel *cancel = NULL;
    objects[WORKER] = open_worker();
    objects[RESPONSE] = SEND(objects[WORKER], &request);
    request.url = text("nonsense");
    objects[ERROR] = ERROR_OF(objects[WORKER], &request, HS_ERR_INVALID_URL);
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    objects[CANCEL] = cancel;
    hs_cookie_jar *jar = NULL;
    hs_text *made = NULL;
    CHECK_STATUS(hs_cookie_jar_new(&jar), HS_OK);
    CHECK_STATUS(hs_cookie_jar_set(jar, text("http://a/"), text("b=c"), NULL), HS_OK);
    CHECK_STATUS(hs_cookie_jar_get(jar, text("http://a/"), &made, NULL), HS_OK);
    objects[JAR] = jar;
    hs_mock *mock = NULL;
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(use_mock_add(mock), HS_OK);
    objects[MOCK] = mock;
    hs_simulation *simulation = NULL;
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    CHECK_STATUS(hs_simulation_advance(simulation, 7), HS_OK);
    objects[SIMULATION] = simulation;
    hs_budget *budget = NULL;
    CHECK_STATUS(hs_budget_new(NULL, &budget, NULL), HS_OK);
    CHECK_STATUS(use_budget_original(budget), HS_OK);
    objects[BUDGET] = budget;
    hs_bulkhead *bulkhead = NULL;
    hs_bulkhead_permit permit;
    CHECK_STATUS(hs_bulkhead_new(NULL, &bulkhead, NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, text("live"), &permit), HS_OK);
    objects[BULKHEAD] = bulkhead;
    hs_retry *retry = NULL;
    CHECK_STATUS(hs_retry_new(NULL, NULL, &retry, NULL), HS_OK);
    objects[RETRY] = retry;
    hs_limiter *limiter = NULL;
    CHECK_STATUS(make_limiter(NULL, &limiter), HS_OK);
    objects[LIMITER] = limiter;
    hs_pipe *pipe = NULL;
    CHECK_STATUS(hs_pipe_new(100, &pipe, NULL), HS_OK);
    objects[PIPE] = pipe;
    objects[TEXT] = made;
    hs_breaker *breaker = NULL;
    CHECK_STATUS(hs_breaker_new(NULL, &breaker, NULL), HS_OK);
    CHECK_STATUS(hs_breaker_reset(breaker, text("a")), HS_OK);
    objects[BREAKER] = breaker;
}

static void destroy(void *objects[KINDS]) {
    CHECK_STATUS(hs_worker_free(objects[WORKER]), HS_OK);
    CHECK_STATUS(hs_response_free(objects[RESPONSE]), HS_OK);
    CHECK_STATUS(hs_error_free(objects[ERROR]), HS_OK);
    CHECK_STATUS(hs_cancel_free(objects[CANCEL]), HS_OK);
    CHECK_STATUS(hs_text_free(objects[TEXT]), HS_OK);
    CHECK_STATUS(hs_cookie_jar_free(objects[JAR]), HS_OK);
    CHECK_STATUS(hs_mock_free(objects[MOCK]), HS_OK);
    CHECK_STATUS(hs_breaker_free(objects[BREAKER]), HS_OK);
    CHECK_STATUS(hs_simulation_free(objects[SIMULATION]), HS_OK);
    CHECK_STATUS(hs_budget_free(objects[BUDGET]), HS_OK);
    CHECK_STATUS(hs_bulkhead_free(objects[BULKHEAD]), HS_OK);
    CHECK_STATUS(hs_retry_free(objects[RETRY]), HS_OK);
    CHECK_STATUS(hs_limiter_free(objects[LIMITER]), HS_OK);
    CHECK_STATUS(hs_pipe_free(objects[PIPE]), HS_OK);
}

static void refused_by(const struct use *use, void *handle, const char *what) {
    const hs_status status = use->call(handle);
    if (status != HS_ERR_INVALID_HANDLE) {
        FAIL("%s with %s (%p) is %.*s (%d)", use->name, what, handle, check_name_length(status), check_name(status),
             status);
    }
}

static void refused_by_all(void *handle, const char *what) {
    for (size_t i = 0; i < USES; i++) {
        refused_by(&uses[i], handle, what);
    }
}

static void the_live_ones_live(void) {
    GOOD(live[WORKER], url("%s/get", address("http")));
    CHECK_INT(hs_response_status(live[RESPONSE]), 200);
    CHECK_HAS(hs_response_body(live[RESPONSE]), "\"method\"");
    CHECK_STATUS(hs_error_status(live[ERROR]), HS_ERR_INVALID_URL);
    CHECK_HAS(hs_error_message(live[ERROR]), "nonsense");
    CHECK_TEXT(hs_text_value(live[TEXT]), "b=c");
    CHECK_INT(hs_cookie_jar_count(live[JAR]), 1);
    CHECK_INT(hs_mock_unused(live[MOCK]), 1);
    CHECK_INT(hs_breaker_count(live[BREAKER]), 1);
    CHECK_INT(hs_simulation_now(live[SIMULATION]), 7);
    CHECK_STATUS(use_pipe_write(live[PIPE]), HS_OK);
    hs_bulkhead_info info;
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_bulkhead_state(live[BULKHEAD], text("live"), &info), HS_OK);
    CHECK_INT(info.in_use, 1);
    CHECK_STATUS(use_budget_state(live[BUDGET]), HS_OK);
    CHECK_STATUS(use_retry_run(live[RETRY]), HS_OK);
    hs_limiter_info limits = {.struct_size = sizeof limits};
    CHECK_STATUS(hs_limiter_state(live[LIMITER], text("k"), &limits), HS_OK);
    CHECK_INT(limits.remaining, 1000);
    hs_request_options request = get(url("%s/get", address("http")));
    request.cancel = live[CANCEL]; /* Nobody triggered it. */
    CHECK_STATUS(hs_response_free(SEND(live[WORKER], &request)), HS_OK);
}

static void of_another_kind(void) {
    for (size_t i = 0; i < USES; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            if (kind != uses[i].kind) {
                refused_by(&uses[i], live[kind], kind_names[kind]);
            }
        }
    }
}

static void forged(void) {
    uint64_t random = 88172645463325252u;
    char *heap = malloc(64);
    int on_the_stack = 0;
    CHECK(heap != NULL);
    refused_by_all(heap, "a pointer into the heap");
    refused_by_all(&on_the_stack, "a pointer into the stack");
    refused_by_all((void *)(uintptr_t)uses, "a pointer to constants");
    free(heap);
    for (uintptr_t small = 1; small <= 4096; small++) {
        refused_by_all((void *)small, "a small number");
        refused_by_all((void *)(UINTPTR_MAX - small + 1), "a small negative number");
    }
    for (long i = number("forgeries", 10000); i > 0; i--) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        refused_by_all((void *)(uintptr_t)random, "a random number");
        refused_by_all((void *)(uintptr_t)(random | UINT64_C(1) << 63), "a random number with the top bit");
    }
}

/* Each bit at every function, and each pair of bits at some, by turns. Whatever they make of one live handle, no function
 * may take it for one of its own. */
static void flipped(void) {
    const size_t turns = 16;
    size_t turn = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int first = 0; first < 64; first++) {
            for (int second = 0; second <= first; second++) {
                const uintptr_t bits = (uintptr_t)1 << first | (uintptr_t)1 << second;
                void *handle = (void *)((uintptr_t)live[kind] ^ bits);
                const int pair = first != second;
                for (size_t i = pair ? turn++ % turns : 0; i < USES; i += pair ? turns : 1) {
                    if (handle != NULL && handle != live[uses[i].kind]) {
                        refused_by(&uses[i], handle, "a live handle with other bits");
                    }
                }
            }
        }
    }
}

static void freed(void) {
    void *objects[KINDS];
    for (int round = 0; round < 3; round++) {
        make(objects);
        destroy(objects);
        for (int kind = 0; kind < KINDS; kind++) {
            refused_by_all(objects[kind], "a freed handle");
        }
        /* Their places are taken again; the old handles must not name the new objects. */
        void *newer[KINDS];
        make(newer);
        for (int kind = 0; kind < KINDS; kind++) {
            refused_by_all(objects[kind], "a handle that was freed long ago");
        }
        destroy(newer);
    }
}

static void retired(void) {
    hs_worker *worker = open_worker();
    CHECK_STATUS(hs_worker_retire(worker), HS_OK);
    refused_by_all(worker, "a retired worker");
}

int main(int count, char **arguments) {
    begin(count, arguments);
    make(live);
    freed();
    retired();
    of_another_kind();
    the_live_ones_live();
    forged();
    the_live_ones_live();
    flipped();
    the_live_ones_live();
    destroy(live);
    return 0;
}
