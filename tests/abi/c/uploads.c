/* Bodies that are read while they are sent: lengths known and not, sources that stop, lie or begin again. */

#include "client.h"

static hs_worker *worker;

/* A source of so many times 'x'. */
struct source {
    size_t length, sent, piece;
    int reads, rewinds;
    int32_t stops_with;
    size_t claims;
    int enters;
};

static int32_t read_source(void *user_data, void *buffer, size_t capacity, size_t *count) {
    struct source *source = user_data;
    CHECK(capacity > 0);
    source->reads++;
    if (source->stops_with != 0 && source->sent > 0) {
        return source->stops_with;
    }
    if (source->enters) {
        const hs_request_options request = get(address("http"));
        FAILS(worker, &request, HS_ERR_BUSY);
        CHECK_STATUS(hs_worker_free(worker), HS_ERR_BUSY);
    }
    size_t now = source->length - source->sent;
    now = now < source->piece ? now : source->piece;
    now = now < capacity ? now : capacity;
    memset(buffer, 'x', now);
    source->sent += now;
    *count = now + source->claims;
    return 0;
}

static int32_t rewind_source(void *user_data) {
    struct source *source = user_data;
    source->sent = 0;
    source->rewinds++;
    return 0;
}

static int32_t refuse_to_rewind(void *user_data) {
    (void)user_data;
    return -7;
}

static struct source source_of(size_t length) {
    const struct source source = {length, 0, 7777, 0, 0, 0, 0, 0};
    return source;
}

static hs_upload upload_from(struct source *source, uint64_t length) {
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.length = length;
    upload.read = read_source;
    upload.user_data = source;
    return upload;
}

static void arrives(const char *base, size_t length, int announced) {
    struct source source = source_of(length);
    const hs_upload upload = upload_from(&source, announced ? length : 0);
    const hs_request_options request = put(url("%s/upload", base), &upload);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_HAS(hs_response_body(response), url("\"length\":%zu", length));
    CHECK_INT(metrics_of(response).request_body_bytes, length);
    CHECK(metrics_of(response).request_header_bytes < 1000);
    CHECK_INT(source.sent, length);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void the_head_says_what_is_known(void) {
    struct source source = source_of(5);
    hs_upload upload = upload_from(&source, 5);
    hs_request_options request = put(url("%s/anything", address("http")), &upload);
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "xxxxx");
    CHECK(!text_has(hs_response_body(response), "hunked"));
    CHECK(!text_has(hs_response_body(response), "xpect"));
    CHECK_STATUS(hs_response_free(response), HS_OK);
    source = source_of(5);
    upload.length = 0;
    response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "chunked");
    CHECK_HAS(hs_response_body(response), "xxxxx");
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void a_source_may_stop_the_call_but_not_lie(void) {
    const char *target = url("%s/upload", address("http"));
    struct source source = source_of(100000);
    hs_upload upload = upload_from(&source, 0);
    const hs_request_options request = put(target, &upload);
    source.stops_with = 42;
    FAILS_SAYING(worker, &request, HS_ERR_CALLBACK, "42");

    source = source_of(1000);
    source.piece = 100;
    source.claims = 1u << 30;
    FAILS(worker, &request, HS_ERR_CALLBACK);

    source = source_of(1000);
    upload.length = 1001;
    hs_error_info info = FAILS(worker, &request, HS_ERR_INVALID_BODY);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(info.retryable, HS_RETRYABLE_NO);

    /* More than was announced stays where it is. */
    source = source_of(1000);
    upload.length = 999;
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "\"length\":999");
    CHECK_STATUS(hs_response_free(response), HS_OK);

    source = source_of(10);
    source.enters = 1;
    upload.length = 10;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK(source.reads > 0);
}

static void a_redirect_that_repeats_it_needs_a_rewind(void) {
    /* It answers when it has the whole request, and closes nothing. */
    char script[512];
    snprintf(script, sizeof script,
             "{\"steps\":[{\"read\":\"request\"},{\"send\":\"HTTP/1.1 307 Elsewhere\\r\\nLocation: %s/upload\\r\\n"
             "Content-Length: 0\\r\\n\\r\\n\"}]}", address("http"));
    const hs_request_options install = post(url("%s/script/moved", address("http")), script);
    CHECK_STATUS(hs_response_free(SEND(worker, &install)), HS_OK);
    struct source source = source_of(30000);
    hs_upload upload = upload_from(&source, 30000);
    hs_request_options request = put(url("http://%s/moved", address("script")), &upload);
    FAILS(worker, &request, HS_ERR_NOT_REPLAYABLE);

    source = source_of(30000);
    upload.rewind = rewind_source;
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "\"length\":30000");
    /* Twice where the connection that the call before left has ended meanwhile. */
    CHECK(source.rewinds >= 1 && source.rewinds <= 2);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    source = source_of(30000);
    upload.rewind = refuse_to_rewind;
    FAILS_SAYING(worker, &request, HS_ERR_CALLBACK, "-7");

    /* One that turns it into a GET does not. */
    source = source_of(30000);
    upload.rewind = NULL;
    request.url = text(url("%s/redirect-to?status=303&url=%s/get", address("http"), address("http")));
    response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void a_connection_that_died_needs_a_rewind_as_well(void) {
    hs_worker *outer = worker;
    for (int rewinds = 0; rewinds < 2; rewinds++) {
        worker = open_worker();
        const char *target = url("http://%s/keepalive-then-close?key=uploads-%d", address("script"), rewinds);
        GOOD(worker, target);
        struct source source = source_of(10);
        hs_upload upload = upload_from(&source, 10);
        upload.rewind = rewinds ? rewind_source : NULL;
        const hs_request_options request = put(target, &upload);
        if (rewinds) {
            hs_response *response = SEND(worker, &request);
            CHECK_INT(metrics_of(response).internal_resends, 1);
            CHECK_INT(source.rewinds, 1);
            CHECK_STATUS(hs_response_free(response), HS_OK);
        } else {
            hs_response *response = NULL;
            hs_error *error = NULL;
            const hs_status status = hs_request(worker, &request, &response, &error);
            CHECK(status == HS_ERR_CONNECTION_CLOSED || status == HS_ERR_NOT_REPLAYABLE || status == HS_ERR_RECEIVE);
            const hs_error_info info = take_facts(error);
            CHECK_INT(info.request_sent, HS_SENT_MAYBE);
        }
        close_worker(worker);
    }
    worker = outer;
}

static void an_answer_may_come_before_the_end(void) {
    const hs_request_options install =
        post(url("%s/script/early", address("http")),
             "{\"steps\":[{\"read\":\"head\"},{\"send\":\"HTTP/1.1 413 Too Large\\r\\nContent-Length: 3\\r\\n\\r\\nno!\"},"
             "{\"stall\":\"unread\"}]}");
    CHECK_STATUS(hs_response_free(SEND(worker, &install)), HS_OK);
    struct source source = source_of(50000000);
    const hs_upload upload = upload_from(&source, 50000000);
    const hs_request_options request = put(url("http://%s/early", address("script")), &upload);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 413);
    CHECK_TEXT(hs_response_body(response), "no!");
    CHECK(source.sent < 50000000);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void a_server_that_reads_nothing_is_not_waited_for_for_ever(void) {
    hs_request_options install = post(url("%s/script/deaf", address("http")),
                                      "{\"steps\":[{\"stall\":\"unread\"}]}");
    CHECK_STATUS(hs_response_free(SEND(worker, &install)), HS_OK);
    struct source source = source_of(500000000);
    const hs_upload upload = upload_from(&source, 500000000);
    hs_request_options request = put(url("http://%s/deaf", address("script")), &upload);
    request.idle_timeout_ms = 300;
    const hs_error_info info = FAILS(worker, &request, HS_ERR_IDLE_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_SEND);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK(source.sent < 500000000);
}

static void what_makes_no_sense_is_refused(void) {
    struct source source = source_of(10);
    hs_upload upload = upload_from(&source, 10);
    hs_request_options request = put(url("%s/upload", address("http")), &upload);
    request.body = text("also");
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "upload");
    request.body = text("");
    request.method = text("HEAD");
    FAILS(worker, &request, HS_ERR_INVALID_BODY);
    request.method = text("");
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    upload.flags = 1;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "hs_upload.flags");
    upload.flags = 0;
    upload.read = NULL;
    FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "hs_upload.read");
    upload.struct_size = 4;
    FAILS(worker, &request, HS_ERR_STRUCT_SIZE);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    const char *const bases[] = {address("http"), address("https"), address("https_h1")};
    for (size_t i = 0; i < 3; i++) {
        for (int announced = 0; announced < 2; announced++) {
            arrives(bases[i], 0, announced);
            arrives(bases[i], 1, announced);
            arrives(bases[i], 1000003, announced);
        }
    }
    the_head_says_what_is_known();
    a_source_may_stop_the_call_but_not_lie();
    a_redirect_that_repeats_it_needs_a_rewind();
    a_connection_that_died_needs_a_rewind_as_well();
    an_answer_may_come_before_the_end();
    a_server_that_reads_nothing_is_not_waited_for_for_ever();
    what_makes_no_sense_is_refused();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}
