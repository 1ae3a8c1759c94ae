// Many threads, each with a client of one pool, mixed requests, each answer held against what was asked; then the books.
#include "check.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char key[] = "PK-C-THREADS";
static const char start_cash[] = "10000000";
static const int64_t UNIT = 1000000000;

static const struct {
    const char *symbol, *price;
} shares[] = {{"AAPL", "190.5"}, {"F", "12.05"}, {"MSFT", "415"}, {"SPY", "512.75"}, {"TSLA", "175.4"}};
enum { SHARES = sizeof shares / sizeof *shares };

typedef enum { PLACED, NOT_THERE, NOBODY_KNOWS } verdict;

// An order that was asked for, and what was said of it.
typedef struct {
    char client_order_id[ALPACA_CLIENT_ID], id[ALPACA_ID];
    const char *symbol, *side, *qty;
    verdict verdict;
    bool seen;
} asked_order;

typedef struct {
    pthread_t thread;
    int number;
    alpaca_pool *pool;
    alpaca_client *client;
    long requests, done, succeeded, failed, closes, closed;
    bool faults;
    asked_order *orders;
    size_t count, last; // of orders; the last one that is known to be there
    bool has_last, has_open;
    long held; // shares that are surely there to be sold
    alpaca_order open;
} desk;

// What a fault may make of a request. Anything else is wrong.
static bool is_excused(const desk *d, alpaca_result result) {
    return d->faults && (result == ALPACA_NETWORK || result == ALPACA_BROKER || result == ALPACA_NOT_PLACED || result == ALPACA_UNKNOWN);
}

static bool went_well(desk *d, alpaca_result result, const alpaca_error *error, const char *what) {
    if (result == ALPACA_OK) {
        d->succeeded++;
        return true;
    }
    d->failed++;
    if (!is_excused(d, result))
        wrong("%s: %s: %s (HTTP %d, code %lld): %s", alpaca_client_name(d->client), what, alpaca_result_name(result),
              error->http_status, (long long)error->code, error->message);
    return false;
}

#define EXPECT(condition) ((condition) ? (void)0 : wrong("%s: %s, line %d: not so: %s", alpaca_client_name(d->client), __func__, __LINE__, #condition))

// ---- Orders -----------------------------------------------------------------------------------------------------------

static void note(desk *d, alpaca_result result, const alpaca_order *order, const alpaca_error *error, const char *symbol,
                 const char *side, const char *qty) {
    if (!*error->client_order_id || (result != ALPACA_OK && error->request_sent == HS_SENT_NO)) return;
    asked_order *asked = &d->orders[d->count++];
    strcpy(asked->client_order_id, error->client_order_id);
    asked->symbol = symbol;
    asked->side = side;
    asked->qty = qty;
    asked->verdict = result == ALPACA_OK ? PLACED : result == ALPACA_UNKNOWN ? NOBODY_KNOWS : NOT_THERE;
    if (result != ALPACA_OK) return;
    strcpy(asked->id, order->id);
    EXPECT(same(order->client_order_id, error->client_order_id));
    EXPECT(same(order->symbol, symbol) && same(order->side, side) && amounts_to(order->qty, qty));
    d->last = d->count - 1;
    d->has_last = true;
}

static const char *own_symbol(const desk *d) { return shares[d->number % SHARES].symbol; }

static void trade(desk *d, const char *side, const char *qty, long moved) {
    const alpaca_order_request request = {.symbol = own_symbol(d), .qty = qty, .side = side};
    alpaca_order order;
    alpaca_error error;
    if (moved < 0) d->held += moved; // whatever comes of it
    alpaca_result result = alpaca_submit_order(d->client, &request, &order, &error);
    went_well(d, result, &error, side);
    note(d, result, &order, &error, request.symbol, side, qty);
    if (result == ALPACA_OK && moved > 0) d->held += moved;
}

static void buy(desk *d) { trade(d, "buy", "2", 2); }

static void sell(desk *d) {
    if (d->held > 0) trade(d, "sell", "1", -1);
    else buy(d);
}

static void limit_order(desk *d) {
    const alpaca_order_request request = {.symbol = own_symbol(d), .qty = "1", .side = "buy", .type = "limit", .limit_price = "5.25", .time_in_force = "gtc"};
    alpaca_error error;
    alpaca_result result = alpaca_submit_order(d->client, &request, &d->open, &error);
    d->has_open = went_well(d, result, &error, "limit order");
    note(d, result, &d->open, &error, request.symbol, "buy", "1");
    if (d->has_open) EXPECT(same(d->open.type, "limit") && amounts_to(d->open.limit_price, "5.25") && same(d->open.time_in_force, "gtc"));
}

static void replace(desk *d) {
    if (!d->has_open) {
        limit_order(d);
        return;
    }
    const alpaca_replace_request request = {.qty = "3", .limit_price = "5.5"};
    alpaca_order order;
    alpaca_error error;
    alpaca_result result = alpaca_replace_order(d->client, d->open.id, &request, &order, &error);
    note(d, result, &order, &error, own_symbol(d), "buy", "3");
    if (went_well(d, result, &error, "replace")) {
        EXPECT(same(order.replaces, d->open.id) && amounts_to(order.limit_price, "5.5"));
        d->open = order;
    }
    if (result == ALPACA_UNKNOWN) d->has_open = false; // it may have another id now
}

static void cancel(desk *d) {
    if (!d->has_open) {
        limit_order(d);
        return;
    }
    alpaca_error error;
    went_well(d, alpaca_cancel_order(d->client, d->open.id, &error), &error, "cancel");
    d->has_open = false;
}

static void close_a_share(desk *d) {
    if (d->held == 0) {
        buy(d);
        return;
    }
    alpaca_order order;
    alpaca_error error;
    d->held--;
    d->closes++;
    if (went_well(d, alpaca_close_position(d->client, own_symbol(d), "1", NULL, &order, &error), &error, "close")) {
        EXPECT(same(order.symbol, own_symbol(d)) && same(order.side, "sell") && amounts_to(order.qty, "1"));
        d->closed++;
    }
}

// ---- What only reads ---------------------------------------------------------------------------------------------------

static void account(desk *d) {
    alpaca_account account;
    alpaca_error error;
    if (!went_well(d, alpaca_get_account(d->client, &account, &error), &error, "account")) return;
    EXPECT(amounts_to(account.equity, start_cash) && amounts_to(account.portfolio_value, start_cash));
    EXPECT(account.cash.nano + account.long_market_value.nano == account.equity.nano);
    EXPECT(account.buying_power.nano <= account.cash.nano);
}

static void last_order(desk *d) {
    if (!d->has_last) {
        account(d);
        return;
    }
    const asked_order *asked = &d->orders[d->last];
    alpaca_order order;
    alpaca_error error;
    bool by_id = d->done % 2;
    alpaca_result result = by_id ? alpaca_get_order(d->client, asked->id, &order, &error)
                                 : alpaca_get_order_by_client_id(d->client, asked->client_order_id, &order, &error);
    if (!went_well(d, result, &error, "order")) return;
    EXPECT(same(order.id, asked->id) && same(order.client_order_id, asked->client_order_id));
    EXPECT(same(order.symbol, asked->symbol) && same(order.side, asked->side) && amounts_to(order.qty, asked->qty));
}

static bool is_worth(const alpaca_position *position, const char *price) {
    return amounts_to(position->current_price, price) && position->qty.nano % UNIT == 0 &&
           position->market_value.nano == position->qty.nano / UNIT * position->current_price.nano;
}

static void position(desk *d) {
    if (d->held == 0) {
        buy(d);
        return;
    }
    alpaca_position position;
    alpaca_error error;
    if (!went_well(d, alpaca_get_position(d->client, own_symbol(d), &position, &error), &error, "position")) return;
    EXPECT(same(position.symbol, own_symbol(d)) && is_worth(&position, shares[d->number % SHARES].price));
    EXPECT(position.qty.nano >= d->held * UNIT && position.qty_available.nano <= position.qty.nano);
}

static void positions(desk *d) {
    alpaca_position *list;
    size_t count;
    alpaca_error error;
    if (!went_well(d, alpaca_get_positions(d->client, &list, &count, &error), &error, "positions")) return;
    EXPECT(count <= SHARES);
    for (size_t i = 0; i < count; i++) {
        size_t known = 0;
        while (known < SHARES && !same(shares[known].symbol, list[i].symbol)) known++;
        EXPECT(known < SHARES && is_worth(&list[i], shares[known].price));
    }
    free(list);
}

// Moments are written with as many digits as they need.
static bool is_earlier(const char *a, const char *b) {
    for (; *a == *b && *a; a++, b++) {}
    return (*a == 'Z' ? '\0' : *a) < (*b == 'Z' ? '\0' : *b);
}

static void open_orders(desk *d) {
    const alpaca_order_filter filter = {.status = "open", .symbols = own_symbol(d), .limit = 20};
    alpaca_order *list;
    size_t count;
    alpaca_error error;
    if (!went_well(d, alpaca_list_orders(d->client, &filter, &list, &count, &error), &error, "orders")) return;
    EXPECT(count <= 20);
    for (size_t i = 0; i < count; i++) {
        EXPECT(same(list[i].symbol, own_symbol(d)) && same(list[i].status, "new") && same(list[i].type, "limit"));
        EXPECT(i == 0 || is_earlier(list[i].submitted_at, list[i - 1].submitted_at));
    }
    free(list);
}

static void quote(desk *d) {
    alpaca_quote quote;
    alpaca_error error;
    if (went_well(d, alpaca_get_latest_quote(d->client, own_symbol(d), &quote, &error), &error, "quote"))
        EXPECT(same(quote.symbol, own_symbol(d)) && quote.bid_price < quote.ask_price);
}

static void latest_trade(desk *d) {
    alpaca_trade trade;
    alpaca_error error;
    if (went_well(d, alpaca_get_latest_trade(d->client, own_symbol(d), &trade, &error), &error, "trade"))
        EXPECT(same(trade.symbol, own_symbol(d)) && trade.price == atof(shares[d->number % SHARES].price));
}

static void bars(desk *d) {
    const alpaca_bar_request request = {.timeframe = "1Day", .start = "2026-02-02", .end = "2026-02-14", .limit = 6};
    alpaca_bar *list;
    size_t count;
    alpaca_error error;
    if (!went_well(d, alpaca_get_all_bars(d->client, own_symbol(d), &request, &list, &count, &error), &error, "bars")) return;
    EXPECT(count == 10);
    for (size_t i = 0; i < count; i++) EXPECT(list[i].close == atof(shares[d->number % SHARES].price));
    free(list);
}

static void market_clock(desk *d) {
    alpaca_clock clock;
    alpaca_error error;
    if (went_well(d, alpaca_get_clock(d->client, &clock, &error), &error, "clock")) EXPECT(strncmp(clock.timestamp, "2026-03-02T", 11) == 0);
}

static void asset(desk *d) {
    alpaca_asset asset;
    alpaca_error error;
    if (went_well(d, alpaca_get_asset(d->client, own_symbol(d), &asset, &error), &error, "asset"))
        EXPECT(same(asset.symbol, own_symbol(d)) && asset.tradable);
}

static void calendar(desk *d) {
    alpaca_day *days;
    size_t count;
    alpaca_error error;
    if (!went_well(d, alpaca_get_calendar(d->client, "2026-07-01", "2026-07-07", &days, &count, &error), &error, "calendar")) return;
    EXPECT(count == 4 && same(days[2].date, "2026-07-06"));
    free(days);
}

static void history(desk *d) {
    alpaca_history history;
    alpaca_history_point *points;
    size_t count;
    alpaca_error error;
    if (!went_well(d, alpaca_get_portfolio_history(d->client, "1M", "1D", &history, &points, &count, &error), &error, "history")) return;
    EXPECT(count == 21 && points[20].equity == atof(start_cash) && points[20].profit_loss == 0);
    free(points);
}

static void (*const kinds[])(desk *) = {buy,   account, last_order, limit_order, positions, replace,  quote,    sell,    open_orders,
                                        cancel, bars,   position,   close_a_share, market_clock,   latest_trade, asset, calendar, history};
enum { KINDS = sizeof kinds / sizeof *kinds };

// ---- The threads -------------------------------------------------------------------------------------------------------

static void *work(void *argument) {
    desk *d = argument;
    char name[32];
    snprintf(name, sizeof name, "worker_%d", d->number + 1);
    alpaca_error error;
    if (!COMES_TO(ALPACA_OK, alpaca_pool_create_client(d->pool, name, &d->client, &error), &error)) return NULL;
    for (; d->done < d->requests; d->done++) kinds[(d->number + d->done) % KINDS](d);
    alpaca_pool_destroy_client(d->pool, d->client);
    return NULL;
}

// ---- The books ---------------------------------------------------------------------------------------------------------

static int by_client_order_id(const void *a, const void *b) {
    return strcmp((*(const asked_order *const *)a)->client_order_id, (*(const asked_order *const *)b)->client_order_id);
}

typedef struct {
    int64_t cash, qty[SHARES];
    long closes, known;
} books;

static void enter(books *books, const alpaca_order *order, asked_order **asked, size_t count) {
    size_t share = 0;
    while (share < SHARES && !same(shares[share].symbol, order->symbol)) share++;
    if (share == SHARES) {
        wrong("an order for %s, for which nobody asked", order->symbol);
        return;
    }
    bool bought = same(order->side, "buy");
    if (order->filled_avg_price.given) {
        int64_t amount = order->filled_qty.nano / UNIT * order->filled_avg_price.nano;
        books->cash += bought ? -amount : amount;
        books->qty[share] += bought ? order->filled_qty.nano : -order->filled_qty.nano;
    }
    asked_order wanted, *pointer = &wanted;
    strcpy(wanted.client_order_id, order->client_order_id);
    asked_order **found = bsearch(&pointer, asked, count, sizeof *asked, by_client_order_id);
    if (!found) {
        books->closes++;
        if (bought || !amounts_to(order->qty, "1")) wrong("order %s, for which nobody asked", order->client_order_id);
        return;
    }
    books->known++;
    asked_order *a = *found;
    if (a->seen) wrong("order %s is there twice", a->client_order_id);
    a->seen = true;
    if (a->verdict == NOT_THERE) wrong("order %s is there, and a thread was told that it is not", a->client_order_id);
    if (a->verdict == PLACED && !same(a->id, order->id)) wrong("order %s has the id %s, not %s", a->client_order_id, order->id, a->id);
    if (!same(a->symbol, order->symbol) || !same(a->side, order->side) || !amounts_to(order->qty, a->qty))
        wrong("order %s is not as it was asked for", a->client_order_id);
}

static void read_all_orders(alpaca_client *client, books *books, asked_order **asked, size_t count) {
    char after[ALPACA_TIME] = "2026-01-01T00:00:00Z";
    size_t got;
    do {
        const alpaca_order_filter page = {.status = "all", .limit = 500, .direction = "asc", .after = after};
        alpaca_order *list = NULL;
        alpaca_error error;
        got = 0;
        if (!COMES_TO(ALPACA_OK, alpaca_list_orders(client, &page, &list, &got, &error), &error)) return;
        for (size_t i = 0; i < got; i++) enter(books, &list[i], asked, count);
        if (got) strcpy(after, list[got - 1].submitted_at);
        free(list);
    } while (got == 500);
}

static void compare(alpaca_pool *pool, desk *desks, long threads, tally *tally) {
    size_t count = 0, capacity = 0;
    long closes = 0, closed = 0;
    for (long i = 0; i < threads; i++) capacity += desks[i].count;
    asked_order **asked = calloc(capacity + 1, sizeof *asked);
    if (!asked) abort();
    for (long i = 0; i < threads; i++) {
        for (size_t k = 0; k < desks[i].count; k++) asked[count++] = &desks[i].orders[k];
        closes += desks[i].closes;
        closed += desks[i].closed;
    }
    qsort(asked, count, sizeof *asked, by_client_order_id);
    for (size_t i = 1; i < count; i++)
        if (same(asked[i - 1]->client_order_id, asked[i]->client_order_id)) wrong("%s was used twice", asked[i]->client_order_id);

    alpaca_client *client;
    alpaca_account account;
    alpaca_position *list = NULL;
    alpaca_error error;
    size_t positions = 0;
    books books = {.cash = alpaca_decimal_of(start_cash).nano};
    if (!COMES_TO(ALPACA_OK, alpaca_pool_create_client(pool, "books", &client, &error), &error)) return;
    read_all_orders(client, &books, asked, count);
    for (size_t i = 0; i < count; i++)
        if (asked[i]->verdict == PLACED && !asked[i]->seen) wrong("order %s is not there, and a thread was told that it is", asked[i]->client_order_id);
    if (books.closes < closed || books.closes > closes) wrong("%ld orders that close, and %ld to %ld were asked for", books.closes, closed, closes);
    if (COMES_TO(ALPACA_OK, alpaca_get_account(client, &account, &error), &error)) {
        if (account.cash.nano != books.cash) wrong("cash is %s and by the orders %lld billionths", alpaca_decimal_text(account.cash).text, (long long)books.cash);
        CHECK(amounts_to(account.equity, start_cash));
    }
    if (COMES_TO(ALPACA_OK, alpaca_get_positions(client, &list, &positions, &error), &error)) {
        int64_t left[SHARES];
        memcpy(left, books.qty, sizeof left);
        for (size_t i = 0; i < positions; i++)
            for (size_t k = 0; k < SHARES; k++)
                if (same(list[i].symbol, shares[k].symbol)) left[k] -= list[i].qty.nano;
        for (size_t k = 0; k < SHARES; k++)
            if (left[k]) wrong("of %s there are %lld billionths fewer than by the orders", shares[k].symbol, (long long)left[k]);
        free(list);
    }
    alpaca_pool_destroy_client(pool, client);
    free(asked);

    json_t *seen = admin("GET", key, "", NULL);
    json_t *contradictions = json_object_get(seen, "contradictions");
    for (size_t i = 0; i < json_array_size(contradictions); i++) wrong("broker: %s", json_string_value(json_array_get(contradictions, i)));
    tally->duplicates = number_in(seen, "duplicates_refused") + number_in(seen, "orders_received") - number_in(seen, "client_order_ids");
    tally->throttled = number_in(seen, "throttled");
    if (number_in(seen, "most_of_one") > 1) wrong("one order was received %ld times", number_in(seen, "most_of_one"));
    printf("threads: %ld requests at the broker, %ld orders there of %zu that were asked for, and %ld that closed; faults", number_in(seen, "requests"),
           books.known, count, books.closes);
    const char *fault;
    json_t *times;
    json_object_foreach(json_object_get(seen, "faults"), fault, times) printf(" %s %lld", fault, (long long)json_integer_value(times));
    printf("\n");
    json_decref(seen);
}

void check_threads(long threads, long requests, long faults, tally *tally) {
    char opening[200], wanted[300];
    snprintf(opening, sizeof opening, "{\"secret\": \"a secret\", \"cash\": \"%s\", \"limit\": 10000000, \"data_limit\": 10000000}", start_cash);
    json_decref(admin("PUT", key, "", opening));
    snprintf(wanted, sizeof wanted,
             "{\"seed\": %ld, \"reset_before\": 0.02, \"reset_after\": 0.02, \"reset_midway\": 0.02, \"error_before\": 0.02, "
             "\"error_after\": 0.02, \"delay\": 0.05, \"delay_ms\": 10}",
             faults);
    if (faults) json_decref(admin("PUT", key, "/faults", wanted));

    alpaca_config config = config_for(key);
    config.limit = 10000000;
    alpaca_pool *pool;
    alpaca_error error;
    desk *desks = calloc((size_t)threads, sizeof *desks);
    if (!desks || !COMES_TO(ALPACA_OK, alpaca_pool_init(&config, &pool, &error), &error)) abort();
    for (long i = 0; i < threads; i++) {
        desk *d = &desks[i];
        *d = (desk){.number = (int)i, .pool = pool, .requests = requests, .faults = faults != 0};
        d->orders = calloc((size_t)requests + 1, sizeof *d->orders);
        if (!d->orders || pthread_create(&d->thread, NULL, work, d) != 0) abort();
    }
    for (long i = 0; i < threads; i++) {
        pthread_join(desks[i].thread, NULL);
        tally->succeeded += desks[i].succeeded;
        tally->failed += desks[i].failed;
        tally->crashes += desks[i].done != requests;
    }
    // Without faults from here on; what was injected stays told.
    if (faults) json_decref(admin("PUT", key, "/faults", "{\"methods\": [\"none\"]}"));
    compare(pool, desks, threads, tally);
    for (long i = 0; i < threads; i++) free(desks[i].orders);
    free(desks);
    alpaca_pool_deinit(pool);
}
