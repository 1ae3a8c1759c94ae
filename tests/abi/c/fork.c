/* After fork() the child may use nothing from before it, and can start anew; whatever it does and however it ends, the
 * parent's connections stay the parent's. */

#include "client.h"

struct objects {
    hs_worker *worker;
    hs_response *response;
    hs_error *error;
    hs_cancel *cancel;
};

/* Everything from before is refused, and nothing of it can be freed. */
static void old_ones_are_refused(const struct objects *old) {
    hs_request_options request = get(url("%s/count/from-the-child", address("http")));
    hs_header header;
    hs_metrics metrics;
    hs_error_info info;
    metrics.struct_size = sizeof metrics;
    info.struct_size = sizeof info;
    for (int round = 0; round < 2; round++) {
        FAILS(old->worker, &request, HS_ERR_FORKED);
        CHECK_STATUS(hs_worker_free(old->worker), HS_ERR_FORKED);
        CHECK_STATUS(hs_worker_retire(old->worker), HS_ERR_FORKED);
        CHECK_INT(hs_response_status(old->response), 0);
        CHECK(hs_response_body(old->response).data == NULL);
        CHECK(hs_response_url(old->response).data == NULL);
        CHECK(hs_response_header(old->response, text("date"), 0).data == NULL);
        CHECK_INT(hs_response_header_count(old->response), 0);
        CHECK_STATUS(hs_response_header_at(old->response, 0, &header), HS_ERR_FORKED);
        CHECK_STATUS(hs_response_metrics(old->response, &metrics), HS_ERR_FORKED);
        CHECK_STATUS(hs_response_free(old->response), HS_ERR_FORKED);
        CHECK_STATUS(hs_error_status(old->error), HS_ERR_FORKED);
        CHECK(hs_error_message(old->error).data == NULL);
        CHECK_STATUS(hs_error_details(old->error, &info), HS_ERR_FORKED);
        CHECK_STATUS(hs_error_free(old->error), HS_ERR_FORKED);
        CHECK_STATUS(hs_cancel_trigger(old->cancel), HS_ERR_FORKED);
        CHECK_STATUS(hs_cancel_free(old->cancel), HS_ERR_FORKED);
        hs_worker *worker = open_worker(); /* From now on the thread has a new home. */
        request.cancel = old->cancel;
        FAILS(worker, &request, HS_ERR_FORKED);
        request.cancel = NULL;
        close_worker(worker);
    }
}

static void new_ones_work(const struct objects *old) {
    hs_worker *worker = open_worker();
    CHECK(worker != old->worker);
    CHECK_INT(GOOD(worker, url("%s/get", address("http"))).connection_reused, 0);
    CHECK_INT(GOOD(worker, url("%s/get", address("https"))).connection_reused, 0);
    CHECK_INT(GOOD(worker, url("%s/get", address("https"))).connection_reused, 1);
    hs_cancel *cancel = NULL;
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    close_worker(worker);
}

enum ending { BY_EXIT, BY_EXIT_UNUSED, BY_EXIT_WITH_A_WORKER, BY_QUICK_EXIT, ENDINGS };

static void child(const struct objects *old, enum ending ending) {
    alarm((unsigned)number("seconds", 600));
    if (ending == BY_EXIT_UNUSED) {
        exit(42);
    }
    old_ones_are_refused(old);
    new_ones_work(old);
    if (ending == BY_EXIT_WITH_A_WORKER) {
        GOOD(open_worker(), url("%s/get", address("https")));
    }
    if (ending == BY_QUICK_EXIT) {
        _exit(42);
    }
    exit(42);
}

static struct objects make(void) {
    struct objects made = {open_worker(), NULL, NULL, NULL};
    hs_request_options request = get(url("%s/", address("http")));
    made.response = SEND(made.worker, &request);
    CHECK_STATUS(hs_cancel_new(&made.cancel), HS_OK);
    request.url = text("nonsense");
    made.error = ERROR_OF(made.worker, &request, HS_ERR_INVALID_URL);
    return made;
}

static void parent_and_child(const char *base, enum ending ending) {
    struct objects objects = make();
    const hs_metrics first = GOOD(objects.worker, url("%s/get", base));
    const pid_t pid = fork();
    if (pid == 0) {
        child(&objects, ending);
    }
    reaped(pid);
    const hs_metrics second = GOOD(objects.worker, url("%s/get", base));
    CHECK_INT(second.connection_reused, 1);
    CHECK_INT(second.connection_id, first.connection_id);
    CHECK_INT(second.internal_resends, 0);
    CHECK_INT(second.local.port, first.local.port);
    CHECK_STATUS(hs_response_free(objects.response), HS_OK);
    CHECK_STATUS(hs_error_free(objects.error), HS_OK);
    CHECK_STATUS(hs_cancel_free(objects.cancel), HS_OK);
    close_worker(objects.worker);
}

static pid_t forked_inside;
static int32_t fork_inside(void *user_data, const void *data, size_t length) {
    (void)data;
    (void)length;
    if (forked_inside == 0) {
        forked_inside = fork();
        if (forked_inside == 0) {
            child(user_data, BY_EXIT);
        }
    }
    return 0;
}

/* In the middle of a call, from its callback: the child's copy of the call is never gone back to. */
static void in_a_callback(const char *base) {
    struct objects objects = make();
    hs_request_options request = get(url("%s/drip?bytes=3&interval_ms=1", base));
    request.on_body = fork_inside;
    request.user_data = &objects;
    forked_inside = 0;
    CHECK_STATUS(hs_response_free(SEND(objects.worker, &request)), HS_OK);
    reaped(forked_inside);
    CHECK_INT(GOOD(objects.worker, url("%s/get", base)).connection_reused, 1);
    CHECK_STATUS(hs_response_free(objects.response), HS_OK);
    CHECK_STATUS(hs_error_free(objects.error), HS_OK);
    CHECK_STATUS(hs_cancel_free(objects.cancel), HS_OK);
    close_worker(objects.worker);
}

/* What was freed before the fork is invalid in the child, not forked; and a fork of a fork is one more. */
static void twice(void) {
    hs_worker *freed = open_worker();
    close_worker(freed);
    hs_worker *first = open_worker();
    const pid_t pid = fork();
    if (pid == 0) {
        CHECK_STATUS(hs_worker_free(freed), HS_ERR_INVALID_HANDLE);
        CHECK_STATUS(hs_worker_free(first), HS_ERR_FORKED);
        hs_worker *second = open_worker();
        GOOD(second, url("%s/get", address("http")));
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            CHECK_STATUS(hs_worker_free(first), HS_ERR_FORKED);
            CHECK_STATUS(hs_worker_free(second), HS_ERR_FORKED);
            GOOD(open_worker(), url("%s/get", address("http")));
            exit(42);
        }
        reaped(grandchild);
        CHECK_INT(GOOD(second, url("%s/get", address("http"))).connection_reused, 1);
        close_worker(second);
        exit(42);
    }
    reaped(pid);
    close_worker(first);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    for (int ending = 0; ending < ENDINGS; ending++) {
        parent_and_child(address("http"), (enum ending)ending);
        parent_and_child(address("https"), (enum ending)ending);
        parent_and_child(address("https_h1"), (enum ending)ending);
    }
    in_a_callback(address("http"));
    in_a_callback(address("https"));
    twice();
    CHECK_INT(counter("from-the-child"), 0);
    return 0;
}
