// What Go would have to cross into C many times for, in one crossing each.
#ifndef HSGO_SHIM_H
#define HSGO_SHIM_H

#include <http_sentinel.h>

// How many fields come along with the rest of a response; of more the others are asked for.
#define HSGO_FIELDS 32

// What there is to know of a response. Its texts are the response's.
typedef struct hsgo_reply {
    hs_metrics metrics;
    hs_str url, body, trace_id;
    size_t headers, trailers, attempts;
    uint32_t status, interim;
    hs_header field[HSGO_FIELDS];
} hsgo_reply;

// What there is to know of an error. Its texts are the error's.
typedef struct hsgo_fault {
    hs_error_info info;
    hs_str message, trace_id, trace;
    size_t attempts;
} hsgo_fault;

// What came of a call.
typedef struct hsgo_outcome {
    hs_response *response;
    hs_error *error;
    hsgo_reply reply;
} hsgo_outcome;

// Kinds of fields.
#define HSGO_HEADERS 0
#define HSGO_TRAILERS 1
#define HSGO_INTERIM 2

void hsgo_reply_of(const hs_response *response, hsgo_reply *reply);
size_t hsgo_fields(const hs_response *response, uint32_t kind, size_t nth, size_t from, hs_header *out, size_t capacity);
size_t hsgo_attempts(const hs_response *response, const hs_error *error, hs_attempt *out, size_t capacity);
void hsgo_fault_of(const hs_error *error, hsgo_fault *fault);

// hs_request and hs_pool_submit with a body that stays where it is: only the arguments of a call may point to Go's memory.
hs_status hsgo_request(hs_worker *worker, hs_request_options *request, const void *body, size_t length, hsgo_outcome *outcome);
hs_status hsgo_submit(hs_pool *pool, hs_request_options *request, const void *body, size_t length, uint64_t tag,
                      hs_error **error);

// Reads as much as there is now, up to the capacity; `*end` is 1 where the body has ended. HS_ERR_WOULD_BLOCK only where
// nothing was read.
hs_status hsgo_try_read(hs_response *response, void *buffer, size_t capacity, size_t *count, uint32_t *end, hs_error **error);

// hs_retry_run with Go's functions: the context is a cgo.Handle, which is a number.
hs_status hsgo_retry_run(hs_retry *retry, uintptr_t context, uint32_t decides, hs_cancel *cancel, hs_retry_report *report,
                         hs_error **error);

#endif
