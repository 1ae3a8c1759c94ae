// One request to the broker: keys, limiter and policies go along, and what comes back is an answer or an error.
#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(path *p, char c) {
    if (p->len + 1 < sizeof p->text) p->text[p->len++] = c;
    else p->wrong = "an argument is too long";
}

static void put_encoded(path *p, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        if (strchr(plain, *text)) {
            put(p, *text);
            continue;
        }
        char coded[4];
        snprintf(coded, sizeof coded, "%%%02X", (unsigned)(unsigned char)*text);
        for (const char *c = coded; *c; c++) put(p, *c);
    }
}

path path_of(const char *fixed) {
    path p = {.len = 0};
    for (; *fixed; fixed++) put(&p, *fixed);
    return p;
}

void path_segment(path *p, const char *segment) {
    if (!segment[strspn(segment, ".")]) p->wrong = "no such name"; // "", ".", ".."
    put(p, '/');
    put_encoded(p, segment);
}

void path_query(path *p, const char *name, const char *value) {
    if (!value) return;
    put(p, p->has_query ? '&' : '?');
    p->has_query = true;
    put_encoded(p, name);
    put(p, '=');
    put_encoded(p, value);
}

void path_number(path *p, const char *name, unsigned value) {
    char text[16];
    snprintf(text, sizeof text, "%u", value);
    if (value) path_query(p, name, text);
}

alpaca_result alpaca_refuse(alpaca_error *error, const char *message) {
    if (!error) return ALPACA_ARGUMENT;
    memset(error, 0, sizeof *error);
    return alpaca_turn_into(error, ALPACA_ARGUMENT, message);
}

alpaca_result alpaca_turn_into(alpaca_error *error, alpaca_result result, const char *message) {
    error->result = result;
    if (message) snprintf(error->message, sizeof error->message, "%s", message);
    return result;
}

bool alpaca_was_lost(const alpaca_error *error) {
    switch (error->result) {
    case ALPACA_NETWORK: return error->request_sent != HS_SENT_NO;
    case ALPACA_BROKER:
    case ALPACA_BAD_ANSWER: return true;
    default: return false;
    }
}

// The library gave no response.
static alpaca_result no_response(hs_status status, hs_error *why, alpaca_error *error) {
    hs_error_info info = {.struct_size = sizeof info};
    hs_error_details(why, &info);
    hs_str name = hs_status_name(status), message = hs_error_message(why);
    error->status = status;
    error->request_sent = info.request_sent;
    error->attempts = info.attempts;
    error->retry_after_ms = info.retry_after_ms;
    snprintf(error->message, sizeof error->message, "%.*s: %.*s", (int)name.len, name.data ? name.data : "", (int)message.len,
             message.data ? message.data : "");
    hs_error_free(why);
    if (info.phase == HS_PHASE_ARGUMENT) error->result = ALPACA_ARGUMENT;
    else if (status == HS_ERR_RATE_LIMITED) error->result = ALPACA_RATE_LIMITED;
    else error->result = ALPACA_NETWORK;
    return error->result;
}

static alpaca_result kind_of_refusal(const alpaca_error *error) {
    switch (error->http_status) {
    case 401: return ALPACA_UNAUTHORIZED;
    case 403: return error->code == 40310000 ? ALPACA_REJECTED : ALPACA_UNAUTHORIZED;
    case 404: return ALPACA_NOT_FOUND;
    case 429: return ALPACA_RATE_LIMITED;
    default: return error->http_status >= 500 ? ALPACA_BROKER : ALPACA_REJECTED;
    }
}

static alpaca_result response_of(const hs_response *response, bool empty, json_t **answer, alpaca_error *error) {
    hs_metrics metrics = {.struct_size = sizeof metrics};
    hs_response_metrics(response, &metrics);
    error->http_status = hs_response_status(response);
    error->request_sent = HS_SENT_YES;
    error->attempts = metrics.attempts;
    error->resends = metrics.internal_resends;
    error->retry_after_ms = metrics.retry_after_ms;

    hs_str body = hs_response_body(response);
    json_t *json = body.len ? json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL) : NULL;
    if (error->http_status >= 200 && error->http_status < 300) {
        *answer = json;
        return empty || json ? ALPACA_OK : alpaca_turn_into(error, ALPACA_BAD_ANSWER, "an answer that is no JSON");
    }
    error->code = json_integer_value(json_object_get(json, "code"));
    const char *message = json_string_value(json_object_get(json, "message"));
    snprintf(error->message, sizeof error->message, "%s", message ? message : "no reason was given");
    json_decref(json);
    return error->result = kind_of_refusal(error);
}

alpaca_result alpaca_ask(alpaca_client *client, const request *request, json_t **answer, alpaca_error *error) {
    const alpaca_pool *pool = client->pool;
    memset(error, 0, offsetof(alpaca_error, client_order_id));
    error->message[0] = '\0';
    char url[sizeof pool->base_url + sizeof request->path->text];
    if (request->path->wrong) return alpaca_turn_into(error, ALPACA_ARGUMENT, request->path->wrong);
    snprintf(url, sizeof url, "%s%.*s", request->data ? pool->data_url : pool->base_url, (int)request->path->len,
             request->path->text);
    char *body = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;
    if (request->body && !body) return alpaca_turn_into(error, ALPACA_ARGUMENT, "an argument is no UTF-8");

    const hs_header headers[] = {
        {str("APCA-API-KEY-ID"), str(pool->api_key), HS_HEADER_SENSITIVE},
        {str("APCA-API-SECRET-KEY"), str(pool->api_secret), HS_HEADER_SENSITIVE},
        {str("Accept"), str("application/json"), 0},
        {str("Content-Type"), str("application/json"), 0},
    };
    const hs_bucket bucket = {pool->limiter, str(request->data ? "data" : "trading"), 1, 0};
    const hs_retry_options once = {.struct_size = sizeof once, .flags = HS_RETRY_429_PROCESSED};
    hs_policies policies = {.struct_size = sizeof policies, .buckets = &bucket, .bucket_count = pool->limiter ? 1 : 0};
    if (request->effect == CHANGES) { // rule 1
        policies.flags = HS_NOT_IDEMPOTENT;
        policies.retry = &once;
    }
    const hs_request_options options = {
        .struct_size = sizeof options,
        .method = str(request->method),
        .url = str(url),
        .headers = headers,
        .header_count = body ? 4 : 3,
        .body = body ? str(body) : (hs_str){NULL, 0},
        .policies = &policies,
        .start_after_ms = request->after_ms,
    };
    hs_response *response = NULL;
    hs_error *why = NULL;
    hs_status status = hs_request(client->worker, &options, &response, &why);
    free(body);
    if (status != HS_OK) return no_response(status, why, error);
    alpaca_result result = response_of(response, request->empty_answer, answer, error);
    hs_response_free(response);
    return result;
}

alpaca_result alpaca_get_one(alpaca_client *client, const path *path, bool data, const shape *shape, void *out, alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    *error = (alpaca_error){.result = ALPACA_OK};
    const request asked = {.method = "GET", .path = path, .data = data};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    return result == ALPACA_OK ? alpaca_take(answer, shape, out, error) : result;
}

alpaca_result alpaca_get_list(alpaca_client *client, const path *path, const shape *shape, void **out, size_t *count,
                              alpaca_error *error) {
    alpaca_error own;
    if (!error) error = &own;
    *error = (alpaca_error){.result = ALPACA_OK};
    const request asked = {.method = "GET", .path = path};
    json_t *answer = NULL;
    alpaca_result result = alpaca_ask(client, &asked, &answer, error);
    return result == ALPACA_OK ? alpaca_take_list(answer, shape, out, count, error) : result;
}
