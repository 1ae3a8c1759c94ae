/* A panic inside the library ends the call with HS_ERR_PANIC, and neither the process nor the worker with it. Needs a
 * library with the feature `fault-injection`, where the method X-PANIC panics inside the call. */

#include "client.h"

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
    }
    CHECK_STATUS(hs_worker_free(worker), HS_OK);
    return 0;
}
