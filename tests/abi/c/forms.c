/* Forms: what arrives, from memory, files and callbacks; sent more than once; and what is refused. */

#include "client.h"

#include <unistd.h>

static hs_worker *worker;

struct counted {
    int left, rewinds;
};

static int32_t read_counted(void *user_data, void *buffer, size_t capacity, size_t *count) {
    struct counted *counted = user_data;
    CHECK(capacity >= 4);
    *count = counted->left > 0 ? 4 : 0;
    memcpy(buffer, "tick", *count);
    counted->left--;
    return 0;
}

static int32_t rewind_counted(void *user_data) {
    struct counted *counted = user_data;
    counted->left = 3;
    counted->rewinds++;
    return 0;
}

static hs_form *new_form(const char *boundary) {
    hs_form *form = NULL;
    CHECK_STATUS(hs_form_new(text(boundary), &form, NULL), HS_OK);
    return form;
}

static hs_part part_of(const char *name) {
    hs_part part;
    memset(&part, 0, sizeof part);
    part.struct_size = sizeof part;
    part.name = text(name);
    return part;
}

static void add(hs_form *form, const hs_part *part) { CHECK_STATUS(hs_form_add(form, part, NULL), HS_OK); }

static hs_request_options send_form(const char *target, const hs_form *form) {
    hs_request_options request = get(target);
    request.form = form;
    return request;
}

static void everything_arrives(const char *base) {
    char path[] = "/tmp/hs-form-XXXXXX";
    const int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK_INT(write(file, "in the file", 11), 11);
    struct counted counted = {3, 0};
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.length = 12;
    upload.read = read_counted;
    upload.rewind = rewind_counted;
    upload.user_data = &counted;

    hs_form *form = new_form("XYZ");
    hs_part part = part_of("field");
    part.data = text("a value");
    add(form, &part);
    part = part_of("na\"me");
    part.file = text(path);
    part.content_type = text("text/plain");
    add(form, &part);
    part = part_of("ticks");
    part.upload = &upload;
    part.filename = text("t.bin");
    add(form, &part);
    upload.read = NULL; /* The struct was copied. */

    hs_request_options request = send_form(url("%s/anything", base), form);
    for (int time = 0; time < 2; time++) {
        hs_response *response = SEND(worker, &request);
        const hs_str body = hs_response_body(response);
        CHECK_HAS(body, "POST");
        CHECK_HAS(body, "multipart/form-data; boundary=\\\"XYZ\\\"");
        CHECK_HAS(body, "name=\\\"field\\\"\\r\\n\\r\\na value\\r\\n--XYZ");
        CHECK_HAS(body, url("name=\\\"na%%22me\\\"; filename=\\\"%s\\\"\\r\\nContent-Type: text/plain\\r\\n\\r\\nin the file",
                            strrchr(path, '/') + 1));
        CHECK_HAS(body, "filename=\\\"t.bin\\\"\\r\\nContent-Type: application/octet-stream\\r\\n\\r\\ntickticktick\\r\\n--XYZ--");
        CHECK_STATUS(hs_response_free(response), HS_OK);
        counted.left = 3;
    }
    /* A redirect that repeats it. */
    request.url = text(url("%s/redirect-to?status=307&url=%s/anything", base, base));
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "ticktick");
    /* The server answers at once, perhaps before it was read at all. */
    CHECK(counted.rewinds <= 2);
    CHECK_STATUS(hs_response_free(response), HS_OK);

    CHECK_INT(unlink(path), 0);
    FAILS_SAYING(worker, &request, HS_ERR_FILE, path);
    close(file);
    CHECK_STATUS(hs_form_free(form), HS_OK);
}

static void a_form_may_be_freed_while_it_is_sent_and_is_chunked_without_a_length(void) {
    struct counted counted = {2000, 0};
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.read = read_counted;
    upload.user_data = &counted;
    hs_form *form = new_form("");
    hs_part part = part_of("ticks");
    part.upload = &upload;
    add(form, &part);
    hs_request_options request = send_form(url("%s/anything", address("http")), form);
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "chunked");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    request.flags = HS_STREAM;
    counted.left = 1;
    response = SEND(worker, &request);
    CHECK_STATUS(hs_form_free(form), HS_OK);
    char buffer[10];
    size_t count;
    CHECK_STATUS(hs_response_read(response, buffer, sizeof buffer, &count, 0, NULL), HS_OK);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    FAILS(worker, &request, HS_ERR_INVALID_HANDLE);
}

static void what_makes_no_sense_is_refused(void) {
    hs_form *form = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_form_new(text("a b"), &form, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "a b");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_form_new(text(""), NULL, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_form_free(NULL), HS_OK);
    CHECK_STATUS(hs_form_add(NULL, NULL, NULL), HS_ERR_NULL_ARGUMENT);

    form = new_form("");
    CHECK_STATUS(hs_form_add(form, NULL, NULL), HS_ERR_NULL_ARGUMENT);
    hs_part part = part_of("");
    CHECK_STATUS(hs_form_add(form, &part, NULL), HS_ERR_INVALID_ARGUMENT);
    part = part_of("x");
    part.data = text("one");
    part.file = text("/two");
    CHECK_STATUS(hs_form_add(form, &part, NULL), HS_ERR_INVALID_ARGUMENT);
    part = part_of("x");
    part.content_type = text("a\r\nb: c");
    CHECK_STATUS(hs_form_add(form, &part, NULL), HS_ERR_INVALID_HEADER);
    part = part_of("x");
    part.flags = 1;
    CHECK_STATUS(hs_form_add(form, &part, NULL), HS_ERR_INVALID_ARGUMENT);
    part.struct_size = 3;
    CHECK_STATUS(hs_form_add(form, &part, NULL), HS_ERR_STRUCT_SIZE);

    hs_request_options request = send_form(url("%s/anything", address("http")), form);
    request.body = text("also");
    FAILS(worker, &request, HS_ERR_INVALID_ARGUMENT);
    request.body = text("");
    const hs_header type = {text("content-type"), text("text/plain"), 0};
    request.headers = &type;
    request.header_count = 1;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_HEADER, "Content-Type");
    CHECK_STATUS(hs_form_free(form), HS_OK);
    CHECK_STATUS(hs_form_free(form), HS_ERR_INVALID_HANDLE);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    everything_arrives(address("http"));
    everything_arrives(address("https"));
    a_form_may_be_freed_while_it_is_sent_and_is_chunked_without_a_length();
    what_makes_no_sense_is_refused();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}
