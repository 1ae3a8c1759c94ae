// Clients, and the account that they share.
#define _DEFAULT_SOURCE // getentropy
#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const base_urls[] = {"https://paper-api.alpaca.markets", "https://api.alpaca.markets"};
static const char data_url[] = "https://data.alpaca.markets";

// A failure of the library's before there is a request.
static alpaca_result failed(hs_error *from, hs_status status, alpaca_error *error) {
    if (error) {
        memset(error, 0, sizeof *error);
        error->result = ALPACA_ARGUMENT;
        error->status = status;
        hs_str message = hs_error_message(from);
        snprintf(error->message, sizeof error->message, "%.*s", (int)message.len, message.data ? message.data : "");
    }
    hs_error_free(from);
    return ALPACA_ARGUMENT;
}

static bool copy(char *to, size_t size, const char *from) {
    size_t len = strlen(from);
    if (len >= size) return false;
    memcpy(to, from, len + 1);
    return true;
}

static hs_status make_limiter(const alpaca_config *config, hs_limiter **limiter, hs_error **error) {
    hs_limiter_options options = {.struct_size = sizeof options};
    options.limit = config->limit ? config->limit : HS_LIMIT_ALPACA;
    options.period_ms = config->limit_period_ms;
    options.window_margin_ms = config->limit_margin_ms;
    hs_status status = hs_limiter_new(&options, limiter, error);
    if (status != HS_OK || !config->data_limit) return status;
    status = hs_limiter_set_quota(*limiter, str("data"), config->data_limit, config->limit_period_ms, 0, error);
    if (status != HS_OK) hs_limiter_free(*limiter);
    return status;
}

alpaca_result alpaca_pool_init(const alpaca_config *config, alpaca_pool **out, alpaca_error *error) {
    if (!config || !config->api_key || !config->api_secret) return alpaca_refuse(error, "key and secret are needed");
    if (config->environment != ALPACA_PAPER && config->environment != ALPACA_LIVE)
        return alpaca_refuse(error, "the environment is neither paper nor live");
    alpaca_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return alpaca_refuse(error, "no memory");
    pool->config = *config;
    bool fits = copy(pool->api_key, sizeof pool->api_key, config->api_key) &&
                copy(pool->api_secret, sizeof pool->api_secret, config->api_secret) &&
                copy(pool->base_url, sizeof pool->base_url, config->base_url ? config->base_url : base_urls[config->environment]) &&
                copy(pool->data_url, sizeof pool->data_url, config->data_url ? config->data_url : data_url) &&
                copy(pool->ca_file, sizeof pool->ca_file, config->ca_file ? config->ca_file : "");
    hs_error *why = NULL;
    hs_status status = HS_OK;
    if (fits && !config->no_limiter) status = make_limiter(config, &pool->limiter, &why);
    if (!fits || status != HS_OK) {
        free(pool);
        return fits ? failed(why, status, error) : alpaca_refuse(error, "a key, an URL or a path is too long");
    }
    *out = pool;
    return ALPACA_OK;
}

void alpaca_pool_deinit(alpaca_pool *pool) {
    if (!pool) return;
    hs_limiter_free(pool->limiter);
    memset(pool->api_secret, 0, sizeof pool->api_secret);
    free(pool);
}

alpaca_result alpaca_pool_create_client(alpaca_pool *pool, const char *name, alpaca_client **out, alpaca_error *error) {
    alpaca_client *client = calloc(1, sizeof *client);
    unsigned char random[16];
    if (!client || getentropy(random, sizeof random) != 0) {
        free(client);
        return alpaca_refuse(error, "no memory, or no chance");
    }
    client->pool = pool;
    snprintf(client->name, sizeof client->name, "%s", name ? name : "");
    for (size_t i = 0; i < sizeof random; i++) snprintf(client->random + 2 * i, 3, "%02x", random[i]);

    hs_worker_options options = {.struct_size = sizeof options};
    if (*pool->ca_file) options.ca_file = str(pool->ca_file);
    options.attempt_timeout_ms = pool->config.attempt_timeout_ms;
    options.redirects = HS_REDIRECT_RETURN; // rule 8
    options.user_agent = str("http-sentinel-trading-example");
    hs_error *why = NULL;
    hs_status status = hs_worker_new(&options, &client->worker, &why);
    if (status != HS_OK) {
        free(client);
        return failed(why, status, error);
    }
    *out = client;
    return ALPACA_OK;
}

void alpaca_pool_destroy_client(alpaca_pool *pool, alpaca_client *client) {
    (void)pool;
    if (!client) return;
    hs_worker_free(client->worker); // refused on another thread; the worker then goes with its own
    free(client);
}

alpaca_result alpaca_client_init(const alpaca_config *config, alpaca_client **client, alpaca_error *error) {
    alpaca_pool *pool;
    alpaca_result result = alpaca_pool_init(config, &pool, error);
    if (result != ALPACA_OK) return result;
    result = alpaca_pool_create_client(pool, "client", client, error);
    if (result == ALPACA_OK) (*client)->owns_pool = true;
    else alpaca_pool_deinit(pool);
    return result;
}

void alpaca_client_deinit(alpaca_client *client) {
    if (!client) return;
    alpaca_pool *pool = client->owns_pool ? client->pool : NULL;
    alpaca_pool_destroy_client(client->pool, client);
    alpaca_pool_deinit(pool);
}

const char *alpaca_client_name(const alpaca_client *client) { return client->name; }
const char *alpaca_base_url(const alpaca_client *client) { return client->pool->base_url; }
const char *alpaca_data_url(const alpaca_client *client) { return client->pool->data_url; }

void alpaca_new_client_order_id(alpaca_client *client, char id[ALPACA_CLIENT_ID]) {
    snprintf(id, ALPACA_CLIENT_ID, "%s-%llu", client->random, (unsigned long long)++client->ids);
}
