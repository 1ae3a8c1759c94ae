/* What a worker tells of its calls, in which order, and what the callback may do. */

#include "client.h"

#define MOST 64

static struct {
    uint32_t kinds[MOST];
    hs_event last;
    char message[512], url[512], trace_id[33];
    int count;
    int32_t status;
} seen;

static hs_worker *busy;
static hs_cancel *cancel;
static int re_entered;

static void copy(char *place, size_t room, hs_str from) {
    CHECK(from.len < room);
    memcpy(place, from.data == NULL ? "" : from.data, from.len);
    place[from.len] = 0;
}

static void record(void *user_data, const hs_event *event) {
    CHECK(user_data == &seen);
    CHECK_INT(event->struct_size, sizeof *event);
    CHECK(seen.count < MOST);
    if (seen.count > 0) {
        CHECK_INT(event->call, seen.last.call);
        CHECK(event->time_ns >= seen.last.time_ns && event->elapsed_ns >= seen.last.elapsed_ns);
    }
    CHECK(event->method.len > 0 && event->url.len > 0);
    seen.kinds[seen.count++] = event->kind;
    seen.last = *event;
    copy(seen.message, sizeof seen.message, event->message);
    copy(seen.url, sizeof seen.url, event->url);
    copy(seen.trace_id, sizeof seen.trace_id, event->trace_id);
}

static hs_observe_options observing(hs_event_callback on_event) {
    hs_observe_options observe;
    memset(&observe, 0, sizeof observe);
    observe.struct_size = sizeof observe;
    observe.on_event = on_event;
    /* What policies decide has a program of its own. */
    observe.event_mask = 2 * HS_EVENT_CALL_END - 1;
    observe.user_data = &seen;
    return observe;
}

static hs_worker *observed(const hs_observe_options *observe) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    options.observe = observe;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static void check_kinds(int line, const uint32_t *expected) {
    int i = 0;
    for (; expected[i] != 0; i++) {
        if (i >= seen.count || seen.kinds[i] != expected[i]) {
            check_failed(__FILE__, line, "event %d of %d is %u, not %u", i, seen.count,
                         i < seen.count ? seen.kinds[i] : 0, expected[i]);
        }
    }
    if (seen.count != i) {
        check_failed(__FILE__, line, "%d events, not %d; the next is %u", seen.count, i, seen.kinds[i]);
    }
}
#define CHECK_KINDS(...) check_kinds(__LINE__, (const uint32_t[]){__VA_ARGS__, 0})

/* A GET whose events are recorded. */
static hs_status call(hs_worker *worker, const char *target) {
    hs_request_options request = get(target);
    hs_response *response = NULL;
    memset(&seen, 0, sizeof seen);
    request.cancel = cancel;
    const hs_status status = hs_request(worker, &request, &response, NULL);
    if (status == HS_OK) {
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
    CHECK_INT(seen.last.kind, HS_EVENT_CALL_END);
    CHECK_STATUS(seen.last.status, status);
    return status;
}

static void orders(void) {
    const hs_observe_options observe = observing(record);
    hs_worker *worker = observed(&observe);

    CHECK_STATUS(call(worker, url("%s/get?q=1&token=hush", address("http"))), HS_OK);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CONNECTED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_BODY_END,
                HS_EVENT_CALL_END);
    CHECK_INT(seen.last.call, 1);
    CHECK_INT(seen.last.attempt, 1);
    CHECK_INT(seen.last.http_status, 200);
    CHECK(strcmp(seen.url, url("%s/get?q=1&token=***", address("http"))) == 0);
    CHECK(seen.last.request_bytes > 20 && seen.last.response_bytes > 20);

    CHECK_STATUS(call(worker, url("%s/get", address("http"))), HS_OK);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_REUSED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_BODY_END,
                HS_EVENT_CALL_END);
    CHECK_INT(seen.last.call, 2);

    CHECK_STATUS(call(worker, url("%s/redirect/1", address("http"))), HS_OK);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_REUSED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_REDIRECT,
                HS_EVENT_REUSED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_BODY_END, HS_EVENT_CALL_END);
    CHECK_INT(seen.last.hop, 1);

    const char *port = strrchr(address("https"), ':');
    CHECK_STATUS(call(worker, url("https://localhost%s/get", port)), HS_OK);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_RESOLVED, HS_EVENT_CONNECTED, HS_EVENT_TLS_DONE, HS_EVENT_SENDING,
                HS_EVENT_HEAD, HS_EVENT_BODY_END, HS_EVENT_CALL_END);

    CHECK_STATUS(call(worker, url("http://%s/get?key=hush", address("closed"))), HS_ERR_CONNECT);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CALL_END);
    CHECK_INT(seen.last.phase, HS_PHASE_CONNECT);
    CHECK(strlen(seen.message) > 0 && strstr(seen.url, "hush") == NULL);

    CHECK_STATUS(call(worker, url("%s/get", address("self_signed"))), HS_ERR_TLS_SELF_SIGNED);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_RESOLVED, HS_EVENT_CONNECTED, HS_EVENT_CALL_END);

    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    CHECK_STATUS(call(worker, url("%s/get", address("http"))), HS_ERR_CANCELLED);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CALL_END);
    CHECK_INT(seen.last.attempt, 0);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    cancel = NULL;

    const int before = seen.count;
    const hs_request_options request = get("nonsense");
    FAILS(worker, &request, HS_ERR_INVALID_URL);
    CHECK_INT(seen.count, before);
    close_worker(worker);
}

static void cancel_at_head(void *user_data, const hs_event *event) {
    record(user_data, event);
    if (event->kind == HS_EVENT_HEAD) {
        CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    }
}

static void cancelling(void) {
    const hs_observe_options observe = observing(cancel_at_head);
    hs_worker *worker = observed(&observe);
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_STATUS(call(worker, url("%s/stall/body?bytes=5", address("http"))), HS_ERR_CANCELLED);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CONNECTED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_CALL_END);
    CHECK_INT(seen.last.phase, HS_PHASE_CANCEL);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    cancel = NULL;
    close_worker(worker);
}

static void enter_again(void *user_data, const hs_event *event) {
    const hs_request_options request = get(url("%s/get", address("http")));
    hs_counters counters;
    record(user_data, event);
    FAILS(busy, &request, HS_ERR_BUSY);
    CHECK_STATUS(hs_worker_free(busy), HS_ERR_BUSY);
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_worker_counters(busy, &counters), HS_OK);
    CHECK_INT(counters.calls_in_flight, event->kind == HS_EVENT_CALL_END ? 0 : 1);
    hs_worker *other = open_worker();
    GOOD(other, url("%s/get", address("http")));
    close_worker(other);
    re_entered++;
}

static void re_entry(void) {
    const hs_observe_options observe = observing(enter_again);
    busy = observed(&observe);
    CHECK_STATUS(call(busy, url("%s/redirect/1", address("https"))), HS_OK);
    CHECK_INT(re_entered, seen.count);
    CHECK(seen.count >= 10);
    close_worker(busy);
}

static void masks(void) {
    hs_observe_options observe = observing(record);
    observe.event_mask = HS_EVENT_HEAD | HS_EVENT_CALL_END;
    hs_worker *worker = observed(&observe);
    CHECK_STATUS(call(worker, url("%s/redirect/1", address("http"))), HS_OK);
    CHECK_KINDS(HS_EVENT_HEAD, HS_EVENT_HEAD, HS_EVENT_CALL_END);
    close_worker(worker);
}

/* The trace-id that the server was told. */
static void trace_context(void) {
    hs_observe_options observe = observing(record);
    observe.trace_context = HS_TRACE_CONTEXT_SAMPLED;
    hs_worker *worker = observed(&observe);
    hs_request_options request = get(url("%s/headers", address("http")));
    char first[33];
    for (int round = 0; round < 2; round++) {
        memset(&seen, 0, sizeof seen);
        hs_response *response = SEND(worker, &request);
        const hs_str id = hs_response_trace_id(response);
        CHECK_INT(id.len, 32);
        CHECK_TEXT(id, seen.trace_id);
        CHECK_HAS(hs_response_body(response), url("00-%s-", seen.trace_id));
        CHECK(round == 0 || strcmp(first, seen.trace_id) != 0);
        memcpy(first, seen.trace_id, sizeof first);
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }

    const char *own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    const hs_header header = {text("Traceparent"), text(own), 0};
    request.headers = &header;
    request.header_count = 1;
    memset(&seen, 0, sizeof seen);
    hs_response *response = SEND(worker, &request);
    CHECK_TEXT(hs_response_trace_id(response), "0af7651916cd43dd8448eb211c80319c");
    CHECK_HAS(hs_response_body(response), own);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    request = get(url("http://%s/get", address("closed")));
    memset(&seen, 0, sizeof seen);
    hs_error *error = ERROR_OF(worker, &request, HS_ERR_CONNECT);
    CHECK_TEXT(hs_error_trace_id(error), seen.trace_id);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    close_worker(worker);

    worker = open_worker();
    request = get(url("%s/headers", address("http")));
    response = SEND(worker, &request);
    CHECK(hs_response_trace_id(response).data == NULL);
    CHECK(!text_has(hs_response_body(response), "traceparent"));
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

static void refuse(const hs_observe_options *observe, const char *part) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    options.observe = observe;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

/* Reads a stream until it ends or fails. */
static hs_status drain(hs_response *response, uint64_t timeout_ms) {
    char buffer[1000];
    size_t count = 0;
    hs_status status;
    do {
        status = hs_response_read(response, buffer, sizeof buffer, &count, timeout_ms, NULL);
    } while (status == HS_OK && count > 0);
    return status;
}

static void a_stream_is_over_at_its_end(void) {
    const hs_observe_options observe = observing(record);
    hs_worker *worker = observed(&observe);
    hs_request_options request = get(url("%s/bytes/100000", address("http")));
    request.flags = HS_STREAM | HS_TRACE;
    memset(&seen, 0, sizeof seen);
    hs_response *response = SEND(worker, &request);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CONNECTED, HS_EVENT_SENDING, HS_EVENT_HEAD);
    CHECK_STATUS(drain(response, 0), HS_OK);
    CHECK_STATUS(drain(response, 0), HS_OK);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CONNECTED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_BODY_END,
                HS_EVENT_CALL_END);
    CHECK_STATUS(seen.last.status, HS_OK);
    CHECK(seen.last.response_bytes >= 100000);
    CHECK_HAS(hs_response_trace(response), "succeeded");
    CHECK_STATUS(hs_response_free(response), HS_OK);

    /* Not yet is not over. */
    request.url = text(url("%s/stall/body?bytes=5", address("http")));
    memset(&seen, 0, sizeof seen);
    response = SEND(worker, &request);
    CHECK_STATUS(drain(response, 20), HS_ERR_READ_TIMEOUT);
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_REUSED, HS_EVENT_SENDING, HS_EVENT_HEAD);
    hs_counters counters;
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_worker_counters(worker, &counters), HS_OK);
    CHECK_INT(counters.calls_in_flight, 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_STATUS(hs_worker_counters(worker, &counters), HS_OK);
    CHECK_INT(counters.calls_in_flight, 0);
    close_worker(worker);

    worker = observed(&observe);
    request.url = text(url("%s/short?bytes=50&missing=10", address("http")));
    memset(&seen, 0, sizeof seen);
    response = SEND(worker, &request);
    CHECK_STATUS(drain(response, 0), HS_ERR_BODY_TRUNCATED);
    CHECK_STATUS(drain(response, 0), HS_ERR_BODY_TRUNCATED);
    CHECK_INT(seen.last.kind, HS_EVENT_CALL_END);
    CHECK_STATUS(seen.last.status, HS_ERR_BODY_TRUNCATED);
    int ends = 0;
    for (int i = 0; i < seen.count; i++) {
        ends += seen.kinds[i] == HS_EVENT_CALL_END;
    }
    CHECK_INT(ends, 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

static void a_download_is_one_call_however_often_it_breaks_off(void) {
    const hs_observe_options observe = observing(record);
    hs_worker *worker = observed(&observe);
    hs_request_options request = get(url("%s/range/100000?fail_after=60000", address("http")));
    request.flags = HS_TRACE;
    hs_download_options download;
    memset(&download, 0, sizeof download);
    download.struct_size = sizeof download;
    FILE *file = tmpfile();
    CHECK(file != NULL);
    download.fd = fileno(file);
    memset(&seen, 0, sizeof seen);
    hs_response *response = NULL;
    CHECK_STATUS(hs_download(worker, &request, &download, &response, NULL), HS_OK);
    CHECK_INT(metrics_of(response).file_bytes, 100000);
    CHECK_HAS(hs_response_trace(response), "succeeded");
    CHECK(!text_has(hs_response_trace(response), "the call has failed"));
    CHECK_KINDS(HS_EVENT_CALL_START, HS_EVENT_CONNECTED, HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_CONNECTED,
                HS_EVENT_SENDING, HS_EVENT_HEAD, HS_EVENT_BODY_END, HS_EVENT_CALL_END);
    CHECK_INT(seen.last.attempt, 2);
    CHECK_STATUS(seen.last.status, HS_OK);
    hs_counters counters;
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_worker_counters(worker, &counters), HS_OK);
    CHECK_INT(counters.calls_succeeded, 1);
    CHECK_INT(counters.calls_failed, 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    fclose(file);
    close_worker(worker);
}

static void wrong_options(void) {
    const hs_str none = text("--");
    hs_observe_options observe = observing(record);
    observe.flags = 1u << 31;
    refuse(&observe, "flags");
    observe = observing(record);
    observe.event_mask = 1u << 31;
    refuse(&observe, "event_mask");
    observe = observing(record);
    observe.trace_context = 3;
    refuse(&observe, "trace_context is 3");
    observe = observing(record);
    observe.redact_query_keys = &none;
    observe.redact_query_key_count = 1;
    refuse(&observe, "redact_query_keys");
}

int main(int count, char **arguments) {
    begin(count, arguments);
    orders();
    cancelling();
    re_entry();
    masks();
    trace_context();
    a_stream_is_over_at_its_end();
    a_download_is_one_call_however_often_it_breaks_off();
    wrong_options();
    return 0;
}
