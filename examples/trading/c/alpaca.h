// A trading client over HTTP Sentinel: Alpaca's Trading API v2 and Market Data API v2. Its rules are in ../README.md.
//
// A client belongs to the thread that made it. Functions return ALPACA_OK or the kind of failure, and fill `error`, which may
// be NULL. What they hand back is written on success only. Each list is one allocation: free it with free().
#ifndef ALPACA_H
#define ALPACA_H

#include <http_sentinel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    ALPACA_OK,
    ALPACA_ARGUMENT,     // refused before anything was sent
    ALPACA_UNAUTHORIZED, // 401, and 403 that says nothing of the order
    ALPACA_REJECTED,     // the broker refused: buying power, quantity, malformed, not in this state
    ALPACA_DUPLICATE,    // it has an order of this client_order_id already
    ALPACA_NOT_FOUND,    // 404
    ALPACA_RATE_LIMITED, // nothing was done; see retry_after_ms
    ALPACA_BROKER,       // 5xx to what changes nothing
    ALPACA_NETWORK,      // no answer to what changes nothing, or provably never sent
    ALPACA_NOT_PLACED,   // the answer was lost, and the broker was asked: it does not have the order
    ALPACA_UNKNOWN,      // the answer was lost, and so it may have been done
    ALPACA_BAD_ANSWER,   // what came cannot be read
} alpaca_result;

// "ok", "not_placed", …
const char *alpaca_result_name(alpaca_result result);

typedef struct {
    alpaca_result result;
    hs_status status;      // the library's; HS_OK where an answer came
    int http_status;       // 0 where none came
    int64_t code;          // the broker's, such as 40310000; 0 where it gave none
    uint32_t request_sent; // HS_SENT_…
    uint32_t attempts;
    // How often it was sent again within an attempt, its connection having been dead.
    uint32_t resends;
    uint64_t retry_after_ms;
    char client_order_id[129]; // of an order
    char message[400];
} alpaca_error;

// An amount, a price or a number of shares in billionths; exact. `given` is false where the broker says null.
typedef struct {
    int64_t nano;
    bool given;
} alpaca_decimal;

// "12.5", "0", "-0.000000001"; anything else is not `given`.
alpaca_decimal alpaca_decimal_of(const char *text);

typedef struct {
    char text[24];
} alpaca_text;
alpaca_text alpaca_decimal_text(alpaca_decimal decimal);

enum { ALPACA_ID = 40, ALPACA_CLIENT_ID = 129, ALPACA_SYMBOL = 24, ALPACA_WORD = 24, ALPACA_TIME = 40 };

typedef struct {
    char id[ALPACA_ID], account_number[ALPACA_ID], status[ALPACA_WORD], currency[ALPACA_WORD], multiplier[ALPACA_WORD];
    alpaca_decimal cash, buying_power, equity, last_equity, portfolio_value, long_market_value, short_market_value;
    alpaca_decimal initial_margin, maintenance_margin;
    bool pattern_day_trader, trading_blocked, transfers_blocked, account_blocked, shorting_enabled;
    int64_t daytrade_count;
} alpaca_account;

typedef struct {
    char asset_id[ALPACA_ID], symbol[ALPACA_SYMBOL], exchange[ALPACA_WORD], asset_class[ALPACA_WORD], side[ALPACA_WORD];
    alpaca_decimal qty, qty_available, avg_entry_price, market_value, cost_basis, unrealized_pl, unrealized_plpc;
    alpaca_decimal current_price, lastday_price, change_today;
} alpaca_position;

typedef struct {
    char id[ALPACA_ID], client_order_id[ALPACA_CLIENT_ID], symbol[ALPACA_SYMBOL], asset_id[ALPACA_ID];
    char asset_class[ALPACA_WORD], side[ALPACA_WORD], type[ALPACA_WORD], time_in_force[ALPACA_WORD], status[ALPACA_WORD];
    alpaca_decimal qty, notional, filled_qty, limit_price, stop_price, filled_avg_price;
    char created_at[ALPACA_TIME], updated_at[ALPACA_TIME], submitted_at[ALPACA_TIME]; // RFC 3339; empty where null
    char filled_at[ALPACA_TIME], canceled_at[ALPACA_TIME], expired_at[ALPACA_TIME], failed_at[ALPACA_TIME];
    char replaced_at[ALPACA_TIME], replaced_by[ALPACA_ID], replaces[ALPACA_ID];
    bool extended_hours;
    bool reconciled; // its own answer was lost, and the broker was asked
} alpaca_order;

typedef struct {
    char id[ALPACA_ID], symbol[ALPACA_SYMBOL], name[200], asset_class[ALPACA_WORD], exchange[ALPACA_WORD], status[ALPACA_WORD];
    bool tradable, marginable, shortable, easy_to_borrow, fractionable;
} alpaca_asset;

typedef struct {
    char timestamp[ALPACA_TIME], next_open[ALPACA_TIME], next_close[ALPACA_TIME];
    bool is_open;
} alpaca_clock;

typedef struct {
    char date[ALPACA_WORD], open[ALPACA_WORD], close[ALPACA_WORD];
} alpaca_day;

typedef struct {
    int64_t timestamp; // seconds since 1970
    double equity, profit_loss, profit_loss_pct; // NAN where null
} alpaca_history_point;

typedef struct {
    double base_value;
    char timeframe[ALPACA_WORD];
} alpaca_history;

typedef struct {
    char symbol[ALPACA_SYMBOL], time[ALPACA_TIME], ask_exchange[ALPACA_WORD], bid_exchange[ALPACA_WORD];
    double ask_price, ask_size, bid_price, bid_size;
} alpaca_quote;

typedef struct {
    char symbol[ALPACA_SYMBOL], time[ALPACA_TIME], exchange[ALPACA_WORD];
    double price, size;
    int64_t id;
} alpaca_trade;

typedef struct {
    char time[ALPACA_TIME];
    double open, high, low, close, volume, trades, vwap;
} alpaca_bar;

// What became of each part of a request that was for many: 207.
typedef struct {
    char id[ALPACA_ID];         // of the order
    char symbol[ALPACA_SYMBOL]; // of the position; empty for cancelled orders
    int status;
} alpaca_part;

// ---- Clients ----------------------------------------------------------------------------------------------------------

typedef enum { ALPACA_PAPER, ALPACA_LIVE } alpaca_environment;

// All zero but key and secret is a paper account with 200 requests a minute.
typedef struct {
    const char *api_key, *api_secret;
    alpaca_environment environment;
    const char *base_url, *data_url; // NULL: those of the environment
    const char *ca_file;             // NULL: the system's
    uint32_t limit, data_limit;      // requests in a period; 0: HS_LIMIT_ALPACA
    uint64_t limit_period_ms;        // 0: a minute
    uint64_t limit_margin_ms;        // hs_limiter_options.window_margin_ms
    uint64_t attempt_timeout_ms;     // until the head of an answer; 0: the library's 10 seconds
    bool no_limiter;
} alpaca_config;

// The account: what its clients share, of which there is nothing but the limiter that can change.
typedef struct alpaca_pool alpaca_pool;
typedef struct alpaca_client alpaca_client;

// A client for one thread, with an account of its own.
alpaca_result alpaca_client_init(const alpaca_config *config, alpaca_client **client, alpaca_error *error);
void alpaca_client_deinit(alpaca_client *client);

// Clients for many threads. Each thread makes its own, "worker_1", and gives it back before the pool ends.
alpaca_result alpaca_pool_init(const alpaca_config *config, alpaca_pool **pool, alpaca_error *error);
alpaca_result alpaca_pool_create_client(alpaca_pool *pool, const char *name, alpaca_client **client, alpaca_error *error);
void alpaca_pool_destroy_client(alpaca_pool *pool, alpaca_client *client);
void alpaca_pool_deinit(alpaca_pool *pool);

const char *alpaca_client_name(const alpaca_client *client);
const char *alpaca_base_url(const alpaca_client *client);
const char *alpaca_data_url(const alpaca_client *client);

// A client_order_id that no other is like.
void alpaca_new_client_order_id(alpaca_client *client, char id[ALPACA_CLIENT_ID]);

// ---- Account and positions --------------------------------------------------------------------------------------------

alpaca_result alpaca_get_account(alpaca_client *client, alpaca_account *account, alpaca_error *error);
alpaca_result alpaca_get_portfolio_history(alpaca_client *client, const char *period, const char *timeframe,
                                           alpaca_history *history, alpaca_history_point **points, size_t *count,
                                           alpaca_error *error);
alpaca_result alpaca_get_positions(alpaca_client *client, alpaca_position **positions, size_t *count, alpaca_error *error);
alpaca_result alpaca_get_position(alpaca_client *client, const char *symbol, alpaca_position *position, alpaca_error *error);

// Sells `qty` or `percentage` (NULL: not given; neither: all) of it. Where the answer was lost and the whole position is gone,
// `order` is empty but for `reconciled`.
alpaca_result alpaca_close_position(alpaca_client *client, const char *symbol, const char *qty, const char *percentage,
                                    alpaca_order *order, alpaca_error *error);
// Where the answer was lost and there is no position left, there are no parts.
alpaca_result alpaca_close_all_positions(alpaca_client *client, bool cancel_orders, alpaca_part **parts, size_t *count,
                                         alpaca_error *error);

// ---- Orders -----------------------------------------------------------------------------------------------------------

// NULL is what the broker takes for it. Numbers are texts: "10", "0.5", "150.25".
typedef struct {
    const char *symbol, *qty, *notional;
    const char *side;                    // "buy", "sell"
    const char *type, *time_in_force;    // NULL: "market", "day"
    const char *limit_price, *stop_price;
    const char *client_order_id;         // NULL: a new one
    bool extended_hours;
} alpaca_order_request;

typedef struct {
    const char *qty, *limit_price, *stop_price, *time_in_force; // NULL: as it was
    const char *client_order_id;                                // of the new order; NULL: a new one
} alpaca_replace_request;

typedef struct {
    const char *status; // "open", "closed", "all"
    unsigned limit;
    const char *after, *until, *direction, *symbols;
} alpaca_order_filter;

alpaca_result alpaca_submit_order(alpaca_client *client, const alpaca_order_request *request, alpaca_order *order, alpaca_error *error);
alpaca_result alpaca_replace_order(alpaca_client *client, const char *id, const alpaca_replace_request *request,
                                   alpaca_order *order, alpaca_error *error);
alpaca_result alpaca_cancel_order(alpaca_client *client, const char *id, alpaca_error *error);
alpaca_result alpaca_cancel_all_orders(alpaca_client *client, alpaca_part **parts, size_t *count, alpaca_error *error);
alpaca_result alpaca_get_order(alpaca_client *client, const char *id, alpaca_order *order, alpaca_error *error);
alpaca_result alpaca_get_order_by_client_id(alpaca_client *client, const char *client_order_id, alpaca_order *order, alpaca_error *error);
alpaca_result alpaca_list_orders(alpaca_client *client, const alpaca_order_filter *filter, alpaca_order **orders, size_t *count,
                                 alpaca_error *error);

// ---- Market -----------------------------------------------------------------------------------------------------------

alpaca_result alpaca_get_assets(alpaca_client *client, const char *status, const char *asset_class, alpaca_asset **assets,
                                size_t *count, alpaca_error *error);
alpaca_result alpaca_get_asset(alpaca_client *client, const char *symbol, alpaca_asset *asset, alpaca_error *error);
alpaca_result alpaca_get_clock(alpaca_client *client, alpaca_clock *clock, alpaca_error *error);
alpaca_result alpaca_get_calendar(alpaca_client *client, const char *start, const char *end, alpaca_day **days, size_t *count,
                                  alpaca_error *error);
alpaca_result alpaca_get_latest_quote(alpaca_client *client, const char *symbol, alpaca_quote *quote, alpaca_error *error);
alpaca_result alpaca_get_latest_trade(alpaca_client *client, const char *symbol, alpaca_trade *trade, alpaca_error *error);

typedef struct {
    const char *timeframe, *start, *end; // "1Min", "1Hour", "1Day"; RFC 3339 or a date
    unsigned limit;                      // of a page; 0: the broker's
    const char *page_token;              // where the last page ended; NULL: the first
} alpaca_bar_request;

// One page; `next_page_token` is empty at the end.
alpaca_result alpaca_get_bars(alpaca_client *client, const char *symbol, const alpaca_bar_request *request, alpaca_bar **bars,
                              size_t *count, char next_page_token[200], alpaca_error *error);
// All pages from `page_token` on.
alpaca_result alpaca_get_all_bars(alpaca_client *client, const char *symbol, const alpaca_bar_request *request, alpaca_bar **bars,
                                  size_t *count, alpaca_error *error);

#endif
