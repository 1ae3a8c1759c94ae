/* Bad input: each kind has its status and a message that names the offender, nothing is sent, and no secret shows. */

#include "client.h"

static hs_worker *worker;

static hs_request_options fine(void) { return get(url("%s/count/inputs", address("http"))); }

/* Refused as an argument before anything was started. */
#define REFUSED(request, expected, part)                                                                         \
    do {                                                                                                         \
        hs_error *refusal = ERROR_OF(worker, request, expected);                                                 \
        CHECK_HAS(hs_error_message(refusal), part);                                                              \
        const hs_error_info info = take_facts(refusal);                                                          \
        CHECK_INT(info.phase, HS_PHASE_ARGUMENT);                                                                \
        CHECK_INT(info.request_sent, HS_SENT_NO);                                                                \
        CHECK_INT(info.retryable, HS_RETRYABLE_NO);                                                              \
    } while (0)

static void urls(void) {
    static const struct {
        const char *data;
        size_t length;
        hs_status status;
        const char *part;
    } cases[] = {
        {"", 0, HS_ERR_INVALID_URL, "empty"},
        {"no-scheme", (size_t)HS_NTS, HS_ERR_INVALID_URL, "no-scheme"},
        {"http://", (size_t)HS_NTS, HS_ERR_INVALID_URL, "http://"},
        {"http://a b/", (size_t)HS_NTS, HS_ERR_INVALID_URL, "position 8"},
        {"http://a/\r\nX: y", (size_t)HS_NTS, HS_ERR_INVALID_URL, "0x0d at position 9"},
        {"http://a/\nX: y", (size_t)HS_NTS, HS_ERR_INVALID_URL, "0x0a at position 9"},
        {"http://a/\tb", (size_t)HS_NTS, HS_ERR_INVALID_URL, "0x09 at position 9"},
        {"http://a/b\0c", 12, HS_ERR_INVALID_URL, "0x00 at position 10"},
        {"http://a\0.example/", 18, HS_ERR_INVALID_URL, "0x00 at position 8"},
        {"http://a/\xff", (size_t)HS_NTS, HS_ERR_INVALID_URL, "not UTF-8"},
        {"http://a:70000/", (size_t)HS_NTS, HS_ERR_INVALID_URL, "70000"},
        {"http://[::1", (size_t)HS_NTS, HS_ERR_INVALID_URL, "[::1"},
        {"ftp://a/", (size_t)HS_NTS, HS_ERR_UNSUPPORTED_SCHEME, "ftp"},
        {"file:///etc/passwd", (size_t)HS_NTS, HS_ERR_UNSUPPORTED_SCHEME, "file"},
        {"javascript:alert(1)", (size_t)HS_NTS, HS_ERR_UNSUPPORTED_SCHEME, "javascript"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hs_request_options request = fine();
        request.url = bytes(cases[i].data, cases[i].length);
        REFUSED(&request, cases[i].status, cases[i].part);
    }
}

static void methods(void) {
    static const struct {
        const char *data;
        size_t length;
        const char *part;
    } cases[] = {
        {"GE T", 4, "\"GE T\""},           {"GET\0", 4, "GET\\x00"},          {"GET\r\nX: y", 9, "GET\\r\\n"},
        {"GET\n", 4, "GET\\n"},            {"G\xc3\x89T", 4, "G\\xc3\\x89T"}, {"CONNECT", 7, "CONNECT"},
        {"(GET)", (size_t)HS_NTS, "(GET)"}, {"\x7f", 1, "\\x7f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hs_request_options request = fine();
        request.method = bytes(cases[i].data, cases[i].length);
        REFUSED(&request, HS_ERR_INVALID_METHOD, cases[i].part);
    }
    hs_request_options request = fine();
    request.method = text("TRACE");
    request.body = text("x");
    REFUSED(&request, HS_ERR_INVALID_BODY, "TRACE");
}

static void header(hs_str name, hs_str value, const char *part) {
    /* The second field is the bad one. */
    const hs_header headers[2] = {{text("X-Fine"), text("fine"), 0}, {name, value, 0}};
    hs_request_options request = fine();
    request.headers = headers;
    request.header_count = 2;
    REFUSED(&request, HS_ERR_INVALID_HEADER, part);
}

static void headers(void) {
    static const struct {
        const char *name;
        size_t length;
        const char *part;
    } names[] = {
        {"", 0, "\"\""},         {"X Y", 3, "\"X Y\""}, {"X:", 2, "\"X:\""},        {"X\0Y", 3, "X\\x00Y"},
        {"X\rY", 3, "X\\rY"},    {"X\nY", 3, "X\\nY"},  {"X\r\nY: z", 7, "X\\r\\n"}, {"\xc3\xa9", 2, "\\xc3\\xa9"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        header(bytes(names[i].name, names[i].length), text("value"), names[i].part);
    }
    header(text("X-Bad"), text("a\r\nY: b"), "header \"X-Bad\": control byte 0x0d at position 1");
    header(text("X-Bad"), text("a\nY: b"), "header \"X-Bad\": control byte 0x0a at position 1");
    header(text("X-Bad"), text("a\rb"), "header \"X-Bad\": control byte 0x0d at position 1");
    header(text("X-Bad"), bytes("ab\0c", 4), "header \"X-Bad\": control byte 0x00 at position 2");
    header(text("X-Bad"), text("\x1b[31m"), "header \"X-Bad\": control byte 0x1b at position 0");
    header(text("Content-Length"), text("5"), "Content-Length");
    header(text("Content-Length"), text("0, 0"), "Content-Length");
    header(text("Transfer-Encoding"), text("chunked"), "Transfer-Encoding");

    const hs_header hosts[2] = {{text("Host"), text("a"), 0}, {text("host"), text("b"), 0}};
    hs_request_options request = fine();
    request.headers = hosts;
    request.header_count = 2;
    REFUSED(&request, HS_ERR_INVALID_HEADER, "Host");
}

static void header_counts(void) {
    static hs_header many[1001];
    for (size_t i = 0; i < 1001; i++) {
        many[i].name = text("X");
        many[i].value = text("y");
    }
    hs_request_options request = fine();
    request.header_count = 1;
    REFUSED(&request, HS_ERR_NULL_ARGUMENT, "headers");
    request.headers = many;
    request.header_count = 1001;
    REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "1001");
    request.header_count = SIZE_MAX;
    REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "18446744073709551615");
    request.header_count = 1000;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    /* No headers is no headers, wherever the pointer goes. */
    request.headers = (const hs_header *)(uintptr_t)8;
    request.header_count = 0;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
}

static void flags(void) {
    for (int bit = 0; bit < 32; bit++) {
        char shown[32];
        hs_header header = {text("X-Name"), text("value"), UINT32_C(1) << bit};
        hs_request_options request = fine();
        snprintf(shown, sizeof shown, "%#" PRIx32, header.flags);
        request.headers = &header;
        request.header_count = 1;
        if (header.flags == HS_HEADER_SENSITIVE) {
            CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
        } else {
            REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "headers[0].flags");
            REFUSED(&request, HS_ERR_INVALID_ARGUMENT, shown);
        }
        request = fine();
        request.flags = UINT32_C(1) << bit;
        if ((request.flags & (HS_ALLOW_DOWNGRADE | HS_RAW_BODY | HS_STREAM | HS_TRACE)) == 0) {
            REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "hs_request_options.flags");
        }
        request = fine();
        request.min_http_version = UINT32_C(1) << bit;
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "hs_request_options.min_http_version");
    }
    const uint32_t versions[] = {1, 9, 12, 22, 30, UINT32_MAX};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        hs_request_options request = fine();
        request.http_version = versions[i];
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "hs_request_options.http_version");
    }
}

static void lengths(void) {
    const size_t too_long[] = {SIZE_MAX - 1, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof too_long / sizeof *too_long; i++) {
        const hs_str endless = bytes("x", too_long[i]);
        hs_header header = {text("X"), endless, 0};
        hs_request_options request = fine();
        request.method = endless;
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "method.len");
        request = fine();
        request.url = endless;
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "url.len");
        request = fine();
        request.body = endless;
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "body.len");
        request = fine();
        request.headers = &header;
        request.header_count = 1;
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "headers[0].value.len");
        header.name = endless;
        REFUSED(&request, HS_ERR_INVALID_ARGUMENT, "headers[0].name.len");
    }
    /* A long URL is refused by its length, and its text is not all in the message. */
    static char long_url[70000];
    memset(long_url, 'x', sizeof long_url);
    memcpy(long_url, "http://a/", 9);
    hs_request_options request = fine();
    request.url = bytes(long_url, sizeof long_url);
    REFUSED(&request, HS_ERR_INVALID_URL, "70000");
    request.url = bytes(long_url, 40000);
    ((char *)long_url)[9] = ' ';
    hs_error *error = ERROR_OF(worker, &request, HS_ERR_INVALID_URL);
    CHECK(hs_error_message(error).len < 300);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

/* HS_NTS stops at the NUL; a length may stop before it. */
static void ends_of_texts(void) {
    const char *target = url("%s/echo#never-sent", address("http"));
    hs_request_options request = get(target);
    request.method = bytes("PUTTER", 3);
    request.body = text("up to here\0and no further");
    hs_response *response = SEND(worker, &request);
    CHECK_TEXT(hs_response_body(response), "up to here");
    CHECK(!text_has(hs_response_url(response), "#"));
    CHECK_STATUS(hs_response_free(response), HS_OK);
    request.body = bytes("all\0of it", 9);
    response = SEND(worker, &request);
    CHECK_INT(hs_response_body(response).len, 9);
    CHECK(memcmp(hs_response_body(response).data, "all\0of it", 9) == 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void no_secret(hs_request_options request, hs_status expected) {
    hs_error *error = ERROR_OF(worker, &request, expected);
    const hs_str message = hs_error_message(error);
    if (text_has(message, "hunter2") || text_has(message, "aHVudGVyM") || text_has(message, "aHVudGVy")) {
        FAIL("a secret in \"%.*s\"", (int)message.len, message.data);
    }
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void secrets(void) {
    const char *const names[] = {"Authorization", "COOKIE", "proxy-authorization", "APCA-API-SECRET-KEY"};
    for (size_t i = 0; i < 4; i++) {
        hs_header header = {text(names[i]), text("hunter2\r\n"), i == 3 ? HS_HEADER_SENSITIVE : 0};
        hs_request_options request = fine();
        request.headers = &header;
        request.header_count = 1;
        FAILS_SAYING(worker, &request, HS_ERR_INVALID_HEADER, names[i]);
        no_secret(request, HS_ERR_INVALID_HEADER);
        /* And in what goes wrong later. */
        header.value = text("hunter2");
        request.url = text(url("http://%s/", address("closed")));
        no_secret(request, HS_ERR_CONNECT);
    }
    static const struct {
        const char *url;
        hs_status status;
    } urls[] = {
        {"http://user:hunter2@ho st/", HS_ERR_INVALID_URL},
        {"http://user:hunter2@host:99999/", HS_ERR_INVALID_URL},
        {"http://hunter2@host/\r\n", HS_ERR_INVALID_URL},
        {"http://user:p@hunter2@ho st/", HS_ERR_INVALID_URL},
        {"user:hunter2@host", HS_ERR_UNSUPPORTED_SCHEME},
        {"http:/user:hunter2@ho st/", HS_ERR_INVALID_URL},
        {"http:user:hunter2@ho st/", HS_ERR_INVALID_URL},
        {"http:\\\\user:hunter2@ho st/", HS_ERR_INVALID_URL},
        {"http:///user:hunter2@ho st/", HS_ERR_INVALID_URL},
        {"ftp://user:hunter2@host/", HS_ERR_UNSUPPORTED_SCHEME},
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        hs_request_options request = fine();
        request.url = text(urls[i].url);
        no_secret(request, urls[i].status);
    }
    hs_request_options request = fine();
    request.url = text(url("http://user:hunter2@%s/", address("closed")));
    no_secret(request, HS_ERR_CONNECT);
    request.url = text(url("http://user:hunter2@%s/get", strstr(address("http"), "//") + 2));
    hs_response *response = SEND(worker, &request);
    CHECK(!text_has(hs_response_url(response), "hunter2") && !text_has(hs_response_url(response), "@"));
    CHECK_HAS(hs_response_body(response), "Basic dXNlcjpodW50ZXIy");
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void worker_options(void) {
    static const struct {
        size_t offset;
        uint32_t value;
        const char *part;
    } numbers[] = {
        {offsetof(hs_worker_options, flags), 4, "hs_worker_options.flags"},
        {offsetof(hs_worker_options, flags), UINT32_C(1) << 31, "hs_worker_options.flags"},
        {offsetof(hs_worker_options, min_http_version), 21, "hs_worker_options.min_http_version"},
        {offsetof(hs_worker_options, max_attempts), 101, "max_attempts is 101"},
        {offsetof(hs_worker_options, max_header_bytes), 307201, "max_header_bytes"},
        {offsetof(hs_worker_options, max_header_count), 5001, "max_header_count"},
        {offsetof(hs_worker_options, max_idle_connections), 65537, "max_idle_connections"},
        {offsetof(hs_worker_options, http_version), HS_HTTP_3, "http_version"},
        {offsetof(hs_worker_options, redirects), 4, "redirects"},
        {offsetof(hs_worker_options, max_redirects), 1001, "max_redirects"},
    };
    static const struct {
        size_t offset;
        const char *data;
        size_t length;
        hs_status status;
        const char *part;
    } texts[] = {
        {offsetof(hs_worker_options, user_agent), "a\r\nX: y", (size_t)HS_NTS, HS_ERR_INVALID_HEADER, "User-Agent"},
        {offsetof(hs_worker_options, user_agent), "a\0b", 3, HS_ERR_INVALID_HEADER, "User-Agent"},
        {offsetof(hs_worker_options, user_agent), NULL, 3, HS_ERR_NULL_ARGUMENT, "user_agent"},
        {offsetof(hs_worker_options, user_agent), "a", SIZE_MAX - 1, HS_ERR_INVALID_ARGUMENT, "user_agent"},
        {offsetof(hs_worker_options, ca_file), "/no/such/file", (size_t)HS_NTS, HS_ERR_CA_STORE, "/no/such/file"},
        {offsetof(hs_worker_options, ca_file), "/dev/null", (size_t)HS_NTS, HS_ERR_CA_STORE, "/dev/null"},
        {offsetof(hs_worker_options, ca_file), "/dev/nul\0l", 10, HS_ERR_CA_STORE, "/dev/nul\\x00l"},
        {offsetof(hs_worker_options, ca_file), NULL, 1, HS_ERR_NULL_ARGUMENT, "ca_file"},
        {offsetof(hs_worker_options, ca_pem), "not PEM", (size_t)HS_NTS, HS_ERR_CA_STORE, "ca_pem"},
        {offsetof(hs_worker_options, ca_pem), NULL, 1, HS_ERR_NULL_ARGUMENT, "ca_pem"},
    };
    const size_t all = sizeof numbers / sizeof *numbers + sizeof texts / sizeof *texts;
    for (size_t i = 0; i < all + 1; i++) {
        hs_worker_options options = defaults();
        hs_worker *made = NULL;
        hs_error *error = NULL;
        hs_status expected = HS_ERR_INVALID_ARGUMENT;
        const char *part = "choose one";
        options.ca_file = bytes(NULL, 0);
        if (i == all) {
            options.ca_file = text(address("ca_file"));
            options.ca_pem = text("both");
        } else if (i < sizeof numbers / sizeof *numbers) {
            memcpy((char *)&options + numbers[i].offset, &numbers[i].value, sizeof numbers[i].value);
            part = numbers[i].part;
        } else {
            const size_t at = i - sizeof numbers / sizeof *numbers;
            const hs_str value = bytes(texts[at].data, texts[at].length);
            memcpy((char *)&options + texts[at].offset, &value, sizeof value);
            expected = texts[at].status;
            part = texts[at].part;
        }
        CHECK_STATUS(hs_worker_new(&options, &made, &error), expected);
        CHECK(made == NULL);
        CHECK_HAS(hs_error_message(error), part);
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker_options();
    worker = open_worker();
    urls();
    methods();
    headers();
    CHECK_INT(counter("inputs"), 0); /* Nothing of all that was sent. */
    header_counts();
    flags();
    lengths();
    ends_of_texts();
    secrets();
    CHECK_INT(counter("inputs"), 2); /* No headers and a sensitive one; the server refuses 1,000 by itself. */
    close_worker(worker);
    return 0;
}
