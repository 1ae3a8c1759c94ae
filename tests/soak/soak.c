/* Very many requests over very many threads, each with a worker of its own, every answer verified: no failure, no wrong
 * answer, and memory that stays flat once it is warm.
 *
 *   soak --url http://HOST:PORT [--https https://HOST:PORT --ca FILE] [--threads 50] [--requests 1000000]
 *        [--max-growth-kb N] [--quiet]
 *
 * The server is the project's test server (tests/server). Needs the library and POSIX threads alone. */

#define _POSIX_C_SOURCE 200809L

#include "http_sentinel.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Latencies: 32 steps for each power of two of nanoseconds, so that a value is at most 3 % off. */
#define STEP_BITS 5
#define STEPS (1u << STEP_BITS)
#define BUCKETS (64u * STEPS)

struct histogram {
    uint64_t counts[BUCKETS];
    uint64_t total;
    uint64_t largest;
};

static unsigned bucket_of(uint64_t value) {
    unsigned power = 0;
    while (value >> power >= 2 * STEPS) {
        power++;
    }
    return (power << STEP_BITS) + (unsigned)(value >> power);
}

/* The largest value that falls into a bucket. */
static uint64_t top_of(unsigned bucket) {
    if (bucket < 2 * STEPS) {
        return bucket;
    }
    const unsigned power = (bucket >> STEP_BITS) - 1;
    return (((uint64_t)(bucket - (power << STEP_BITS)) + 1) << power) - 1;
}

static void add(struct histogram *histogram, uint64_t value) {
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    if (value > histogram->largest) {
        histogram->largest = value;
    }
}

static void merge(struct histogram *into, const struct histogram *from) {
    for (unsigned i = 0; i < BUCKETS; i++) {
        into->counts[i] += from->counts[i];
    }
    into->total += from->total;
    if (from->largest > into->largest) {
        into->largest = from->largest;
    }
}

/* In milliseconds; `share` of all values are not larger. */
static double percentile(const struct histogram *histogram, double share) {
    uint64_t seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += histogram->counts[i];
        if ((double)seen >= share * (double)histogram->total) {
            const uint64_t top = top_of(i);
            return (double)(top < histogram->largest ? top : histogram->largest) / 1e6;
        }
    }
    return 0;
}

static const char *http_base, *https_base, *ca_file;
static long thread_count = 50;
static uint64_t request_count = 1000000;
static long max_growth_kb = 8192;
static int quiet;

/* Everything below is shared by the threads, under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t given, finished, failures;
static long warm_kb, last_kb;
static struct histogram latencies;
static uint64_t started_ns;

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static long resident_kb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void report_failure(const char *format, ...) {
    va_list values;
    pthread_mutex_lock(&lock);
    if (failures++ < 20) {
        va_start(values, format);
        printf("soak: FAILED: ");
        vprintf(format, values);
        putchar('\n');
        va_end(values);
    }
    pthread_mutex_unlock(&lock);
}

static hs_str text(const char *string) {
    const hs_str result = {string, strlen(string)};
    return result;
}

/* What is asked, and what the answer must be: a status, and a body that is known, or that was sent, or neither. */
enum body { ANY, EXACTLY, EMPTY, ECHOED, LENGTH };
static const struct kind {
    const char *method;
    const char *path;
    size_t upload;
    uint16_t status;
    enum body body;
    const char *exactly;
    size_t length;
} kinds[] = {
    {"GET", "/", 0, 200, EXACTLY, "http-sentinel test server\n", 0},
    {"POST", "/echo", 300, 200, ECHOED, NULL, 0},
    {"HEAD", "/get", 0, 200, EMPTY, NULL, 0},
    {"GET", "/bytes/3000?seed=7", 0, 200, LENGTH, NULL, 3000},
    {"PUT", "/echo", 5000, 200, ECHOED, NULL, 0},
    {"DELETE", "/status/204", 0, 204, EMPTY, NULL, 0},
    {"GET", "/status/503", 0, 503, ANY, NULL, 0},
    {"PATCH", "/echo", 1, 200, ECHOED, NULL, 0},
    {"GET", "/bytes/20000?chunked=1", 0, 200, LENGTH, NULL, 20000},
    {"OPTIONS", "/get", 0, 200, ANY, NULL, 0},
    {"POST", "/echo", 20000, 200, ECHOED, NULL, 0},
    {"PROPFIND", "/anything/soak", 10, 200, ANY, NULL, 0},
};
#define KINDS (sizeof kinds / sizeof *kinds)
#define LARGEST_UPLOAD 20000

/* Bytes that nobody else sends: another thread's or another request's answer cannot pass for ours. */
static void fill(char *body, size_t length, uint64_t serial) {
    uint64_t state = serial * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        body[i] = (char)(state >> 32);
    }
}

static int right_body(const struct kind *kind, hs_str body, const char *sent) {
    switch (kind->body) {
    case EXACTLY:
        return body.len == strlen(kind->exactly) && memcmp(body.data, kind->exactly, body.len) == 0;
    case EMPTY:
        return body.len == 0;
    case ECHOED:
        return body.len == kind->upload && memcmp(body.data, sent, body.len) == 0;
    case LENGTH:
        return body.len == kind->length;
    default:
        return body.data != NULL;
    }
}

static void send_one(hs_worker *worker, uint64_t serial, char *body, struct histogram *histogram) {
    const struct kind *kind = &kinds[serial % KINDS];
    /* All kinds over both: the schemes change once a round. */
    const char *base = https_base != NULL && (serial / KINDS) % 2 == 1 ? https_base : http_base;
    char url[512], number[32];
    snprintf(url, sizeof url, "%s%s", base, kind->path);
    snprintf(number, sizeof number, "%" PRIu64, serial);
    fill(body, kind->upload, serial);
    const hs_header headers[2] = {{text("X-Serial"), text(number), 0}, {text("Accept"), text("*/*"), 0}};
    hs_request_options request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.method = text(kind->method);
    request.url = text(url);
    request.headers = headers;
    request.header_count = 2;
    request.body.data = body;
    request.body.len = kind->upload;

    hs_response *response = NULL;
    hs_error *error = NULL;
    const uint64_t start = now_ns();
    const hs_status status = hs_request(worker, &request, &response, &error);
    add(histogram, now_ns() - start);
    if (status != HS_OK) {
        const hs_str name = hs_status_name(status), message = hs_error_message(error);
        report_failure("%s %s: %.*s: %.*s", kind->method, url, (int)name.len, name.data, (int)message.len, message.data);
        hs_error_free(error);
        return;
    }
    const hs_str received = hs_response_body(response);
    if (hs_response_status(response) != kind->status) {
        report_failure("%s %s: status %d, not %d", kind->method, url, hs_response_status(response), kind->status);
    } else if (!right_body(kind, received, body)) {
        report_failure("%s %s: a wrong body of %zu bytes", kind->method, url, received.len);
    }
    if (hs_response_free(response) != HS_OK) {
        report_failure("%s %s: the response could not be freed", kind->method, url);
    }
}

static void progress(void) {
    const double seconds = (double)(now_ns() - started_ns) / 1e9;
    printf("soak: %3" PRIu64 " %%  %9" PRIu64 " requests  %7.0f/s  %ld KB resident  %" PRIu64 " failed\n",
           100 * finished / request_count, finished, (double)finished / seconds, resident_kb(), failures);
    fflush(stdout);
}

/* Takes a batch of serial numbers at a time; 0 when all are given out. */
#define BATCH 64
static uint64_t take(uint64_t done, uint64_t *first) {
    const uint64_t twentieth = request_count / 20 + 1, tenth = request_count / 10;
    pthread_mutex_lock(&lock);
    const uint64_t before = finished;
    finished += done;
    if (!quiet && done > 0 && finished / twentieth != before / twentieth) {
        progress();
    }
    if (warm_kb == 0 && finished >= tenth) {
        warm_kb = resident_kb();
    }
    if (done > 0 && given == request_count && last_kb == 0) {
        last_kb = resident_kb(); /* The first thread that finds nothing to do: all others are still there. */
    }
    uint64_t batch = request_count - given;
    batch = batch < BATCH ? batch : BATCH;
    *first = given;
    given += batch;
    pthread_mutex_unlock(&lock);
    return batch;
}

/* Waits until all threads have come here. */
static void gather(void) {
    static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
    static long here;
    pthread_mutex_lock(&lock);
    if (++here == thread_count) {
        pthread_cond_broadcast(&all_here);
    }
    while (here < thread_count) {
        pthread_cond_wait(&all_here, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void *run(void *unused) {
    hs_worker_options options;
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    struct histogram *own = calloc(1, sizeof *own);
    char *body = malloc(LARGEST_UPLOAD);
    uint64_t first = 0, batch = 0;
    int warm = 0;
    (void)unused;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    if (ca_file != NULL) {
        options.ca_file = text(ca_file);
    }
    if (own == NULL || body == NULL) {
        report_failure("out of memory");
    } else if (hs_worker_new(&options, &worker, &error) != HS_OK) {
        const hs_str message = hs_error_message(error);
        report_failure("hs_worker_new: %.*s", (int)message.len, message.data);
        hs_error_free(error);
    } else {
        while ((batch = take(batch, &first)) > 0) {
            for (uint64_t serial = first; serial < first + batch; serial++) {
                send_one(worker, serial, body, own);
            }
            /* Nothing is warm before each has its connections, whatever order the threads begin in. */
            if (!warm) {
                gather();
                warm = 1;
            }
        }
        if (hs_worker_free(worker) != HS_OK) {
            report_failure("hs_worker_free");
        }
        pthread_mutex_lock(&lock);
        merge(&latencies, own);
        pthread_mutex_unlock(&lock);
    }
    if (!warm) {
        gather();
    }
    free(own);
    free(body);
    return NULL;
}

static int usage(void) {
    fputs("usage: soak --url URL [--https URL --ca FILE] [--threads N] [--requests N] [--max-growth-kb N] [--quiet]\n",
          stderr);
    return 2;
}

static int parse(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--quiet") == 0) {
            quiet = 1;
            continue;
        }
        if (++i >= count) {
            return 0;
        }
        if (strcmp(name, "--url") == 0) {
            http_base = arguments[i];
        } else if (strcmp(name, "--https") == 0) {
            https_base = arguments[i];
        } else if (strcmp(name, "--ca") == 0) {
            ca_file = arguments[i];
        } else if (strcmp(name, "--threads") == 0) {
            thread_count = strtol(arguments[i], NULL, 10);
        } else if (strcmp(name, "--requests") == 0) {
            request_count = strtoull(arguments[i], NULL, 10);
        } else if (strcmp(name, "--max-growth-kb") == 0) {
            max_growth_kb = strtol(arguments[i], NULL, 10);
        } else {
            return 0;
        }
    }
    return http_base != NULL && thread_count > 0 && request_count > 0;
}

int main(int count, char **arguments) {
    if (!parse(count, arguments)) {
        return usage();
    }
    pthread_t *threads = calloc((size_t)thread_count, sizeof *threads);
    if (threads == NULL) {
        return 1;
    }
    started_ns = now_ns();
    for (long i = 0; i < thread_count; i++) {
        if (pthread_create(&threads[i], NULL, run, NULL) != 0) {
            fputs("soak: a thread could not be started\n", stderr);
            return 1;
        }
    }
    for (long i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    const double seconds = (double)(now_ns() - started_ns) / 1e9;
    /* Before the threads gave back what was theirs, which would hide a leak. */
    const long end_kb = last_kb;
    free(threads);
    printf("soak: %" PRIu64 " requests over %ld threads in %.1f s: %.0f requests/s, %" PRIu64 " failed\n", latencies.total,
           thread_count, seconds, (double)latencies.total / seconds, failures);
    printf("soak: latency p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms\n", percentile(&latencies, 0.5),
           percentile(&latencies, 0.9), percentile(&latencies, 0.99), percentile(&latencies, 0.999),
           (double)latencies.largest / 1e6);
    printf("soak: resident memory %ld KB when warm, %ld KB at the end: %+ld KB (at most %+ld)\n", warm_kb, end_kb,
           end_kb - warm_kb, max_growth_kb);
    if (latencies.total != request_count) {
        printf("soak: FAILED: %" PRIu64 " of %" PRIu64 " requests were made\n", latencies.total, request_count);
        return 1;
    }
    return failures == 0 && end_kb - warm_kb <= max_growth_kb ? 0 : 1;
}
