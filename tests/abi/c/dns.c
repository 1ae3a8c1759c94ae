/* Names to addresses: one look-up for however many workers, on few threads, kept for a while; nobody who stops waiting is
 * kept waiting; pins; forks. */

#include "client.h"
#include "resolver.h"

#include <pthread.h>
#include <sys/wait.h>

#define MOST_THREADS 256
#define MOST_LOOK_UPS 8

static const char *port;

static hs_worker *resolving(const hs_dns_options *dns) {
    hs_worker_options options = defaults();
    options.dns = dns;
    hs_worker *worker = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static hs_dns_options plain(void) {
    hs_dns_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

static const char *named(const char *name) { return url("http://%s:%s/get", name, port); }

/* Threads of the process, and how many of them are the library's. */
static int threads(int *of_the_library) {
    int count = 0;
    *of_the_library = 0;
    DIR *folder = opendir("/proc/self/task");
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file != NULL) {
            CHECK(fgets(name, sizeof name, file) != NULL);
            fclose(file);
            count++;
            *of_the_library += strcmp(name, "hs-resolver\n") == 0;
        }
    }
    closedir(folder);
    return count;
}

static void *one_request(void *target) {
    hs_worker *worker = open_worker();
    const hs_metrics metrics = GOOD(worker, target);
    CHECK(metrics.dns_ns > 0);
    CHECK_INT(metrics.connection_reused, 0);
    close_worker(worker);
    return NULL;
}

static void together(void) {
    static pthread_t running[MOST_THREADS];
    static char targets[MOST_THREADS][URL_BYTES];
    const long count = number("threads", 200);
    CHECK(count > MOST_LOOK_UPS && count <= MOST_THREADS);
    int of_the_library;
    const int before = resolver_look_ups();
    resolver_hold();
    for (long i = 0; i < count; i++) {
        snprintf(targets[i], URL_BYTES, "%s", named("together.slow.test"));
        CHECK_INT(pthread_create(&running[i], NULL, one_request, targets[i]), 0);
    }
    resolver_await("together.slow.test");
    threads(&of_the_library);
    CHECK_INT(of_the_library, 1);
    resolver_release();
    for (long i = 0; i < count; i++) {
        CHECK_INT(pthread_join(running[i], NULL), 0);
    }
    CHECK_INT(resolver_look_ups(), before + 1);
    CHECK_INT(resolver_unblocked(), 0);
}

/* Many names at once have few threads, and libcurl starts none of its own. */
static void few_threads(void) {
    enum { NAMES = 2 * MOST_LOOK_UPS };
    pthread_t running[NAMES];
    char names[NAMES][64], targets[NAMES][URL_BYTES];
    int of_the_library;
    resolver_hold();
    for (int i = 0; i < NAMES; i++) {
        snprintf(names[i], sizeof names[i], "%d.few.slow.test", i);
        snprintf(targets[i], URL_BYTES, "%s", named(names[i]));
        CHECK_INT(pthread_create(&running[i], NULL, one_request, targets[i]), 0);
        if (i < MOST_LOOK_UPS) {
            resolver_await(names[i]);
        }
    }
    const int all = threads(&of_the_library);
    CHECK_INT(of_the_library, MOST_LOOK_UPS);
    CHECK_INT(all, 1 + NAMES + MOST_LOOK_UPS);
    resolver_release();
    for (int i = 0; i < NAMES; i++) {
        CHECK_INT(pthread_join(running[i], NULL), 0);
    }
    CHECK_INT(resolver_unblocked(), 0);
}

/* How many look-ups a request on a new worker makes. */
static int look_ups_with(const hs_dns_options *options, const char *name) {
    const int before = resolver_look_ups();
    hs_worker *worker = resolving(options);
    GOOD(worker, named(name));
    close_worker(worker);
    return resolver_look_ups() - before;
}

static void kept_for_a_while(void) {
    hs_dns_options brief = plain(), never = plain(), forever = plain();
    brief.cache_ms = 1;
    never.flags = HS_DNS_NO_CACHE;
    forever.cache_ms = HS_INFINITE;
    CHECK_INT(look_ups_with(NULL, "kept.slow.test"), 1);
    CHECK_INT(look_ups_with(NULL, "kept.slow.test"), 0);
    CHECK_INT(look_ups_with(&forever, "KEPT.slow.test"), 0);
    pause_ms(2);
    CHECK_INT(look_ups_with(&brief, "kept.slow.test"), 1);
    CHECK_INT(look_ups_with(&never, "kept.slow.test"), 1);
    CHECK_INT(look_ups_with(NULL, "kept.slow.test"), 0);
    CHECK_STATUS(hs_dns_flush(), HS_OK);
    CHECK_INT(look_ups_with(&forever, "kept.slow.test"), 1);
}

/* A connection that is used again needs no address; a new one after a flush does. */
static void not_while_connections_are_kept(void) {
    hs_dns_options never = plain();
    never.flags = HS_DNS_NO_CACHE;
    hs_worker *worker = resolving(&never);
    const int before = resolver_look_ups();
    for (int round = 0; round < 5; round++) {
        const hs_metrics metrics = GOOD(worker, named("reused.slow.test"));
        CHECK_INT(metrics.connection_reused, round > 0);
        CHECK(round == 0 || metrics.dns_ns == 0);
    }
    CHECK_INT(resolver_look_ups(), before + 1);
    close_worker(worker);
    worker = open_worker();
    for (int round = 0; round < 3; round++) {
        const int so_far = resolver_look_ups();
        CHECK_STATUS(hs_dns_flush(), HS_OK);
        GOOD(worker, url("http://flushed.slow.test:%s/close", port));
        CHECK_INT(resolver_look_ups(), so_far + 1);
    }
    close_worker(worker);
}

static void *release_soon(void *name) {
    resolver_await(name);
    pause_ms(30);
    resolver_release();
    return NULL;
}

static void the_time_it_took(void) {
    pthread_t other;
    hs_worker *worker = open_worker();
    resolver_hold();
    CHECK_INT(pthread_create(&other, NULL, release_soon, "timed.slow.test"), 0);
    const hs_metrics metrics = GOOD(worker, named("timed.slow.test"));
    CHECK_INT(pthread_join(other, NULL), 0);
    CHECK(metrics.dns_ns >= 30000000u);
    CHECK(metrics.queue_ns + metrics.dns_ns + metrics.connect_ns + metrics.first_byte_ns <= metrics.total_ns);
    CHECK(metrics.connect_ns < 30000000u || metrics.total_ns > 60000000u);
    close_worker(worker);
}

/* A name server that does not answer keeps nobody: each way to stop waiting works, and closing the worker, too. */
static void nobody_is_kept(void) {
    const uint64_t start = now_ns();
    hs_worker *worker = open_worker();
    resolver_hold();
    hs_request_options request = get(named("hangs.slow.test"));
    request.timeout_ms = 30;
    hs_error_info info = FAILS(worker, &request, HS_ERR_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_DNS);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_SAFE);
    request.timeout_ms = 0;
    request.attempt_timeout_ms = 30;
    CHECK_INT(FAILS(worker, &request, HS_ERR_ATTEMPT_TIMEOUT).phase, HS_PHASE_DNS);
    request.attempt_timeout_ms = 0;
    request.connect_timeout_ms = 30;
    FAILS_SAYING(worker, &request, HS_ERR_CONNECT_TIMEOUT, "connect timeout of 30 ms while resolving hangs.slow.test");
    info = FAILS(worker, &request, HS_ERR_CONNECT_TIMEOUT);
    CHECK_INT(info.phase, HS_PHASE_DNS);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_SAFE);
    CHECK(info.elapsed_ns >= 30000000u);
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
    CHECK(now_ns() - start < UINT64_C(20000000000)); /* The look-up hangs for 30 s. */
    resolver_release();
    resolver_await_idle();
}

static void no_such_name(void) {
    hs_worker *worker = open_worker();
    const hs_request_options request = post("http://name.invalid/", "an order");
    const int before = resolver_calls();
    FAILS_SAYING(worker, &request, HS_ERR_DNS, "could not resolve name.invalid: ");
    const hs_error_info info = FAILS(worker, &request, HS_ERR_DNS);
    CHECK_INT(resolver_calls(), before + 2);
    CHECK_INT(info.phase, HS_PHASE_DNS);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_SAFE);
    CHECK_INT(info.curl_code, 6);
    close_worker(worker);
}

static void this_machine(void) {
    hs_worker *worker = open_worker();
    const int before = resolver_calls();
    GOOD(worker, named("localhost"));
    GOOD(worker, named("LocalHost."));
    GOOD(worker, named("any.thing.localhost"));
    GOOD(worker, url("%s/get", address("https")));
    GOOD(worker, url("%s/get", address("http")));
    CHECK_INT(resolver_calls(), before);
    close_worker(worker);
}

static void pins(void) {
    const hs_str server = text("127.0.0.1"), nobody = text("127.0.0.2");
    const hs_str both[2] = {nobody, server}, families[2] = {text("::1"), server};
    hs_dns_pin list[6];
    memset(list, 0, sizeof list);
    for (size_t i = 0; i < 6; i++) {
        list[i].addresses = &server;
        list[i].address_count = 1;
    }
    list[0].host = text("Pinned.Test");
    list[1].host = text("elsewhere.test");
    list[1].addresses = &nobody;
    list[1].port = (uint32_t)strtol(port, NULL, 10);
    list[2].host = text("elsewhere.test");
    list[3].host = text("two.test.");
    list[3].addresses = both;
    list[3].address_count = 2;
    list[4].host = text("localhost");
    list[4].addresses = &nobody;
    list[5].host = text("families.test");
    list[5].addresses = families;
    list[5].address_count = 2;
    hs_dns_options options = plain();
    options.pins = list;
    options.pin_count = 6;
    hs_worker *worker = resolving(&options);
    const int before = resolver_calls();
    CHECK_INT(GOOD(worker, named("pinned.test")).connection_reused, 0);
    CHECK_INT(GOOD(worker, named("PINNED.test")).connection_reused, 1);
    GOOD(worker, named("pinned.test."));
    CHECK_INT(GOOD(worker, named("two.test")).peer.ip[3], 1);
    CHECK_INT(GOOD(worker, named("families.test")).peer.family, 4);
    hs_request_options request = get(named("elsewhere.test"));
    FAILS(worker, &request, HS_ERR_CONNECT);
    request = get(named("localhost"));
    FAILS(worker, &request, HS_ERR_CONNECT);
    request = get(url("http://elsewhere.test:%s/get", strrchr(address("closed"), ':') + 1));
    FAILS_SAYING(worker, &request, HS_ERR_CONNECT, "elsewhere.test");
    CHECK_INT(resolver_calls(), before);
    close_worker(worker);

    /* What is pinned is held against the address rule like everything else. */
    const hs_address_rule rule = {sizeof rule, HS_ADDRESS_ANY, NULL, 0, &server, 1};
    hs_worker_options bound = defaults();
    bound.dns = &options;
    bound.addresses = &rule;
    CHECK_STATUS(hs_worker_new(&bound, &worker, NULL), HS_OK);
    request = get(named("pinned.test"));
    FAILS_SAYING(worker, &request, HS_ERR_ADDRESS_REFUSED, "forbids 127.0.0.1 (for pinned.test)");
    close_worker(worker);
}

/* Where connections go somewhere else, it is that name that is looked up. */
static void connect_to(void) {
    hs_network_options network;
    hs_connect_to to;
    memset(&network, 0, sizeof network);
    memset(&to, 0, sizeof to);
    network.struct_size = sizeof network;
    network.connect_to = &to;
    network.connect_to_count = 1;
    to.connect_host = text("target.slow.test");
    to.connect_port = (uint32_t)strtol(port, NULL, 10);
    hs_worker_options options = defaults();
    options.network = &network;
    hs_worker *worker = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    const int before = resolver_calls();
    GOOD(worker, "http://asked-for.test/get");
    GOOD(worker, "http://192.0.2.1/get");
    CHECK_INT(resolver_calls(), before + 1);
    close_worker(worker);
}

static void no_worker(const hs_dns_options *dns, hs_status expected, const char *part) {
    hs_worker_options options = defaults();
    options.dns = dns;
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), expected);
    CHECK(worker == NULL);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void options_that_cannot_be(void) {
    hs_str ip = text("127.0.0.1");
    hs_dns_pin pin = {text("a.test"), &ip, 1, 0};
    hs_dns_options options = plain();
    options.flags = 2;
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "hs_dns_options.flags");
    options.flags = HS_DNS_NO_CACHE;
    options.cache_ms = 1;
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "hs_dns_options.cache_ms");
    options = plain();
    options.pin_count = 1;
    no_worker(&options, HS_ERR_NULL_ARGUMENT, "hs_dns_options.pins");
    options.pins = &pin;
    options.pin_count = 65537;
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "hs_dns_options.pins");
    options.pin_count = 1;
    pin.port = 65536;
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "pins[0].port is 65536");
    pin.port = 0;
    pin.address_count = 0;
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "no addresses");
    pin.address_count = 65;
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "pins[0].addresses");
    pin.address_count = 1;
    ip = text("b.test");
    no_worker(&options, HS_ERR_INVALID_ARGUMENT, "pins[0].addresses[0] is \"b.test\"");
    ip = bytes(NULL, 1);
    no_worker(&options, HS_ERR_NULL_ARGUMENT, "pins[0].addresses[0]");
    ip = text("::1");
    const char *const hosts[] = {"", "a b", "a.test:80", "127.0.0.1", "[::1]", "a\r\nb"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        pin.host = text(hosts[i]);
        no_worker(&options, HS_ERR_INVALID_ARGUMENT, "pins[0] for");
    }
    options.struct_size = 7;
    no_worker(&options, HS_ERR_STRUCT_SIZE, "hs_dns_options.struct_size is 7");
    options.struct_size = 8; /* As if there were no pins. */
    close_worker(resolving(&options));
}

static void *hang(void *unused) {
    (void)unused;
    hs_worker *worker = open_worker();
    GOOD(worker, named("parent.slow.test"));
    close_worker(worker);
    return NULL;
}

/* A child has none of its parent's threads, and needs none of them, whatever they were about. */
static void in_a_child(void) {
    pthread_t other;
    resolver_hold();
    CHECK_INT(pthread_create(&other, NULL, hang, NULL), 0);
    resolver_await("parent.slow.test");
    for (int round = 0; round < 3; round++) {
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            int of_the_library;
            CHECK_STATUS(hs_dns_flush(), HS_OK);
            hs_worker *worker = open_worker();
            GOOD(worker, named("127-0-0-1.addr.test"));
            close_worker(worker);
            threads(&of_the_library);
            CHECK_INT(of_the_library, 1);
            /* A tool that counts memory at the end would find what the parent's other thread has, and nobody refers to. */
            execl("/bin/true", "true", (char *)NULL);
            FAIL("/bin/true cannot be run");
        }
        int status = -1;
        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    resolver_release();
    CHECK_INT(pthread_join(other, NULL), 0);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    port = strrchr(address("http"), ':') + 1;
    int of_the_library;
    threads(&of_the_library);
    CHECK_INT(of_the_library, 0);
    this_machine();
    options_that_cannot_be();
    pins();
    threads(&of_the_library);
    CHECK_INT(of_the_library, 0);
    together();
    few_threads();
    kept_for_a_while();
    not_while_connections_are_kept();
    the_time_it_took();
    nobody_is_kept();
    no_such_name();
    connect_to();
    in_a_child();
    return 0;
}
