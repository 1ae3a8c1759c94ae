/* Virtual time: a worker with a mock and a simulation waits for nothing, and every wait takes exactly as long as it says.
 * Plans come at their moments, and what could only hang ends with an error. */

#include "client.h"

#include <pthread.h>

#define HOST "http://api.test"
#define MS UINT64_C(1000000)

static hs_mock *mock;
static hs_simulation *simulation;

static hs_worker *simulated_worker(void) {
    hs_worker_options options;
    hs_worker *worker = NULL;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.mock = mock;
    options.max_attempts = 1;
    options.simulation = simulation;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static hs_mock_rule rule_for(const char *target) {
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.url = text(target);
    return rule;
}

static uint64_t now(void) { return hs_simulation_now(simulation); }

static void options_of_a_simulation(void) {
    hs_simulation_options options;
    hs_simulation *made = NULL;
    hs_error *error = NULL;
    memset(&options, 0, sizeof options);
    CHECK_STATUS(hs_simulation_new(&options, &made, NULL), HS_ERR_STRUCT_SIZE);
    options.struct_size = sizeof options;
    options.flags = 1;
    CHECK_STATUS(hs_simulation_new(&options, &made, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "hs_simulation_options.flags");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    options.flags = 0;
    options.seed = 7;
    options.wall_ns = -5;
    CHECK(made == NULL);
    CHECK_STATUS(hs_simulation_new(&options, &made, NULL), HS_OK);
    CHECK_INT(hs_simulation_now(made), 0);
    const uint32_t good[] = {0, 1000000, 500000}, bad[] = {1, 1000001};
    CHECK_STATUS(hs_simulation_random(made, good, 3), HS_OK);
    CHECK_STATUS(hs_simulation_random(made, bad, 2), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_simulation_random(made, good, SIZE_MAX), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_simulation_set_wall(made, INT64_MIN), HS_OK);
    CHECK_STATUS(hs_simulation_set_wall(made, INT64_MAX), HS_OK);
    CHECK_STATUS(hs_simulation_advance(made, UINT64_MAX), HS_OK);
    CHECK_STATUS(hs_simulation_advance(made, UINT64_MAX), HS_OK);
    CHECK(hs_simulation_now(made) == UINT64_MAX);
    CHECK_STATUS(hs_simulation_free(made), HS_OK);

    hs_worker_options networked = defaults();
    hs_worker *worker = NULL;
    networked.simulation = simulation;
    CHECK_STATUS(hs_worker_new(&networked, &worker, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "simulation is set without mock");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK(worker == NULL);
}

/* Hours go by in no time, and to the nanosecond. */
static void waiting(hs_worker *worker) {
    hs_mock_rule rule = rule_for("/slow");
    rule.delay_ms = 3600000;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
    hs_request_options request = get(HOST "/slow");
    uint64_t before = now();
    const uint64_t really = now_ns();
    request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
    hs_response *response = SEND(worker, &request);
    CHECK(now() - before == 3600000 * MS);
    CHECK(metrics_of(response).total_ns == 3600000 * MS);
    hs_response_free(response);
    request.attempt_timeout_ms = 1234;
    before = now();
    const hs_error_info info = FAILS(worker, &request, HS_ERR_ATTEMPT_TIMEOUT);
    CHECK(now() - before == 1234 * MS && info.elapsed_ns == 1234 * MS);
    CHECK(now_ns() - really < 60000 * MS);
}

/* What nothing could end is an end by itself. */
static void dead_ends(hs_worker *worker) {
    hs_mock_rule rule = rule_for("/stalls");
    rule.flags = HS_MOCK_STALL;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
    rule = rule_for("/stalls-later");
    rule.flags = HS_MOCK_STALL;
    rule.status = 200;
    rule.answer_body = text("some");
    rule.after_bytes = 2;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
    hs_request_options request = get(HOST "/stalls");
    request.timeout_ms = request.attempt_timeout_ms = request.idle_timeout_ms = HS_INFINITE;
    const uint64_t before = now();
    FAILS_SAYING(worker, &request, HS_ERR_MOCK, "virtual time");
    CHECK_INT(FAILS(worker, &request, HS_ERR_MOCK).request_sent, HS_SENT_MAYBE);
    request.url = text(HOST "/stalls-later");
    CHECK_INT(FAILS(worker, &request, HS_ERR_MOCK).request_sent, HS_SENT_YES);
    request.flags = HS_STREAM;
    hs_response *response = SEND(worker, &request);
    char piece[8];
    size_t count = 0;
    CHECK_STATUS(hs_response_read(response, piece, sizeof piece, &count, HS_INFINITE, NULL), HS_OK);
    CHECK_INT(count, 2);
    CHECK_STATUS(hs_response_read(response, piece, sizeof piece, &count, 50, NULL), HS_ERR_READ_TIMEOUT);
    CHECK(now() == before + 50 * MS);
    CHECK_STATUS(hs_response_read(response, piece, sizeof piece, &count, HS_INFINITE, NULL), HS_ERR_MOCK);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK(now() == before + 50 * MS);
}

static char told[64];

static void tell(void *user_data) { strcat(told, user_data); }

static void cancel_now(void *user_data) { CHECK_STATUS(hs_cancel_trigger(user_data), HS_OK); }

static void plan_again(void *user_data) {
    (void)user_data;
    CHECK_STATUS(hs_simulation_at(simulation, now(), tell, "e"), HS_OK);
    CHECK_STATUS(hs_simulation_advance(simulation, 1), HS_OK);
}

static void plans(hs_worker *worker) {
    uint64_t before = now();
    CHECK_STATUS(hs_simulation_at(simulation, before + 30, tell, "c"), HS_OK);
    CHECK_STATUS(hs_simulation_at(simulation, before + 10, tell, "a"), HS_OK);
    CHECK_STATUS(hs_simulation_at(simulation, before + 10, tell, "b"), HS_OK);
    CHECK_STATUS(hs_simulation_at(simulation, before + 40, plan_again, NULL), HS_OK);
    CHECK_STATUS(hs_simulation_advance(simulation, 20), HS_OK);
    CHECK(strcmp(told, "ab") == 0 && now() == before + 20);
    CHECK_STATUS(hs_simulation_advance(simulation, 20), HS_OK);
    CHECK(strcmp(told, "abce") == 0 && now() == before + 41);

    hs_cancel *cancel = NULL;
    hs_request_options request = get(HOST "/stalls");
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    request.cancel = cancel;
    before = now();
    CHECK_STATUS(hs_simulation_at(simulation, before + 3000 * MS, cancel_now, cancel), HS_OK);
    CHECK_INT(FAILS(worker, &request, HS_ERR_CANCELLED).request_sent, HS_SENT_MAYBE);
    CHECK(now() == before + 3000 * MS);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);

    /* Also where it is the only thing that could happen. */
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    request.cancel = cancel;
    request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
    CHECK_STATUS(hs_simulation_at(simulation, 0, tell, "f"), HS_OK);
    CHECK_STATUS(hs_simulation_at(simulation, now() + 86400000 * MS, cancel_now, cancel), HS_OK);
    FAILS(worker, &request, HS_ERR_CANCELLED);
    CHECK(strcmp(told, "abcef") == 0);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
}

static void *advance_often(void *nothing) {
    for (int i = 0; i < 1000; i++) {
        CHECK_STATUS(hs_simulation_advance(simulation, 1), HS_OK);
    }
    return nothing;
}

static void threads(void) {
    pthread_t others[4];
    const uint64_t before = now();
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_create(&others[i], NULL, advance_often, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_join(others[i], NULL), 0);
    }
    CHECK(now() == before + 4000);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    options_of_a_simulation();
    hs_worker *worker = simulated_worker(), *second = simulated_worker();
    waiting(worker);
    waiting(second);
    dead_ends(worker);
    plans(second);
    threads();
    /* The plans of a simulation go with it, its clock does not. */
    CHECK_STATUS(hs_simulation_at(simulation, 0, tell, "never"), HS_OK);
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    hs_request_options request = get(HOST "/slow");
    CHECK_INT(FAILS(worker, &request, HS_ERR_ATTEMPT_TIMEOUT).elapsed_ns, 10000 * MS);
    CHECK(strcmp(told, "abcef") == 0);
    close_worker(worker);
    close_worker(second);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);
    return 0;
}
