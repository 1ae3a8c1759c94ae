/* A server that resets the connection while a large body is on its way: an error, not SIGPIPE, although the program
 * left that at its default. The library leaves signals as it found them, and its threads take none. */

#include "client.h"
#include "resolver.h"

#include <signal.h>

#define BODY_BYTES (8u << 20)

static char *body;

static void one_upload(hs_worker *worker, const char *target) {
    hs_request_options request = get(target);
    request.method = text("POST");
    request.body = bytes(body, BODY_BYTES);
    hs_response *response = NULL;
    hs_error *error = NULL;
    const hs_status status = hs_request(worker, &request, &response, &error);
    if (status != HS_ERR_SEND && status != HS_ERR_RECEIVE && status != HS_ERR_CONNECTION_CLOSED) {
        const hs_str message = hs_error_message(error);
        FAIL("%s: %.*s %.*s", target, check_name_length(status), check_name(status), (int)message.len, message.data);
    }
    const hs_error_info info = take_facts(error);
    CHECK_INT(info.request_sent, HS_SENT_MAYBE);
    CHECK_INT(info.retryable, HS_RETRYABLE_UNKNOWN);
    GOOD(worker, url("%s/get", address("http")));
}

/* Two writes into a connection that the peer has reset: the first gets RST back, the second would raise SIGPIPE. */
static void uploads(const char *scheme, const char *port) {
    char target[URL_BYTES];
    hs_worker *worker = open_worker();
    snprintf(target, sizeof target, "%s://%s/reset?phase=head", scheme, address(port));
    for (int round = 0; round < 10; round++) {
        one_upload(worker, target);
    }
    close_worker(worker);
}

/* A connection that the server ended while it was idle is closed in good order: TLS says goodbye into it. */
static void farewells(const char *base) {
    for (int round = 0; round < 5; round++) {
        hs_worker *worker = open_worker();
        GOOD(worker, url("%s/close", base));
        GOOD(worker, url("%s/get", base));
        close_worker(worker);
    }
}

static void same_handlers(const struct sigaction *before) {
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction now;
        memset(&now, 0, sizeof now);
        if (sigaction(signal, NULL, &now) == 0) {
            if (now.sa_handler != before[signal].sa_handler || now.sa_flags != before[signal].sa_flags) {
                FAIL("the handler of signal %d has changed", signal);
            }
        }
    }
}

/* A set of signals of this thread's, as the kernel knows it. */
static uint64_t signals(const char *field) {
    char line[256];
    uint64_t value = 0;
    FILE *status = fopen("/proc/thread-self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            value = strtoull(line + strlen(field), NULL, 16);
        }
    }
    fclose(status);
    return value;
}

/* Threads that the library starts take no signals: a handler of the program's would run there. */
static void library_threads(void) {
    hs_worker *worker = open_worker();
    const hs_request_options request = get(url("http://a.slow.test:%s/get", strrchr(address("http"), ':') + 1));
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK(resolver_look_ups() > 0);
    CHECK_INT(resolver_unblocked(), 0);
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    struct sigaction before[NSIG];
    sigset_t mask_before, mask_after;
    memset(before, 0, sizeof before);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&mask_before);
    sigaddset(&mask_before, SIGUSR2);
    CHECK_INT(pthread_sigmask(SIG_SETMASK, &mask_before, NULL), 0);
    for (int signal = 1; signal < NSIG; signal++) {
        sigaction(signal, NULL, &before[signal]);
    }

    const uint64_t ignored_before = signals("SigIgn:");

    body = calloc(1, BODY_BYTES);
    CHECK(body != NULL);
    uploads("http", "script");
    uploads("https", "script_tls");
    farewells(address("http"));
    farewells(address("https"));
    farewells(address("https_h1"));
    free(body);

    same_handlers(before);
    CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &mask_after), 0);
    for (int signal = 1; signal < NSIG; signal++) {
        CHECK_INT(sigismember(&mask_after, signal), signal == SIGUSR2);
    }
    CHECK_INT(signals("SigIgn:"), ignored_before);
    CHECK((signals("ShdPnd:") & UINT64_C(1) << (SIGPIPE - 1)) == 0);
    CHECK((signals("SigPnd:") & UINT64_C(1) << (SIGPIPE - 1)) == 0);
    library_threads();
    return 0;
}
