// The account and its positions.
#include "internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

alpaca_result alpaca_get_account(alpaca_client *client, alpaca_account *account, alpaca_error *error) {
    const path path = path_of("/v2/account");
    return alpaca_get_one(client, &path, false, &shape_account, account, error);
}

static bool numbers_at(const json_t *list, size_t at, double *to) {
    const json_t *value = json_array_get(list, at);
    *to = json_is_null(value) ? NAN : json_number_value(value);
    return json_is_null(value) || json_is_number(value);
}

static bool read_points(const json_t *answer, alpaca_history_point **points, size_t *count) {
    const json_t *times = json_object_get(answer, "timestamp"), *equity = json_object_get(answer, "equity");
    const json_t *profit = json_object_get(answer, "profit_loss"), *share = json_object_get(answer, "profit_loss_pct");
    size_t len = json_array_size(times);
    if (!json_is_array(times) || json_array_size(equity) != len || json_array_size(profit) != len || json_array_size(share) != len)
        return false;
    alpaca_history_point *list = calloc(len ? len : 1, sizeof *list);
    for (size_t i = 0; list && i < len; i++) {
        list[i].timestamp = json_integer_value(json_array_get(times, i));
        if (!numbers_at(equity, i, &list[i].equity) || !numbers_at(profit, i, &list[i].profit_loss) ||
            !numbers_at(share, i, &list[i].profit_loss_pct)) {
            free(list);
            return false;
        }
    }
    *points = list;
    *count = len;
    return list != NULL;
}

alpaca_result alpaca_get_portfolio_history(alpaca_client *client, const char *period, const char *timeframe,
                                           alpaca_history *history, alpaca_history_point **points, size_t *count,
                                           alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    memset(error, 0, sizeof *error);
    path path = path_of("/v2/account/portfolio/history");
    path_query(&path, "period", period);
    path_query(&path, "timeframe", timeframe);
    const request asked = {.method = "GET", .path = &path};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    if (result != ALPACA_OK) return result;
    bool read = alpaca_read(answer, &shape_history, history) && read_points(answer, points, count);
    json_decref(answer);
    return read ? ALPACA_OK : alpaca_turn_into(error, ALPACA_BAD_ANSWER, "columns of different lengths, or none");
}

alpaca_result alpaca_get_positions(alpaca_client *client, alpaca_position **positions, size_t *count, alpaca_error *error) {
    const path path = path_of("/v2/positions");
    void *list;
    alpaca_result result = alpaca_get_list(client, &path, &shape_position, &list, count, error);
    if (result == ALPACA_OK) *positions = list;
    return result;
}

alpaca_result alpaca_get_position(alpaca_client *client, const char *symbol, alpaca_position *position, alpaca_error *error) {
    if (!symbol || !*symbol) return alpaca_refuse(error, "which position?");
    path path = path_of("/v2/positions");
    path_segment(&path, symbol);
    return alpaca_get_one(client, &path, false, &shape_position, position, error);
}

// Rule 6: it is done if there is nothing left, of one position or of all; else nobody knows.
static alpaca_result look_whether_gone(alpaca_client *client, const char *symbol, alpaca_error *error) {
    alpaca_position one, *all = NULL;
    alpaca_error looked;
    size_t count = 0;
    bool gone;
    if (symbol) {
        gone = alpaca_get_position(client, symbol, &one, &looked) == ALPACA_NOT_FOUND;
    } else {
        gone = alpaca_get_positions(client, &all, &count, &looked) == ALPACA_OK && count == 0;
        free(all);
    }
    return alpaca_turn_into(error, gone ? ALPACA_OK : ALPACA_UNKNOWN, NULL);
}

alpaca_result alpaca_close_position(alpaca_client *client, const char *symbol, const char *qty, const char *percentage,
                                    alpaca_order *order, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!symbol || !*symbol || (qty && percentage)) return alpaca_refuse(error, "which position, and how much of it?");
    memset(error, 0, sizeof *error);
    path path = path_of("/v2/positions");
    path_segment(&path, symbol);
    path_query(&path, "qty", qty);
    path_query(&path, "percentage", percentage);
    const request asked = {.method = "DELETE", .path = &path, .effect = CHANGES};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    if (result == ALPACA_OK) result = alpaca_take(answer, &shape_order, order, error);
    if (!alpaca_was_lost(error)) return result;
    if (qty || percentage) return alpaca_turn_into(error, ALPACA_UNKNOWN, NULL);
    memset(order, 0, sizeof *order);
    order->reconciled = true;
    return look_whether_gone(client, symbol, error);
}

static bool read_closed(const json_t *answer, alpaca_part **parts, size_t *count) {
    void *list;
    if (!alpaca_read_list(answer, &shape_part, &list, count)) return false;
    *parts = list;
    for (size_t i = 0; i < *count; i++) {
        const json_t *part = json_array_get(answer, i);
        const char *symbol = json_string_value(json_object_get(part, "symbol"));
        const char *id = json_string_value(json_object_get(json_object_get(part, "body"), "id"));
        snprintf((*parts)[i].symbol, ALPACA_SYMBOL, "%s", symbol ? symbol : "");
        snprintf((*parts)[i].id, ALPACA_ID, "%s", id ? id : "");
    }
    return true;
}

alpaca_result alpaca_close_all_positions(alpaca_client *client, bool cancel_orders, alpaca_part **parts, size_t *count,
                                         alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    memset(error, 0, sizeof *error);
    path path = path_of("/v2/positions");
    path_query(&path, "cancel_orders", cancel_orders ? "true" : "false");
    const request asked = {.method = "DELETE", .path = &path, .effect = CHANGES};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    if (result == ALPACA_OK && !read_closed(answer, parts, count))
        result = alpaca_turn_into(error, ALPACA_BAD_ANSWER, "no list of parts");
    json_decref(answer);
    if (!alpaca_was_lost(error)) return result;
    result = look_whether_gone(client, NULL, error);
    if (result == ALPACA_OK) {
        *parts = calloc(1, sizeof **parts);
        *count = 0;
    }
    return result;
}
