/* The control for ThreadSanitizer: two threads in the one place of the library that races on purpose, which is there
 * with the feature `fault-injection` alone: requests of the method X-RACE. */

#include "client.h"

#include <pthread.h>

static void *race(void *unused) {
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/get", address("http")));
    (void)unused;
    request.method = text("X-RACE");
    for (int round = 0; round < 50; round++) {
        CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    }
    close_worker(worker);
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[2];
    begin(count, arguments);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, race, NULL), 0);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    return 0;
}
