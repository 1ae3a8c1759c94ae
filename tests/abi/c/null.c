/* NULL for every pointer parameter of every function, and the functions that take none. */

#include "client.h"

#define UNTOUCHED ((void *)(uintptr_t)0x5EED)

/* An older library that lies about would make every test worthless. */
static void it_is_the_one_that_was_built(void) {
    const char *wanted = argument("library");
    char line[4096], *path = wanted == NULL ? NULL : realpath(wanted, NULL);
    int found = path == NULL; /* Run by hand. */
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        found = strstr(line, path) != NULL;
    }
    fclose(maps);
    free(path);
    CHECK(found);
}

static void versions(void) {
    CHECK_INT(hs_abi_version(), (HS_ABI_MAJOR << 16) | HS_ABI_MINOR);
    CHECK(hs_library_version().len >= 5);
    CHECK(memchr(hs_library_version().data, '.', hs_library_version().len) != NULL);
    CHECK((hs_capabilities() & HS_CAPABILITY_HTTP2) != 0);
    CHECK_TEXT(hs_status_name(HS_OK), "HS_OK");
    CHECK_TEXT(hs_status_name(HS_ERR_WRONG_THREAD), "HS_ERR_WRONG_THREAD");
    CHECK_TEXT(hs_status_name(HS_ERR_LIBCURL), "HS_ERR_LIBCURL");
    CHECK(hs_status_name(1).data == NULL);
    CHECK(hs_status_name(-29).data == NULL);
    CHECK(hs_status_name(INT32_MIN).data == NULL);
    CHECK(hs_status_name(INT32_MAX).data == NULL);
}

static void freeing_nothing(void) {
    CHECK_STATUS(hs_worker_free(NULL), HS_OK);
    CHECK_STATUS(hs_worker_retire(NULL), HS_OK);
    CHECK_STATUS(hs_worker_close_idle(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pool_close_idle(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_free(NULL), HS_OK);
    CHECK_STATUS(hs_error_free(NULL), HS_OK);
    CHECK_STATUS(hs_cancel_free(NULL), HS_OK);
    CHECK_STATUS(hs_text_free(NULL), HS_OK);
    CHECK_STATUS(hs_cookie_jar_free(NULL), HS_OK);
    CHECK_STATUS(hs_mock_free(NULL), HS_OK);
    CHECK_STATUS(hs_breaker_free(NULL), HS_OK);
    CHECK_STATUS(hs_budget_free(NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_free(NULL), HS_OK);
    CHECK_STATUS(hs_retry_free(NULL), HS_OK);
    CHECK_STATUS(hs_simulation_free(NULL), HS_OK);
    CHECK_STATUS(hs_limiter_free(NULL), HS_OK);
    CHECK_STATUS(hs_pipe_free(NULL), HS_OK);
}

static void no_object(void) {
    hs_error_info info;
    hs_metrics metrics;
    hs_header header;
    memset(&info, 0, sizeof info);
    memset(&metrics, 0, sizeof metrics);
    info.struct_size = sizeof info;
    metrics.struct_size = sizeof metrics;
    hs_counters counters = {0};
    hs_histogram histogram = {0};
    uint64_t counts[HS_HISTOGRAM_BUCKETS];
    counters.struct_size = sizeof counters;
    histogram.struct_size = sizeof histogram;
    CHECK_STATUS(hs_worker_counters(NULL, &counters), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_worker_histogram(NULL, HS_LATENCY_CALL, &histogram), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_worker_histogram_counts(NULL, HS_LATENCY_CALL, counts, HS_HISTOGRAM_BUCKETS), HS_ERR_NULL_ARGUMENT);
    CHECK(hs_response_trace(NULL).data == NULL && hs_error_trace(NULL).data == NULL);
    CHECK(hs_response_trace_id(NULL).data == NULL && hs_error_trace_id(NULL).data == NULL);
    CHECK_STATUS(hs_error_status(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_error_details(NULL, &info), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(info.status, 0);
    CHECK(hs_error_message(NULL).data == NULL && hs_error_message(NULL).len == 0);
    CHECK_STATUS(hs_cancel_trigger(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pipe_close(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pipe_abort(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pipe_write(NULL, "a", 1, NULL, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pipe_try_write(NULL, "a", 1, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK(hs_text_value(NULL).data == NULL && hs_text_value(NULL).len == 0);
    hs_text *made = UNTOUCHED;
    CHECK_INT(hs_cookie_jar_count(NULL), 0);
    CHECK_STATUS(hs_cookie_jar_clear(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_set(NULL, text("http://a/"), text("a=b"), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_get(NULL, text("http://a/"), &made, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_export(NULL, &made, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_import(NULL, text(""), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK(made == UNTOUCHED);
    CHECK_STATUS(hs_mock_add(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_mock_load(NULL, text("file"), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_mock_clear(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_mock_calls(NULL), 0);
    CHECK_INT(hs_mock_unused(NULL), 0);
    CHECK_STATUS(hs_mock_call_at(NULL, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK(hs_mock_call_header(NULL, 0, text("x"), 0).data == NULL);
    CHECK_STATUS(hs_mock_call_header_at(NULL, 0, 0, &header), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_simulation_advance(NULL, 1), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_simulation_now(NULL), 0);
    CHECK_STATUS(hs_simulation_set_wall(NULL, 1), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_simulation_random(NULL, NULL, 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_simulation_at(NULL, 1, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    hs_permit permit;
    hs_breaker_info circuit;
    memset(&circuit, 0, sizeof circuit);
    circuit.struct_size = sizeof circuit;
    CHECK_STATUS(hs_breaker_acquire(NULL, text("a"), &permit, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_record(NULL, &permit, HS_OUTCOME_SUCCESS, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_mark_slow(NULL, &permit, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_state(NULL, text("a"), &circuit), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_force_open(NULL, text("a"), 1), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_force_closed(NULL, text("a")), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_metrics_only(NULL, text("a")), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_reset(NULL, text("a")), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_breaker_count(NULL), 0);
    hs_ticket ticket = {0, 0, 0, 0};
    hs_limiter_info limiter_info = {.struct_size = sizeof limiter_info};
    CHECK_STATUS(hs_limiter_acquire(NULL, text("k"), 1, 0, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_try_acquire(NULL, text("k"), 1, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_acquire_all(NULL, 1, 0, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_refund(NULL, text("k"), &ticket, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_set_quota(NULL, text("k"), 1, 0, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_hold(NULL, text("k"), 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_learn(NULL, text("k"), NULL, 200, NULL, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_state(NULL, text("k"), &limiter_info), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_response_status(NULL), 0);
    CHECK(hs_response_body(NULL).data == NULL && hs_response_body(NULL).len == 0);
    CHECK(hs_response_header(NULL, text("x"), 0).data == NULL);
    CHECK_INT(hs_response_header_count(NULL), 0);
    CHECK_STATUS(hs_response_header_at(NULL, 0, &header), HS_ERR_NULL_ARGUMENT);
    hs_attempt attempt;
    attempt.struct_size = sizeof attempt;
    CHECK_INT(hs_response_attempt_count(NULL), 0);
    CHECK_INT(hs_error_attempt_count(NULL), 0);
    CHECK_STATUS(hs_response_attempt_at(NULL, 0, &attempt), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_error_attempt_at(NULL, 0, &attempt), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_response_trailer_count(NULL), 0);
    CHECK_STATUS(hs_response_trailer_at(NULL, 0, &header), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(hs_response_interim_status(NULL, 0), 0);
    CHECK_STATUS(hs_response_interim_header_at(NULL, 0, 0, &header), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_read(NULL, NULL, 0, NULL, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK(hs_response_url(NULL).data == NULL);
    CHECK_STATUS(hs_response_metrics(NULL, &metrics), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_certificate(NULL, 0, NULL), HS_ERR_NULL_ARGUMENT);
}

static int32_t never_called(void *context, hs_attempt_context *attempt) {
    FAIL("called with %p and %p", context, (void *)attempt);
    return 0;
}

static void policies(void) {
    hs_budget *budget = NULL;
    hs_bulkhead *bulkhead = NULL;
    hs_budget_info budget_info;
    hs_bulkhead_info info;
    hs_bulkhead_permit permit = {{0, 0}};
    hs_error *error = NULL;
    uint32_t granted = 7;
    const hs_str key = text("key"), missing = bytes(NULL, 1);
    budget_info.struct_size = sizeof budget_info;
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_budget_new(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_original(NULL, key), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_withdraw(NULL, key, &granted), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_state(NULL, key, &budget_info), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_new(NULL, &budget, NULL), HS_OK);
    CHECK_STATUS(hs_budget_original(budget, missing), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_withdraw(budget, missing, &granted), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_withdraw(budget, key, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_state(budget, missing, &budget_info), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_state(budget, key, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_budget_free(budget), HS_OK);
    CHECK_INT(granted, 7);

    CHECK_STATUS(hs_bulkhead_new(NULL, NULL, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "bulkhead is NULL");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(NULL, key, 0, NULL, &permit, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_try_acquire(NULL, key, &permit), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_release(NULL, &permit), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_state(NULL, key, &info), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_new(NULL, &bulkhead, NULL), HS_OK);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, missing, 0, NULL, &permit, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_acquire(bulkhead, key, 0, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, missing, &permit), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_try_acquire(bulkhead, key, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_release(bulkhead, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_state(bulkhead, missing, &info), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_state(bulkhead, key, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_bulkhead_free(bulkhead), HS_OK);
    CHECK(permit.opaque[0] == 0 && permit.opaque[1] == 0);

    hs_retry *retry = NULL;
    CHECK_STATUS(hs_retry_new(NULL, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_retry_run(NULL, never_called, NULL, NULL, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_retry_new(NULL, NULL, &retry, NULL), HS_OK);
    CHECK_STATUS(hs_retry_run(retry, NULL, NULL, NULL, NULL, NULL, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "function is NULL");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_retry_free(retry), HS_OK);
}

static void nowhere_to_write(void) {
    CHECK_STATUS(hs_cancel_new(NULL), HS_ERR_NULL_ARGUMENT);
    hs_cookie_jar *jar = NULL;
    CHECK_STATUS(hs_cookie_jar_new(NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_new(&jar), HS_OK);
    CHECK_STATUS(hs_cookie_jar_get(jar, text("http://a/"), NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_export(jar, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_set(jar, bytes(NULL, 1), text("a=b"), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_set(jar, text("http://a/"), bytes(NULL, 1), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_import(jar, bytes(NULL, 1), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_cookie_jar_free(jar), HS_OK);
    CHECK_STATUS(hs_mock_new(NULL), HS_ERR_NULL_ARGUMENT);
    hs_breaker *breaker = NULL;
    CHECK_STATUS(hs_breaker_new(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_new(NULL, &breaker, NULL), HS_OK);
    CHECK_STATUS(hs_breaker_acquire(breaker, text("a"), NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_acquire(breaker, bytes(NULL, 1), NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_record(breaker, NULL, HS_OUTCOME_SUCCESS, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_mark_slow(breaker, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_state(breaker, text("a"), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_reset(breaker, bytes(NULL, 1)), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
    hs_limiter_options options;
    hs_limiter *limiter = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.limit = 1;
    CHECK_STATUS(hs_limiter_new(NULL, &limiter, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_new(&options, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_new(&options, &limiter, NULL), HS_OK);
    CHECK_STATUS(hs_limiter_state(limiter, text("k"), NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_refund(limiter, text("k"), NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_hold(limiter, bytes(NULL, 1), 0), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 200, NULL, 1, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_limiter_learn(limiter, text("k"), NULL, 200, NULL, 0, NULL), HS_OK);
    CHECK_STATUS(hs_limiter_acquire(limiter, text("k"), 0, 0, NULL, NULL, NULL), HS_OK);
    CHECK_STATUS(hs_limiter_free(limiter), HS_OK);
    hs_pipe *pipe = NULL;
    size_t written = 7;
    CHECK_STATUS(hs_pipe_new(0, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pipe_new(0, &pipe, NULL), HS_OK);
    CHECK_STATUS(hs_pipe_write(pipe, NULL, 1, &written, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(written, 7);
    CHECK_STATUS(hs_pipe_write(pipe, NULL, 0, NULL, 0, NULL), HS_OK);
    CHECK_STATUS(hs_pipe_try_write(pipe, NULL, 1, &written, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_pipe_try_write(pipe, NULL, 0, NULL, NULL), HS_OK);
    CHECK_STATUS(hs_pipe_free(pipe), HS_OK);
    CHECK_STATUS(hs_simulation_new(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    hs_simulation *simulation = NULL;
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    CHECK_STATUS(hs_simulation_random(simulation, NULL, 1), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_simulation_random(simulation, NULL, 0), HS_OK);
    CHECK_STATUS(hs_simulation_at(simulation, 1, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);

    hs_error *error = NULL;
    CHECK_STATUS(hs_worker_new(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_worker_new(NULL, NULL, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "worker");
    CHECK_STATUS(hs_error_details(error, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void parts_of_a_request(void) {
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/get", address("http")));
    hs_response *response = UNTOUCHED;
    hs_error *error = NULL;

    CHECK_STATUS(hs_request(NULL, &request, &response, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "worker");
    hs_error_free(error);
    CHECK_STATUS(hs_request(worker, NULL, &response, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "request");
    hs_error_free(error);
    CHECK(response == UNTOUCHED);
    CHECK_STATUS(hs_request(worker, &request, NULL, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "response");
    hs_error_free(error);
    CHECK_STATUS(hs_request(NULL, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_request_many(NULL, NULL, 0, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_request_many(worker, NULL, 1, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_request(worker, NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);

    /* A NULL error pointer is no mistake, in success and in failure. */
    CHECK_STATUS(hs_request(worker, &request, &response, NULL), HS_OK);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_STATUS(hs_response_header_at(response, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_trailer_at(response, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_attempt_at(response, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_interim_header_at(response, 0, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_metrics(response, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK(hs_response_header(response, bytes(NULL, 0), 0).data == NULL);
    CHECK(hs_response_header(response, bytes(NULL, 4), 0).data == NULL);
    CHECK(hs_response_header(response, bytes(NULL, (size_t)HS_NTS), 0).data == NULL);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    request.url = text("nonsense");
    CHECK_STATUS(hs_request(worker, &request, &response, NULL), HS_ERR_INVALID_URL);

    const hs_str missing[] = {bytes(NULL, 1), bytes(NULL, (size_t)HS_NTS)};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        hs_header header = {text("X-Name"), missing[i], 0};
        request = get(url("%s/get", address("http")));
        request.method = missing[i];
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "method");
        request.method = bytes(NULL, 0);
        request.body = missing[i];
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "body");
        request.body = bytes(NULL, 0);
        request.headers = &header;
        request.header_count = 1;
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "headers[0].value");
        header.name = missing[i];
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "headers[0].name");
        request.headers = NULL;
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "headers");
        request.header_count = 0;
        request.url = missing[i];
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "url");
    }
    request.url = bytes(NULL, 0);
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_URL, "empty");
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    it_is_the_one_that_was_built();
    versions();
    freeing_nothing();
    no_object();
    policies();
    nowhere_to_write();
    parts_of_a_request();
    return 0;
}
