/* What the parts of the driver share: lines, options by the names of their fields, and the objects of scenarios. */

#ifndef DRIVER_H
#define DRIVER_H

#define _POSIX_C_SOURCE 200809L

#include <http_sentinel.h>

#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- lines.c ------------------------------------------------------------------------------------------------------ */

void fail(const char *what, const char *which);
void *must(void *memory);

/* Zeroed memory until the block is done, with a byte more that stays zero. */
void *keep(size_t size);
void forget(void);

/* Takes the percent signs out; a NUL stands behind the end. */
hs_str decoded(const char *line);
uint64_t number(const char *line);

/* A line without its end; NULL at the end of the input. */
char *read_line(void);

/* Cuts a line at its first blank, and gives what stands behind it. */
char *split(char *line);
int is(const char *text, const char *other);

void put_encoded(hs_str text);
void put_text(const char *key, hs_str text);
void put_number(const char *key, int64_t value);
void put_status(const char *key, hs_status status);

/* ---- options.c ---------------------------------------------------------------------------------------------------- */

/* How the fields of a block are set. */
typedef struct {
    int nts;         /* lengths of texts are HS_NTS */
    void *user_data; /* of callbacks */
} manner;

/* Sets the field that a key names, `struct.field` where it is in a struct below; false where there is none. `name` is
 * that of the struct's type. */
int set(const char *name, void *options, const manner *how, const char *key, const char *value);

/* Sets its size. */
void size_struct(const char *name, void *options);

/* The value of a field that is a number. */
uint64_t get(const char *name, const void *facts, const char *field_name);

/* Tells ` field=value` of every number that is not zero and every text that is not empty. */
void put_fields(const char *name, const void *facts);

/* ---- objects.c ---------------------------------------------------------------------------------------------------- */

typedef void (*callback)(void);

/* The driver's function for callbacks of a type. */
callback callback_of(const char *type);

/* The object with that name; fails where there is none. */
void *object(const char *kind, const char *name);

/* Does a block of a scenario; false where the verb is none. The lines are keys and values, one behind the other. */
typedef struct {
    char **keys;
    char **values;
    size_t count;
} lines;
int scenario(const char *verb, const char *name, const lines *all);

/* ---- pool.c ------------------------------------------------------------------------------------------------------- */

hs_status pool_open(const hs_pool_options *options, hs_error **error);
int pool_is_open(void);

/* Frees it, and the completions that nobody asked for. */
hs_status pool_close(void);
hs_status pool_submit(const hs_request_options *request, uint64_t tag, hs_error **error);

/* Waits for the completion with that tag; what it brings is the caller's. */
hs_status pool_take(uint64_t tag, hs_response **response, hs_error **error);

/* Both, as `hs_request`. */
hs_status pool_request(const hs_request_options *request, hs_response **response, hs_error **error);

/* Lends the body until it is released. */
void pool_lend(hs_request_options *request);
void pool_operation(const char *key, char *value);

/* ---- driver.c ----------------------------------------------------------------------------------------------------- */

/* A request of a scenario, kept until the block is done. */
const hs_request_options *request_of(const lines *all, size_t from, size_t to);

#endif
