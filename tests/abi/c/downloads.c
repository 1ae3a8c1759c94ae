/* Downloads into a descriptor: whole, broken off and gone on with, changed meanwhile; and where they cannot be written. */

#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static hs_worker *worker;
static const size_t length = 300000;

/* A file that is gone when it is closed. */
static int new_file(void) {
    char path[] = "/tmp/hs-download-XXXXXX";
    const int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK_INT(unlink(path), 0);
    return file;
}

static void check_file(int file, size_t bytes_there, uint64_t seed) {
    static unsigned char content[400000];
    CHECK_INT(lseek(file, 0, SEEK_CUR), bytes_there);
    CHECK_INT(pread(file, content, sizeof content, 0), bytes_there);
    for (size_t i = 0; i < bytes_there; i++) {
        CHECK(content[i] == byte_at(seed, i));
    }
}

static hs_download_options into(int file) {
    hs_download_options download;
    memset(&download, 0, sizeof download);
    download.struct_size = sizeof download;
    download.fd = file;
    return download;
}

static const char *source(const char *base, const char *query) {
    return url("%s/range/%zu?%s", base, length, query);
}

static hs_response *good(const char *target, const hs_download_options *download) {
    const hs_request_options request = get(target);
    hs_response *response = NULL;
    hs_error *error = NULL;
    const hs_status status = hs_download(worker, &request, download, &response, &error);
    if (status != HS_OK) {
        const hs_str message = hs_error_message(error);
        FAIL("%s: %.*s: %.*s", target, check_name_length(status), check_name(status), (int)message.len, message.data);
    }
    return response;
}

static hs_error *bad_at(int line, const hs_request_options *request, const hs_download_options *download,
                        hs_status expected) {
    hs_response *response = NULL;
    hs_error *error = NULL;
    const hs_status status = hs_download(worker, request, download, &response, &error);
    if (status != expected || response != NULL) {
        check_failed(__FILE__, line, "%.*s, not %.*s", check_name_length(status), check_name(status),
                     check_name_length(expected), check_name(expected));
    }
    CHECK(error != NULL);
    return error;
}
#define bad(request, download, expected) bad_at(__LINE__, request, download, expected)

static void in_one_go_and_in_many(const char *base) {
    for (int broken = 0; broken < 2; broken++) {
        const int file = new_file();
        const hs_download_options download = into(file);
        hs_response *response = good(source(base, broken ? "seed=3&fail_after=70000" : "seed=3"), &download);
        CHECK_INT(hs_response_status(response), broken ? 206 : 200);
        CHECK_INT(hs_response_body(response).len, 0);
        const hs_metrics metrics = metrics_of(response);
        CHECK_INT(metrics.file_bytes, length);
        CHECK_INT(metrics.attempts, broken ? 5 : 1);
        check_file(file, length, 3);
        CHECK_STATUS(hs_response_free(response), HS_OK);
        close(file);
    }
}

static void a_later_call_goes_on_or_begins_again(void) {
    for (int changed = 0; changed < 2; changed++) {
        const int file = new_file();
        hs_download_options download = into(file);
        download.max_resumes = HS_NEVER;
        hs_request_options request = get(source(address("http"), "seed=1&fail_after=100000"));
        hs_error *error = bad(&request, &download, HS_ERR_BODY_TRUNCATED);
        char validator[100];
        const hs_str told = hs_error_validator(error);
        CHECK(told.len > 0 && told.len < sizeof validator);
        memcpy(validator, told.data, told.len);
        download.validator = bytes(validator, told.len);
        download.offset = take_facts(error).file_bytes;
        CHECK_INT(download.offset, 100000);
        check_file(file, 100000, 1);

        hs_response *response = good(source(address("http"), changed ? "seed=2&etag=v2" : "seed=1"), &download);
        CHECK_INT(hs_response_status(response), changed ? 200 : 206);
        check_file(file, length, changed ? 2 : 1);
        CHECK_STATUS(hs_response_free(response), HS_OK);

        /* Nothing is missing. */
        if (!changed) {
            download.offset = length;
            response = good(source(address("http"), "seed=1"), &download);
            CHECK_INT(hs_response_status(response), 416);
            CHECK_TEXT(hs_response_header(response, text("content-range"), 0), url("bytes */%zu", length));
            check_file(file, length, 1);
            CHECK_STATUS(hs_response_free(response), HS_OK);
        }
        close(file);
    }
}

static void without_ranges_it_begins_again_and_gives_up(void) {
    const int file = new_file();
    const hs_download_options download = into(file);
    hs_request_options request = get(source(address("http"), "no_ranges=1&fail_after=100000"));
    const hs_error_info info = take_facts(bad(&request, &download, HS_ERR_BODY_TRUNCATED));
    CHECK_INT(info.attempts, 4);
    CHECK_INT(info.file_bytes, 100000);
    check_file(file, 100000, 0);
    close(file);
}

static void other_answers_stay_out_of_the_file(void) {
    const int file = new_file();
    const hs_download_options download = into(file);
    hs_response *response = good(url("%s/response?status=404&body=nothing", address("http")), &download);
    CHECK_INT(hs_response_status(response), 404);
    CHECK_TEXT(hs_response_body(response), "nothing");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    check_file(file, 0, 0);

    /* A body comes as it was sent. */
    response = good(url("%s/gzip?bytes=1000", address("http")), &download);
    CHECK_INT(metrics_of(response).decoded, 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close(file);
}

static void what_cannot_be_written_says_why(void) {
    hs_request_options request = get(source(address("http"), ""));
    hs_download_options download = into(open("/dev/null", O_RDONLY));
    CHECK_INT(take_facts(bad(&request, &download, HS_ERR_FILE)).os_error, EBADF);
    close(download.fd);
    CHECK_INT(take_facts(bad(&request, &download, HS_ERR_FILE)).os_error, EBADF);
    download = into(open("/dev/full", O_WRONLY));
    CHECK_INT(take_facts(bad(&request, &download, HS_ERR_FILE)).os_error, ENOSPC);
    close(download.fd);

    /* Nobody reads the pipe, and no signal tells so: it would end this program. */
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    close(ends[0]);
    download = into(ends[1]);
    CHECK_INT(take_facts(bad(&request, &download, HS_ERR_FILE)).os_error, EPIPE);
    close(ends[1]);

    /* A pipe cannot be taken back. */
    CHECK_INT(pipe(ends), 0);
    download = into(ends[1]);
    download.offset = 10;
    download.validator = text("\"an old version\"");
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_RESUME)), HS_OK);
    close(ends[0]);
    close(ends[1]);
}

static void what_makes_no_sense_is_refused(void) {
    const int file = new_file();
    hs_download_options download = into(file);
    hs_request_options request = post(source(address("http"), ""), "body");
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_ARGUMENT)), HS_OK);
    request = get(source(address("http"), ""));
    request.flags = HS_STREAM;
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_ARGUMENT)), HS_OK);
    request.flags = 0;
    const hs_header range = {text("range"), text("bytes=0-5"), 0};
    request.headers = &range;
    request.header_count = 1;
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_HEADER)), HS_OK);
    request.header_count = 0;
    CHECK_STATUS(hs_error_free(bad(&request, NULL, HS_ERR_NULL_ARGUMENT)), HS_OK);
    download.offset = 5;
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_ARGUMENT)), HS_OK);
    download.validator = text("W/\"weak\"");
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_ARGUMENT)), HS_OK);
    download = into(-1);
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_ARGUMENT)), HS_OK);
    download = into(file);
    download.max_resumes = 1001;
    CHECK_STATUS(hs_error_free(bad(&request, &download, HS_ERR_INVALID_ARGUMENT)), HS_OK);
    CHECK(hs_error_validator(NULL).data == NULL);
    close(file);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    in_one_go_and_in_many(address("http"));
    in_one_go_and_in_many(address("https"));
    a_later_call_goes_on_or_begins_again();
    without_ranges_it_begins_again_and_gives_up();
    other_answers_stay_out_of_the_file();
    what_cannot_be_written_says_why();
    what_makes_no_sense_is_refused();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}
