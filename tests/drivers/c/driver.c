/* The behaviour table's driver in C: requests as lines on stdin, what came of them as lines on stdout. The protocol is
 * told in tests/drivers/README.md. An option is one line of a table here. */

#include "driver.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A longer body is told by its length and hash alone. */
#define TOLD_BYTES 65536

/* The most parts of a form. */
#define MOST_PARTS 64

/* Facts that do not differ from run to run. */
static const struct {
    const char *name;
    size_t offset, size;
} metrics_fields[] = {
#define FACT(name) {#name, offsetof(hs_metrics, name), sizeof(((hs_metrics *)0)->name)}
    FACT(attempts),
    FACT(redirects),
    FACT(internal_resends),
    FACT(request_header_bytes),
    FACT(request_body_bytes),
    FACT(response_header_bytes),
    FACT(response_body_bytes),
    FACT(connection_reused),
    FACT(http_version),
    FACT(tls_version),
    FACT(decoded),
    FACT(proxied),
    FACT(auth_exchanges),
};

/* ---- a block ------------------------------------------------------------------------------------------------------ */

typedef struct {
    hs_worker_options worker;
    hs_pool_options pool;
    int via_pool; /* a pool of such workers */
    hs_request_options request;
    uint64_t tag;
    int lends; /* the body, until it is released */
    hs_header headers[1200];
    hs_part parts[MOST_PARTS];
    size_t part_count;
    hs_str boundary;
    manner how;
    const char *null;  /* what is NULL */
    const char *cancel;
    hs_str cancel_after;
    hs_cancel *switch_;
    size_t read; /* the capacity of each hs_response_read, 0 for none */
    /* The callbacks' part. */
    hs_str upload; /* what is uploaded */
    size_t uploaded;
    size_t upload_piece;
    int upload_stops;
    const char *on_body;
    char *body;
    size_t body_length;
} block;

static hs_str repeated(char *value) { /* SIZE TEXT */
    const hs_str pattern = decoded(split(value));
    const size_t size = (size_t)number(value);
    char *data = keep(size);
    for (size_t i = 0; i < size; i++) data[i] = pattern.data[i % pattern.len];
    return (hs_str){data, size};
}

/* The jar that jar blocks work on, and workers with `jar` use. */
static hs_cookie_jar *jar;

static void worker_option(block *b, const char *key, const char *value) {
    if (strcmp(key, "jar") == 0) {
        b->worker.cookies = jar;
        return;
    }
    if (strcmp(key, "via") == 0) {
        b->via_pool = strcmp(value, "pool") == 0;
        return;
    }
    if (strncmp(key, "pool.", 5) == 0) {
        if (set("hs_pool_options", &b->pool, &b->how, key + 5, value)) return;
    } else if (set("hs_worker_options", &b->worker, &b->how, key, value)) {
        return;
    }
    fail("unknown worker option", key);
}

static int32_t read_upload(void *user_data, void *buffer, size_t capacity, size_t *count);
static int32_t rewind_upload(void *user_data);

/* The upload's struct is kept apart from where it is lent, since it is lent as const. */
static hs_upload *upload_of(block *b) {
    set("hs_request_options", &b->request, &b->how, "upload", "");
    hs_upload *made;
    memcpy(&made, &b->request.upload, sizeof made);
    made->user_data = b;
    return made;
}

static void request_option(block *b, const char *key, char *value) {
    if (strcmp(key, "header") == 0) { /* FLAGS NAME VALUE */
        if (b->request.header_count == COUNT(b->headers)) fail("too many", "headers");
        hs_header *header = &b->headers[b->request.header_count++];
        char *name = split(value);
        char *text = split(name);
        header->flags = (uint32_t)number(value);
        header->name = decoded(name);
        header->value = decoded(text);
        b->request.headers = b->headers;
    } else if (strcmp(key, "part.add") == 0) {
        if (b->part_count == MOST_PARTS) fail("too many", "parts");
        b->parts[b->part_count++].struct_size = sizeof(hs_part);
    } else if (strncmp(key, "part.", 5) == 0) {
        hs_part *last = &b->parts[b->part_count - 1];
        if (!set("hs_part", last, &b->how, key + 5, value)) fail("unknown option of a", key);
    } else if (strcmp(key, "boundary") == 0) {
        b->boundary = decoded(value);
    } else if (strcmp(key, "body_repeat") == 0) {
        b->request.body = repeated(value);
    } else if (strcmp(key, "upload_repeat") == 0) {
        b->upload = repeated(value);
        upload_of(b)->read = read_upload;
    } else if (strcmp(key, "upload_piece") == 0) {
        b->upload_piece = (size_t)number(value);
    } else if (strcmp(key, "upload_stop") == 0) {
        b->upload_stops = 1;
    } else if (strcmp(key, "upload_rewind") == 0) {
        upload_of(b)->rewind = rewind_upload;
    } else if (strcmp(key, "read") == 0) {
        b->read = (size_t)number(value);
    } else if (strcmp(key, "tag") == 0) {
        b->tag = number(value);
    } else if (strcmp(key, "lend") == 0) {
        b->lends = 1;
    } else if (strcmp(key, "nts") == 0) {
        b->how.nts = 1;
    } else if (strcmp(key, "null") == 0) {
        b->null = decoded(value).data;
    } else if (strcmp(key, "on_body") == 0) {
        b->on_body = decoded(value).data;
    } else if (strcmp(key, "cancel") == 0 && strcmp(value, "before") == 0) {
        b->cancel = decoded(value).data;
    } else if (strcmp(key, "cancel_after") == 0) {
        b->cancel_after = decoded(value);
    } else if (!set("hs_request_options", &b->request, &b->how, key, value)) {
        fail("unknown request option", key);
    }
}

/* ---- what came of it ---------------------------------------------------------------------------------------------- */

static void put_error(hs_error *error) {
    hs_error_info info;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    put_status("error.details", hs_error_details(error, &info));
    put_status("error.status", hs_error_status(error));
    put_text("error.message", hs_error_message(error));
    put_text("error.phase", hs_phase_name(info.phase));
    put_number("error.request_sent", info.request_sent);
    put_number("error.retryable", info.retryable);
    put_number("error.attempts", info.attempts);
    put_number("error.curl_code", info.curl_code);
    put_number("error.os_error", info.os_error);
    put_status("error.freed", hs_error_free(error));
}

static void put_body(const char *data, size_t length) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    put_number("body.length", (int64_t)length);
    printf("body.hash %016" PRIx64 "\n", hash);
    if (length <= TOLD_BYTES) {
        const hs_str text = {data, length};
        put_text("body", text);
    }
}

static void put_field(const char *key, const hs_header *header) {
    printf("%s ", key);
    put_encoded(header->name);
    put_text("", header->value);
}

static void take(block *b, const void *data, size_t length) {
    b->body = must(realloc(b->body, b->body_length + length + 1));
    memcpy(b->body + b->body_length, data, length);
    b->body_length += length;
}

/* Reads to the end, or until it fails, and once more: the end and a failure stay. */
static void read_body(block *b, hs_response *response) {
    char *buffer = keep(b->read);
    size_t count = 1;
    hs_error *error = NULL;
    hs_status status = HS_OK;
    while (status == HS_OK && count > 0) {
        status = hs_response_read(response, buffer, b->read, &count, 0, &error);
        if (status == HS_OK) take(b, buffer, count);
    }
    put_status("read", status);
    if (status != HS_OK) put_error(error);
    put_status("read.again", hs_response_read(response, buffer, b->read, &count, 0, NULL));
}

typedef struct {
    block *block;
    hs_response *response;
} reading;

static void *reader(void *user_data) {
    const reading *what = user_data;
    read_body(what->block, what->response);
    return NULL;
}

/* What came through a pool is read by another thread. */
static void read_elsewhere(block *b, hs_response *response) {
    pthread_t thread;
    reading what = {b, response};
    if (pthread_create(&thread, NULL, reader, &what) != 0) fail("no", "thread");
    pthread_join(thread, NULL);
}

static void put_response(block *b, hs_response *response) {
    put_number("http", hs_response_status(response));
    put_text("url", hs_response_url(response));
    hs_header header;
    const size_t headers = hs_response_header_count(response);
    for (size_t i = 0; i < headers && hs_response_header_at(response, i, &header) == HS_OK; i++) {
        put_field("header", &header);
    }
    put_status("header.end", hs_response_header_at(response, headers, &header));
    for (size_t nth = 0; hs_response_interim_status(response, nth) != 0; nth++) {
        put_number("interim", hs_response_interim_status(response, nth));
        for (size_t i = 0; hs_response_interim_header_at(response, nth, i, &header) == HS_OK; i++) {
            put_field("interim.header", &header);
        }
    }

    if (b->read > 0) (pool_is_open() ? read_elsewhere : read_body)(b, response);
    const hs_str body = hs_response_body(response);
    if (b->on_body == NULL && b->read == 0) {
        put_body(body.data, body.len);
    } else {
        put_body(b->body, b->body_length);
        put_number("body.left", (int64_t)body.len);
    }

    for (size_t i = 0; hs_response_trailer_at(response, i, &header) == HS_OK; i++) put_field("trailer", &header);
    put_number("trailers", (int64_t)hs_response_trailer_count(response));

    hs_metrics metrics;
    memset(&metrics, 0, sizeof metrics);
    metrics.struct_size = sizeof metrics;
    put_status("metrics", hs_response_metrics(response, &metrics));
    for (size_t i = 0; i < COUNT(metrics_fields); i++) {
        const char *at = (const char *)&metrics + metrics_fields[i].offset;
        const void *value = at;
        printf("metrics.");
        put_number(metrics_fields[i].name, metrics_fields[i].size == 4 ? (int64_t) * (const uint32_t *)value
                                                                       : (int64_t) * (const uint64_t *)value);
    }
    put_number("metrics.peer.family", metrics.peer.family);
    put_number("metrics.local.family", metrics.local.family);

    hs_redirect redirect;
    memset(&redirect, 0, sizeof redirect);
    redirect.struct_size = sizeof redirect;
    size_t hops = 0;
    for (; hs_response_redirect_at(response, hops, &redirect) == HS_OK; hops++) {
        printf("redirect %" PRIu32, redirect.status);
        put_text("", redirect.url);
    }
    put_status("redirect.end", hs_response_redirect_at(response, hops, &redirect));
    put_status("freed", hs_response_free(response));
}

/* ---- doing it ----------------------------------------------------------------------------------------------------- */

static int32_t on_body(void *user_data, const void *data, size_t length) {
    block *b = user_data;
    if (strcmp(b->on_body, "stop") == 0) return 7;
    if (strcmp(b->on_body, "cancel") == 0) hs_cancel_trigger(b->switch_);
    take(b, data, length);
    return 0;
}

static int32_t read_upload(void *user_data, void *buffer, size_t capacity, size_t *count) {
    block *b = user_data;
    size_t piece = b->upload.len - b->uploaded;
    if (b->upload_stops) return 9;
    if (b->upload_piece > 0 && piece > b->upload_piece) piece = b->upload_piece;
    if (piece > capacity) piece = capacity;
    memcpy(buffer, b->upload.data + b->uploaded, piece);
    b->uploaded += piece;
    *count = piece;
    return 0;
}

static int32_t rewind_upload(void *user_data) {
    block *b = user_data;
    b->uploaded = 0;
    return 0;
}

/* Waits until a URL answers, and throws the switch. */
static void *canceller(void *user_data) {
    const block *b = user_data;
    hs_worker *worker = NULL;
    hs_response *response = NULL;
    hs_request_options request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.url = b->cancel_after;
    if (hs_worker_new(NULL, &worker, NULL) != HS_OK || hs_request(worker, &request, &response, NULL) != HS_OK) {
        fail("cannot wait for", b->cancel_after.data);
    }
    hs_cancel_trigger(b->switch_);
    hs_response_free(response);
    hs_worker_free(worker);
    return NULL;
}

static hs_worker *open_worker(block *b) {
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    b->pool.worker = &b->worker;
    const hs_status status =
        b->via_pool ? pool_open(&b->pool, &error) : hs_worker_new(&b->worker, &worker, &error);
    put_status("status", status);
    if (status != HS_OK) put_error(error);
    return worker;
}

static hs_form *form_of(const block *b) {
    hs_form *form = NULL;
    hs_error *error = NULL;
    put_status("form.new", hs_form_new(b->boundary, &form, &error));
    if (error != NULL) put_error(error);
    for (size_t i = 0; i < b->part_count; i++) {
        put_status("form.add", hs_form_add(form, &b->parts[i], &error));
        if (error != NULL) put_error(error);
    }
    return form;
}

static void take_body(block *b) {
    if (b->on_body == NULL) return;
    b->request.on_body = on_body;
    b->request.user_data = b;
}

static void put_outcome(block *b, hs_status status, hs_response *response, hs_error *error) {
    put_status("status", status);
    if (status == HS_OK) {
        put_response(b, response);
    } else {
        put_error(error);
    }
}

static void request(block *b, hs_worker *worker) {
    pthread_t thread;
    hs_form *form = b->part_count > 0 ? form_of(b) : NULL;
    b->request.form = form;
    hs_response *response = NULL;
    hs_error *error = NULL;
    if (b->cancel != NULL || b->cancel_after.data != NULL || is(b->on_body, "cancel")) {
        put_status("cancel.new", hs_cancel_new(&b->switch_));
        b->request.cancel = b->switch_;
    }
    if (is(b->cancel, "before")) put_status("cancel.triggered", hs_cancel_trigger(b->switch_));
    take_body(b);
    if (b->cancel_after.data != NULL && pthread_create(&thread, NULL, canceller, b) != 0) fail("no", "thread");

    const hs_request_options *options = is(b->null, "request") ? NULL : &b->request;
    const hs_status status = pool_is_open() ? pool_request(options, &response, &error)
                                            : hs_request(is(b->null, "worker") ? NULL : worker, options,
                                                         is(b->null, "response") ? NULL : &response, &error);

    if (b->cancel_after.data != NULL) pthread_join(thread, NULL);
    put_outcome(b, status, response, error);
    if (b->switch_ != NULL) put_status("cancel.freed", hs_cancel_free(b->switch_));
    if (form != NULL) put_status("form.freed", hs_form_free(form));
    free(b->body);
}

static void submit(const block *b) {
    hs_error *error = NULL;
    const hs_status status = pool_submit(&b->request, b->tag, &error);
    put_status("status", status);
    if (status != HS_OK) put_error(error);
}

static void take_completion(block *b) {
    hs_response *response = NULL;
    hs_error *error = NULL;
    const hs_status status = pool_take(b->tag, &response, &error);
    if (status == HS_OK) {
        hs_metrics metrics;
        memset(&metrics, 0, sizeof metrics);
        metrics.struct_size = sizeof metrics;
        hs_response_metrics(response, &metrics);
        put_number("waited", metrics.pool_queue_ns > 0);
    }
    put_outcome(b, status, response, error);
    free(b->body);
}

/* `jar OP RESULT`: a text or number where it has one, else the status. */
static void put_jar(const char *operation, hs_status status, hs_error *error, hs_text *text) {
    printf("jar %s ", operation);
    put_encoded(text != NULL ? hs_text_value(text) : hs_status_name(status));
    putchar('\n');
    if (error != NULL) put_error(error);
    hs_text_free(text);
}

static void jar_operation(const char *key, char *value) {
    const hs_str second = decoded(split(value)), first = decoded(value);
    hs_error *error = NULL;
    hs_text *text = NULL;
    hs_status status = HS_OK;
    if (strcmp(key, "count") == 0) {
        printf("jar count %zu\n", hs_cookie_jar_count(jar));
        return;
    } else if (strcmp(key, "new") == 0) {
        hs_cookie_jar_free(jar);
        status = hs_cookie_jar_new(&jar);
    } else if (strcmp(key, "set") == 0) { /* URL LINE */
        status = hs_cookie_jar_set(jar, first, second, &error);
    } else if (strcmp(key, "get") == 0) { /* URL */
        status = hs_cookie_jar_get(jar, first, &text, &error);
    } else if (strcmp(key, "export") == 0) {
        status = hs_cookie_jar_export(jar, &text, &error);
    } else if (strcmp(key, "import") == 0) { /* TEXT */
        status = hs_cookie_jar_import(jar, first, &error);
    } else if (strcmp(key, "clear") == 0) {
        status = hs_cookie_jar_clear(jar);
    } else {
        fail("unknown jar operation", key);
    }
    put_jar(key, status, error, text);
}

const hs_request_options *request_of(const lines *all, size_t from, size_t to) {
    block *b = keep(sizeof *b);
    b->request.struct_size = sizeof b->request;
    for (size_t i = from; i < to; i++) request_option(b, all->keys[i], all->values[i]);
    take_body(b);
    return &b->request;
}

/* Reads the other lines of a block. */
static lines read_lines(void) {
    lines all = {NULL, NULL, 0};
    size_t room = 0;
    char *line;
    while ((line = read_line()) != NULL && *line != '\0') {
        if (all.count == room) {
            room = room * 2 + 16;
            all.keys = must(realloc(all.keys, room * sizeof *all.keys));
            all.values = must(realloc(all.values, room * sizeof *all.values));
        }
        const char *value = split(line);
        all.keys[all.count] = strcpy(keep(strlen(line)), line);
        all.values[all.count++] = strcpy(keep(strlen(value)), value);
    }
    return all;
}

/* Reads and does one block; false at the end of the input. */
static int next_block(hs_worker **worker) {
    static block b;
    memset(&b, 0, sizeof b);
    b.worker.struct_size = sizeof b.worker;
    b.pool.struct_size = sizeof b.pool;
    b.request.struct_size = sizeof b.request;
    char *line = read_line();
    if (line == NULL) return 0;
    char *verb = strcpy(keep(strlen(line)), line);
    const char *name = split(verb);
    const lines all = read_lines();
    if (strcmp(verb, "open") == 0) {
        for (size_t i = 0; i < all.count; i++) worker_option(&b, all.keys[i], all.values[i]);
        put_status("closed", pool_is_open() ? pool_close() : hs_worker_free(*worker));
        *worker = open_worker(&b);
    } else if (strcmp(verb, "jar") == 0) {
        for (size_t i = 0; i < all.count; i++) jar_operation(all.keys[i], all.values[i]);
    } else if (strcmp(verb, "pool") == 0) {
        for (size_t i = 0; i < all.count; i++) pool_operation(all.keys[i], all.values[i]);
    } else if (is(verb, "request") || is(verb, "submit") || is(verb, "next")) {
        for (size_t i = 0; i < all.count; i++) request_option(&b, all.keys[i], all.values[i]);
        if (b.lends) pool_lend(&b.request);
        if (is(verb, "request")) request(&b, *worker);
        if (is(verb, "submit")) submit(&b);
        if (is(verb, "next")) take_completion(&b);
    } else if (!scenario(verb, name, &all)) {
        fail("unknown block", verb);
    }
    free(all.keys);
    free(all.values);
    forget();
    putchar('\n');
    fflush(stdout);
    return 1;
}

int main(void) {
    hs_worker *worker = NULL;
    while (next_block(&worker)) {
    }
    const hs_status closed = pool_is_open() ? pool_close() : hs_worker_free(worker);
    return hs_cookie_jar_free(jar) == HS_OK && closed == HS_OK ? 0 : 1;
}
