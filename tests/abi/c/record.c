/* Exchanges are recorded from the test server and given again without it: from then on no socket may be opened. */

#include "client.h"

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int closed;

int socket(int family, int kind, int protocol) {
    if (closed) {
        FAIL("a socket was asked for: %d, %d, %d", family, kind, protocol);
    }
    int (*next)(int, int, int) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "socket");
    return next(family, kind, protocol);
}

static char file[64];

static char *contents(void) {
    static char all[8 << 20];
    FILE *opened = fopen(file, "rb");
    CHECK(opened != NULL);
    const size_t length = fread(all, 1, sizeof all - 1, opened);
    CHECK(length < sizeof all - 1);
    all[length] = '\0';
    fclose(opened);
    return all;
}

static void write_file(const char *all) {
    FILE *opened = fopen(file, "wb");
    CHECK(opened != NULL && fwrite(all, 1, strlen(all), opened) == strlen(all));
    CHECK_INT(fclose(opened), 0);
}

static int32_t read_body(void *user_data, void *buffer, size_t capacity, size_t *count) {
    size_t *left = user_data;
    *count = *left < capacity ? *left : capacity;
    memset(buffer, 'u', *count);
    *left -= *count;
    return 0;
}

static int has(hs_response *response, const char *name) {
    return hs_response_header(response, text(name), 0).data != NULL;
}

/* The same calls, recorded and given again. */
static void calls(hs_worker *worker) {
    const hs_header secrets[2] = {{text("Authorization"), text("Bearer hush-1"), 0},
                                  {text("X-Account"), text("hush-2"), HS_HEADER_SENSITIVE}};
    hs_request_options request = get(url("%s/redirect/2?token=hush-3", address("http")));
    request.headers = secrets;
    request.header_count = 2;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics_of(response).redirects, 2);
    hs_response_free(response);

    /* Equal requests have their answers in order; what follows "count" differs. */
    for (int i = 1; i <= 2; i++) {
        request = get(url("%s/count/recorded", address("http")));
        response = SEND(worker, &request);
        CHECK_HAS(hs_response_body(response), i == 1 ? "1" : "2");
        hs_response_free(response);
    }
    request = get(url("%s/bytes/3000", address("http")));
    response = SEND(worker, &request);
    CHECK_INT(hs_response_body(response).len, 3000);
    hs_response_free(response);

    request = get(url("http://me:hush-4@%s/cookies/set?session=hush-5", strstr(address("http"), "//") + 2));
    request.redirects = HS_REDIRECT_RETURN;
    response = SEND(worker, &request);
    CHECK_INT(has(response, "set-cookie"), !closed);
    hs_response_free(response);

    size_t left = 70000;
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.read = read_body;
    upload.user_data = &left;
    request = get(url("%s/echo", address("http")));
    request.method = text("PUT");
    request.upload = &upload;
    response = SEND(worker, &request);
    CHECK_INT(hs_response_body(response).len, 70000);
    hs_response_free(response);

    request = get("http://127.0.0.1:1/");
    const hs_error_info info = FAILS(worker, &request, HS_ERR_CONNECT);
    CHECK_INT(info.request_sent, HS_SENT_NO);
}

/* What is too long is cut off, and what nobody waited for ends where it was left. */
static void cut_off(hs_worker *worker, hs_status expected) {
    hs_request_options request = get(url("%s/bytes/1100000", address("http")));
    if (expected == HS_OK) {
        hs_response *response = SEND(worker, &request);
        CHECK_INT(hs_response_body(response).len, 1100000);
        hs_response_free(response);
    } else {
        FAILS_SAYING(worker, &request, expected, "1048576 of 1100000 bytes");
    }
}

static hs_worker *recording_worker(void) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    options.record = text(file);
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static void broken(hs_mock *mock, const char *all, const char *part) {
    hs_error *error = NULL;
    write_file(all);
    CHECK_STATUS(hs_mock_load(mock, text(file), &error), HS_ERR_MOCK_FILE);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_HAS(hs_error_message(error), file);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_INT(hs_mock_unused(mock), 0);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    snprintf(file, sizeof file, "/tmp/hs-record-%ld.jsonl", (long)getpid());
    hs_worker *worker = recording_worker();
    calls(worker);
    cut_off(worker, HS_OK);
    close_worker(worker);

    const char *all = contents();
    CHECK(strncmp(all, "{\"http_sentinel_recording\":1}\n", 30) == 0);
    CHECK(strstr(all, "\"complete\":true") != NULL && strstr(all, "***") != NULL);
    for (int secret = 1; secret <= 5; secret++) {
        char hush[32];
        snprintf(hush, sizeof hush, "hush-%d", secret);
        /* The server says some of them again in bodies, which are written as they are. */
        for (const char *at = strstr(all, hush); at != NULL; at = strstr(at + 1, hush)) {
            const char *start = at, *body;
            while (start > all && start[-1] != '\n') {
                start--;
            }
            body = strstr(start, "\"body\":{\"text\"");
            if (body == NULL || body > at) {
                FAIL("%s is in the recording: %.200s", hush, start);
            }
        }
    }
    struct stat facts;
    CHECK(stat(file, &facts) == 0 && (facts.st_mode & 0777) == 0600);

    hs_mock *mock = NULL;
    CHECK_STATUS(hs_mock_new(&mock), HS_OK);
    CHECK_STATUS(hs_mock_load(mock, text(file), NULL), HS_OK);
    const size_t rules = hs_mock_unused(mock);
    CHECK_INT(rules, 10);
    closed = 1;
    hs_worker_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.max_attempts = 1;
    options.mock = mock;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    calls(worker);
    cut_off(worker, HS_ERR_MOCK);
    CHECK_INT(hs_mock_unused(mock), 0);
    const hs_request_options more = get(url("%s/count/recorded", address("http")));
    FAILS_SAYING(worker, &more, HS_ERR_MOCK, "it has answered all of its 1 requests");
    close_worker(worker);
    CHECK_STATUS(hs_mock_clear(mock), HS_OK);

    broken(mock, "", "line 1");
    broken(mock, "{\"http_sentinel_recording\":1}\n\nnonsense\n", "line 3");
    unlink(file);
    hs_error *error = NULL;
    CHECK_STATUS(hs_mock_load(mock, text(file), &error), HS_ERR_MOCK_FILE);
    CHECK_HAS(hs_error_message(error), "cannot be read");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_mock_load(mock, text(""), NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_mock_load(mock, text("\xff"), NULL), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_mock_free(mock), HS_OK);

    hs_worker *none = NULL;
    closed = 0;
    options.mock = NULL;
    options.record = text("/no/such/folder/file");
    CHECK_STATUS(hs_worker_new(&options, &none, &error), HS_ERR_FILE);
    CHECK_HAS(hs_error_message(error), "/no/such/folder/file");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    return 0;
}
