/* A panic inside the library ends the call with HS_ERR_PANIC, and neither the process nor the worker with it. Needs a
 * library with the feature `fault-injection`, where the method X-PANIC panics inside the call. */

#include "client.h"

/* One of many: the others do not notice. */
static void among_others(hs_worker *worker, const char *target) {
    hs_request_options requests[3] = {get(target), get(target), get(target)};
    const hs_request_options *pointers[3] = {&requests[0], &requests[1], &requests[2]};
    hs_completion completions[3];
    requests[1].method = text("X-PANIC");
    CHECK_STATUS(hs_request_many(worker, pointers, 3, completions, NULL), HS_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(completions[i].status, i == 1 ? HS_ERR_PANIC : HS_OK);
        CHECK_STATUS(hs_response_free(completions[i].response), HS_OK);
        CHECK_STATUS(hs_error_free(completions[i].error), HS_OK);
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    hs_worker *worker = open_worker();
    char *target = url("%s/get", address("http"));
    GOOD(worker, target);
    for (int round = 0; round < 3; round++) {
        hs_request_options request = get(target);
        hs_response *response = NULL;
        hs_error *error = NULL;
        request.method = text("X-PANIC");
        CHECK_STATUS(hs_request(worker, &request, &response, &error), HS_ERR_PANIC);
        CHECK(response == NULL);
        CHECK_STATUS(hs_error_status(error), HS_ERR_PANIC);
        CHECK_HAS(hs_error_message(error), "injected fault");
        CHECK_STATUS(hs_error_free(error), HS_OK);
        CHECK_STATUS(hs_request(worker, &request, &response, NULL), HS_ERR_PANIC);
        GOOD(worker, target);
        among_others(worker, target);
    }
    CHECK_STATUS(hs_worker_free(worker), HS_OK);
    return 0;
}
