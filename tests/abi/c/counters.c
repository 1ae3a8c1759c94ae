/* Counters and histograms: exact at rest, readable from any thread while the worker is at work. */

#include "client.h"

#include <pthread.h>

static hs_counters counters_of(const hs_worker *worker) {
    hs_counters counters;
    memset(&counters, 0xA5, sizeof counters);
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_worker_counters(worker, &counters), HS_OK);
    return counters;
}

static hs_histogram histogram_of(const hs_worker *worker, uint32_t latency) {
    hs_histogram histogram;
    memset(&histogram, 0xA5, sizeof histogram);
    histogram.struct_size = sizeof histogram;
    CHECK_STATUS(hs_worker_histogram(worker, latency, &histogram), HS_OK);
    return histogram;
}

static hs_worker *measured(void) {
    hs_worker_options options = defaults();
    hs_observe_options observe;
    hs_worker *worker = NULL;
    memset(&observe, 0, sizeof observe);
    observe.struct_size = sizeof observe;
    observe.flags = HS_OBSERVE_HISTOGRAMS;
    options.observe = &observe;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static void exact(void) {
    hs_worker *worker = open_worker();
    hs_counters is = counters_of(worker);
    CHECK_INT(is.calls_started, 0);
    CHECK_INT(is.reserved, 0);

    GOOD(worker, url("%s/get", address("http")));
    const hs_metrics metrics = GOOD(worker, url("%s/get", address("http")));
    is = counters_of(worker);
    CHECK_INT(is.calls_started, 2);
    CHECK_INT(is.calls_succeeded, 2);
    CHECK_INT(is.calls_in_flight, 0);
    CHECK_INT(is.responses_by_class[2], 2);
    CHECK_INT(is.connections_made, 1);
    CHECK_INT(is.connections_reused, 1);
    CHECK_INT(is.exchanges, 2);
    CHECK_INT(is.response_body_bytes, 2 * metrics.response_body_bytes);
    CHECK_INT(is.request_header_bytes, 2 * metrics.request_header_bytes);

    GOOD(worker, url("%s/redirect/2", address("http")));
    hs_request_options request = post(url("%s/status/503", address("http")), "12345");
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    request = get(url("http://%s/get", address("closed")));
    FAILS(worker, &request, HS_ERR_CONNECT);
    request = get(url("%s/get", address("self_signed")));
    FAILS(worker, &request, HS_ERR_TLS_SELF_SIGNED);
    request = get("nonsense");
    FAILS(worker, &request, HS_ERR_INVALID_URL);
    is = counters_of(worker);
    CHECK_INT(is.redirects, 2);
    CHECK_INT(is.responses_by_class[2], 3);
    CHECK_INT(is.responses_by_class[5], 1);
    CHECK_INT(is.responses_by_class[3], 0);
    CHECK_INT(is.request_body_bytes, 5);
    CHECK_INT(is.calls_started, 6);
    CHECK_INT(is.calls_failed, 2);
    CHECK_INT(is.errors_by_phase[HS_PHASE_CONNECT], 1);
    CHECK_INT(is.errors_by_phase[HS_PHASE_TLS], 1);
    CHECK_INT(is.errors_by_phase[HS_PHASE_ARGUMENT], 0);
    CHECK_INT(is.exchanges, 8);
    CHECK_INT(is.connections_made, 1);

    hs_histogram histogram = {0};
    histogram.struct_size = sizeof histogram;
    CHECK_STATUS(hs_worker_histogram(worker, HS_LATENCY_CALL, &histogram), HS_ERR_NOT_FOUND);
    close_worker(worker);
    is.struct_size = sizeof is;
    CHECK_STATUS(hs_worker_counters(worker, &is), HS_ERR_INVALID_HANDLE);
}

static void histograms(void) {
    static uint64_t counts[HS_HISTOGRAM_BUCKETS];
    hs_worker *worker = measured();
    CHECK_INT(histogram_of(worker, HS_LATENCY_CALL).count, 0);
    CHECK_INT(histogram_of(worker, HS_LATENCY_CALL).p99_ns, 0);
    for (int i = 0; i < 20; i++) {
        GOOD(worker, url("%s/get", address("https")));
    }
    GOOD(worker, url("%s/delay/50", address("https")));
    const hs_histogram calls = histogram_of(worker, HS_LATENCY_CALL);
    CHECK_INT(calls.count, 21);
    CHECK(calls.min_ns > 0 && calls.min_ns <= calls.p50_ns && calls.p50_ns <= calls.p90_ns);
    CHECK(calls.p90_ns <= calls.p99_ns && calls.p99_ns <= calls.p999_ns && calls.p999_ns <= calls.max_ns);
    CHECK(calls.max_ns >= 50000000 && calls.sum_ns >= calls.max_ns + 20 * calls.min_ns);
    CHECK_INT(histogram_of(worker, HS_LATENCY_TLS).count, 1);
    CHECK_INT(histogram_of(worker, HS_LATENCY_CONNECT).count, 1);
    CHECK_INT(histogram_of(worker, HS_LATENCY_FIRST_BYTE).count, 21);

    CHECK_STATUS(hs_worker_histogram_counts(worker, HS_LATENCY_CALL, counts, HS_HISTOGRAM_BUCKETS), HS_OK);
    uint64_t sum = 0, above = 0;
    for (size_t i = 0; i < HS_HISTOGRAM_BUCKETS; i++) {
        sum += counts[i];
        above += hs_histogram_bound_ns(i) > 50000000 ? counts[i] : 0;
        CHECK(i == 0 || hs_histogram_bound_ns(i) > hs_histogram_bound_ns(i - 1));
    }
    CHECK_INT(sum, 21);
    CHECK(above >= 1);
    CHECK_INT(hs_histogram_bound_ns(0), 1024);
    CHECK(hs_histogram_bound_ns(HS_HISTOGRAM_BUCKETS - 1) == UINT64_MAX);

    hs_histogram histogram = calls;
    CHECK_STATUS(hs_worker_histogram(worker, 9, &histogram), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_worker_histogram_counts(worker, 0, counts, HS_HISTOGRAM_BUCKETS - 1), HS_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(hs_worker_histogram_counts(worker, 0, NULL, HS_HISTOGRAM_BUCKETS), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_worker_histogram(worker, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_worker_counters(worker, NULL), HS_ERR_NULL_ARGUMENT);
    close_worker(worker);
}

/* Reads until the calls that it was told of are over. */
static void *read_along(void *worker) {
    const uint64_t calls = (uint64_t)number("calls", 300);
    uint64_t last = 0, reads = 0;
    hs_counters is;
    do {
        is = counters_of(worker);
        const hs_histogram latency = histogram_of(worker, HS_LATENCY_CALL);
        CHECK(is.calls_started >= last && is.calls_started <= calls);
        CHECK(is.calls_in_flight <= 1 && latency.count <= calls);
        last = is.calls_started;
        reads++;
    } while (is.calls_succeeded + is.calls_failed < calls);
    CHECK_INT(histogram_of(worker, HS_LATENCY_FIRST_BYTE).sum_ns > 0, 1);
    CHECK(reads > 0);
    return NULL;
}

static void from_another_thread(void) {
    const long calls = number("calls", 300);
    pthread_t readers[2];
    hs_worker *worker = measured();
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&readers[i], NULL, read_along, worker), 0);
    }
    for (long i = 0; i < calls; i++) {
        GOOD(worker, url("%s/get", address("http")));
    }
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_join(readers[i], NULL), 0);
    }
    CHECK_INT(histogram_of(worker, HS_LATENCY_CALL).count, calls);
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    exact();
    histograms();
    from_another_thread();
    return 0;
}
