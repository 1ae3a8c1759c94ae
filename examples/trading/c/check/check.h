// What the phases of trading_safety share.
#ifndef CHECK_H
#define CHECK_H

#include "../alpaca.h"
#include <jansson.h>

extern const char *broker_url, *data_url, *ca_file; // ca_file: NULL for the system's

// Says that something is wrong, and counts it. Any thread.
void wrong(const char *format, ...);
long wrongs(void);

// CHECK(x): says so where x is false.
#define CHECK(condition) ((condition) ? (void)0 : wrong("%s:%d: not so: %s", __FILE__, __LINE__, #condition))
// A call that must come to `wanted`; what else it came to is said in words.
#define COMES_TO(wanted, call, error) check_result(wanted, call, error, #call, __FILE__, __LINE__)
bool check_result(alpaca_result wanted, alpaca_result result, const alpaca_error *error, const char *call, const char *file, int line);

bool same(const char *a, const char *b);
bool amounts_to(alpaca_decimal decimal, const char *text);

// The broker's side: PUT, GET or DELETE of /admin/accounts/{key}{path}. A new reference, NULL where nothing came back. One
// thread at a time.
json_t *admin(const char *method, const char *key, const char *path, const char *body);
long number_in(const json_t *object, const char *name);
// The same of an account as a whole.
long told_of(const char *key, const char *name);

alpaca_config config_for(const char *key);

void check_operations(void);
void check_lost_answers(void);
void check_limit(void);

typedef struct {
    long succeeded, failed, crashes, duplicates, throttled;
} tally;
void check_threads(long threads, long requests, long faults, tally *tally);

#endif
