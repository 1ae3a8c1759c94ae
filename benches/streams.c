/* What a body of any size costs in memory: the peak of the process while so many GB are read with hs_response_read,
 * written by hs_download and sent by hs_upload, beside what it had before. Linux.
 *
 *     streams URL CA_FILE [GIGABYTES]
 */
#define _POSIX_C_SOURCE 200809L
#include "../include/http_sentinel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static hs_worker *worker;
static char url[1024];
static unsigned long long total;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what, hs_error *error) {
    hs_str message = hs_error_message(error);
    fprintf(stderr, "%s: %.*s\n", what, (int)message.len, message.data);
    exit(1);
}

/* The most memory that was resident since the last `forget_peak`, in KiB. */
static long peak(void) {
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kib;
}

static void forget_peak(void) {
    FILE *refs = fopen("/proc/self/clear_refs", "w");
    if (refs == NULL || fputs("5", refs) == EOF || fclose(refs) != 0) {
        perror("clear_refs");
        exit(1);
    }
}

static void receive(hs_request_options *request) {
    static char buffer[65536];
    hs_response *response = NULL;
    hs_error *error = NULL;
    unsigned long long received = 0;
    size_t count;
    request->flags = HS_STREAM;
    if (hs_request(worker, request, &response, &error) != HS_OK) {
        fail("request", error);
    }
    do {
        if (hs_response_read(response, buffer, sizeof buffer, &count, 0, &error) != HS_OK) {
            fail("read", error);
        }
        received += count;
    } while (count > 0);
    if (received != total) {
        fail("the body is too short", NULL);
    }
    hs_response_free(response);
}

static void download(hs_request_options *request) {
    hs_download_options options = {0};
    hs_response *response = NULL;
    hs_error *error = NULL;
    options.struct_size = sizeof options;
    options.fd = open("/dev/null", O_WRONLY);
    if (hs_download(worker, request, &options, &response, &error) != HS_OK) {
        fail("download", error);
    }
    hs_response_free(response);
}

static int32_t give(void *left, void *buffer, size_t capacity, size_t *count) {
    unsigned long long *bytes = left;
    *count = *bytes < capacity ? (size_t)*bytes : capacity;
    memset(buffer, 'x', *count);
    *bytes -= *count;
    return 0;
}

static void send_up(hs_request_options *request) {
    unsigned long long left = total;
    hs_upload upload = {0};
    hs_response *response = NULL;
    hs_error *error = NULL;
    upload.struct_size = sizeof upload;
    upload.read = give;
    upload.user_data = &left;
    request->upload = &upload;
    if (hs_request(worker, request, &response, &error) != HS_OK || hs_response_status(response) != 200) {
        fail("upload", error);
    }
    hs_response_free(response);
}

static void measure(const char *what, const char *path, void (*run)(hs_request_options *)) {
    hs_request_options request = {0};
    char target[1200];
    snprintf(target, sizeof target, "%s%s", url, path);
    request.struct_size = sizeof request;
    request.url = (hs_str){target, HS_NTS};
    forget_peak();
    const long before = peak();
    const double start = seconds();
    run(&request);
    const double took = seconds() - start;
    printf("%-22s %6.1f GB  %5.0f MB/s  peak %ld KiB over the %ld KiB before\n", what, (double)total / 1e9,
           (double)total / 1e6 / took, peak() - before, before);
}

int main(int count, char **arguments) {
    hs_worker_options options = {0};
    hs_error *error = NULL;
    char path[64];
    if (count < 3) {
        fprintf(stderr, "usage: streams URL CA_FILE [GIGABYTES]\n");
        return 2;
    }
    snprintf(url, sizeof url, "%s", arguments[1]);
    total = (unsigned long long)((count > 3 ? strtod(arguments[3], NULL) : 1.0) * 1e9);
    options.struct_size = sizeof options;
    options.ca_file = (hs_str){arguments[2], HS_NTS};
    if (hs_worker_new(&options, &worker, &error) != HS_OK) {
        fail("hs_worker_new", error);
    }
    snprintf(path, sizeof path, "/big/%llu", total);
    measure("hs_response_read", path, receive);
    measure("hs_download", path, download);
    measure("hs_upload", "/upload?sha256=0", send_up);
    return hs_worker_free(worker) == HS_OK ? 0 : 1;
}
