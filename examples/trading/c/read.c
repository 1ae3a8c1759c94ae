// From JSON into structs, by tables of what is where.
#include "internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *alpaca_result_name(alpaca_result result) {
    static const char *const names[] = {"ok",           "argument", "unauthorized", "rejected",   "duplicate", "not_found",
                                        "rate_limited", "broker",   "network",      "not_placed", "unknown",   "bad_answer"};
    return (size_t)result < sizeof names / sizeof *names ? names[result] : "?";
}

// ---- Decimals ---------------------------------------------------------------------------------------------------------

alpaca_decimal alpaca_decimal_of(const char *text) {
    const alpaca_decimal none = {0, false};
    if (!text) return none;
    bool negative = *text == '-', point = false;
    int digits = 0, places = 0;
    uint64_t value = 0;
    for (text += negative; *text; text++) {
        if (*text == '.' && !point && digits) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || value > INT64_MAX / 10 || (point && ++places > 9)) return none;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > INT64_MAX) return none;
        digits++;
    }
    if (!digits || (point && !places)) return none;
    for (; places < 9; places++) {
        if (value > INT64_MAX / 10) return none;
        value *= 10;
    }
    return (alpaca_decimal){negative ? -(int64_t)value : (int64_t)value, true};
}

alpaca_text alpaca_decimal_text(alpaca_decimal decimal) {
    alpaca_text out;
    uint64_t value = decimal.nano < 0 ? 0 - (uint64_t)decimal.nano : (uint64_t)decimal.nano;
    int len = snprintf(out.text, sizeof out.text, "%s%llu.%09llu", decimal.nano < 0 ? "-" : "",
                       (unsigned long long)(value / 1000000000), (unsigned long long)(value % 1000000000));
    while (out.text[len - 1] == '0') len--;
    if (out.text[len - 1] == '.') len--;
    out.text[len] = '\0';
    return out;
}

// ---- Shapes -----------------------------------------------------------------------------------------------------------

#define SHAPE(name, type, ...)                                       \
    static const field fields_##name[] = {__VA_ARGS__};              \
    const shape shape_##name = {fields_##name, sizeof fields_##name / sizeof *fields_##name, sizeof(type)}

#define F(member, kind) FIELD(alpaca_account, member, kind)
SHAPE(account, alpaca_account, F(id, TEXT), F(account_number, TEXT), F(status, TEXT), F(currency, TEXT), F(multiplier, TEXT),
      F(cash, AMOUNT), F(buying_power, AMOUNT), F(equity, AMOUNT), F(last_equity, AMOUNT), F(portfolio_value, AMOUNT),
      F(long_market_value, AMOUNT), F(short_market_value, AMOUNT), F(initial_margin, AMOUNT), F(maintenance_margin, AMOUNT),
      F(pattern_day_trader, FLAG), F(trading_blocked, FLAG), F(transfers_blocked, FLAG), F(account_blocked, FLAG),
      F(shorting_enabled, FLAG), F(daytrade_count, INTEGER));
#undef F
#define F(member, kind) FIELD(alpaca_position, member, kind)
SHAPE(position, alpaca_position, F(asset_id, TEXT), F(symbol, TEXT), F(exchange, TEXT), F(asset_class, TEXT), F(side, TEXT),
      F(qty, AMOUNT), F(qty_available, AMOUNT), F(avg_entry_price, AMOUNT), F(market_value, AMOUNT), F(cost_basis, AMOUNT),
      F(unrealized_pl, AMOUNT), F(unrealized_plpc, AMOUNT), F(current_price, AMOUNT), F(lastday_price, AMOUNT),
      F(change_today, AMOUNT));
#undef F
#define F(member, kind) FIELD(alpaca_order, member, kind)
SHAPE(order, alpaca_order, F(id, TEXT), F(client_order_id, TEXT), F(symbol, TEXT), F(asset_id, TEXT), F(asset_class, TEXT),
      F(side, TEXT), F(type, TEXT), F(time_in_force, TEXT), F(status, TEXT), F(qty, AMOUNT_OR_NULL), F(notional, AMOUNT_OR_NULL),
      F(filled_qty, AMOUNT), F(limit_price, AMOUNT_OR_NULL), F(stop_price, AMOUNT_OR_NULL), F(filled_avg_price, AMOUNT_OR_NULL),
      F(created_at, TEXT), F(updated_at, TEXT), F(submitted_at, TEXT), F(filled_at, TEXT_OR_NULL), F(canceled_at, TEXT_OR_NULL),
      F(expired_at, TEXT_OR_NULL), F(failed_at, TEXT_OR_NULL), F(replaced_at, TEXT_OR_NULL), F(replaced_by, TEXT_OR_NULL),
      F(replaces, TEXT_OR_NULL), F(extended_hours, FLAG));
#undef F
#define F(member, kind) FIELD(alpaca_asset, member, kind)
SHAPE(asset, alpaca_asset, F(id, TEXT), F(symbol, TEXT), F(name, TEXT), FIELD_NAMED(alpaca_asset, asset_class, "class", TEXT),
      F(exchange, TEXT), F(status, TEXT), F(tradable, FLAG), F(marginable, FLAG), F(shortable, FLAG), F(easy_to_borrow, FLAG),
      F(fractionable, FLAG));
#undef F
SHAPE(clock, alpaca_clock, FIELD(alpaca_clock, timestamp, TEXT), FIELD(alpaca_clock, next_open, TEXT),
      FIELD(alpaca_clock, next_close, TEXT), FIELD(alpaca_clock, is_open, FLAG));
SHAPE(day, alpaca_day, FIELD(alpaca_day, date, TEXT), FIELD(alpaca_day, open, TEXT), FIELD(alpaca_day, close, TEXT));
SHAPE(history, alpaca_history, FIELD(alpaca_history, base_value, NUMBER), FIELD(alpaca_history, timeframe, TEXT));
SHAPE(part, alpaca_part, FIELD(alpaca_part, status, INTEGER));
#define F(member, name, kind) FIELD_NAMED(alpaca_quote, member, name, kind)
SHAPE(quote, alpaca_quote, F(time, "t", TEXT), F(ask_exchange, "ax", TEXT), F(bid_exchange, "bx", TEXT), F(ask_price, "ap", NUMBER),
      F(ask_size, "as", NUMBER), F(bid_price, "bp", NUMBER), F(bid_size, "bs", NUMBER));
#undef F
#define F(member, name, kind) FIELD_NAMED(alpaca_trade, member, name, kind)
SHAPE(trade, alpaca_trade, F(time, "t", TEXT), F(exchange, "x", TEXT), F(price, "p", NUMBER), F(size, "s", NUMBER),
      F(id, "i", INTEGER));
#undef F
#define F(member, name, kind) FIELD_NAMED(alpaca_bar, member, name, kind)
SHAPE(bar, alpaca_bar, F(time, "t", TEXT), F(open, "o", NUMBER), F(high, "h", NUMBER), F(low, "l", NUMBER), F(close, "c", NUMBER),
      F(volume, "v", NUMBER), F(trades, "n", NUMBER), F(vwap, "vw", NUMBER));
#undef F

// ---- Reading ----------------------------------------------------------------------------------------------------------

static bool read_text(const json_t *value, const field *field, char *to) {
    to[0] = '\0';
    if (json_is_null(value) && field->kind == TEXT_OR_NULL) return true;
    if (!json_is_string(value) || json_string_length(value) >= field->size) return false;
    memcpy(to, json_string_value(value), json_string_length(value) + 1);
    return strlen(to) == json_string_length(value);
}

static bool read_amount(const json_t *value, const field *field, alpaca_decimal *to) {
    *to = (alpaca_decimal){0, false};
    if (json_is_null(value) && field->kind == AMOUNT_OR_NULL) return true;
    *to = alpaca_decimal_of(json_string_value(value));
    return to->given;
}

static bool read_integer(const json_t *value, const field *field, void *to) {
    if (!json_is_integer(value)) return false;
    json_int_t number = json_integer_value(value);
    if (field->size == sizeof(int64_t)) *(int64_t *)to = number;
    else if (number < 0 || number > 999) return false; // the only int is a status
    else *(int *)to = (int)number;
    return true;
}

bool alpaca_read(const json_t *object, const shape *shape, void *out) {
    if (!json_is_object(object)) return false;
    for (size_t i = 0; i < shape->count; i++) {
        const field *field = &shape->fields[i];
        const json_t *value = json_object_get(object, field->name);
        void *to = (char *)out + field->offset;
        bool read = false;
        switch (field->kind) {
        case TEXT:
        case TEXT_OR_NULL: read = value && read_text(value, field, to); break;
        case AMOUNT:
        case AMOUNT_OR_NULL: read = value && read_amount(value, field, to); break;
        case INTEGER: read = read_integer(value, field, to); break;
        case NUMBER:
            read = json_is_number(value);
            *(double *)to = json_number_value(value);
            break;
        case FLAG:
            read = json_is_boolean(value);
            *(bool *)to = json_is_true(value);
            break;
        }
        if (!read) return false;
    }
    return true;
}

bool alpaca_read_list(const json_t *array, const shape *shape, void **out, size_t *count) {
    if (!json_is_array(array)) return false;
    size_t len = json_array_size(array);
    char *list = calloc(len ? len : 1, shape->size);
    if (!list) return false;
    for (size_t i = 0; i < len; i++) {
        if (!alpaca_read(json_array_get(array, i), shape, list + i * shape->size)) {
            free(list);
            return false;
        }
    }
    *out = list;
    *count = len;
    return true;
}

alpaca_result alpaca_take(json_t *answer, const shape *shape, void *out, alpaca_error *error) {
    memset(out, 0, shape->size);
    bool read = alpaca_read(answer, shape, out);
    json_decref(answer);
    return read ? ALPACA_OK : alpaca_turn_into(error, ALPACA_BAD_ANSWER, "a field is missing, or of another kind");
}

alpaca_result alpaca_take_list(json_t *answer, const shape *shape, void **out, size_t *count, alpaca_error *error) {
    bool read = alpaca_read_list(answer, shape, out, count);
    json_decref(answer);
    return read ? ALPACA_OK : alpaca_turn_into(error, ALPACA_BAD_ANSWER, "a field is missing, or of another kind");
}
