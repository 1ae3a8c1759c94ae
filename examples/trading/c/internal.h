// What the files of the client share.
#ifndef ALPACA_INTERNAL_H
#define ALPACA_INTERNAL_H

#include "alpaca.h"
#include <jansson.h>

struct alpaca_pool {
    alpaca_config config;
    char api_key[128], api_secret[256], base_url[256], data_url[256], ca_file[512];
    hs_limiter *limiter; // one for all clients of the account; NULL: none
};

struct alpaca_client {
    alpaca_pool *pool;
    bool owns_pool;
    hs_worker *worker;
    char name[64];
    char random[33]; // what its client_order_ids begin with
    uint64_t ids;
};

static inline hs_str str(const char *text) { return (hs_str){text, HS_NTS}; }

// ---- request.c: one request, and what came of it

// A path with its query, percent-encoded as it is put together.
typedef struct {
    char text[2000];
    size_t len;
    bool has_query;
    const char *wrong; // why it is not asked for; NULL: nothing is
} path;

path path_of(const char *fixed);
void path_segment(path *p, const char *segment);               // not "..": it would lead from one to all of its kind
void path_query(path *p, const char *name, const char *value); // nothing where value is NULL
void path_number(path *p, const char *name, unsigned value);   // nothing where it is 0

// What a request does there, which is what may be done with it when it goes wrong.
typedef enum {
    READS,
    CANCELS, // twice is as good as once
    CHANGES, // once, or nothing is certain
} effect;

typedef struct {
    const char *method;
    const path *path;
    const json_t *body; // NULL: none
    effect effect;
    bool data;          // of the market data service
    bool empty_answer;  // its success has no body
    uint64_t after_ms;  // waits so long before it is asked
} request;

// Asks, and fills `error` in any case, also where all is well. `*answer` is a new reference, NULL for an empty answer.
alpaca_result alpaca_ask(alpaca_client *client, const request *request, json_t **answer, alpaca_error *error);

// Whether that failure leaves open whether the request was carried out.
bool alpaca_was_lost(const alpaca_error *error);

// Refuses an argument.
alpaca_result alpaca_refuse(alpaca_error *error, const char *message);
// A failure of another kind than `error` has, with all else that it has.
alpaca_result alpaca_turn_into(alpaca_error *error, alpaca_result result, const char *message);

// ---- read.c: from JSON into structs, by tables

typedef enum { TEXT, TEXT_OR_NULL, AMOUNT, AMOUNT_OR_NULL, NUMBER, INTEGER, FLAG } kind;

typedef struct {
    const char *name;
    kind kind;
    size_t offset, size;
} field;

#define FIELD_NAMED(type, member, name, kind) {name, kind, offsetof(type, member), sizeof((type *)0)->member}
#define FIELD(type, member, kind) FIELD_NAMED(type, member, #member, kind)

typedef struct {
    const field *fields;
    size_t count, size; // of fields; of the struct
} shape;

extern const shape shape_account, shape_position, shape_order, shape_asset, shape_clock, shape_day, shape_quote, shape_trade,
    shape_bar, shape_part, shape_history;

bool alpaca_read(const json_t *object, const shape *shape, void *out);
// A list of objects as one allocation; an empty one is not NULL.
bool alpaca_read_list(const json_t *array, const shape *shape, void **out, size_t *count);

// What follows alpaca_ask where it went well: reads one object or a list, and lets go of the answer.
alpaca_result alpaca_take(json_t *answer, const shape *shape, void *out, alpaca_error *error);
alpaca_result alpaca_take_list(json_t *answer, const shape *shape, void **out, size_t *count, alpaca_error *error);

// Asks for an object or a list in one go.
alpaca_result alpaca_get_one(alpaca_client *client, const path *path, bool data, const shape *shape, void *out, alpaca_error *error);
alpaca_result alpaca_get_list(alpaca_client *client, const path *path, const shape *shape, void **out, size_t *count,
                              alpaca_error *error);

#endif
