/* Retries, in virtual time: what is repeated and when, what stops it, and what is told of it. */

#include "simulated.h"

static void a_good_end(hs_worker *worker) {
    again();
    draws(500000, 250000);
    answer_with(503, "", "", 30, 2);
    answer_with(200, "", "", 5, 0);
    const hs_request_options request = request_of("GET");
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_TEXT(hs_response_body(response), "said");
    CHECK_INT(hs_response_attempt_count(response), 3);
    const hs_attempt first = attempt_of(response, 0), second = attempt_of(response, 1), third = attempt_of(response, 2);
    CHECK(first.number == 1 && second.number == 2 && third.number == 3 && third.hedge == 0);
    CHECK(first.http_status == 503 && second.http_status == 503 && third.http_status == 200);
    CHECK(first.status == HS_OK && first.request_sent == HS_SENT_YES && first.internal_resends == 0);
    CHECK(first.started_ns == 0 && first.duration_ns == 30 * MS && first.wait_ns == 0 && first.wait_reason == HS_WAIT_NONE);
    /* Half of 100 ms, and a quarter of 200 ms. */
    CHECK(second.started_ns == 80 * MS && second.wait_ns == 50 * MS && second.wait_reason == HS_WAIT_BACKOFF);
    CHECK(third.started_ns == 160 * MS && third.wait_ns == 50 * MS && third.duration_ns == 5 * MS);
    hs_attempt none;
    none.struct_size = sizeof none;
    CHECK_STATUS(hs_response_attempt_at(response, 3, &none), HS_ERR_NOT_FOUND);
    const hs_metrics metrics = metrics_of(response);
    CHECK_INT(metrics.attempts, 3);
    CHECK_INT(metrics.stop_reason, HS_STOP_OK);
    CHECK(metrics.total_ns == 165 * MS);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_KINDS(HS_EVENT_ATTEMPT_START, HS_EVENT_ATTEMPT_END, HS_EVENT_RETRY, HS_EVENT_ATTEMPT_START, HS_EVENT_ATTEMPT_END,
                HS_EVENT_RETRY, HS_EVENT_ATTEMPT_START, HS_EVENT_ATTEMPT_END);
    CHECK(seen.waits[2] == 50 * MS && seen.waits[3] == 50 * MS);
}

/* One answer again and again: how many attempts there are, what the result is, and why it ends. */
static void ends(hs_worker *worker, const char *method, uint32_t status, const char *name, const char *value, size_t attempts,
                 uint32_t stop) {
    again();
    answer_with(status, name, value, 1, 0);
    const hs_request_options request = request_of(method);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), status);
    CHECK_TEXT(hs_response_body(response), strcmp(method, "HEAD") == 0 ? "" : "said");
    CHECK_INT(hs_response_attempt_count(response), attempts);
    CHECK_INT(metrics_of(response).stop_reason, stop);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void ends_of_all_sorts(hs_worker *worker) {
    ends(worker, "GET", 503, "", "", 3, HS_STOP_ATTEMPTS);
    ends(worker, "GET", 500, "", "", 3, HS_STOP_ATTEMPTS);
    ends(worker, "POST", 500, "", "", 1, HS_STOP_NOT_IDEMPOTENT);
    ends(worker, "GET", 501, "", "", 1, HS_STOP_OK);
    ends(worker, "GET", 505, "", "", 1, HS_STOP_OK);
    ends(worker, "GET", 404, "Retry-After", "30", 1, HS_STOP_OK);
    ends(worker, "POST", 429, "", "", 3, HS_STOP_ATTEMPTS);
    ends(worker, "POST", 503, "Retry-After", "1", 1, HS_STOP_NOT_IDEMPOTENT);
    ends(worker, "GET", 429, "Retry-After", "3600", 1, HS_STOP_RETRY_AFTER_TOO_LONG);
    ends(worker, "GET", 409, "", "", 1, HS_STOP_OK);
    ends(worker, "QUERY", 502, "", "", 3, HS_STOP_ATTEMPTS);
}

static void the_server_names_a_time(hs_worker *worker) {
    static const struct {
        const char *value;
        uint32_t drawn;
        uint64_t wait;
    } cases[] = {{"2", 0, 2000 * MS},       {"2", 1000000, 2200 * MS}, {"0", 500000, 500 * MS},
                 {"1.5", 500000, 500 * MS}, {"-5", 500000, 500 * MS},  {"5, 10", 500000, 500 * MS}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        again();
        draws(cases[i].drawn, cases[i].drawn);
        answer_with(429, "Retry-After", cases[i].value, 0, 1);
        answer_with(200, "", "", 0, 0);
        const hs_request_options request = request_of("POST");
        hs_response *response = SEND(worker, &request);
        CHECK_INT(hs_response_attempt_count(response), 2);
        CHECK_INT(attempt_of(response, 0).request_sent, HS_SENT_NO);
        CHECK(attempt_of(response, 1).wait_ns == cases[i].wait);
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
}

static void keys(hs_worker *worker) {
    hs_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    policies.flags = HS_IDEMPOTENCY_KEY;
    again();
    answer_with(503, "", "", 0, 1);
    answer_with(409, "", "", 0, 1);
    answer_with(201, "", "", 0, 0);
    hs_request_options request = request_of("POST");
    request.policies = &policies;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 201);
    CHECK_INT(hs_response_attempt_count(response), 3);
    const hs_str key = hs_mock_call_header(mock, 0, text("idempotency-key"), 0);
    CHECK(key.len == 38 && key.data[0] == '"' && key.data[37] == '"');
    for (size_t i = 1; i < 3; i++) {
        const hs_str same = hs_mock_call_header(mock, i, text("idempotency-key"), 0);
        CHECK(same.len == key.len && memcmp(same.data, key.data, key.len) == 0);
    }
    CHECK_STATUS(hs_response_free(response), HS_OK);

    again();
    policies.flags = HS_IDEMPOTENCY_KEY | HS_IDEMPOTENCY_KEY_BARE;
    answer_with(422, "", "", 0, 0);
    response = SEND(worker, &request);
    CHECK_INT(hs_response_attempt_count(response), 1);
    CHECK_INT(hs_mock_call_header(mock, 0, text("idempotency-key"), 0).len, 36);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* Nothing is added where the method needs no key, and the caller's own stays. */
    again();
    answer_with(200, "", "", 0, 0);
    request.method = text("PUT");
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK(hs_mock_call_header(mock, 0, text("idempotency-key"), 0).data == NULL);
    const hs_header own = {text("idempotency-key"), text("mine"), 0};
    request.method = text("POST");
    request.headers = &own;
    request.header_count = 1;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_TEXT(hs_mock_call_header(mock, 1, text("idempotency-key"), 0), "mine");
    CHECK(hs_mock_call_header(mock, 1, text("idempotency-key"), 1).data == NULL);
}

/* A lost answer of an order that may be repeated: the response says of itself that it may be of the second try. */
static void a_lost_answer(hs_worker *worker) {
    hs_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    hs_request_options request = request_of("POST");
    request.policies = &policies;

    again();
    answer_with(200, "", "", 60000, 0);
    hs_error *error = ERROR_OF(worker, &request, HS_ERR_ATTEMPT_TIMEOUT);
    CHECK_INT(hs_error_attempt_count(error), 1);
    hs_error_info info = take_facts(error);
    CHECK_INT(info.stop_reason, HS_STOP_NOT_IDEMPOTENT);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);

    again();
    policies.flags = HS_IDEMPOTENT;
    answer_with(200, "", "", 60000, 1);
    answer_with(422, "", "", 1, 0);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 422);
    CHECK_INT(attempt_of(response, 0).request_sent, HS_SENT_MAYBE);
    CHECK_STATUS(attempt_of(response, 0).status, HS_ERR_ATTEMPT_TIMEOUT);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* What the first attempt may have done, the error of the last one does not deny. */
    again();
    answer_with(200, "", "", 60000, 1);
    fail_with(HS_ERR_CONNECT, 0, 0);
    info = FAILS(worker, &request, HS_ERR_CONNECT);
    CHECK_INT(info.attempts, 3);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
}

/* A DELETE that does something each time: not tried again, not even where the answer is one that says so. */
static void a_harmful_delete(hs_worker *worker) {
    hs_policies policies;
    memset(&policies, 0, sizeof policies);
    policies.struct_size = sizeof policies;
    hs_request_options request = request_of("DELETE");
    request.policies = &policies;

    again();
    answer_with(200, "", "", 60000, 1);
    answer_with(404, "", "", 1, 0);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_attempt_count(response), 2);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    policies.flags = HS_NOT_IDEMPOTENT;
    again();
    answer_with(200, "", "", 60000, 0);
    hs_error_info info = FAILS(worker, &request, HS_ERR_ATTEMPT_TIMEOUT);
    CHECK_INT(info.attempts, 1);
    CHECK_INT(info.stop_reason, HS_STOP_NOT_IDEMPOTENT);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(info.retryable, HS_RETRYABLE_UNKNOWN);

    again();
    answer_with(503, "", "", 1, 0);
    response = SEND(worker, &request);
    CHECK_INT(hs_response_attempt_count(response), 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* Neither does a key make it harmless, nor is one made. */
    hs_header key = {{"Idempotency-Key", HS_NTS}, {"\"1\"", HS_NTS}, 0};
    request.headers = &key;
    request.header_count = 1;
    again();
    answer_with(503, "", "", 1, 0);
    response = SEND(worker, &request);
    CHECK_INT(hs_response_attempt_count(response), 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    hs_error *error = NULL;
    policies.flags = HS_NOT_IDEMPOTENT | HS_IDEMPOTENT;
    CHECK_STATUS(hs_request(worker, &request, &response, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "HS_NOT_IDEMPOTENT");
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void cancel_now(void *user_data) { CHECK_STATUS(hs_cancel_trigger(user_data), HS_OK); }

static void ends_from_outside(hs_worker *worker) {
    hs_cancel *cancel;
    again();
    draws(1000000, 1000000);
    answer_with(429, "Retry-After", "10", 0, 0);
    hs_request_options request = request_of("GET");
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    request.cancel = cancel;
    const uint64_t begin = hs_simulation_now(simulation);
    CHECK_STATUS(hs_simulation_at(simulation, begin + 3000 * MS, cancel_now, cancel), HS_OK);
    hs_error *error = ERROR_OF(worker, &request, HS_ERR_CANCELLED);
    CHECK_INT(hs_error_attempt_count(error), 1);
    const hs_error_info info = take_facts(error);
    CHECK_INT(info.stop_reason, HS_STOP_CANCELLED);
    CHECK(hs_simulation_now(simulation) == begin + 3000 * MS);
    CHECK_INT(hs_mock_calls(mock), 1);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);

    /* Not enough time for what the server asks: the answer is there at once. */
    again();
    request.cancel = NULL;
    request.timeout_ms = 15000;
    answer_with(429, "Retry-After", "20", 0, 0);
    const uint64_t before = hs_simulation_now(simulation);
    hs_response *response = SEND(worker, &request);
    CHECK(hs_simulation_now(simulation) == before);
    const hs_metrics metrics = metrics_of(response);
    CHECK_INT(metrics.stop_reason, HS_STOP_RETRY_AFTER_TOO_LONG);
    CHECK_INT(metrics.retry_after_ms, 20000);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* A hanging server: attempts of 1 s, waits of 100 ms and 100 ms, and what is left. */
    again();
    draws(1000000, 500000);
    request.timeout_ms = 2500;
    request.attempt_timeout_ms = 1000;
    answer_with(200, "", "", 60000, 0);
    error = ERROR_OF(worker, &request, HS_ERR_TIMEOUT);
    hs_attempt third;
    third.struct_size = sizeof third;
    CHECK_STATUS(hs_error_attempt_at(error, 2, &third), HS_OK);
    CHECK(third.started_ns == 2200 * MS && third.duration_ns == 300 * MS);
    CHECK_STATUS(third.status, HS_ERR_TIMEOUT);
    CHECK_INT(take_facts(error).stop_reason, HS_STOP_DEADLINE);
}

static int32_t collect(void *user_data, const void *data, size_t length) {
    strncat(user_data, data, length);
    return 0;
}

/* Bytes that the caller has had cannot be taken back; those of a buffer can. */
static void broken_bodies(hs_worker *worker) {
    hs_mock_rule broken;
    memset(&broken, 0, sizeof broken);
    broken.struct_size = sizeof broken;
    broken.status = 200;
    broken.answer_body = text("half and half");
    broken.after_bytes = 4;
    broken.failure = HS_ERR_RECEIVE;
    broken.times = 1;

    again();
    CHECK_STATUS(hs_mock_add(mock, &broken, NULL), HS_OK);
    answer_with(200, "", "", 0, 0);
    hs_request_options request = request_of("GET");
    hs_response *response = SEND(worker, &request);
    CHECK_TEXT(hs_response_body(response), "said");
    CHECK_INT(hs_response_attempt_count(response), 2);
    CHECK_STATUS(attempt_of(response, 0).status, HS_ERR_RECEIVE);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    again();
    char collected[64] = "";
    CHECK_STATUS(hs_mock_add(mock, &broken, NULL), HS_OK);
    answer_with(200, "", "", 0, 0);
    request.on_body = collect;
    request.user_data = collected;
    const hs_error_info info = FAILS(worker, &request, HS_ERR_RECEIVE);
    CHECK_INT(info.stop_reason, HS_STOP_COMMITTED);
    CHECK_INT(info.attempts, 1);
    CHECK(strcmp(collected, "half") == 0);
}

/* Who has the head has the attempt. */
static void broken_streams(hs_worker *worker) {
    static const struct {
        hs_status failure;
        uint32_t stop;
    } cases[] = {{HS_ERR_RECEIVE, HS_STOP_COMMITTED}, {HS_ERR_BODY_TRUNCATED, HS_STOP_COMMITTED}};
    for (size_t i = 0; i < 2; i++) {
        hs_mock_rule broken;
        hs_response *response = NULL;
        hs_error *error = NULL;
        char buffer[16];
        size_t length = 0;
        memset(&broken, 0, sizeof broken);
        broken.struct_size = sizeof broken;
        broken.status = 200;
        broken.answer_body = text("half and half");
        broken.after_bytes = 4;
        broken.failure = cases[i].failure;
        again();
        CHECK_STATUS(hs_mock_add(mock, &broken, NULL), HS_OK);
        hs_request_options request = request_of("GET");
        request.flags = HS_STREAM;
        CHECK_STATUS(hs_request(worker, &request, &response, NULL), HS_OK);
        CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &length, HS_INFINITE, NULL), HS_OK);
        CHECK_INT(length, 4);
        CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &length, HS_INFINITE, &error), cases[i].failure);
        CHECK_INT(hs_error_attempt_count(error), 1);
        CHECK_INT(take_facts(error).stop_reason, cases[i].stop);
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
}

static void the_budget(hs_worker *worker) {
    again();
    for (int i = 0; i < 5; i++) {
        ends(worker, "GET", 503, "", "", 3, HS_STOP_ATTEMPTS);
        CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    }
    /* Each of those was 20 s after the other. Now at once. */
    again();
    answer_with(503, "", "", 0, 0);
    const hs_request_options request = request_of("GET");
    uint32_t stop = HS_STOP_ATTEMPTS;
    int calls = 0;
    for (; stop == HS_STOP_ATTEMPTS && calls < 20; calls++) {
        const uint64_t before = hs_simulation_now(simulation);
        hs_response *response = SEND(worker, &request);
        stop = metrics_of(response).stop_reason;
        if (stop == HS_STOP_BUDGET && hs_response_attempt_count(response) == 1) {
            CHECK(hs_simulation_now(simulation) == before);
        }
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
    CHECK_INT(stop, HS_STOP_BUDGET);
    CHECK(calls >= 5 && calls <= 6);
    CHECK_INT(seen.kinds[seen.count - 2], HS_EVENT_BUDGET_EXHAUSTED);
    CHECK_INT(seen.kinds[seen.count - 3], HS_EVENT_RETRY_ABANDONED);
    CHECK_INT(seen.stops[seen.count - 3], HS_STOP_BUDGET);
}

static void refused(const hs_policies *policies, const char *part) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    options.max_attempts = 0;
    options.policies = policies;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void what_cannot_be(hs_worker *worker) {
    hs_policies policies;
    hs_retry_options retry;
    hs_hedge_options hedge;
    memset(&policies, 0, sizeof policies);
    memset(&retry, 0, sizeof retry);
    memset(&hedge, 0, sizeof hedge);
    policies.struct_size = sizeof policies;
    retry.struct_size = sizeof retry;
    hedge.struct_size = sizeof hedge;
    policies.flags = HS_IDEMPOTENT;
    refused(&policies, "hs_policies.flags");
    policies.flags = HS_IDEMPOTENCY_KEY_BARE;
    refused(&policies, "HS_IDEMPOTENCY_KEY_BARE");
    policies.flags = 0;
    policies.retry = &retry;
    retry.max_attempts = 101;
    refused(&policies, "max_attempts is 101");
    retry.max_attempts = 0;
    retry.base_delay_ms = 30000;
    refused(&policies, "max_delay_ms is 20000");
    policies.retry = NULL;
    policies.hedge = &hedge;
    hedge.max_hedges = 4;
    refused(&policies, "max_hedges is 4");
    hedge.max_hedges = 0;
    hedge.delay_ms = HS_INFINITE;
    refused(&policies, "delay_ms is HS_INFINITE");
    hs_request_options request = request_of("GET");
    request.max_attempts = 101;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "max_attempts is 101");
    request.max_attempts = 0;
    request.reserved = 1;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "hs_request_options.reserved");
}

int main(int count, char **arguments) {
    begin_simulated(count, arguments);
    hs_worker *worker = worker_with(NULL);
    a_good_end(worker);
    ends_of_all_sorts(worker);
    the_server_names_a_time(worker);
    keys(worker);
    a_lost_answer(worker);
    a_harmful_delete(worker);
    ends_from_outside(worker);
    broken_bodies(worker);
    broken_streams(worker);
    the_budget(worker);
    what_cannot_be(worker);
    close_worker(worker);
    return end_simulated();
}
