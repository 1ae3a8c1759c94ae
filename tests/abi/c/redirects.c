/* Redirects as a caller sees them: what is followed, what is told, what is refused, and that no secret goes along. */

#include "client.h"

static hs_worker *worker;

static hs_redirect redirect_at(const hs_response *response, size_t index) {
    hs_redirect redirect;
    memset(&redirect, 0, sizeof redirect);
    redirect.struct_size = sizeof redirect;
    CHECK_STATUS(hs_response_redirect_at(response, index, &redirect), HS_OK);
    return redirect;
}

static void followed_and_told(void) {
    hs_request_options request = get(url("%s/redirect/3", address("http")));
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_INT(metrics_of(response).redirects, 3);
    for (size_t i = 0; i < 3; i++) {
        const hs_redirect redirect = redirect_at(response, i);
        CHECK_INT(redirect.status, 302);
        CHECK(redirect.elapsed_ns > 0);
        CHECK(redirect.url.len > 0 && !text_has(hs_response_url(response), "redirect"));
    }
    CHECK_HAS(redirect_at(response, 0).url, "/redirect/3");
    hs_redirect redirect;
    memset(&redirect, 0, sizeof redirect);
    CHECK_STATUS(hs_response_redirect_at(response, 0, &redirect), HS_ERR_STRUCT_SIZE);
    redirect.struct_size = sizeof redirect;
    CHECK_STATUS(hs_response_redirect_at(response, 3, &redirect), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_response_redirect_at(response, 0, NULL), HS_ERR_NULL_ARGUMENT);
    CHECK_STATUS(hs_response_redirect_at(NULL, 0, &redirect), HS_ERR_NULL_ARGUMENT);
    CHECK_INT(redirect.status, 0);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_STATUS(hs_response_redirect_at(response, 0, &redirect), HS_ERR_INVALID_HANDLE);
}

static void not_more_than_asked_for(void) {
    hs_request_options request = get(url("%s/redirect/3", address("http")));
    request.max_redirects = 3;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    request.max_redirects = 2;
    hs_error_info info = FAILS(worker, &request, HS_ERR_TOO_MANY_REDIRECTS);
    CHECK_INT(info.phase, HS_PHASE_POLICY);
    CHECK_INT(info.request_sent, HS_SENT_YES);
    request = get(url("%s/redirect/loop", address("http")));
    info = FAILS(worker, &request, HS_ERR_TOO_MANY_REDIRECTS);
    CHECK_INT(info.attempts, 1);
    request.redirects = HS_REDIRECT_RETURN;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 302);
    CHECK_INT(metrics_of(response).redirects, 0);
    CHECK(hs_response_header(response, text("location"), 0).data != NULL);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void secrets_stay_at_home(void) {
    const char *elsewhere = url("%s/anything", address("https"));
    hs_request_options request =
        post(url("%s/redirect-to?status=307&url=%s", address("http"), elsewhere), "an order");
    const hs_header headers[] = {
        {text("Authorization"), text("Bearer hunter2"), 0},
        {text("APCA-API-SECRET-KEY"), text("hunter2"), HS_HEADER_SENSITIVE},
        {text("X-Plain"), text("kept"), 0},
    };
    request.headers = headers;
    request.header_count = 3;
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_url(response), elsewhere);
    CHECK_HAS(hs_response_body(response), "an order");
    CHECK_HAS(hs_response_body(response), "kept");
    CHECK(!text_has(hs_response_body(response), "hunter2"));
    CHECK_STATUS(hs_response_free(response), HS_OK);
    request.redirects = HS_REDIRECT_SAME_ORIGIN;
    CHECK_INT(FAILS(worker, &request, HS_ERR_REDIRECT_REFUSED).request_sent, HS_SENT_YES);
    request = get(url("%s/redirect/2", address("http")));
    request.redirects = HS_REDIRECT_SAME_ORIGIN;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
}

static void no_way_down_unless_allowed(void) {
    hs_request_options request = get(url("%s/redirect-to?url=%s/get", address("https"), address("http")));
    FAILS(worker, &request, HS_ERR_REDIRECT_REFUSED);
    request.flags = HS_ALLOW_DOWNGRADE;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    worker = open_worker();
    followed_and_told();
    not_more_than_asked_for();
    secrets_stay_at_home();
    no_way_down_unless_allowed();
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return 0;
}
