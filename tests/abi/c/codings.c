/* Coded bodies: asked for and decoded by the library, as they came where the caller wants that, and no bombs. */

#include "client.h"

static const char *const codings[] = {"gzip", "deflate", "br", "zstd"};
#define CODINGS (sizeof codings / sizeof *codings)

static hs_worker *worker;
static size_t delivered;

static int32_t count_body(void *user_data, const void *data, size_t len) {
    (void)user_data, (void)data;
    delivered += len;
    return 0;
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    for (size_t i = 0; i < CODINGS; i++) {
        hs_request_options request = get(url("%s/%s", address("https"), codings[i]));
        hs_response *response = SEND(worker, &request);
        CHECK_INT(metrics_of(response).decoded, 1);
        CHECK_HAS(hs_response_body(response), "\"method\"");
        CHECK_HAS(hs_response_header(response, text("content-encoding"), 0), codings[i]);
        const size_t whole = hs_response_body(response).len;
        CHECK_STATUS(hs_response_free(response), HS_OK);

        delivered = 0;
        request.on_body = count_body;
        CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
        CHECK_INT(delivered, whole);

        request = get(url("%s/%s", address("http"), codings[i]));
        request.flags = HS_RAW_BODY;
        response = SEND(worker, &request);
        CHECK_INT(metrics_of(response).decoded, 0);
        CHECK(!text_has(hs_response_body(response), "\"method\""));
        CHECK_STATUS(hs_response_free(response), HS_OK);

        request = get(url("%s/bomb/%s?mb=50", address("http"), codings[i]));
        CHECK_INT(FAILS(worker, &request, HS_ERR_DECODE).phase, HS_PHASE_DECODE);
        request.on_body = count_body; /* Without any limit of the body's, the ratio holds. */
        FAILS(worker, &request, HS_ERR_DECODE);
    }
    hs_request_options request = get(url("%s/anything", address("http")));
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "gzip, deflate, br, zstd");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    const hs_header own = {text("Accept-Encoding"), text("gzip"), 0};
    request = get(url("%s/gzip", address("http")));
    request.headers = &own;
    request.header_count = 1;
    response = SEND(worker, &request);
    CHECK_INT(metrics_of(response).decoded, 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
    return 0;
}
