/* Short forms of what the programs do all the time: workers that trust the test server, requests that succeed, and
 * requests that fail with exactly one status. */

#ifndef CLIENT_H
#define CLIENT_H

#include "check.h"

#include <dirent.h>
#include <sys/wait.h>
#include <time.h>

#define URL_BYTES 512

static inline hs_str text(const char *string) {
    const hs_str result = {string, (size_t)HS_NTS};
    return result;
}

static inline hs_str bytes(const void *data, size_t length) {
    const hs_str result = {(const char *)data, length};
    return result;
}

static inline uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* For looking again soon at what nobody announces. */
static inline void pause_ms(long milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* How many descriptors the process has open. */
static inline int open_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    int count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count - 3; /* ".", ".." and the folder itself. */
}

/* Byte i of the test server's /bytes and /range is byte i % 8, little end first, of splitmix64 number i / 8. */
static inline unsigned char byte_at(uint64_t seed, uint64_t place) {
    uint64_t value = (seed + place / 8 + 1) * 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    value ^= value >> 31;
    return (unsigned char)(value >> (8 * (place % 8)));
}

/* A place for a URL; the last few that a thread asked for stay valid. */
static inline char *url(const char *format, ...) {
    static __thread char places[16][URL_BYTES];
    static __thread unsigned next;
    char *place = places[next++ % 16];
    va_list values;
    va_start(values, format);
    CHECK(vsnprintf(place, URL_BYTES, format, values) < URL_BYTES);
    va_end(values);
    return place;
}

static inline hs_request_options get(const char *target) {
    hs_request_options request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.url = text(target);
    return request;
}

static inline hs_request_options post(const char *target, const char *body) {
    hs_request_options request = get(target);
    request.method = text("POST");
    request.body = text(body);
    return request;
}

static inline hs_request_options put(const char *target, const hs_upload *upload) {
    hs_request_options request = get(target);
    request.method = text("PUT");
    request.upload = upload;
    return request;
}

/* A child that ends as it should, with 42. */
static inline void reaped(pid_t pid) {
    int status = 0;
    CHECK(pid > 0);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 42);
}

static inline hs_worker_options defaults(void) {
    hs_worker_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.ca_file = text(address("ca_file"));
    /* A loaded machine is no failure. */
    options.connect_timeout_ms = 60000;
    /* Retries have programs of their own. */
    options.max_attempts = 1;
    return options;
}

static inline hs_worker *open_worker(void) {
    const hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    CHECK(worker != NULL);
    return worker;
}

static inline void close_worker(hs_worker *worker) { CHECK_STATUS(hs_worker_free(worker), HS_OK); }

/* The response to a request that succeeds. */
static inline hs_response *send_at(const char *file, int line, hs_worker *worker, const hs_request_options *request) {
    hs_response *response = NULL;
    hs_error *error = (hs_error *)&response; /* Success must clear it. */
    const hs_status status = hs_request(worker, request, &response, &error);
    if (status != HS_OK) {
        const hs_str message = hs_error_message(error);
        check_failed(file, line, "%.*s: %.*s", check_name_length(status), check_name(status), (int)message.len,
                     message.data);
    }
    if (error != NULL || response == NULL) {
        check_failed(file, line, "HS_OK with error %p and response %p", (void *)error, (void *)response);
    }
    return response;
}
#define SEND(worker, request) send_at(__FILE__, __LINE__, worker, request)

static inline hs_metrics metrics_of(const hs_response *response) {
    hs_metrics metrics;
    memset(&metrics, 0xA5, sizeof metrics);
    metrics.struct_size = sizeof metrics;
    CHECK_STATUS(hs_response_metrics(response, &metrics), HS_OK);
    return metrics;
}

/* A request that gets 200; the facts of its call. */
static inline hs_metrics good_at(const char *file, int line, hs_worker *worker, const char *target) {
    const hs_request_options request = get(target);
    hs_response *response = send_at(file, line, worker, &request);
    if (hs_response_status(response) != 200) {
        check_failed(file, line, "%s answered %d", target, hs_response_status(response));
    }
    const hs_metrics metrics = metrics_of(response);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return metrics;
}
#define GOOD(worker, target) good_at(__FILE__, __LINE__, worker, target)

/* The error of a request that fails with just that status, writes no response and says so in every way. */
static inline hs_error *error_at(const char *file, int line, hs_worker *worker, const hs_request_options *request,
                                 hs_status expected) {
    hs_response *const untouched = (hs_response *)(uintptr_t)0x5EED;
    hs_response *response = untouched;
    hs_error *error = NULL;
    const hs_status status = hs_request(worker, request, &response, &error);
    if (status != expected) {
        const hs_str message = hs_error_message(error);
        check_failed(file, line, "%.*s, not %.*s: %.*s", check_name_length(status), check_name(status),
                     check_name_length(expected), check_name(expected), (int)message.len, message.data);
    }
    if (response != untouched) {
        check_failed(file, line, "the response was written on failure");
    }
    if (hs_error_status(error) != expected) {
        check_failed(file, line, "the error object says %d, not %d", hs_error_status(error), expected);
    }
    if (hs_error_message(error).len == 0) {
        check_failed(file, line, "the error has no message");
    }
    return error;
}
#define ERROR_OF(worker, request, expected) error_at(__FILE__, __LINE__, worker, request, expected)

static inline hs_error_info take_facts(hs_error *error) {
    hs_error_info info;
    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_error_details(error, &info), HS_OK);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    return info;
}

/* The facts of a request that fails with just that status. */
#define FAILS(worker, request, expected) take_facts(ERROR_OF(worker, request, expected))

/* A request that fails with just that status, and a message that holds a text. */
#define FAILS_SAYING(worker, request, expected, part)                                                            \
    do {                                                                                                         \
        hs_error *check_error = ERROR_OF(worker, request, expected);                                             \
        CHECK_HAS(hs_error_message(check_error), part);                                                          \
        CHECK_STATUS(hs_error_free(check_error), HS_OK);                                                         \
    } while (0)


/* A counter of the test server's, asked on a connection that is closed again. */
static inline long counter(const char *key) {
    hs_worker *worker = open_worker();
    const hs_request_options request = get(url("%s/counters/%s", address("http"), key));
    hs_response *response = SEND(worker, &request);
    const hs_str body = hs_response_body(response);
    const char *count = memmem(body.data, body.len, "\"count\":", 8);
    CHECK(count != NULL);
    const long value = strtol(count + 8, NULL, 10);
    hs_response_free(response);
    close_worker(worker);
    return value;
}

/* Returns when a counter of the test server's has reached a value. */
static inline void await_counter(hs_worker *worker, const char *key, long at_least) {
    hs_request_options request = get(url("%s/wait/%s?at_least=%ld&timeout_ms=60000", address("http"), key, at_least));
    request.timeout_ms = HS_INFINITE;
    request.attempt_timeout_ms = HS_INFINITE;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    hs_response_free(response);
}

#endif
