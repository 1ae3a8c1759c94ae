/* Structs of other versions: shorter ones are not read or written beyond their end (a page that cannot be touched lies
 * behind them), longer ones may only add zeros, and a size that cannot be is refused. */

#include "client.h"

#include <sys/mman.h>

#define SMALLEST_WORKER_OPTIONS 8
#define SMALLEST_REQUEST_OPTIONS offsetof(hs_request_options, headers)

static char *page;
static size_t page_bytes;

/* The last so many bytes before a page that faults. */
static void *at_the_edge(size_t size) { return page + page_bytes - size; }

static void map_pages(void) {
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    CHECK_INT(mprotect(page + page_bytes, page_bytes, PROT_NONE), 0);
}

/* The first `size` bytes of a struct at the edge; its size says so. */
static void *shortened(const void *whole, size_t size) {
    const uint32_t struct_size = (uint32_t)size;
    void *place = at_the_edge(size);
    memcpy(place, whole, size);
    memcpy(place, &struct_size, sizeof struct_size);
    return place;
}

/* A struct at the edge that is longer by `extra` bytes, which are zero but for the one at `set`, if any. */
static void *lengthened(const void *whole, size_t size, size_t extra, long set) {
    const uint32_t struct_size = (uint32_t)(size + extra);
    char *place = at_the_edge(size + extra);
    memcpy(place, whole, size);
    memset(place + size, 0, extra);
    memcpy(place, &struct_size, sizeof struct_size);
    if (set >= 0) {
        place[size + (size_t)set] = 1;
    }
    return place;
}

static hs_status try_options(const hs_worker_options *options, const char *part) {
    hs_worker *const untouched = (hs_worker *)(uintptr_t)0x5EED;
    hs_worker *worker = untouched;
    hs_error *error = NULL;
    const hs_status status = hs_worker_new(options, &worker, &error);
    if (status == HS_OK) {
        CHECK(error == NULL);
        close_worker(worker);
    } else {
        CHECK(worker == untouched);
        CHECK_STATUS(hs_error_status(error), status);
        CHECK_HAS(hs_error_message(error), part);
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
    return status;
}

/* Sizes that no version ever had; only the size itself may be read. */
static void impossible_sizes(hs_worker *worker, const hs_response *response, const hs_error *error) {
    const uint32_t sizes[] = {0, 1, 4, 7, 4097, 65536, UINT32_MAX - 3, UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char digits[16];
        hs_response *none = NULL;
        uint32_t *place = at_the_edge(sizeof *place);
        *place = sizes[i];
        snprintf(digits, sizeof digits, "is %" PRIu32, sizes[i]);
        CHECK_STATUS(try_options((hs_worker_options *)place, digits), HS_ERR_STRUCT_SIZE);
        FAILS_SAYING(worker, (hs_request_options *)place, HS_ERR_STRUCT_SIZE, digits);
        FAILS_SAYING(worker, (hs_request_options *)place, HS_ERR_STRUCT_SIZE, "hs_request_options.struct_size");
        CHECK_STATUS(hs_request(worker, (hs_request_options *)place, &none, NULL), HS_ERR_STRUCT_SIZE);
        CHECK_STATUS(hs_response_metrics(response, (hs_metrics *)place), HS_ERR_STRUCT_SIZE);
        CHECK_STATUS(hs_error_details(error, (hs_error_info *)place), HS_ERR_STRUCT_SIZE);
        CHECK_INT(*place, sizes[i]);
    }
}

/* One byte less than the first version is too small; from there on every size up to the whole is an older version. */
static void older_options(hs_worker *worker) {
    const hs_worker_options options = defaults();
    const hs_request_options request = get(url("%s/get", address("http")));
    CHECK_STATUS(try_options(shortened(&options, SMALLEST_WORKER_OPTIONS - 1), "is 7"), HS_ERR_STRUCT_SIZE);
    FAILS(worker, shortened(&request, SMALLEST_REQUEST_OPTIONS - 1), HS_ERR_STRUCT_SIZE);
    for (size_t size = SMALLEST_WORKER_OPTIONS; size <= sizeof options; size += 8) {
        CHECK_STATUS(try_options(shortened(&options, size), ""), HS_OK);
    }
    for (size_t size = SMALLEST_REQUEST_OPTIONS; size <= sizeof request; size += 8) {
        hs_response *response = SEND(worker, shortened(&request, size));
        CHECK_INT(hs_response_status(response), 200);
        CHECK_STATUS(hs_response_free(response), HS_OK);
    }
}

/* Of an older struct exactly what it has counts: its method does, and its body does not where it ends before it. */
static void what_an_older_struct_lacks(hs_worker *worker) {
    hs_request_options request = get(url("%s/echo", address("http")));
    request.method = text("PUT");
    request.body = text("a body");
    hs_response *response = SEND(worker, shortened(&request, offsetof(hs_request_options, body)));
    CHECK_INT(hs_response_body(response).len, 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    response = SEND(worker, shortened(&request, offsetof(hs_request_options, timeout_ms)));
    CHECK_TEXT(hs_response_body(response), "a body");
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void newer_options(hs_worker *worker) {
    const hs_worker_options options = defaults();
    const hs_request_options request = get(url("%s/get", address("http")));
    const size_t extras[] = {1, 8, 64, 1000};
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        const size_t extra = extras[i];
        const long last = (long)extra - 1;
        char named[32];
        CHECK_STATUS(try_options(lengthened(&options, sizeof options, extra, -1), ""), HS_OK);
        CHECK_STATUS(hs_response_free(SEND(worker, lengthened(&request, sizeof request, extra, -1))), HS_OK);
        snprintf(named, sizeof named, "byte %zu is set", sizeof options + (size_t)last);
        CHECK_STATUS(try_options(lengthened(&options, sizeof options, extra, last), named), HS_ERR_STRUCT_SIZE);
        snprintf(named, sizeof named, "byte %zu is set", sizeof request + (size_t)last);
        FAILS_SAYING(worker, lengthened(&request, sizeof request, extra, last), HS_ERR_STRUCT_SIZE, named);
        snprintf(named, sizeof named, "byte %zu is set", sizeof request);
        FAILS_SAYING(worker, lengthened(&request, sizeof request, extra, 0), HS_ERR_STRUCT_SIZE, named);
    }
}

/* What is filled for the caller: exactly as far as its size says, the size itself kept, what is unknown cleared. */
#define CHECK_FILLED(type, read, object)                                                                         \
    do {                                                                                                         \
        unsigned char *place = at_the_edge(sizeof(type));                                                        \
        const uint32_t whole = sizeof(type), longer = sizeof(type) + 40, shorter = sizeof(type) - 1;             \
        uint32_t size;                                                                                           \
        memset(place, 0xA5, sizeof(type));                                                                       \
        memcpy(place, &whole, sizeof whole);                                                                     \
        CHECK_STATUS(read(object, (type *)place), HS_OK);                                                        \
        memcpy(&size, place, sizeof size);                                                                       \
        CHECK_INT(size, sizeof(type));                                                                           \
        unsigned char roomy[sizeof(type) + 56];                                                                  \
        memset(roomy, 0xA5, sizeof roomy);                                                                       \
        memcpy(roomy, &longer, sizeof longer);                                                                   \
        CHECK_STATUS(read(object, (type *)roomy), HS_OK);                                                        \
        CHECK(memcmp(roomy + 4, place + 4, sizeof(type) - 4) == 0);                                              \
        for (size_t at = sizeof(type); at < sizeof roomy; at++) {                                                \
            CHECK_INT(roomy[at], at < longer ? 0 : 0xA5);                                                        \
        }                                                                                                        \
        memset(roomy, 0xA5, sizeof roomy);                                                                       \
        memcpy(roomy, &shorter, sizeof shorter);                                                                 \
        CHECK_STATUS(read(object, (type *)roomy), HS_ERR_STRUCT_SIZE);                                           \
        for (size_t at = sizeof shorter; at < sizeof roomy; at++) {                                              \
            CHECK_INT(roomy[at], 0xA5);                                                                          \
        }                                                                                                        \
    } while (0)

static hs_status read_circuit(hs_breaker *breaker, hs_breaker_info *info) {
    return hs_breaker_state(breaker, text("a"), info);
}

/* Every field has a value, not what was there before. */
static void facts(const hs_response *response, const hs_error *error) {
    const hs_metrics metrics = metrics_of(response);
    CHECK_INT(metrics.attempts, 1);
    CHECK_INT(metrics.redirects, 0);
    CHECK_INT(metrics.internal_resends, 0);
    CHECK(metrics.total_ns > 0 && metrics.total_ns < 120000000000u);
    CHECK(metrics.connect_ns + metrics.dns_ns + metrics.first_byte_ns + metrics.body_ns <= metrics.total_ns);
    CHECK_INT(metrics.tls_ns, 0);
    CHECK(metrics.request_header_bytes > 20 && metrics.request_header_bytes < 1000);
    CHECK(metrics.response_header_bytes > 20 && metrics.response_header_bytes < 1000);
    CHECK_INT(metrics.request_body_bytes, 0);
    CHECK_INT(metrics.response_body_bytes, hs_response_body(response).len);
    CHECK_INT(metrics.connection_reused, 0);
    CHECK_INT(metrics.http_version, HS_HTTP_1_1);
    CHECK_INT(metrics.tls_version, HS_TLS_NONE);
    const uint8_t loopback[16] = {127, 0, 0, 1};
    CHECK(memcmp(metrics.peer.ip, loopback, 16) == 0 && memcmp(metrics.local.ip, loopback, 16) == 0);
    CHECK(metrics.peer.family == 4 && metrics.local.family == 4);
    CHECK_INT(metrics.peer.port, strtol(strrchr(address("http"), ':') + 1, NULL, 10));
    CHECK(metrics.local.port != 0 && metrics.local.port != metrics.peer.port);
    CHECK_INT(metrics.decoded, 0);
    CHECK_INT(metrics.file_bytes, 0);
    CHECK_INT(metrics.auth_exchanges, 0);
    CHECK_INT(metrics.tls_verified, 0);
    CHECK_INT(metrics.tls_resumed, 0);
    CHECK_INT(metrics.retry_after_ms, 0);
    CHECK_INT(metrics.stop_reason, HS_STOP_OK);

    hs_error_info info;
    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    CHECK_STATUS(hs_error_details(error, &info), HS_OK);
    CHECK_STATUS(info.status, HS_ERR_INVALID_URL);
    CHECK_INT(info.phase, HS_PHASE_ARGUMENT);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_NO);
    CHECK_INT(info.attempts, 0);
    CHECK_INT(info.curl_code, 0);
    CHECK_INT(info.os_error, 0);
    CHECK_INT(info.file_bytes, 0);
    CHECK_INT(info.retry_after_ms, 0);
    CHECK_INT(info.stop_reason, HS_STOP_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    map_pages();
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/get", address("http")));
    hs_response *response = SEND(worker, &request);
    request.url = text("nonsense");
    hs_error *error = ERROR_OF(worker, &request, HS_ERR_INVALID_URL);
    impossible_sizes(worker, response, error);
    older_options(worker);
    what_an_older_struct_lacks(worker);
    newer_options(worker);
    CHECK_FILLED(hs_metrics, hs_response_metrics, response);
    CHECK_FILLED(hs_error_info, hs_error_details, error);
    hs_breaker *breaker = NULL;
    CHECK_STATUS(hs_breaker_new(NULL, &breaker, NULL), HS_OK);
    CHECK_STATUS(hs_breaker_reset(breaker, text("a")), HS_OK);
    CHECK_FILLED(hs_breaker_info, read_circuit, breaker);
    CHECK_STATUS(hs_breaker_free(breaker), HS_OK);
    facts(response, error);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_STATUS(hs_error_free(error), HS_OK);
    close_worker(worker);
    return 0;
}
