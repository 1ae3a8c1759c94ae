/* The behaviour table's driver in C: requests as lines on stdin, what came of them as lines on stdout. The protocol is
 * told in tests/drivers/README.md. An option is one line of a table here. */

#define _POSIX_C_SOURCE 200809L

#include <http_sentinel.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A longer body is told by its length and hash alone. */
#define TOLD_BYTES 65536

/* ---- options ------------------------------------------------------------------------------------------------------ */

typedef enum { NUMBER32, NUMBER64, TEXT } kind;

typedef struct {
    const char *name;
    kind kind;
    size_t offset;
} field;

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define AT(kind, name) {#name, kind, offsetof(hs_worker_options, name)}
static const field worker_fields[] = {
    AT(NUMBER32, struct_size),
    AT(NUMBER32, flags),
    AT(NUMBER64, timeout_ms),
    AT(NUMBER64, attempt_timeout_ms),
    AT(NUMBER64, connect_timeout_ms),
    AT(NUMBER64, idle_timeout_ms),
    AT(NUMBER64, max_body_bytes),
    AT(NUMBER32, max_header_bytes),
    AT(NUMBER32, max_header_count),
    AT(NUMBER64, idle_connection_ms),
    AT(NUMBER64, connection_life_ms),
    AT(NUMBER32, max_idle_connections),
    AT(NUMBER32, http_version),
    AT(TEXT, user_agent),
    AT(TEXT, ca_file),
    AT(TEXT, ca_pem),
    AT(NUMBER32, redirects),
    AT(NUMBER32, max_redirects),
};
#undef AT

#define AT(kind, name) {#name, kind, offsetof(hs_request_options, name)}
static const field request_fields[] = {
    AT(NUMBER32, struct_size),
    AT(NUMBER32, flags),
    AT(TEXT, method),
    AT(TEXT, url),
    AT(TEXT, body),
    AT(NUMBER64, timeout_ms),
    AT(NUMBER64, attempt_timeout_ms),
    AT(NUMBER64, connect_timeout_ms),
    AT(NUMBER64, idle_timeout_ms),
    AT(NUMBER64, max_body_bytes),
    AT(NUMBER32, http_version),
    AT(NUMBER32, redirects),
    AT(NUMBER32, max_redirects),
    AT(NUMBER32, min_http_version),
};
#undef AT

/* Facts that do not differ from run to run. */
#define AT(kind, name) {#name, kind, offsetof(hs_metrics, name)}
static const field metrics_fields[] = {
    AT(NUMBER32, attempts),
    AT(NUMBER32, redirects),
    AT(NUMBER32, internal_resends),
    AT(NUMBER64, request_header_bytes),
    AT(NUMBER64, request_body_bytes),
    AT(NUMBER64, response_header_bytes),
    AT(NUMBER64, response_body_bytes),
    AT(NUMBER32, connection_reused),
    AT(NUMBER32, http_version),
    AT(NUMBER32, tls_version),
    AT(NUMBER32, decoded),
};
#undef AT

/* ---- lines -------------------------------------------------------------------------------------------------------- */

static void fail(const char *what, const char *which) {
    fprintf(stderr, "driver: %s %s\n", what, which);
    exit(2);
}

static void *must(void *memory) {
    if (memory == NULL) fail("no", "memory");
    return memory;
}

/* What a block's lines say is kept until the block is done. */
typedef struct kept {
    struct kept *next;
    char *data;
} kept;

static kept *all_kept;

static void *keep(size_t size) {
    kept *one = must(malloc(sizeof *one));
    one->data = must(calloc(size + 1, 1));
    one->next = all_kept;
    all_kept = one;
    return one->data;
}

static void forget(void) {
    while (all_kept != NULL) {
        kept *next = all_kept->next;
        free(all_kept->data);
        free(all_kept);
        all_kept = next;
    }
}

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10); }

/* Takes the percent signs out; a NUL stands behind the end. */
static hs_str decoded(const char *line) {
    char *data = keep(strlen(line));
    hs_str text = {data, 0};
    for (; *line != '\0'; line++) {
        if (*line == '%') {
            data[text.len++] = (char)(digit(line[1]) << 4 | digit(line[2]));
            line += 2;
        } else {
            data[text.len++] = *line;
        }
    }
    return text;
}

static uint64_t number(const char *line) { return strtoull(line, NULL, 10); }

/* A line without its end; NULL at the end of the input. */
static char *read_line(void) {
    static char *line;
    static size_t capacity;
    const ssize_t length = getline(&line, &capacity, stdin);
    if (length < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* Cuts a line at its first blank, and gives what stands behind it. */
static char *split(char *line) {
    char *blank = strchr(line, ' ');
    if (blank == NULL) return line + strlen(line);
    *blank = '\0';
    return blank + 1;
}

static void put_encoded(hs_str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c > ' ' && c < 0x7f && c != '%') {
            putchar(c);
        } else {
            printf("%%%02X", c);
        }
    }
}

static void put_text(const char *key, hs_str text) {
    printf("%s ", key);
    put_encoded(text);
    putchar('\n');
}

static void put_number(const char *key, int64_t value) { printf("%s %" PRId64 "\n", key, value); }
static void put_status(const char *key, hs_status status) { put_text(key, hs_status_name(status)); }

/* ---- a block ------------------------------------------------------------------------------------------------------ */

typedef struct {
    hs_worker_options worker;
    hs_request_options request;
    hs_header headers[1200];
    int nts;           /* lengths are HS_NTS */
    const char *null;  /* what is NULL */
    const char *cancel;
    hs_str cancel_after;
    hs_cancel *switch_;
    /* The callback's part. */
    const char *on_body;
    char *body;
    size_t body_length;
} block;

static int set(const field *fields, size_t count, void *options, const block *b, const char *key, const char *value) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, key) != 0) continue;
        char *at = (char *)options + fields[i].offset;
        if (fields[i].kind == NUMBER32) {
            *(uint32_t *)(void *)at = (uint32_t)number(value);
        } else if (fields[i].kind == NUMBER64) {
            *(uint64_t *)(void *)at = number(value);
        } else {
            hs_str text = decoded(value);
            if (b->nts) text.len = (size_t)HS_NTS;
            *(hs_str *)(void *)at = text;
        }
        return 1;
    }
    return 0;
}

static void worker_option(block *b, const char *key, const char *value) {
    if (set(worker_fields, COUNT(worker_fields), &b->worker, b, key, value)) return;
    fail("unknown worker option", key);
}

static void request_option(block *b, const char *key, char *value) {
    if (set(request_fields, COUNT(request_fields), &b->request, b, key, value)) return;
    if (strcmp(key, "header") == 0) { /* FLAGS NAME VALUE */
        if (b->request.header_count == COUNT(b->headers)) fail("too many", "headers");
        hs_header *header = &b->headers[b->request.header_count++];
        char *name = split(value);
        char *text = split(name);
        header->flags = (uint32_t)number(value);
        header->name = decoded(name);
        header->value = decoded(text);
        b->request.headers = b->headers;
    } else if (strcmp(key, "body_repeat") == 0) { /* SIZE TEXT */
        const hs_str pattern = decoded(split(value));
        const size_t size = (size_t)number(value);
        char *data = keep(size);
        for (size_t i = 0; i < size; i++) data[i] = pattern.data[i % pattern.len];
        b->request.body.data = data;
        b->request.body.len = size;
    } else if (strcmp(key, "nts") == 0) {
        b->nts = 1;
    } else if (strcmp(key, "null") == 0) {
        b->null = decoded(value).data;
    } else if (strcmp(key, "on_body") == 0) {
        b->on_body = decoded(value).data;
    } else if (strcmp(key, "cancel") == 0) {
        b->cancel = decoded(value).data;
    } else if (strcmp(key, "cancel_after") == 0) {
        b->cancel_after = decoded(value);
    } else {
        fail("unknown request option", key);
    }
}

static int is(const char *text, const char *other) { return text != NULL && strcmp(text, other) == 0; }

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

static void put_response(const block *b, hs_response *response) {
    put_number("http", hs_response_status(response));
    put_text("url", hs_response_url(response));
    hs_header header;
    const size_t headers = hs_response_header_count(response);
    for (size_t i = 0; i < headers && hs_response_header_at(response, i, &header) == HS_OK; i++) {
        printf("header ");
        put_encoded(header.name);
        put_text("", header.value);
    }
    put_status("header.end", hs_response_header_at(response, headers, &header));

    const hs_str body = hs_response_body(response);
    if (b->on_body == NULL) {
        put_body(body.data, body.len);
    } else {
        put_body(b->body, b->body_length);
        put_number("body.left", (int64_t)body.len);
    }

    hs_metrics metrics;
    memset(&metrics, 0, sizeof metrics);
    metrics.struct_size = sizeof metrics;
    put_status("metrics", hs_response_metrics(response, &metrics));
    for (size_t i = 0; i < COUNT(metrics_fields); i++) {
        const char *at = (const char *)&metrics + metrics_fields[i].offset;
        const void *value = at;
        printf("metrics.");
        put_number(metrics_fields[i].name, metrics_fields[i].kind == NUMBER32 ? (int64_t) * (const uint32_t *)value
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
    b->body = must(realloc(b->body, b->body_length + length + 1));
    memcpy(b->body + b->body_length, data, length);
    b->body_length += length;
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
    const hs_status status = hs_worker_new(&b->worker, &worker, &error);
    put_status("status", status);
    if (status != HS_OK) put_error(error);
    return worker;
}

static void request(block *b, hs_worker *worker) {
    pthread_t thread;
    hs_response *response = NULL;
    hs_error *error = NULL;
    if (b->cancel != NULL || b->cancel_after.data != NULL || is(b->on_body, "cancel")) {
        put_status("cancel.new", hs_cancel_new(&b->switch_));
        b->request.cancel = b->switch_;
    }
    if (is(b->cancel, "before")) put_status("cancel.triggered", hs_cancel_trigger(b->switch_));
    if (b->on_body != NULL) {
        b->request.on_body = on_body;
        b->request.user_data = b;
    }
    if (b->cancel_after.data != NULL && pthread_create(&thread, NULL, canceller, b) != 0) fail("no", "thread");

    const hs_status status = hs_request(is(b->null, "worker") ? NULL : worker,
                                        is(b->null, "request") ? NULL : &b->request,
                                        is(b->null, "response") ? NULL : &response, &error);

    if (b->cancel_after.data != NULL) pthread_join(thread, NULL);
    put_status("status", status);
    if (status == HS_OK) {
        put_response(b, response);
    } else {
        put_error(error);
    }
    if (b->switch_ != NULL) put_status("cancel.freed", hs_cancel_free(b->switch_));
    free(b->body);
}

/* Reads and does one block; false at the end of the input. */
static int next_block(hs_worker **worker) {
    static block b;
    memset(&b, 0, sizeof b);
    b.worker.struct_size = sizeof b.worker;
    b.request.struct_size = sizeof b.request;
    char *line = read_line();
    if (line == NULL) return 0;
    const int opens = strcmp(line, "open") == 0;
    if (!opens && strcmp(line, "request") != 0) fail("unknown block", line);
    while ((line = read_line()) != NULL && *line != '\0') {
        char *value = split(line);
        if (opens) {
            worker_option(&b, line, value);
        } else {
            request_option(&b, line, value);
        }
    }
    if (opens) {
        put_status("closed", hs_worker_free(*worker));
        *worker = open_worker(&b);
    } else {
        request(&b, *worker);
    }
    forget();
    putchar('\n');
    fflush(stdout);
    return 1;
}

int main(void) {
    hs_worker *worker = NULL;
    while (next_block(&worker)) {
    }
    return hs_worker_free(worker) == HS_OK ? 0 : 1;
}
