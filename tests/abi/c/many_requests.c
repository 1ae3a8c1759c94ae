/* Many requests at once on one worker: each has exactly one result, its own, whatever becomes of the others. In virtual
 * time with a mock, where all is known to the nanosecond, and over the network. */

#include "client.h"

#include <pthread.h>

#define HOST "http://api.test"
#define MS UINT64_C(1000000)
#define MOST 1000

static hs_request_options requests[MOST];
static const hs_request_options *pointers[MOST];
static hs_completion completions[MOST];

static hs_request_options *fill(size_t count) {
    for (size_t i = 0; i < count; i++) {
        requests[i] = get("nonsense");
        pointers[i] = &requests[i];
    }
    memset(completions, 0xA5, sizeof completions);
    return requests;
}

static void carry_out(hs_worker *worker, size_t count) {
    hs_error *error = (hs_error *)completions; /* Success must clear it. */
    CHECK_STATUS(hs_request_many(worker, pointers, count, completions, &error), HS_OK);
    CHECK(error == NULL);
    for (size_t i = 0; i < count; i++) {
        const hs_completion *completion = &completions[i];
        CHECK(completion->tag == i);
        CHECK(completion->kind == HS_COMPLETION_DONE && completion->more[0] == 0 && completion->more[1] == 0 && completion->more[2] == 0);
        CHECK((completion->status == HS_OK) == (completion->response != NULL));
        CHECK((completion->status == HS_OK) == (completion->error == NULL));
        if (completion->error != NULL) {
            CHECK_STATUS(hs_error_status(completion->error), completion->status);
            CHECK(hs_error_message(completion->error).len > 0);
        }
    }
    CHECK(count == MOST || completions[count].tag == UINT64_C(0xA5A5A5A5A5A5A5A5));
}

static void free_results(size_t count) {
    for (size_t i = 0; i < count; i++) {
        CHECK_STATUS(hs_response_free(completions[i].response), HS_OK);
        CHECK_STATUS(hs_error_free(completions[i].error), HS_OK);
    }
}

static hs_error_info facts_of(const hs_completion *completion) {
    hs_error_info info;
    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_error_details(completion->error, &info), HS_OK);
    return info;
}

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

static void add_rule(const char *target, uint32_t status, hs_status failure, uint64_t delay_ms, const char *body) {
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.url = text(target);
    rule.status = status;
    rule.failure = failure;
    rule.delay_ms = delay_ms;
    rule.answer_body = text(body);
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
}

static void cancel_now(void *user_data) { CHECK_STATUS(hs_cancel_trigger(user_data), HS_OK); }

static int32_t collect(void *user_data, const void *data, size_t length) {
    strncat(user_data, data, length);
    return 0;
}

static int32_t stop(void *user_data, const void *data, size_t length) {
    (void)user_data, (void)data, (void)length;
    return 9;
}

enum { GOOD_ONE, SLOW, LOST, REFUSED, INVALID, ABSENT, TOO_LATE, CANCELLED, STREAMED, STOPPED, COLLECTED, WAYS };

/* 200 at once of all sorts. */
static void mixed(void) {
    const size_t count = 200;
    static char collected[200][16];
    hs_worker *worker = simulated_worker();
    hs_cancel *cancel = NULL;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);
    add_rule("/good", 200, HS_OK, 0, "good");
    add_rule("/slow", 503, HS_OK, 250, "slow");
    add_rule("/lost", 0, HS_ERR_CONNECTION_CLOSED, 10, "");
    add_rule("/refused", 0, HS_ERR_CONNECT, 0, "");
    add_rule("/later", 200, HS_OK, 5000, "later");
    fill(count);
    for (size_t i = 0; i < count; i++) {
        hs_request_options *request = &requests[i];
        static const char *const urls[WAYS] = {HOST "/good", HOST "/slow",  HOST "/lost",  HOST "/refused", "nonsense", "",
                                               HOST "/slow", HOST "/later", HOST "/good", HOST "/good",    HOST "/good"};
        request->url = text(urls[i % WAYS]);
        collected[i][0] = 0;
        request->user_data = collected[i];
        switch (i % WAYS) {
        case LOST: request->method = text("POST"); break;
        case ABSENT: pointers[i] = NULL; break;
        case TOO_LATE: request->timeout_ms = 100 + i; break;
        case CANCELLED: request->cancel = cancel; break;
        case STREAMED: request->flags = HS_STREAM; break;
        case STOPPED: request->on_body = stop; break;
        case COLLECTED: request->on_body = collect; break;
        }
    }
    const uint64_t before = hs_simulation_now(simulation);
    CHECK_STATUS(hs_simulation_at(simulation, before + 400 * MS, cancel_now, cancel), HS_OK);
    carry_out(worker, count);
    CHECK(hs_simulation_now(simulation) == before + 400 * MS);
    for (size_t i = 0; i < count; i++) {
        const hs_completion *completion = &completions[i];
        switch (i % WAYS) {
        case GOOD_ONE:
            CHECK_TEXT(hs_response_body(completion->response), "good");
            CHECK(metrics_of(completion->response).total_ns == 0);
            break;
        case SLOW:
            CHECK_INT(hs_response_status(completion->response), 503);
            CHECK(metrics_of(completion->response).total_ns == 250 * MS);
            break;
        case LOST:
            CHECK_STATUS(completion->status, HS_ERR_CONNECTION_CLOSED);
            CHECK_INT(facts_of(completion).request_sent, HS_SENT_MAYBE);
            CHECK(facts_of(completion).elapsed_ns == 10 * MS);
            break;
        case REFUSED:
            CHECK_STATUS(completion->status, HS_ERR_CONNECT);
            CHECK_INT(facts_of(completion).request_sent, HS_SENT_NO);
            break;
        case INVALID:
            CHECK_STATUS(completion->status, HS_ERR_INVALID_URL);
            CHECK_HAS(hs_error_message(completion->error), "nonsense");
            break;
        case ABSENT: CHECK_STATUS(completion->status, HS_ERR_NULL_ARGUMENT); break;
        case TOO_LATE:
            if (100 + i <= 250) {
                CHECK_STATUS(completion->status, HS_ERR_TIMEOUT);
                CHECK(facts_of(completion).elapsed_ns == (100 + i) * MS);
            } else {
                CHECK_INT(hs_response_status(completion->response), 503);
            }
            break;
        case CANCELLED:
            CHECK_STATUS(completion->status, HS_ERR_CANCELLED);
            CHECK(facts_of(completion).elapsed_ns == 400 * MS);
            break;
        case STREAMED:
            CHECK_STATUS(completion->status, HS_ERR_INVALID_ARGUMENT);
            CHECK_HAS(hs_error_message(completion->error), "HS_STREAM");
            break;
        case STOPPED:
            CHECK_STATUS(completion->status, HS_ERR_CALLBACK);
            CHECK_HAS(hs_error_message(completion->error), "9");
            break;
        case COLLECTED:
            CHECK_INT(hs_response_body(completion->response).len, 0);
            CHECK(strcmp(collected[i], "good") == 0);
            break;
        }
    }
    free_results(count);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    close_worker(worker);
}

/* Nothing to wait for: each says so, none hangs. */
static void dead_ends(void) {
    hs_worker *worker = simulated_worker();
    hs_mock_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.struct_size = sizeof rule;
    rule.url = text("/stalls");
    rule.flags = HS_MOCK_STALL;
    CHECK_STATUS(hs_mock_add(mock, &rule, NULL), HS_OK);
    fill(10);
    for (size_t i = 0; i < 10; i++) {
        requests[i].url = text(i < 9 ? HOST "/stalls" : HOST "/later");
        requests[i].timeout_ms = requests[i].attempt_timeout_ms = HS_INFINITE;
    }
    const uint64_t before = hs_simulation_now(simulation);
    carry_out(worker, 10);
    CHECK(hs_simulation_now(simulation) == before + 5000 * MS);
    for (size_t i = 0; i < 9; i++) {
        CHECK_STATUS(completions[i].status, HS_ERR_MOCK);
        CHECK(facts_of(&completions[i]).elapsed_ns == 5000 * MS);
    }
    CHECK_STATUS(completions[9].status, HS_OK);
    free_results(10);
    close_worker(worker);
}

/* Each begins at its own time, and its limits count from there. */
static void started_later(void) {
    hs_worker *worker = simulated_worker();
    hs_cancel *cancel = NULL;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    fill(6);
    for (size_t i = 0; i < 6; i++) {
        requests[i].url = text(HOST "/slow");
        requests[i].start_after_ms = 1000 * (5 - i);
        requests[i].timeout_ms = i % 2 == 0 ? 200 : 300;
    }
    requests[0].cancel = cancel;
    requests[5].start_after_ms = 86400001;
    const uint64_t before = hs_simulation_now(simulation);
    CHECK_STATUS(hs_simulation_at(simulation, before + 4900 * MS, cancel_now, cancel), HS_OK);
    const size_t calls = hs_mock_calls(mock);
    carry_out(worker, 6);
    CHECK(hs_simulation_now(simulation) == before + 4900 * MS);
    CHECK_INT(hs_mock_calls(mock) - calls, 4);
    CHECK_STATUS(completions[0].status, HS_ERR_CANCELLED);
    CHECK_INT(facts_of(&completions[0]).request_sent, HS_SENT_NO);
    for (size_t i = 1; i < 5; i++) {
        if (i % 2 == 0) {
            CHECK_STATUS(completions[i].status, HS_ERR_TIMEOUT);
            CHECK(facts_of(&completions[i]).elapsed_ns == 200 * MS);
        } else {
            CHECK_INT(hs_response_status(completions[i].response), 503);
            CHECK(metrics_of(completions[i].response).total_ns == 250 * MS);
        }
    }
    CHECK_STATUS(completions[5].status, HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(completions[5].error), "start_after_ms is 86400001");
    free_results(6);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    close_worker(worker);
}

/* What is refused as a whole writes nothing. */
static void refused(hs_worker *worker) {
    hs_error *error = NULL;
    fill(2);
    const hs_completion before = completions[0];
    CHECK_STATUS(hs_request_many(NULL, pointers, 2, completions, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_request_many(worker, NULL, 2, completions, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "requests");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_request_many(worker, pointers, 2, NULL, &error), HS_ERR_NULL_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "completions");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_request_many(worker, pointers, 65537, completions, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "65537");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK(memcmp(&before, &completions[0], sizeof before) == 0);
    CHECK_STATUS(hs_request_many(worker, NULL, 0, NULL, &error), HS_OK);
    CHECK(error == NULL);
}

static hs_worker *outer;

static int32_t enter_again(void *user_data, const void *data, size_t length) {
    (void)data, (void)length;
    const hs_request_options request = get(HOST "/get");
    const hs_request_options *inner[] = {&request};
    hs_completion result;
    hs_error *error = NULL;
    CHECK_STATUS(hs_request_many(outer, inner, 1, &result, &error), HS_ERR_BUSY);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_worker_free(outer), HS_ERR_BUSY);
    ++*(int *)user_data;
    return 0;
}

static void *elsewhere(void *worker) {
    CHECK_STATUS(hs_request_many(worker, pointers, 1, completions, NULL), HS_ERR_WRONG_THREAD);
    return NULL;
}

/* 200 at once over the network: each gets what it asked for. */
static void over_the_network(hs_worker *worker, const char *base, size_t most_connections) {
    const size_t count = 200;
    uint64_t connections[200];
    size_t different = 0;
    fill(count);
    for (size_t i = 0; i < count; i++) {
        static char urls[200][URL_BYTES];
        snprintf(urls[i], sizeof urls[i], "%s/anything/%zu", base, i);
        requests[i].url = text(i % 50 == 49 ? "nonsense" : urls[i]);
        requests[i].timeout_ms = HS_INFINITE;
        requests[i].attempt_timeout_ms = requests[i].connect_timeout_ms = HS_INFINITE;
    }
    carry_out(worker, count);
    for (size_t i = 0; i < count; i++) {
        if (i % 50 == 49) {
            CHECK_STATUS(completions[i].status, HS_ERR_INVALID_URL);
            continue;
        }
        if (completions[i].status != HS_OK) {
            const hs_str message = hs_error_message(completions[i].error);
            FAIL("request %zu: %.*s", i, (int)message.len, message.data);
        }
        char path[32];
        snprintf(path, sizeof path, "/anything/%zu\"", i);
        CHECK_HAS(hs_response_body(completions[i].response), path);
        const uint64_t connection = metrics_of(completions[i].response).connection_id;
        size_t at = 0;
        while (at < different && connections[at] != connection) {
            at++;
        }
        if (at == different) {
            connections[different++] = connection;
        }
    }
    if (different > most_connections) {
        FAIL("%zu connections", different);
    }
    free_results(count);
}

/* Calls that hang until they are cancelled or late, from another thread, while others end. */
static void *cancel_when_all_hang(void *cancel) {
    hs_worker *worker = open_worker();
    await_counter(worker, "held:many", 20);
    close_worker(worker);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    return NULL;
}

static void cancelled_over_the_network(hs_worker *worker) {
    hs_cancel *cancel = NULL;
    pthread_t other;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    const hs_str hangs = text(url("%s/hold/many", address("https"))), ends = text(url("%s/get", address("https")));
    fill(40);
    for (size_t i = 0; i < 40; i++) {
        requests[i].url = i % 2 == 0 ? ends : hangs;
        requests[i].timeout_ms = requests[i].attempt_timeout_ms = HS_INFINITE;
        if (i % 2 != 0) {
            requests[i].cancel = cancel;
        }
    }
    CHECK_INT(pthread_create(&other, NULL, cancel_when_all_hang, cancel), 0);
    carry_out(worker, 40);
    CHECK_INT(pthread_join(other, NULL), 0);
    for (size_t i = 0; i < 40; i++) {
        CHECK_STATUS(completions[i].status, i % 2 == 0 ? HS_OK : HS_ERR_CANCELLED);
    }
    free_results(40);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(hs_simulation_new(NULL, &simulation, NULL), HS_OK);
    mixed();
    dead_ends();
    started_later();
    CHECK_STATUS(hs_simulation_free(simulation), HS_OK);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);

    hs_worker *worker = open_worker();
    refused(worker);
    fill(1);
    pthread_t other;
    CHECK_INT(pthread_create(&other, NULL, elsewhere, worker), 0);
    CHECK_INT(pthread_join(other, NULL), 0);
    int entered = 0;
    outer = worker;
    requests[0].url = text(url("%s/get", address("http")));
    requests[0].on_body = enter_again;
    requests[0].user_data = &entered;
    carry_out(worker, 1);
    CHECK_STATUS(completions[0].status, HS_OK);
    CHECK_INT(entered, 1);
    free_results(1);
    over_the_network(worker, address("https"), 2);
    over_the_network(worker, address("http"), 200);
    cancelled_over_the_network(worker);
    GOOD(worker, url("%s/get", address("https")));
    close_worker(worker);
    return 0;
}
