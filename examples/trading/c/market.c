// What can be traded, when, and for how much.
#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

alpaca_result alpaca_get_assets(alpaca_client *client, const char *status, const char *asset_class, alpaca_asset **assets,
                                size_t *count, alpaca_error *error) {
    path path = path_of("/v2/assets");
    path_query(&path, "status", status);
    path_query(&path, "asset_class", asset_class);
    void *list;
    alpaca_result result = alpaca_get_list(client, &path, &shape_asset, &list, count, error);
    if (result == ALPACA_OK) *assets = list;
    return result;
}

alpaca_result alpaca_get_asset(alpaca_client *client, const char *symbol, alpaca_asset *asset, alpaca_error *error) {
    if (!symbol || !*symbol) return alpaca_refuse(error, "which asset?");
    path path = path_of("/v2/assets");
    path_segment(&path, symbol);
    return alpaca_get_one(client, &path, false, &shape_asset, asset, error);
}

alpaca_result alpaca_get_clock(alpaca_client *client, alpaca_clock *clock, alpaca_error *error) {
    const path path = path_of("/v2/clock");
    return alpaca_get_one(client, &path, false, &shape_clock, clock, error);
}

alpaca_result alpaca_get_calendar(alpaca_client *client, const char *start, const char *end, alpaca_day **days, size_t *count,
                                  alpaca_error *error) {
    path path = path_of("/v2/calendar");
    path_query(&path, "start", start);
    path_query(&path, "end", end);
    void *list;
    alpaca_result result = alpaca_get_list(client, &path, &shape_day, &list, count, error);
    if (result == ALPACA_OK) *days = list;
    return result;
}

// An answer about one symbol of the market data service. What it is about is in `inside`.
static alpaca_result ask_about(alpaca_client *client, const char *symbol, const path *path, json_t **answer, alpaca_error *error) {
    const request asked = {.method = "GET", .path = path, .data = true};
    alpaca_result result = alpaca_ask(client, &asked, answer, error);
    if (result != ALPACA_OK) return result;
    const char *told = json_string_value(json_object_get(*answer, "symbol"));
    if (told && strcmp(told, symbol) == 0) return ALPACA_OK;
    json_decref(*answer);
    return alpaca_turn_into(error, ALPACA_BAD_ANSWER, "the answer is about another symbol");
}

static alpaca_result latest(alpaca_client *client, const char *symbol, const char *what, const char *inside, const shape *shape,
                            void *out, char own_symbol[ALPACA_SYMBOL], alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!symbol || !*symbol || strlen(symbol) >= ALPACA_SYMBOL) return alpaca_refuse(error, "which symbol?");
    memset(error, 0, sizeof *error);
    path path = path_of("/v2/stocks");
    path_segment(&path, symbol);
    path_segment(&path, what);
    path_segment(&path, "latest");
    json_t *answer = NULL;
    alpaca_result result = ask_about(client, symbol, &path, &answer, error);
    if (result != ALPACA_OK) return result;
    result = alpaca_take(json_incref(json_object_get(answer, inside)), shape, out, error);
    json_decref(answer);
    strcpy(own_symbol, symbol);
    return result;
}

alpaca_result alpaca_get_latest_quote(alpaca_client *client, const char *symbol, alpaca_quote *quote, alpaca_error *error) {
    return latest(client, symbol, "quotes", "quote", &shape_quote, quote, quote->symbol, error);
}

alpaca_result alpaca_get_latest_trade(alpaca_client *client, const char *symbol, alpaca_trade *trade, alpaca_error *error) {
    return latest(client, symbol, "trades", "trade", &shape_trade, trade, trade->symbol, error);
}

alpaca_result alpaca_get_bars(alpaca_client *client, const char *symbol, const alpaca_bar_request *wanted, alpaca_bar **bars,
                              size_t *count, char next_page_token[200], alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    if (!symbol || !*symbol || !wanted || !wanted->timeframe) return alpaca_refuse(error, "bars have a symbol and a timeframe");
    memset(error, 0, sizeof *error);
    path path = path_of("/v2/stocks");
    path_segment(&path, symbol);
    path_segment(&path, "bars");
    path_query(&path, "timeframe", wanted->timeframe);
    path_query(&path, "start", wanted->start);
    path_query(&path, "end", wanted->end);
    path_number(&path, "limit", wanted->limit);
    path_query(&path, "page_token", wanted->page_token);
    json_t *answer = NULL;
    alpaca_result result = ask_about(client, symbol, &path, &answer, error);
    if (result != ALPACA_OK) return result;

    const json_t *token = json_object_get(answer, "next_page_token"), *list = json_object_get(answer, "bars");
    json_t *none = json_is_null(list) ? json_array() : NULL;
    void *read = NULL;
    bool good = (json_is_null(token) || (json_is_string(token) && json_string_length(token) < 200)) &&
                alpaca_read_list(none ? none : list, &shape_bar, &read, count);
    if (good) {
        *bars = read;
        snprintf(next_page_token, 200, "%s", json_is_null(token) ? "" : json_string_value(token));
    }
    json_decref(none);
    json_decref(answer);
    return good ? ALPACA_OK : alpaca_turn_into(error, ALPACA_BAD_ANSWER, "bars that cannot be read");
}

alpaca_result alpaca_get_all_bars(alpaca_client *client, const char *symbol, const alpaca_bar_request *wanted, alpaca_bar **bars,
                                  size_t *count, alpaca_error *error) {
    alpaca_bar_request next = wanted ? *wanted : (alpaca_bar_request){0};
    alpaca_bar *all = NULL;
    size_t have = 0;
    char token[200];
    do {
        alpaca_bar *page = NULL;
        size_t len = 0;
        char after[200];
        alpaca_result result = alpaca_get_bars(client, symbol, &next, &page, &len, after, error);
        if (result != ALPACA_OK) {
            free(all);
            return result;
        }
        alpaca_bar *more = realloc(all, (have + len + 1) * sizeof *all);
        if (!more) abort();
        all = more;
        memcpy(all + have, page, len * sizeof *all);
        have += len;
        free(page);
        strcpy(token, after);
        next.page_token = token;
    } while (*token);
    *bars = all;
    *count = have;
    return ALPACA_OK;
}
