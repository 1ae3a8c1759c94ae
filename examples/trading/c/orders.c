// Orders: what must not happen twice, and what to do when nobody says whether it has happened.
#include "internal.h"
#include <stdio.h>
#include <string.h>

enum { ASKED_AGAIN = 3, FIRST_WAIT_MS = 200 };

static void put(json_t *body, const char *name, const char *value) {
    if (value) json_object_set_new(body, name, json_string(value));
}

static alpaca_result ask_by_client_id(alpaca_client *client, const char *id, uint64_t after_ms, alpaca_order *order,
                                      alpaca_error *error) {
    path path = path_of("/v2/orders:by_client_order_id");
    path_query(&path, "client_order_id", id);
    const request asked = {.method = "GET", .path = &path, .after_ms = after_ms};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    return result == ALPACA_OK ? alpaca_take(answer, &shape_order, order, error) : result;
}

// Rule 3. `error` is how the answer was lost.
static alpaca_result reconcile(alpaca_client *client, alpaca_order *order, alpaca_error *error) {
    alpaca_error asked;
    alpaca_result result = ALPACA_NOT_FOUND;
    for (int i = 0; i < ASKED_AGAIN && result == ALPACA_NOT_FOUND; i++) {
        uint64_t wait = i ? (uint64_t)FIRST_WAIT_MS << (i - 1) : 0;
        result = ask_by_client_id(client, error->client_order_id, wait, order, &asked);
    }
    char why[sizeof error->message];
    memcpy(why, error->message, sizeof why);
    if (result == ALPACA_OK) {
        order->reconciled = true;
        error->result = ALPACA_OK;
        return ALPACA_OK;
    }
    if (result == ALPACA_NOT_FOUND) {
        snprintf(error->message, sizeof error->message, "the broker does not have the order; its answer was lost: %.300s", why);
        return error->result = ALPACA_NOT_PLACED;
    }
    snprintf(error->message, sizeof error->message, "it may have been done: %.180s; asking failed: %.150s", why, asked.message);
    return error->result = ALPACA_UNKNOWN;
}

// POST or PATCH of an order that has its client_order_id.
static alpaca_result place(alpaca_client *client, const request *asked, alpaca_order *order, alpaca_error *error) {
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, asked, &answer, error);
    if (result == ALPACA_OK) result = alpaca_take(answer, &shape_order, order, error);
    if (result == ALPACA_OK && strcmp(order->client_order_id, error->client_order_id) != 0)
        result = alpaca_turn_into(error, ALPACA_BAD_ANSWER, "the answer is of another order");
    if (alpaca_was_lost(error)) return reconcile(client, order, error);
    if (error->http_status == 422 && strstr(error->message, "client_order_id must be unique"))
        return error->result = ALPACA_DUPLICATE;
    return result;
}

// The caller's client_order_id or a new one, kept in the error from now on.
static bool name_order(alpaca_client *client, const char *given, alpaca_error *error) {
    memset(error, 0, sizeof *error);
    if (!given) {
        alpaca_new_client_order_id(client, error->client_order_id);
        return true;
    }
    if (!*given || strlen(given) >= sizeof error->client_order_id) return false;
    strcpy(error->client_order_id, given);
    return true;
}

alpaca_result alpaca_submit_order(alpaca_client *client, const alpaca_order_request *wanted, alpaca_order *order, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!wanted || !wanted->symbol || !wanted->side || (!wanted->qty && !wanted->notional))
        return alpaca_refuse(error, "an order has a symbol, a side, and a quantity or an amount");
    if (!name_order(client, wanted->client_order_id, error))
        return alpaca_refuse(error, "a client_order_id has 1 to 128 characters");
    json_t *body = json_object();
    put(body, "symbol", wanted->symbol);
    put(body, "qty", wanted->qty);
    put(body, "notional", wanted->notional);
    put(body, "side", wanted->side);
    put(body, "type", wanted->type ? wanted->type : "market");
    put(body, "time_in_force", wanted->time_in_force ? wanted->time_in_force : "day");
    put(body, "limit_price", wanted->limit_price);
    put(body, "stop_price", wanted->stop_price);
    put(body, "client_order_id", error->client_order_id);
    if (wanted->extended_hours) json_object_set_new(body, "extended_hours", json_true());
    const path path = path_of("/v2/orders");
    const request asked = {.method = "POST", .path = &path, .body = body, .effect = CHANGES};
    alpaca_result result = place(client, &asked, order, error);
    json_decref(body);
    return result;
}

alpaca_result alpaca_replace_order(alpaca_client *client, const char *id, const alpaca_replace_request *wanted,
                                   alpaca_order *order, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!id || !*id || !wanted) return alpaca_refuse(error, "which order, and by what?");
    if (!name_order(client, wanted->client_order_id, error))
        return alpaca_refuse(error, "a client_order_id has 1 to 128 characters");
    json_t *body = json_object();
    put(body, "qty", wanted->qty);
    put(body, "limit_price", wanted->limit_price);
    put(body, "stop_price", wanted->stop_price);
    put(body, "time_in_force", wanted->time_in_force);
    put(body, "client_order_id", error->client_order_id);
    path path = path_of("/v2/orders");
    path_segment(&path, id);
    const request asked = {.method = "PATCH", .path = &path, .body = body, .effect = CHANGES};
    alpaca_result result = place(client, &asked, order, error);
    json_decref(body);
    return result;
}

// Rule 5.
alpaca_result alpaca_cancel_order(alpaca_client *client, const char *id, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!id || !*id) return alpaca_refuse(error, "which order?");
    memset(error, 0, sizeof *error);
    path path = path_of("/v2/orders");
    path_segment(&path, id);
    const request asked = {.method = "DELETE", .path = &path, .effect = CANCELS, .empty_answer = true};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    json_decref(answer);
    // A 422 to what was sent twice may come of the first time, whose answer was lost.
    bool twice = error->attempts > 1 || error->resends > 0;
    bool lost = alpaca_was_lost(error) || (error->http_status == 422 && twice);
    if (!lost && error->http_status != 422) return result;

    alpaca_order order;
    alpaca_error looked;
    if (alpaca_get_order(client, id, &order, &looked) == ALPACA_OK) {
        if (!strcmp(order.status, "canceled") || !strcmp(order.status, "pending_cancel")) return error->result = ALPACA_OK;
        static const char *const ended[] = {"filled", "replaced", "expired", "rejected"};
        for (size_t i = 0; lost && i < sizeof ended / sizeof *ended; i++) {
            if (strcmp(order.status, ended[i]) != 0) continue;
            snprintf(error->message, sizeof error->message, "order is already in \"%s\" state", ended[i]);
            return error->result = ALPACA_REJECTED;
        }
    }
    return lost ? alpaca_turn_into(error, ALPACA_UNKNOWN, NULL) : result;
}

alpaca_result alpaca_cancel_all_orders(alpaca_client *client, alpaca_part **parts, size_t *count, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    memset(error, 0, sizeof *error);
    const path path = path_of("/v2/orders");
    const request asked = {.method = "DELETE", .path = &path, .effect = CANCELS};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    void *list;
    if (result == ALPACA_OK && !alpaca_read_list(answer, &shape_part, &list, count))
        result = alpaca_turn_into(error, ALPACA_BAD_ANSWER, "no list of parts");
    if (result == ALPACA_OK) {
        *parts = list;
        for (size_t i = 0; i < *count; i++) {
            const char *id = json_string_value(json_object_get(json_array_get(answer, i), "id"));
            snprintf((*parts)[i].id, ALPACA_ID, "%s", id ? id : "");
        }
    }
    json_decref(answer);
    return alpaca_was_lost(error) ? alpaca_turn_into(error, ALPACA_UNKNOWN, NULL) : result;
}

alpaca_result alpaca_get_order(alpaca_client *client, const char *id, alpaca_order *order, alpaca_error *error) {
    if (!id || !*id) return alpaca_refuse(error, "which order?");
    path path = path_of("/v2/orders");
    path_segment(&path, id);
    return alpaca_get_one(client, &path, false, &shape_order, order, error);
}

alpaca_result alpaca_get_order_by_client_id(alpaca_client *client, const char *id, alpaca_order *order, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!id || !*id) return alpaca_refuse(error, "which order?");
    memset(error, 0, sizeof *error);
    return ask_by_client_id(client, id, 0, order, error);
}

alpaca_result alpaca_list_orders(alpaca_client *client, const alpaca_order_filter *filter, alpaca_order **orders, size_t *count,
                                 alpaca_error *error) {
    path path = path_of("/v2/orders");
    if (filter) {
        path_query(&path, "status", filter->status);
        path_number(&path, "limit", filter->limit);
        path_query(&path, "after", filter->after);
        path_query(&path, "until", filter->until);
        path_query(&path, "direction", filter->direction);
        path_query(&path, "symbols", filter->symbols);
    }
    void *list;
    alpaca_result result = alpaca_get_list(client, &path, &shape_order, &list, count, error);
    if (result == ALPACA_OK) *orders = list;
    return result;
}
