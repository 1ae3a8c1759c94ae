// The limit is kept by all clients of an account together, and learnt where it is lower than was thought.
#include "check.h"
#include <pthread.h>
#include <stdio.h>

enum { CLIENTS = 10 };

typedef struct {
    alpaca_pool *pool;
    int requests;
    bool may_fail;
} work;

static void *ask_for_clocks(void *argument) {
    const work *work = argument;
    alpaca_client *client;
    alpaca_clock clock;
    alpaca_error error;
    if (!COMES_TO(ALPACA_OK, alpaca_pool_create_client(work->pool, "worker", &client, &error), &error)) return NULL;
    for (int i = 0; i < work->requests; i++) {
        alpaca_result result = alpaca_get_clock(client, &clock, &error);
        if (result == ALPACA_OK) continue;
        if (!work->may_fail || result != ALPACA_RATE_LIMITED) COMES_TO(ALPACA_OK, result, &error);
        break;
    }
    alpaca_pool_destroy_client(work->pool, client);
    return NULL;
}

// How many 429 the broker has answered.
static long throttled(const char *key, const char *opening, alpaca_config config, int clients, int requests, bool may_fail) {
    json_decref(admin("PUT", key, "", opening));
    work work = {.requests = requests, .may_fail = may_fail};
    alpaca_error error;
    if (!COMES_TO(ALPACA_OK, alpaca_pool_init(&config, &work.pool, &error), &error)) return -1;
    pthread_t threads[CLIENTS];
    int started = 0;
    while (started < clients && pthread_create(&threads[started], NULL, ask_for_clocks, &work) == 0) started++;
    CHECK(started == clients);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    alpaca_pool_deinit(work.pool);
    long count = told_of(key, "throttled");
    long asked = told_of(key, "requests");
    if (!may_fail) CHECK(asked == clients * requests);
    return count;
}

void check_limit(void) {
    alpaca_config config = config_for("PK-C-LIMIT");
    config.limit = HS_LIMIT_ALPACA;
    config.limit_period_ms = config.limit_margin_ms = 1000;
    // The broker has room for one more of each client: what was on its way while it did nothing, in the window in which it goes on.
    long refused = throttled("PK-C-LIMIT", "{\"secret\": \"a secret\", \"limit\": 210, \"window_ms\": 1000}", config, CLIENTS, 30, false);
    CHECK(refused == 0);

    config = config_for("PK-C-UNLIMITED");
    config.no_limiter = true;
    refused = throttled("PK-C-UNLIMITED", "{\"secret\": \"a secret\", \"limit\": 200, \"window_ms\": 86400000}", config, CLIENTS, 50, true);
    CHECK(refused > 0);

    config = config_for("PK-C-LEARNS");
    config.limit = 1000;
    config.limit_period_ms = 1000;
    refused = throttled("PK-C-LEARNS", "{\"secret\": \"a secret\", \"limit\": 20, \"window_ms\": 1000}", config, 1, 50, false);
    CHECK(refused == 0);
}
