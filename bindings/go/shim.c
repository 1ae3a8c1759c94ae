#include "shim.h"

void hsgo_reply_of(const hs_response *response, hsgo_reply *reply) {
    reply->metrics.struct_size = sizeof reply->metrics;
    hs_response_metrics(response, &reply->metrics);
    reply->url = hs_response_url(response);
    reply->body = hs_response_body(response);
    reply->trace_id = hs_response_trace_id(response);
    reply->headers = hs_response_header_count(response);
    reply->trailers = hs_response_trailer_count(response);
    reply->attempts = hs_response_attempt_count(response);
    reply->status = hs_response_status(response);
    reply->interim = 0;
    while (hs_response_interim_status(response, reply->interim)) reply->interim++;
    hsgo_fields(response, HSGO_HEADERS, 0, 0, reply->field, HSGO_FIELDS);
}

size_t hsgo_fields(const hs_response *response, uint32_t kind, size_t nth, size_t from, hs_header *out, size_t capacity) {
    size_t i = 0;
    hs_status status = HS_OK;
    for (; i < capacity; i++) {
        switch (kind) {
        case HSGO_HEADERS: status = hs_response_header_at(response, from + i, &out[i]); break;
        case HSGO_TRAILERS: status = hs_response_trailer_at(response, from + i, &out[i]); break;
        default: status = hs_response_interim_header_at(response, nth, from + i, &out[i]);
        }
        if (status != HS_OK) break;
    }
    return i;
}

size_t hsgo_attempts(const hs_response *response, const hs_error *error, hs_attempt *out, size_t capacity) {
    size_t i = 0;
    for (; i < capacity; i++) {
        out[i].struct_size = sizeof out[i];
        if ((response ? hs_response_attempt_at(response, i, &out[i]) : hs_error_attempt_at(error, i, &out[i])) != HS_OK) break;
    }
    return i;
}

void hsgo_fault_of(const hs_error *error, hsgo_fault *fault) {
    fault->info.struct_size = sizeof fault->info;
    hs_error_details(error, &fault->info);
    fault->message = hs_error_message(error);
    fault->trace_id = hs_error_trace_id(error);
    fault->trace = hs_error_trace(error);
    fault->attempts = hs_error_attempt_count(error);
}

hs_status hsgo_request(hs_worker *worker, hs_request_options *request, const void *body, size_t length, hsgo_outcome *outcome) {
    if (length) request->body.data = body, request->body.len = length;
    hs_status status = hs_request(worker, request, &outcome->response, &outcome->error);
    if (length) request->body.data = NULL, request->body.len = 0;
    if (status == HS_OK) hsgo_reply_of(outcome->response, &outcome->reply);
    return status;
}

hs_status hsgo_submit(hs_pool *pool, hs_request_options *request, const void *body, size_t length, uint64_t tag,
                      hs_error **error) {
    if (length) request->body.data = body, request->body.len = length;
    hs_status status = hs_pool_submit(pool, request, tag, error);
    if (length) request->body.data = NULL, request->body.len = 0;
    return status;
}

hs_status hsgo_try_read(hs_response *response, void *buffer, size_t capacity, size_t *count, uint32_t *end, hs_error **error) {
    char *to = buffer;
    size_t read = 0;
    hs_status status = HS_OK;
    *end = 0;
    while (*count = 0, read < capacity || capacity == 0) {
        size_t more = 0;
        status = hs_response_try_read(response, to + read, capacity - read, &more, error);
        if (status != HS_OK) break;
        if (more == 0) {
            *end = 1;
            break;
        }
        read += more;
    }
    *count = read;
    if (read && status != HS_OK) {
        // What was read counts; a failure stays and is told next time.
        if (*error) hs_error_free(*error), *error = NULL;
        status = HS_OK;
    }
    return status;
}
