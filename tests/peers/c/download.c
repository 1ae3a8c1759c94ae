/* One hs_download, for a test that does things to the server meanwhile.
 *
 *   download URL FILE OFFSET VALIDATOR CA_FILE
 *
 * Prints "STATUS HTTP FILE_BYTES VALIDATOR". */

#include "http_sentinel.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static hs_str text(const char *string) {
    const hs_str result = {string, (size_t)HS_NTS};
    return result;
}

int main(int count, char **arguments) {
    hs_worker_options options;
    hs_request_options request;
    hs_download_options download;
    hs_worker *worker = NULL;
    hs_response *response = NULL;
    hs_error *error = NULL;
    if (count != 6) return 2;
    memset(&options, 0, sizeof options);
    memset(&request, 0, sizeof request);
    memset(&download, 0, sizeof download);
    options.struct_size = sizeof options;
    options.ca_file = text(arguments[5]);
    request.struct_size = sizeof request;
    request.url = text(arguments[1]);
    download.struct_size = sizeof download;
    download.offset = strtoull(arguments[3], NULL, 10);
    download.validator = text(arguments[4]);
    download.fd = open(arguments[2], O_RDWR | O_CREAT, 0600);
    if (download.fd < 0 || lseek(download.fd, (off_t)download.offset, SEEK_SET) < 0) return 2;
    if (hs_worker_new(&options, &worker, NULL) != HS_OK) return 2;
    const hs_status status = hs_download(worker, &request, &download, &response, &error);
    const hs_str name = hs_status_name(status);
    printf("%.*s ", (int)name.len, name.data);
    if (status == HS_OK) {
        hs_metrics metrics;
        memset(&metrics, 0, sizeof metrics);
        metrics.struct_size = sizeof metrics;
        if (hs_response_metrics(response, &metrics) != HS_OK) return 2;
        printf("%d %" PRIu64 " \n", (int)hs_response_status(response), metrics.file_bytes);
    } else {
        hs_error_info info;
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        if (hs_error_details(error, &info) != HS_OK) return 2;
        const hs_str validator = hs_error_validator(error);
        printf("0 %" PRIu64 " %.*s\n", info.file_bytes, (int)validator.len, validator.data);
    }
    hs_error_free(error);
    hs_response_free(response);
    return hs_worker_free(worker) == HS_OK && close(download.fd) == 0 ? 0 : 1;
}
