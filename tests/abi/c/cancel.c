/* Cancelling a call from another thread in each of its phases, and how long it takes from the trigger until
 * `hs_request` has returned. Each phase is waited for by an event, not by time. */

#include "client.h"
#include "resolver.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#define MOST_ROUNDS 1000

static long rounds;
static hs_cancel *cancel;
static uint64_t triggered_at;
static pthread_barrier_t called;

/* Where a call hangs, and what says that it does. Each is waited for on the cancelling thread. */
struct phase {
    const char *name;
    const char *doing; /* Words of the error's message. */
    uint32_t sent;
    hs_request_options (*request)(long round);
    void (*await)(long round);
};

static hs_worker *observer; /* The cancelling thread's own. */

static hs_request_options in_dns(long round) { return get(url("http://dns-%ld.slow.test/", round)); }
static void await_dns(long round) { resolver_await(url("dns-%ld.slow.test", round)); }

/* Whether a socket of this machine waits for an answer to its SYN from the port of an address. Connections that keep the
 * port's backlog full wait too, for a while: they are remembered, by their own ports, and do not count. */
static int connecting_to(const char *to, int remember) {
    static unsigned char others[65536];
    const unsigned port = (unsigned)strtoul(strrchr(to, ':') + 1, NULL, 10);
    char line[512];
    int found = 0;
    FILE *table = fopen("/proc/self/net/tcp", "r");
    CHECK(table != NULL);
    while (fgets(line, sizeof line, table) != NULL) {
        unsigned local_port, remote_port, state;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%x %x", &local_port, &remote_port, &state) == 3 &&
            state == 2 && remote_port == port) { /* 2: TCP_SYN_SENT */
            others[local_port % 65536] |= remember;
            found |= !others[local_port % 65536];
        }
    }
    fclose(table);
    return found;
}

static hs_request_options in_connect(long round) {
    (void)round;
    return get(url("http://%s/", address("stall_connect")));
}
static void await_connect(long round) {
    (void)round;
    while (!connecting_to(address("stall_connect"), 0)) {
        pause_ms(1);
    }
}

/* A port of our own that reads the first words of a handshake and never answers. */
static int listener = -1;
static unsigned listener_port;
static int silent_peer = -1;

static void listen_silently(void) {
    struct sockaddr_in place;
    socklen_t length = sizeof place;
    memset(&place, 0, sizeof place);
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener >= 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&place, sizeof place), 0);
    CHECK_INT(listen(listener, 16), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&place, &length), 0);
    listener_port = ntohs(place.sin_port);
}

static hs_request_options in_tls(long round) {
    (void)round;
    return get(url("https://127.0.0.1:%u/", listener_port));
}
static void await_tls(long round) {
    char hello[64];
    (void)round;
    if (silent_peer >= 0) {
        close(silent_peer);
    }
    silent_peer = accept(listener, NULL, NULL);
    CHECK(silent_peer >= 0);
    CHECK(recv(silent_peer, hello, sizeof hello, 0) > 0);
}

/* The server counts who waits in vain. */
static const char *const in_clear = "cancel", *const over_tls = "cancel-tls";
static hs_request_options in_head(long round) {
    (void)round;
    return get(url("%s/stall/head?key=%s", address("http"), in_clear));
}
static hs_request_options in_head_tls(long round) {
    (void)round;
    return get(url("%s/stall/head?key=%s", address("https"), over_tls));
}
static void await_head(long round) { await_counter(observer, in_clear, round); }
static void await_head_tls(long round) { await_counter(observer, over_tls, round); }

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int body_has_begun;

static int32_t body_begins(void *user_data, const void *data, size_t length) {
    (void)user_data;
    (void)data;
    (void)length;
    pthread_mutex_lock(&lock);
    body_has_begun = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return 0;
}

static hs_request_options body_of(const char *base) {
    hs_request_options request = get(url("%s/stall/body?bytes=5", base));
    request.on_body = body_begins;
    return request;
}
static hs_request_options in_body(long round) {
    (void)round;
    return body_of(address("http"));
}
static hs_request_options in_body_tls(long round) {
    (void)round;
    return body_of(address("https"));
}
static void await_body(long round) {
    (void)round;
    pthread_mutex_lock(&lock);
    while (!body_has_begun) {
        pthread_cond_wait(&changed, &lock);
    }
    body_has_begun = 0;
    pthread_mutex_unlock(&lock);
}

static const struct phase phases[] = {
    {"dns", "resolving", HS_SENT_NO, in_dns, await_dns},
    {"connect", "connecting", HS_SENT_NO, in_connect, await_connect},
    {"tls", "TLS handshake", HS_SENT_NO, in_tls, await_tls},
    {"head", "response head", HS_SENT_MAYBE, in_head, await_head},
    {"head over TLS", "response head", HS_SENT_MAYBE, in_head_tls, await_head_tls},
    {"body", "body", HS_SENT_YES, in_body, await_body},
    {"body over TLS", "body", HS_SENT_YES, in_body_tls, await_body},
};
#define PHASES (sizeof phases / sizeof *phases)

static void *cancel_each(void *unused) {
    (void)unused;
    observer = open_worker();
    for (size_t i = 0; i < PHASES; i++) {
        for (long round = 1; round <= rounds; round++) {
            pthread_barrier_wait(&called); /* The call is about to begin. */
            phases[i].await(round);
            triggered_at = now_ns();
            CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
        }
    }
    close_worker(observer);
    return NULL;
}

static int smaller(const void *left, const void *right) {
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void cancelled_in(const struct phase *phase) {
    static uint64_t taken[MOST_ROUNDS];
    for (long round = 1; round <= rounds; round++) {
        hs_worker *worker = open_worker();
        hs_request_options request = phase->request(round);
        CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
        request.cancel = cancel;
        request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
        request.connect_timeout_ms = request.idle_timeout_ms = HS_INFINITE;
        pthread_barrier_wait(&called);
        hs_error *error = ERROR_OF(worker, &request, HS_ERR_CANCELLED);
        taken[round - 1] = now_ns() - triggered_at;
        CHECK_HAS(hs_error_message(error), phase->doing);
        const hs_error_info info = take_facts(error);
        CHECK_INT(info.phase, HS_PHASE_CANCEL);
        CHECK_INT(info.request_sent, phase->sent);
        CHECK_INT(info.retryable, HS_RETRYABLE_NO);
        CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
        GOOD(worker, url("%s/get", address("http")));
        close_worker(worker);
    }
    qsort(taken, (size_t)rounds, sizeof *taken, smaller);
    printf("cancel: %-14s min %6.3f  median %6.3f  max %6.3f ms\n", phase->name, (double)taken[0] / 1e6,
           (double)taken[rounds / 2] / 1e6, (double)taken[rounds - 1] / 1e6);
    CHECK(taken[rounds / 2] < (uint64_t)number("bound_ms", 3000) * 1000000u);
}

/* A worker whose call was cancelled in a DNS look-up that still goes on: its end waits for nobody. */
static void the_end_of_a_worker_with_a_look_up(void) {
    hs_worker *worker = open_worker();
    hs_request_options request = in_dns(0);
    request.connect_timeout_ms = 300;
    resolver_hold();
    CHECK_INT(FAILS(worker, &request, HS_ERR_CONNECT_TIMEOUT).phase, HS_PHASE_DNS);
    const uint64_t start = now_ns();
    close_worker(worker);
    const uint64_t taken = now_ns() - start;
    printf("cancel: hs_worker_free during a look-up %.3f ms\n", (double)taken / 1e6);
    CHECK(taken < (uint64_t)number("bound_ms", 3000) * 1000000u);
    resolver_release();
    resolver_await_idle();
}

/* Nothing is begun for a switch that is thrown already; another one is another one. */
static void thrown_before(void) {
    hs_worker *worker = open_worker();
    hs_cancel *thrown = NULL, *other = NULL;
    hs_request_options request = get(url("%s/count/thrown", address("http")));
    CHECK_STATUS(hs_cancel_new(&thrown), HS_OK);
    CHECK_STATUS(hs_cancel_new(&other), HS_OK);
    CHECK_STATUS(hs_cancel_trigger(thrown), HS_OK);
    CHECK_STATUS(hs_cancel_trigger(thrown), HS_OK);
    const int before = open_descriptors();
    for (int round = 0; round < 3; round++) {
        request.cancel = thrown;
        const hs_error_info info = FAILS(worker, &request, HS_ERR_CANCELLED);
        CHECK_INT(info.request_sent, HS_SENT_NO);
        CHECK_INT(info.attempts, 0);
        CHECK_INT(open_descriptors(), before);
    }
    CHECK_INT(counter("thrown"), 0);
    request.cancel = other;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    request.cancel = NULL;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_INT(counter("thrown"), 2);
    /* Thrown after its last call, nobody is disturbed. */
    CHECK_STATUS(hs_cancel_trigger(other), HS_OK);
    CHECK_INT(GOOD(worker, url("%s/get", address("http"))).connection_reused, 1);
    CHECK_STATUS(hs_cancel_free(thrown), HS_OK);
    CHECK_STATUS(hs_cancel_free(other), HS_OK);
    close_worker(worker);
}

static void *wait_in_vain(void *unused) {
    (void)unused;
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/stall/head?key=crowd", address("http")));
    request.cancel = cancel;
    FAILS(worker, &request, HS_ERR_CANCELLED);
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    return NULL;
}

/* One switch for calls on many threads; freed by another thread before their last has returned. */
static void many_at_once(void) {
    pthread_t threads[20];
    hs_worker *worker = open_worker();
    CHECK_STATUS(hs_cancel_new(&cancel), HS_OK);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, wait_in_vain, NULL), 0);
    }
    await_counter(worker, "crowd", 20);
    CHECK_STATUS(hs_cancel_trigger(cancel), HS_OK);
    CHECK_STATUS(hs_cancel_free(cancel), HS_OK);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    rounds = number("rounds", 20);
    CHECK(rounds > 0 && rounds <= MOST_ROUNDS);
    pthread_t canceller;
    connecting_to(address("stall_connect"), 1);
    listen_silently();
    CHECK_INT(pthread_barrier_init(&called, NULL, 2), 0);
    CHECK_INT(pthread_create(&canceller, NULL, cancel_each, NULL), 0);
    resolver_hold();
    for (size_t i = 0; i < PHASES; i++) {
        cancelled_in(&phases[i]);
    }
    CHECK_INT(pthread_join(canceller, NULL), 0);
    resolver_release();
    resolver_await_idle();
    the_end_of_a_worker_with_a_look_up();
    thrown_before();
    many_at_once();
    return 0;
}
