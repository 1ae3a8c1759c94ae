/* The pool that takes the worker's place where a block says so: a request is submitted and its completion taken. */

#include "driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer than anything takes. */
#define PATIENCE_MS 120000

/* The most completions that are there and not asked for. */
#define MOST_EARLY 256

/* The tags of requests that are waited for at once: beyond those that cases use. */
#define OWN_TAGS (UINT64_C(1) << 63)

static hs_pool *pool;
static uint64_t own_tag = OWN_TAGS;

/* Completions that came before they were asked for. */
static hs_completion early[MOST_EARLY];
static size_t early_count;

/* How many bodies were lent to it and released. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t releases;

hs_status pool_open(const hs_pool_options *options, hs_error **error) {
    releases = 0;
    return hs_pool_new(options, &pool, error);
}

int pool_is_open(void) { return pool != NULL; }

hs_status pool_close(void) {
    while (early_count > 0) {
        const hs_completion *left = &early[--early_count];
        hs_response_free(left->response);
        hs_error_free(left->error);
    }
    const hs_status status = hs_pool_free(pool);
    pool = NULL;
    return status;
}

hs_status pool_submit(const hs_request_options *request, uint64_t tag, hs_error **error) {
    const hs_status status = hs_pool_submit(pool, request, tag, error);
    /* What was refused is still ours. */
    if (status != HS_OK && request != NULL) free(request->release_data);
    return status;
}

static hs_completion next(void) {
    hs_completion completion;
    size_t count = 0;
    if (hs_pool_next(pool, &completion, 1, &count, PATIENCE_MS) != HS_OK || count != 1) fail("no", "completion");
    if (completion.kind != HS_COMPLETION_DONE) fail("a completion of another", "kind");
    return completion;
}

hs_status pool_take(uint64_t tag, hs_response **response, hs_error **error) {
    hs_completion taken = {0, 0, 0, NULL, NULL, {0}};
    size_t i = 0;
    while (i < early_count && early[i].tag != tag) i++;
    if (i < early_count) {
        taken = early[i];
        early[i] = early[--early_count];
    } else {
        while ((taken = next()).tag != tag) {
            if (taken.tag >= OWN_TAGS || early_count == MOST_EARLY) fail("a completion of", "nobody's");
            early[early_count++] = taken;
        }
    }
    *response = taken.response;
    *error = taken.error;
    return taken.status;
}

hs_status pool_request(const hs_request_options *request, hs_response **response, hs_error **error) {
    const uint64_t tag = own_tag++;
    const hs_status status = pool_submit(request, tag, error);
    return status == HS_OK ? pool_take(tag, response, error) : status;
}

/* ---- bodies that are lent ----------------------------------------------------------------------------------------- */

static void release(void *body) {
    free(body);
    pthread_mutex_lock(&lock);
    releases++;
    pthread_mutex_unlock(&lock);
}

static uint64_t released(void) {
    pthread_mutex_lock(&lock);
    const uint64_t count = releases;
    pthread_mutex_unlock(&lock);
    return count;
}

void pool_lend(hs_request_options *request) {
    char *body = must(malloc(request->body.len + 1));
    memcpy(body, request->body.data, request->body.len);
    request->body.data = body;
    request->body_release = release;
    request->release_data = body;
}

/* ---- what is done with a pool ------------------------------------------------------------------------------------- */

static uint64_t count_of(const char *field) {
    hs_pool_counters counters;
    memset(&counters, 0, sizeof counters);
    counters.struct_size = sizeof counters;
    if (hs_pool_stats(pool, &counters) != HS_OK) fail("no counters for", field);
    return get("hs_pool_counters", &counters, field);
}

static void until(uint64_t (*now)(const char *field), const char *field, uint64_t value) {
    const struct timespec pause = {0, 1000000};
    for (int tries = 0; now(field) != value; tries++) {
        if (tries == PATIENCE_MS) fail("waited in vain for", field);
        nanosleep(&pause, NULL);
    }
}

static uint64_t released_now(const char *field) {
    (void)field;
    return released();
}

/* `pool OP RESULT` */
void pool_operation(const char *key, char *value) {
    const char *second = split(value);
    printf("pool ");
    if (strcmp(key, "cancel") == 0) { /* TAG */
        put_status(key, hs_pool_cancel(pool, number(value)));
    } else if (strcmp(key, "drain") == 0) { /* MS */
        put_status(key, hs_pool_drain(pool, number(value)));
    } else if (strcmp(key, "free") == 0) {
        put_status(key, pool_close());
    } else if (strcmp(key, "count") == 0) { /* FIELD */
        put_number(key, (int64_t)count_of(value));
    } else if (strcmp(key, "wait") == 0) { /* FIELD NUMBER */
        until(count_of, value, number(second));
        put_text(key, decoded(second));
    } else if (strcmp(key, "released") == 0) { /* NUMBER */
        until(released_now, key, number(value));
        put_number(key, (int64_t)released());
    } else {
        fail("unknown pool operation", key);
    }
}
