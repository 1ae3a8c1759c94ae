/* Hedges, in virtual time: a second request beside one that takes long. */

#include "simulated.h"

static int32_t read_body(void *user_data, void *buffer, size_t capacity, size_t *count) {
    size_t *left = user_data;
    *count = *left < capacity ? *left : capacity;
    memset(buffer, 'x', *count);
    *left -= *count;
    return 0;
}

static int32_t rewind_body(void *user_data) {
    *(size_t *)user_data = 5;
    return 0;
}

static void hedges(void) {
    hs_hedge_options hedge;
    hs_policies policies;
    memset(&hedge, 0, sizeof hedge);
    memset(&policies, 0, sizeof policies);
    hedge.struct_size = sizeof hedge;
    hedge.delay_ms = 20;
    policies.struct_size = sizeof policies;
    policies.hedge = &hedge;
    hs_worker *worker = worker_with(&policies);
    again();
    answer_with(200, "Which", "first", 5000, 1);
    answer_with(200, "Which", "second", 30, 0);
    hs_request_options request = request_of("GET");
    const uint64_t before = hs_simulation_now(simulation);
    hs_response *response = SEND(worker, &request);
    CHECK_TEXT(hs_response_header(response, text("which"), 0), "second");
    CHECK(hs_simulation_now(simulation) == before + 50 * MS);
    CHECK_INT(hs_response_attempt_count(response), 2);
    CHECK(attempt_of(response, 0).hedge == 0 && attempt_of(response, 1).hedge == 1 && attempt_of(response, 1).number == 1);
    CHECK_STATUS(attempt_of(response, 0).status, HS_ERR_CANCELLED);
    CHECK_INT(attempt_of(response, 0).request_sent, HS_SENT_MAYBE);
    CHECK(attempt_of(response, 1).started_ns == 20 * MS && attempt_of(response, 1).duration_ns == 30 * MS);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_KINDS(HS_EVENT_ATTEMPT_START, HS_EVENT_HEDGE_STARTED, HS_EVENT_ATTEMPT_END, HS_EVENT_HEDGE_LOST, HS_EVENT_HEDGE_WON,
                HS_EVENT_ATTEMPT_END);

    /* What must not happen twice is not hedged. */
    again();
    answer_with(200, "", "", 500, 0);
    request.method = text("POST");
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_INT(hs_mock_calls(mock), 1);

    /* A body that is read while it is sent is read once. */
    again();
    answer_with(200, "", "", 500, 0);
    static const char text_of_it[] = "body";
    size_t left = sizeof text_of_it;
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.length = sizeof text_of_it;
    upload.read = read_body;
    upload.rewind = rewind_body;
    upload.user_data = &left;
    request.method = text("PUT");
    request.upload = &upload;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_INT(hs_mock_calls(mock), 1);
    request.upload = NULL;

    /* What fails in passing is hedged at once; both in vain, and the three attempts are six requests. */
    again();
    request.method = text("GET");
    answer_with(503, "", "", 1, 0);
    response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 503);
    CHECK_INT(hs_response_attempt_count(response), 6);
    CHECK_INT(metrics_of(response).attempts, 3);
    CHECK_INT(hs_mock_calls(mock), 6);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    hs_counters counters;
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_worker_counters(worker, &counters), HS_OK);
    CHECK_INT(counters.hedges, 4);
    CHECK_INT(counters.hedges_won, 1);
    CHECK_INT(counters.attempts, 6);
    CHECK_INT(counters.retries, 2);
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin_simulated(count, arguments);
    hedges();
    return end_simulated();
}
