// Each operation once.
#include "check.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char key[] = "PK-C-OPERATIONS";

static void environments(void) {
    alpaca_config config = {.api_key = "k", .api_secret = "s"};
    alpaca_client *client;
    alpaca_error error;
    COMES_TO(ALPACA_OK, alpaca_client_init(&config, &client, &error), &error);
    CHECK(same(alpaca_base_url(client), "https://paper-api.alpaca.markets"));
    alpaca_client_deinit(client);
    config.environment = ALPACA_LIVE;
    COMES_TO(ALPACA_OK, alpaca_client_init(&config, &client, &error), &error);
    CHECK(same(alpaca_base_url(client), "https://api.alpaca.markets"));
    CHECK(same(alpaca_data_url(client), "https://data.alpaca.markets"));
    char one[ALPACA_CLIENT_ID], other[ALPACA_CLIENT_ID];
    alpaca_new_client_order_id(client, one);
    alpaca_new_client_order_id(client, other);
    CHECK(!same(one, other));
    alpaca_client_deinit(client);
    config.api_key = NULL;
    COMES_TO(ALPACA_ARGUMENT, alpaca_client_init(&config, &client, &error), &error);
}

static void decimals(void) {
    static const char *const good[] = {"0", "1", "-1.5", "0.000000001", "98095.25", "9223372036.854775807"};
    static const char *const bad[] = {"", ".", "1.", ".5", "1e3", "+1", "0.0000000001", "9223372036.854775808", "1 ", "--1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(same(alpaca_decimal_text(alpaca_decimal_of(good[i])).text, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!alpaca_decimal_of(bad[i]).given);
    CHECK(!alpaca_decimal_of(NULL).given);
    CHECK(amounts_to(alpaca_decimal_of("1.50"), "1.5"));
}

static void keys(void) {
    alpaca_config config = config_for(key);
    config.api_secret = "a wrong secret";
    alpaca_client *client;
    alpaca_account account;
    alpaca_error error;
    COMES_TO(ALPACA_OK, alpaca_client_init(&config, &client, &error), &error);
    COMES_TO(ALPACA_UNAUTHORIZED, alpaca_get_account(client, &account, &error), &error);
    CHECK(error.http_status == 403 && error.attempts == 1 && !strstr(error.message, "secret"));
    alpaca_client_deinit(client);
}

static void account_and_history(alpaca_client *client) {
    alpaca_error error;
    alpaca_account account;
    if (COMES_TO(ALPACA_OK, alpaca_get_account(client, &account, &error), &error)) {
        CHECK(same(account.status, "ACTIVE") && same(account.currency, "USD") && same(account.multiplier, "1"));
        CHECK(amounts_to(account.cash, "100000") && amounts_to(account.buying_power, "100000"));
        CHECK(amounts_to(account.equity, "100000") && amounts_to(account.long_market_value, "0"));
        CHECK(!account.trading_blocked && !account.shorting_enabled && account.daytrade_count == 0);
    }
    alpaca_history history;
    alpaca_history_point *points;
    size_t count;
    if (COMES_TO(ALPACA_OK, alpaca_get_portfolio_history(client, "1W", "1D", &history, &points, &count, &error), &error)) {
        CHECK(count == 5 && history.base_value == 100000 && same(history.timeframe, "1D"));
        CHECK(points[4].equity == 100000 && points[4].profit_loss == 0 && points[3].timestamp < points[4].timestamp);
        free(points);
    }
}

static void market(alpaca_client *client) {
    alpaca_error error;
    alpaca_asset asset, *assets;
    alpaca_clock clock;
    alpaca_day *days;
    size_t count;
    if (COMES_TO(ALPACA_OK, alpaca_get_assets(client, "active", "us_equity", &assets, &count, &error), &error)) {
        CHECK(count == 12 && same(assets[0].symbol, "AAPL") && same(assets[0].asset_class, "us_equity"));
        free(assets);
    }
    if (COMES_TO(ALPACA_OK, alpaca_get_asset(client, "BRK.B", &asset, &error), &error))
        CHECK(same(asset.exchange, "NYSE") && asset.tradable && asset.fractionable && !asset.shortable);
    COMES_TO(ALPACA_NOT_FOUND, alpaca_get_asset(client, "ZZZ", &asset, &error), &error);
    CHECK(error.code == 40410000 && same(error.message, "asset not found for ZZZ") && error.request_sent == HS_SENT_YES);
    if (COMES_TO(ALPACA_OK, alpaca_get_clock(client, &clock, &error), &error))
        CHECK(clock.is_open && same(clock.next_close, "2026-03-02T16:00:00-05:00"));
    if (COMES_TO(ALPACA_OK, alpaca_get_calendar(client, "2026-03-06", "2026-03-09", &days, &count, &error), &error)) {
        CHECK(count == 2 && same(days[1].date, "2026-03-09") && same(days[1].open, "09:30") && same(days[1].close, "16:00"));
        free(days);
    }
}

static void data(alpaca_client *client) {
    alpaca_error error;
    alpaca_quote quote;
    alpaca_trade trade;
    alpaca_bar *bars, *all;
    size_t count;
    char token[200];
    if (COMES_TO(ALPACA_OK, alpaca_get_latest_quote(client, "AAPL", &quote, &error), &error))
        CHECK(same(quote.symbol, "AAPL") && quote.ask_price == 190.51 && quote.bid_price == 190.49 && quote.ask_size == 3);
    if (COMES_TO(ALPACA_OK, alpaca_get_latest_trade(client, "MSFT", &trade, &error), &error))
        CHECK(same(trade.symbol, "MSFT") && trade.price == 415 && trade.id == 55340);
    COMES_TO(ALPACA_NOT_FOUND, alpaca_get_latest_trade(client, "ZZZ", &trade, &error), &error);
    alpaca_bar_request wanted = {.timeframe = "1Day", .start = "2026-02-01", .end = "2026-02-28", .limit = 7};
    if (COMES_TO(ALPACA_OK, alpaca_get_bars(client, "AAPL", &wanted, &bars, &count, token, &error), &error)) {
        CHECK(count == 7 && *token && bars[0].close == 190.5 && bars[0].high >= bars[0].open);
        if (COMES_TO(ALPACA_OK, alpaca_get_all_bars(client, "AAPL", &wanted, &all, &count, &error), &error)) {
            CHECK(count == 19 && memcmp(all, bars, 7 * sizeof *bars) == 0);
            for (size_t i = 1; i < count; i++) CHECK(strcmp(all[i - 1].time, all[i].time) < 0);
            free(all);
        }
        free(bars);
    }
    wanted.start = wanted.end = "2026-02-28"; // a Saturday
    if (COMES_TO(ALPACA_OK, alpaca_get_all_bars(client, "AAPL", &wanted, &all, &count, &error), &error)) {
        CHECK(count == 0);
        free(all);
    }
}

static void orders(alpaca_client *client) {
    alpaca_error error;
    alpaca_order order, found, replaced, *list;
    alpaca_position position, *positions;
    alpaca_part *parts;
    size_t count;
    alpaca_order_request buy = {.symbol = "AAPL", .qty = "10", .side = "buy", .client_order_id = "mine & only?"};
    if (COMES_TO(ALPACA_OK, alpaca_submit_order(client, &buy, &order, &error), &error)) {
        CHECK(same(order.status, "pending_new") && same(order.client_order_id, buy.client_order_id) && !order.reconciled);
        CHECK(amounts_to(order.qty, "10") && !order.limit_price.given && !order.filled_avg_price.given && !*order.filled_at);
    }
    if (COMES_TO(ALPACA_OK, alpaca_get_order_by_client_id(client, buy.client_order_id, &found, &error), &error)) {
        CHECK(same(found.id, order.id) && same(found.status, "filled") && amounts_to(found.filled_avg_price, "190.5"));
        CHECK(*found.filled_at && same(found.type, "market") && same(found.time_in_force, "day"));
    }
    if (COMES_TO(ALPACA_OK, alpaca_get_position(client, "AAPL", &position, &error), &error))
        CHECK(amounts_to(position.qty, "10") && amounts_to(position.market_value, "1905") && same(position.side, "long"));
    if (COMES_TO(ALPACA_OK, alpaca_get_positions(client, &positions, &count, &error), &error)) {
        CHECK(count == 1 && same(positions[0].symbol, "AAPL"));
        free(positions);
    }
    COMES_TO(ALPACA_NOT_FOUND, alpaca_get_position(client, "MSFT", &position, &error), &error);

    alpaca_order_request limit = {.symbol = "MSFT", .qty = "5", .side = "buy", .type = "limit", .limit_price = "100", .time_in_force = "gtc"};
    COMES_TO(ALPACA_OK, alpaca_submit_order(client, &limit, &order, &error), &error);
    CHECK(same(order.client_order_id, error.client_order_id) && strlen(order.client_order_id) > 32);
    alpaca_replace_request change = {.qty = "7", .limit_price = "101.5"};
    if (COMES_TO(ALPACA_OK, alpaca_replace_order(client, order.id, &change, &replaced, &error), &error))
        CHECK(same(replaced.replaces, order.id) && amounts_to(replaced.qty, "7") && amounts_to(replaced.limit_price, "101.5"));
    if (COMES_TO(ALPACA_OK, alpaca_get_order(client, order.id, &found, &error), &error))
        CHECK(same(found.status, "replaced") && same(found.replaced_by, replaced.id));
    COMES_TO(ALPACA_REJECTED, alpaca_cancel_order(client, order.id, &error), &error);
    CHECK(error.http_status == 422 && same(error.message, "order is already in \"replaced\" state"));
    const alpaca_order_filter open = {.status = "open", .symbols = "MSFT", .limit = 10, .direction = "asc"};
    if (COMES_TO(ALPACA_OK, alpaca_list_orders(client, &open, &list, &count, &error), &error)) {
        CHECK(count == 1 && same(list[0].id, replaced.id) && same(list[0].status, "new"));
        free(list);
    }
    COMES_TO(ALPACA_OK, alpaca_cancel_order(client, replaced.id, &error), &error);
    COMES_TO(ALPACA_OK, alpaca_cancel_order(client, replaced.id, &error), &error); // it is cancelled: rule 5
    COMES_TO(ALPACA_NOT_FOUND, alpaca_cancel_order(client, "none", &error), &error);

    COMES_TO(ALPACA_OK, alpaca_submit_order(client, &limit, &order, &error), &error);
    COMES_TO(ALPACA_OK, alpaca_submit_order(client, &limit, &order, &error), &error);
    if (COMES_TO(ALPACA_OK, alpaca_cancel_all_orders(client, &parts, &count, &error), &error)) {
        CHECK(count == 2 && parts[0].status == 200 && same(parts[1].id, order.id));
        free(parts);
    }
    if (COMES_TO(ALPACA_OK, alpaca_close_position(client, "AAPL", "4", NULL, &order, &error), &error))
        CHECK(amounts_to(order.qty, "4") && same(order.side, "sell") && same(order.symbol, "AAPL"));
    if (COMES_TO(ALPACA_OK, alpaca_close_position(client, "AAPL", NULL, "50", &order, &error), &error))
        CHECK(amounts_to(order.qty, "3"));
    if (COMES_TO(ALPACA_OK, alpaca_close_all_positions(client, true, &parts, &count, &error), &error)) {
        CHECK(count == 1 && same(parts[0].symbol, "AAPL") && parts[0].status == 200 && *parts[0].id);
        free(parts);
    }
    COMES_TO(ALPACA_NOT_FOUND, alpaca_close_position(client, "AAPL", NULL, NULL, &order, &error), &error);
}

static void refusals(alpaca_client *client) {
    alpaca_error error;
    alpaca_order order;
    alpaca_order_request request = {.symbol = "AAPL", .qty = "1000", .side = "buy"};
    COMES_TO(ALPACA_REJECTED, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(error.http_status == 403 && error.code == 40310000 && same(error.message, "insufficient buying power"));
    CHECK(error.attempts == 1 && error.status == HS_OK && *error.client_order_id);
    request.side = "sell";
    COMES_TO(ALPACA_REJECTED, alpaca_submit_order(client, &request, &order, &error), &error);
    request.qty = "0";
    COMES_TO(ALPACA_REJECTED, alpaca_submit_order(client, &request, &order, &error), &error);
    CHECK(error.http_status == 422 && error.code == 40010001);
    request.qty = NULL;
    COMES_TO(ALPACA_ARGUMENT, alpaca_submit_order(client, &request, &order, &error), &error);
    request.qty = "1";
    request.client_order_id = "";
    COMES_TO(ALPACA_ARGUMENT, alpaca_submit_order(client, &request, &order, &error), &error);
    // Names that would lead from one thing to all of its kind.
    COMES_TO(ALPACA_ARGUMENT, alpaca_close_position(client, ".", NULL, NULL, &order, &error), &error);
    COMES_TO(ALPACA_ARGUMENT, alpaca_cancel_order(client, "..", &error), &error);
}

static void *use_from_elsewhere(void *client) {
    alpaca_account account;
    alpaca_error error;
    COMES_TO(ALPACA_ARGUMENT, alpaca_get_account(client, &account, &error), &error);
    CHECK(error.status == HS_ERR_WRONG_THREAD);
    return NULL;
}

void check_operations(void) {
    environments();
    decimals();
    json_decref(admin("PUT", key, "", "{\"secret\": \"a secret\"}"));
    keys();
    const alpaca_config config = config_for(key);
    alpaca_client *client;
    alpaca_error error;
    if (!COMES_TO(ALPACA_OK, alpaca_client_init(&config, &client, &error), &error)) return;
    account_and_history(client);
    market(client);
    data(client);
    orders(client);
    refusals(client);
    pthread_t other;
    if (pthread_create(&other, NULL, use_from_elsewhere, client) == 0) pthread_join(other, NULL);
    alpaca_client_deinit(client);
    json_t *seen = admin("GET", key, "", NULL);
    CHECK(json_array_size(json_object_get(seen, "contradictions")) == 0);
    CHECK(same(json_string_value(json_object_get(seen, "cash")), "100000"));
    json_decref(seen);
}
