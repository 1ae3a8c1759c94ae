// The check of the trading client: what it is to do is in ../../README.md.
//
//   trading_safety --broker URL --data URL [--ca FILE] [--threads 50] [--requests 100] [--faults SEED]
#include "check.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REPORTS = 30 };

const char *broker_url, *data_url, *ca_file;
static hs_worker *worker; // for the broker's side
static struct {
    pthread_mutex_t lock;
    long count;
} complaints = {.lock = PTHREAD_MUTEX_INITIALIZER};

void wrong(const char *format, ...) {
    pthread_mutex_lock(&complaints.lock);
    if (complaints.count++ < MOST_REPORTS) {
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
    }
    pthread_mutex_unlock(&complaints.lock);
}

long wrongs(void) {
    pthread_mutex_lock(&complaints.lock);
    long count = complaints.count;
    pthread_mutex_unlock(&complaints.lock);
    return count;
}

bool check_result(alpaca_result wanted, alpaca_result result, const alpaca_error *error, const char *call, const char *file, int line) {
    if (result == wanted && (result == ALPACA_OK || error->result == result)) return true;
    wrong("%s:%d: %s came to %s (HTTP %d, code %lld, sent %u), not to %s: %s", file, line, call, alpaca_result_name(result),
          error->http_status, (long long)error->code, (unsigned)error->request_sent, alpaca_result_name(wanted), error->message);
    return false;
}

bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

bool amounts_to(alpaca_decimal decimal, const char *text) {
    alpaca_decimal other = alpaca_decimal_of(text);
    return decimal.given && other.given && decimal.nano == other.nano;
}

json_t *admin(const char *method, const char *key, const char *path, const char *body) {
    char url[600];
    snprintf(url, sizeof url, "%s/admin/accounts/%s%s", broker_url, key, path);
    hs_request_options request = {.struct_size = sizeof request, .method = {method, HS_NTS}, .url = {url, HS_NTS}};
    if (body) request.body = (hs_str){body, HS_NTS};
    hs_response *response = NULL;
    hs_status status = hs_request(worker, &request, &response, NULL);
    if (status != HS_OK || hs_response_status(response) >= 300) {
        hs_str name = hs_status_name(status);
        fprintf(stderr, "%s %s: %.*s %d\n", method, url, (int)name.len, name.data, status == HS_OK ? hs_response_status(response) : 0);
        exit(2);
    }
    hs_str text = hs_response_body(response);
    json_t *answer = text.len ? json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL) : NULL;
    hs_response_free(response);
    return answer;
}

long number_in(const json_t *object, const char *name) { return (long)json_integer_value(json_object_get(object, name)); }

long told_of(const char *key, const char *name) {
    json_t *all = admin("GET", key, "", NULL);
    long number = number_in(all, name);
    json_decref(all);
    return number;
}

alpaca_config config_for(const char *key) {
    return (alpaca_config){.api_key = key, .api_secret = "a secret", .base_url = broker_url, .data_url = data_url, .ca_file = ca_file};
}

static int usage(const char *program) {
    fprintf(stderr, "usage: %s --broker URL --data URL [--ca FILE] [--threads 50] [--requests 100] [--faults SEED]\n", program);
    return 2;
}

static void phase(const char *name, void (*check)(void)) {
    long before = wrongs();
    check();
    printf("%s: %ld wrong\n", name, wrongs() - before);
    fflush(stdout);
}

int main(int argc, char **argv) {
    long threads = 50, requests = 100, faults = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return usage(argv[0]);
        if (same(argv[i], "--broker")) broker_url = argv[i + 1];
        else if (same(argv[i], "--data")) data_url = argv[i + 1];
        else if (same(argv[i], "--ca")) ca_file = argv[i + 1];
        else if (same(argv[i], "--threads")) threads = atol(argv[i + 1]);
        else if (same(argv[i], "--requests")) requests = atol(argv[i + 1]);
        else if (same(argv[i], "--faults")) faults = atol(argv[i + 1]);
        else return usage(argv[0]);
    }
    if (!broker_url || !data_url || strlen(broker_url) > 200 || strlen(data_url) > 200 || threads < 1 || threads > 1000 ||
        requests < 1 || requests > 100000 || faults < 0)
        return usage(argv[0]);
    hs_worker_options options = {.struct_size = sizeof options};
    if (ca_file) options.ca_file = (hs_str){ca_file, HS_NTS};
    if (hs_worker_new(&options, &worker, NULL) != HS_OK) return fprintf(stderr, "no worker: is %s there?\n", ca_file ? ca_file : ""), 2;

    phase("operations", check_operations);
    phase("lost answers", check_lost_answers);
    phase("limit", check_limit);
    tally tally = {0};
    check_threads(threads, requests, faults, &tally);
    hs_worker_free(worker);

    char seed[40] = "";
    if (faults) snprintf(seed, sizeof seed, ", faults seed %ld", faults);
    printf("trading_safety (c): %ld threads x %ld requests%s: %ld succeeded, %ld failed; %ld crashes, %ld wrong answers, "
           "%ld duplicate orders, %ld throttled\n",
           threads, requests, seed, tally.succeeded, tally.failed, tally.crashes, wrongs(), tally.duplicates, tally.throttled);
    return tally.crashes || wrongs() || tally.duplicates || tally.throttled ? 1 : 0;
}
