/* One worker beside a plain loop over a libcurl easy handle, in turn, on the same requests to the same server over the
 * same bundled libcurl: requests per second of both, and their ratio.
 *
 *     one_worker URL [CA_FILE] [REQUESTS] [ROUNDS]
 */
#define _POSIX_C_SOURCE 200809L
#include "../include/http_sentinel.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static hs_worker *new_worker(const char *ca) {
    hs_worker_options options = {0};
    hs_worker *worker = NULL;
    options.struct_size = sizeof options;
    if (ca != NULL) options.ca_file = (hs_str){ca, HS_NTS};
    if (hs_worker_new(&options, &worker, NULL) != HS_OK) fail("hs_worker_new");
    return worker;
}

static double with_worker(hs_worker *worker, const char *url, long requests) {
    double start = seconds();
    for (long i = 0; i < requests; i++) {
        hs_request_options request = {0};
        hs_response *response = NULL;
        request.struct_size = sizeof request;
        request.url = (hs_str){url, HS_NTS};
        if (hs_request(worker, &request, &response, NULL) != HS_OK) fail("hs_request");
        if (hs_response_status(response) != 200 || hs_response_body(response).len == 0) fail("wrong answer");
        hs_response_free(response);
    }
    return (double)requests / (seconds() - start);
}

struct body {
    char bytes[65536];
    size_t len;
};

static size_t collect(char *bytes, size_t size, size_t count, void *data) {
    struct body *body = data;
    if (body->len + size * count > sizeof body->bytes) return 0;
    memcpy(body->bytes + body->len, bytes, size * count);
    body->len += size * count;
    return size * count;
}

/* What a careful user of libcurl writes: one handle for life, options set once. */
static double with_easy(CURL *easy, struct body *body, long requests) {
    double start = seconds();
    for (long i = 0; i < requests; i++) {
        long status = 0;
        body->len = 0;
        if (curl_easy_perform(easy) != CURLE_OK) fail("curl_easy_perform");
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200 || body->len == 0) fail("wrong answer");
    }
    return (double)requests / (seconds() - start);
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : NULL;
    const char *ca = argc > 2 && argv[2][0] != '\0' ? argv[2] : NULL;
    long requests = argc > 3 ? atol(argv[3]) : 20000;
    int rounds = argc > 4 ? atoi(argv[4]) : 5;
    static struct body body;
    if (url == NULL) fail("usage: one_worker URL [CA_FILE] [REQUESTS] [ROUNDS]");

    curl_global_init(CURL_GLOBAL_ALL);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "http-sentinel/0.1.0"); /* The same request on the wire. */
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    if (ca != NULL) curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    hs_worker *worker = new_worker(ca);

    with_easy(easy, &body, requests / 10 + 1);
    with_worker(worker, url, requests / 10 + 1);
    double best = 0, ratios = 0;
    for (int round = 0; round < rounds; round++) {
        double plain = with_easy(easy, &body, requests);
        double ours = with_worker(worker, url, requests);
        double ratio = ours / plain;
        printf("libcurl easy loop %8.0f/s   worker %8.0f/s   ratio %.3f\n", plain, ours, ratio);
        ratios += ratio;
        if (ratio > best) best = ratio;
    }
    printf("worker / libcurl easy loop: mean ratio %.3f, best %.3f over %d rounds of %ld requests\n", ratios / rounds,
           best, rounds, requests);
    hs_worker_free(worker);
    curl_easy_cleanup(easy);
    return 0;
}
