// Answers that are lost, one at a time, and what must come of it.
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char key[] = "PK-C-LOST";
static long clients;

// A client of its own for each: its first connection is kept, so that what follows goes over one that was used before.
static alpaca_client *begin(const char *faults) {
    alpaca_config config = config_for(key);
    alpaca_client *client;
    alpaca_clock clock;
    alpaca_error error;
    clients++;
    json_decref(admin("PUT", key, "/faults", "{}"));
    if (alpaca_client_init(&config, &client, &error) != ALPACA_OK) abort();
    COMES_TO(ALPACA_OK, alpaca_get_clock(client, &clock, &error), &error);
    json_decref(admin("PUT", key, "/faults", faults));
    return client;
}

static void end(alpaca_client *client) {
    alpaca_client_deinit(client);
    json_decref(admin("PUT", key, "/faults", "{}"));
}

static long received(const char *client_order_id) {
    char path[200];
    snprintf(path, sizeof path, "/received/%s", client_order_id);
    json_t *count = admin("GET", key, path, NULL);
    long number = (long)json_integer_value(count);
    json_decref(count);
    return number;
}

static alpaca_order_request buy(const char *client_order_id) {
    return (alpaca_order_request){.symbol = "F", .qty = "3", .side = "buy", .client_order_id = client_order_id};
}

static void submit_is_done(const char *fault) {
    char faults[100], id[64];
    snprintf(faults, sizeof faults, "{\"methods\": [\"POST\"], \"next\": [\"%s\"]}", fault);
    snprintf(id, sizeof id, "done-%s", fault);
    alpaca_client *client = begin(faults);
    alpaca_order order;
    alpaca_error error;
    const alpaca_order_request request = buy(id);
    if (COMES_TO(ALPACA_OK, alpaca_submit_order(client, &request, &order, &error), &error))
        CHECK(order.reconciled && same(order.client_order_id, id) && amounts_to(order.qty, "3") && same(order.symbol, "F"));
    CHECK(received(id) == 1);
    end(client);
}

static void submit_is_not_done(const char *fault) {
    long unread = same(fault, "reset_unread"); // and so not counted
    char faults[100], id[64];
    snprintf(faults, sizeof faults, "{\"methods\": [\"POST\"], \"next\": [\"%s\"]}", fault);
    snprintf(id, sizeof id, "not-done-%s", fault);
    alpaca_client *client = begin(faults);
    alpaca_order order;
    alpaca_error error;
    const alpaca_order_request request = buy(id);
    COMES_TO(ALPACA_NOT_PLACED, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(same(error.client_order_id, id) && received(id) == 1 - unread);
    if (COMES_TO(ALPACA_OK, alpaca_submit_order(client, &request, &order, &error), &error)) CHECK(!order.reconciled);
    COMES_TO(ALPACA_DUPLICATE, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(error.http_status == 422 && error.code == 40010001 && received(id) == 3 - unread);
    end(client);
}

static void nobody_knows(void) {
    alpaca_client *client = begin("{\"methods\": [\"POST\", \"GET\"], \"next\": [\"reset_after\", \"error_before\", \"error_before\", \"error_before\"]}");
    alpaca_order order;
    alpaca_error error;
    const alpaca_order_request request = buy("unknown");
    COMES_TO(ALPACA_UNKNOWN, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(error.request_sent == HS_SENT_MAYBE && error.http_status == 0 && error.status != HS_OK);
    COMES_TO(ALPACA_OK, alpaca_get_order_by_client_id(client, "unknown", &order, &error), &error);
    CHECK(same(order.status, "filled") && received("unknown") == 1);
    end(client);
}

static void open_order(alpaca_client *client, alpaca_order *order) {
    alpaca_error error;
    const alpaca_order_request request = {.symbol = "F", .qty = "1", .side = "buy", .type = "limit", .limit_price = "5"};
    COMES_TO(ALPACA_OK, alpaca_submit_order(client, &request, order, &error), &error);
}

static void replacing(void) {
    alpaca_client *client = begin("{\"methods\": [\"PATCH\"], \"next\": [\"reset_after\", \"reset_before\"]}");
    alpaca_order order, replaced, found;
    alpaca_error error;
    open_order(client, &order);
    const alpaca_replace_request change = {.qty = "2", .client_order_id = "replacing"};
    if (COMES_TO(ALPACA_OK, alpaca_replace_order(client, order.id, &change, &replaced, &error), &error))
        CHECK(replaced.reconciled && same(replaced.replaces, order.id) && amounts_to(replaced.qty, "2"));
    const alpaca_replace_request again = {.qty = "4", .client_order_id = "not-replacing"};
    COMES_TO(ALPACA_NOT_PLACED, alpaca_replace_order(client, replaced.id, &again, &found, &error), &error);
    if (COMES_TO(ALPACA_OK, alpaca_get_order(client, replaced.id, &found, &error), &error)) CHECK(same(found.status, "new"));
    CHECK(received("replacing") == 1 && received("not-replacing") == 1);
    end(client);
}

static void cancelling(void) {
    alpaca_client *client = begin("{\"methods\": [\"DELETE\"], \"next\": [\"error_before\", \"error_before\", \"error_before\", \"reset_after\"]}");
    alpaca_order order, found;
    alpaca_error error;
    open_order(client, &order);
    COMES_TO(ALPACA_UNKNOWN, alpaca_cancel_order(client, order.id, &error), &error);
    CHECK(error.attempts == 3);
    if (COMES_TO(ALPACA_OK, alpaca_get_order(client, order.id, &found, &error), &error)) CHECK(same(found.status, "new"));
    COMES_TO(ALPACA_OK, alpaca_cancel_order(client, order.id, &error), &error);
    if (COMES_TO(ALPACA_OK, alpaca_get_order(client, order.id, &found, &error), &error)) CHECK(same(found.status, "canceled"));
    end(client);
}

static void closing(void) {
    long before = told_of(key, "closes");
    alpaca_client *client = begin("{\"methods\": [\"DELETE\"], \"next\": [\"reset_after\", \"reset_after\", \"reset_after\"]}");
    alpaca_order order;
    alpaca_part *parts;
    size_t count;
    alpaca_error error;
    COMES_TO(ALPACA_UNKNOWN, alpaca_close_position(client, "F", "1", NULL, &order, &error), &error);
    CHECK(error.request_sent == HS_SENT_MAYBE && told_of(key, "closes") == before + 1);
    if (COMES_TO(ALPACA_OK, alpaca_close_position(client, "F", NULL, NULL, &order, &error), &error))
        CHECK(order.reconciled && !*order.id);
    CHECK(told_of(key, "closes") == before + 2);
    const alpaca_order_request request = buy("to-be-closed");
    COMES_TO(ALPACA_OK, alpaca_submit_order(client, &request, &order, &error), &error);
    if (COMES_TO(ALPACA_OK, alpaca_close_all_positions(client, false, &parts, &count, &error), &error)) {
        CHECK(count == 0);
        free(parts);
    }
    CHECK(told_of(key, "closes") == before + 3);
    end(client);
}

static void reading(void) {
    alpaca_client *client = begin("{\"next\": [\"reset_after\", \"reset_midway\"]}");
    alpaca_account account;
    alpaca_error error;
    COMES_TO(ALPACA_OK, alpaca_get_account(client, &account, &error), &error);
    end(client);
    client = begin("{\"error_before\": 1, \"statuses\": [503]}");
    COMES_TO(ALPACA_BROKER, alpaca_get_account(client, &account, &error), &error);
    CHECK(error.attempts == 3 && error.http_status == 503 && error.code == 50010000);
    end(client);
}

static void nobody_there(void) {
    alpaca_config config = config_for(key);
    config.base_url = "http://127.0.0.1:1";
    alpaca_client *client;
    alpaca_order order;
    alpaca_error error;
    COMES_TO(ALPACA_OK, alpaca_client_init(&config, &client, &error), &error);
    const alpaca_order_request request = buy("nobody-there");
    COMES_TO(ALPACA_NETWORK, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(error.request_sent == HS_SENT_NO && error.attempts == 3 && error.status == HS_ERR_CONNECT);
    alpaca_client_deinit(client);
}

static void throttled(void) {
    json_decref(admin("PUT", "PK-C-NONE", "", "{\"secret\": \"a secret\", \"limit\": 0}"));
    const alpaca_config config = config_for("PK-C-NONE");
    alpaca_client *client;
    alpaca_order order;
    alpaca_error error;
    COMES_TO(ALPACA_OK, alpaca_client_init(&config, &client, &error), &error);
    const alpaca_order_request request = buy("throttled");
    COMES_TO(ALPACA_RATE_LIMITED, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(error.http_status == 429 && error.code == 42910000 && error.attempts == 1);
    alpaca_client_deinit(client);
    json_decref(admin("DELETE", "PK-C-NONE", "", NULL));
}

void check_lost_answers(void) {
    json_decref(admin("PUT", key, "", "{\"secret\": \"a secret\", \"limit\": 100000}"));
    submit_is_done("reset_after");
    submit_is_done("reset_midway");
    submit_is_done("error_after");
    submit_is_done("late");
    submit_is_not_done("reset_before");
    submit_is_not_done("error_before");
    submit_is_not_done("reset_unread");
    nobody_knows();
    replacing();
    cancelling();
    closing();
    reading();
    nobody_there();
    throttled();
    json_t *seen = admin("GET", key, "", NULL);
    CHECK(json_array_size(json_object_get(seen, "contradictions")) == 0 && number_in(seen, "throttled") == 0);
    json_decref(seen);
}
