/* Where and how connections are made: Unix sockets, other hosts, families, this end's address and ports, and what is set
 * on the sockets, read back from them. */

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static hs_network_options network(void) {
    hs_network_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

static hs_worker *over(const hs_network_options *options) {
    hs_worker_options worker_options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    worker_options.network = options;
    const hs_status status = hs_worker_new(&worker_options, &worker, &error);
    if (status != HS_OK) {
        FAIL("%.*s", (int)hs_error_message(error).len, hs_error_message(error).data);
    }
    return worker;
}

/* The error of a request over such a network, which was never sent. */
static hs_error_info fails(const hs_network_options *options, const char *target, hs_status expected) {
    hs_worker *worker = over(options);
    const hs_request_options request = get(target);
    const hs_error_info info = FAILS(worker, &request, expected);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    close_worker(worker);
    return info;
}

static hs_metrics answers(const hs_network_options *options, const char *target, const char *part) {
    hs_worker *worker = over(options);
    const hs_request_options request = get(target);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_HAS(hs_response_body(response), part);
    const hs_metrics metrics = metrics_of(response);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
    return metrics;
}

static long port_of(const char *base) { return strtol(strrchr(base, ':') + 1, NULL, 10); }

static void unix_sockets(void) {
    const char *const names[] = {address("unix_socket"), address("abstract_socket")};
    const hs_address nothing = {{0}, 0, 0};
    for (int i = 0; i < 2; i++) {
        hs_network_options options = network();
        hs_str *name = i == 0 ? &options.unix_socket : &options.abstract_socket;
        *name = text(names[i]);
        const long before = counter("unix");
        const hs_metrics metrics = answers(&options, "http://no.such.host.test/anything/x?a=b", "no.such.host.test");
        CHECK(memcmp(&metrics.peer, &nothing, sizeof nothing) == 0);
        CHECK(memcmp(&metrics.local, &nothing, sizeof nothing) == 0);
        CHECK_INT(counter("unix"), before + 1);

        /* It is kept and used again like any other. */
        hs_worker *worker = over(&options);
        CHECK_INT(GOOD(worker, "http://a.test/get").connection_reused, 0);
        CHECK_INT(GOOD(worker, "http://a.test/get").connection_reused, 1);
        close_worker(worker);

        *name = text(url("%s.not-there", names[i]));
        CHECK_INT(fails(&options, "http://a.test/", HS_ERR_CONNECT).os_error, i == 0 ? ENOENT : ECONNREFUSED);
    }
}

static void connect_to(void) {
    hs_connect_to entries[4];
    memset(entries, 0, sizeof entries);
    hs_network_options options = network();
    options.connect_to = entries;
    options.connect_to_count = 4;
    entries[0].host = text("api.test.internal");
    entries[0].port = 443;
    entries[0].connect_host = text("127.0.0.1");
    entries[0].connect_port = (uint32_t)port_of(address("https"));
    entries[1].host = text("Example.TEST");
    entries[1].connect_host = text("127.0.0.1");
    entries[1].connect_port = (uint32_t)port_of(address("http"));
    entries[2].host = text("other.example");
    entries[2].connect_host = text("localhost");
    entries[2].connect_port = (uint32_t)port_of(address("https"));

    entries[3].host = text("127.0.0.1");
    entries[3].port = 444;
    entries[3].connect_port = (uint32_t)port_of(address("http"));

    /* The Host header is the URL's. */
    hs_metrics metrics = answers(&options, "http://example.test:81/anything", "\"example.test:81\"");
    CHECK_INT(metrics.peer.port, port_of(address("http")));
    CHECK_INT(metrics.peer.ip[0], 127);
    /* And so is the name that the certificate must have. */
    metrics = answers(&options, "https://api.test.internal/anything", "\"sni\":\"api.test.internal\"");
    CHECK_INT(metrics.peer.port, port_of(address("https")));
    fails(&options, "https://other.example/", HS_ERR_TLS_HOSTNAME);
    answers(&options, "http://127.0.0.1:444/anything", "\"127.0.0.1:444\"");
    /* Another port than the entry's is not touched. */
    fails(&options, url("http://%s/", address("closed")), HS_ERR_CONNECT);

    memset(entries, 0, sizeof entries);
    options.connect_to_count = 1;
    entries[0].connect_port = (uint32_t)port_of(address("http"));
    answers(&options, "http://127.0.0.1:1/anything", "\"127.0.0.1:1\"");
}

static void families(void) {
    hs_network_options options = network();
    options.family = HS_FAMILY_IPV4;
    const char *local = url("http://localhost:%ld/get", port_of(address("http")));
    CHECK_INT(answers(&options, local, "").peer.family, 4);
    /* The server has no IPv6 address; whether the name has one is the machine's affair. */
    options.family = HS_FAMILY_IPV6;
    hs_worker *worker = over(&options);
    const hs_request_options request = get(local);
    hs_response *response = NULL;
    const hs_status status = hs_request(worker, &request, &response, NULL);
    CHECK(status == HS_ERR_CONNECT || status == HS_ERR_DNS);
    close_worker(worker);
    /* An address in the URL is no name to look up. */
    answers(&options, url("%s/get", address("http")), "");
}

static void this_end(void) {
    const char *target = url("%s/anything", address("http"));
    hs_network_options options = network();
    options.local_address = text("127.0.0.3");
    const hs_metrics metrics = answers(&options, target, "\"peer\":\"127.0.0.3:");
    CHECK(metrics.local.family == 4 && metrics.local.ip[0] == 127 && metrics.local.ip[3] == 3);
    options.local_address = text("192.0.2.1"); /* For documentation: no machine has it. */
    CHECK_INT(fails(&options, target, HS_ERR_LOCAL_ADDRESS).os_error, EADDRNOTAVAIL);

    options = network();
    options.local_interface = text("lo");
    answers(&options, target, "\"peer\":\"127.0.0.1:");
    options.local_interface = text("no-such-if");
    fails(&options, target, HS_ERR_LOCAL_ADDRESS);
    /* Never taken for a host's name, although this is one. */
    options.local_interface = text("localhost");
    fails(&options, target, HS_ERR_LOCAL_ADDRESS);
}

/* A bound port, so that nobody else has it. */
static int taken_port(long *port) {
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    name.sin_family = AF_INET;
    const int taken = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(taken >= 0);
    CHECK_INT(bind(taken, (struct sockaddr *)&name, sizeof name), 0);
    CHECK_INT(listen(taken, 1), 0);
    CHECK_INT(getsockname(taken, (struct sockaddr *)&name, &length), 0);
    *port = ntohs(name.sin_port);
    return taken;
}

static void local_ports(void) {
    const char *target = url("%s/get", address("http"));
    hs_network_options options = network();
    long port;
    const int taken = taken_port(&port);
    options.local_port = (uint32_t)port;
    CHECK_INT(fails(&options, target, HS_ERR_LOCAL_ADDRESS).os_error, EADDRINUSE);
    close(taken);

    options.local_port = 10000;
    options.local_port_count = 20000;
    const hs_metrics metrics = answers(&options, target, "");
    CHECK(metrics.local.port >= 10000 && metrics.local.port < 30000);
}

/* The one socket of this process whose peer has that port. */
static int connected_to(long port) {
    for (int descriptor = 3; descriptor < 1024; descriptor++) {
        struct sockaddr_in name;
        socklen_t length = sizeof name;
        if (getpeername(descriptor, (struct sockaddr *)&name, &length) == 0 && name.sin_family == AF_INET &&
            ntohs(name.sin_port) == port) {
            return descriptor;
        }
    }
    FAIL("no socket is connected to port %ld", port);
    return -1;
}

static int of_socket(int descriptor, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_INT(getsockopt(descriptor, level, option, &value, &length), 0);
    return value;
}

static void on_the_socket(void) {
    const char *target = url("%s/get", address("http"));
    hs_network_options options = network();
    hs_worker *worker = over(&options);
    GOOD(worker, target);
    int descriptor = connected_to(port_of(address("http")));
    CHECK_INT(of_socket(descriptor, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_KEEPINTVL), 60);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_KEEPCNT), 9);
    CHECK(of_socket(descriptor, IPPROTO_TCP, TCP_NODELAY) != 0);
    close_worker(worker);

    options.flags = HS_SEND_DELAY;
    options.keep_alive_idle_ms = 6001;
    options.keep_alive_interval_ms = 1;
    options.keep_alive_count = 3;
    worker = over(&options);
    GOOD(worker, target);
    descriptor = connected_to(port_of(address("http")));
    CHECK_INT(of_socket(descriptor, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_KEEPIDLE), 7);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_KEEPINTVL), 1);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_KEEPCNT), 3);
    CHECK_INT(of_socket(descriptor, IPPROTO_TCP, TCP_NODELAY), 0);
    close_worker(worker);

    options = network();
    options.flags = HS_NO_KEEP_ALIVE;
    worker = over(&options);
    GOOD(worker, target);
    CHECK_INT(of_socket(connected_to(port_of(address("http"))), SOL_SOCKET, SO_KEEPALIVE), 0);
    close_worker(worker);
}

struct pieces {
    size_t largest, all;
};

static int32_t measure(void *user_data, const void *data, size_t length) {
    struct pieces *pieces = user_data;
    (void)data;
    pieces->all += length;
    pieces->largest = length > pieces->largest ? length : pieces->largest;
    return 0;
}

/* How much comes at once is a small multiple of the buffer. */
static size_t largest_piece(uint32_t receive_buffer) {
    struct pieces pieces = {0, 0};
    hs_network_options options = network();
    options.receive_buffer_bytes = receive_buffer;
    hs_worker *worker = over(&options);
    hs_request_options request = get(url("%s/big/20000000", address("http")));
    request.on_body = measure;
    request.user_data = &pieces;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK_INT(pieces.all, 20000000);
    close_worker(worker);
    return pieces.largest;
}

static void buffers(void) {
    const size_t small = largest_piece(1024), usual = largest_piece(0);
    if (small > 12 * 1024 || usual <= 12 * 1024) {
        FAIL("the largest piece with 1,024 bytes was %zu, and %zu by default", small, usual);
    }
    hs_network_options options = network();
    options.send_buffer_bytes = 16384;
    options.happy_eyeballs_ms = 50;
    hs_worker *worker = over(&options);
    static char body[300001];
    memset(body, 'x', sizeof body - 1);
    hs_request_options request = post(url("%s/upload?sha256=0", address("http")), body);
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "300000");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

static void refused(const hs_network_options *options, hs_status expected, const char *part) {
    hs_worker_options worker_options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    worker_options.network = options;
    CHECK_STATUS(hs_worker_new(&worker_options, &worker, &error), expected);
    CHECK(worker == NULL);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

#define REFUSED(field, value, part)                                                                              \
    do {                                                                                                         \
        hs_network_options check_options = network();                                                            \
        check_options.field = value;                                                                             \
        refused(&check_options, HS_ERR_INVALID_ARGUMENT, part);                                                  \
    } while (0)

static void nonsense(void) {
    static char long_name[200];
    memset(long_name, 'x', sizeof long_name - 1);
    REFUSED(flags, 4, "hs_network_options.flags");
    REFUSED(unix_socket, text(long_name), "unix_socket has 199 bytes");
    REFUSED(unix_socket, bytes("/a\0b", 4), "has a NUL");
    REFUSED(abstract_socket, text(long_name), "abstract_socket has 199 bytes");
    REFUSED(family, 5, "family is 5");
    REFUSED(local_interface, text("host!localhost"), "host!localhost");
    REFUSED(local_address, text("localhost"), "localhost");
    REFUSED(local_port, 65536, "65536");
    REFUSED(local_port_count, 2, "local_port_count 2");
    REFUSED(receive_buffer_bytes, 1023, "1023");
    REFUSED(receive_buffer_bytes, 1048577, "1048577");
    REFUSED(send_buffer_bytes, 16383, "16383");
    REFUSED(happy_eyeballs_ms, 60001, "60001");
    REFUSED(happy_eyeballs_ms, HS_INFINITE, "happy_eyeballs_ms");
    REFUSED(keep_alive_count, 128, "keep_alive_count is 128");
    REFUSED(keep_alive_idle_ms, HS_INFINITE, "keep_alive_idle_ms");
    REFUSED(keep_alive_interval_ms, 32767001, "keep_alive_interval_ms is 32767001");

    hs_connect_to entry;
    memset(&entry, 0, sizeof entry);
    hs_network_options options = network();
    options.connect_to_count = 1;
    refused(&options, HS_ERR_NULL_ARGUMENT, "hs_network_options.connect_to");
    options.connect_to = &entry;
    options.connect_to_count = 1001;
    refused(&options, HS_ERR_INVALID_ARGUMENT, "1001");
    options.connect_to_count = 1;
    refused(&options, HS_ERR_INVALID_ARGUMENT, "connect_to[0]");
    entry.connect_host = text("a b");
    refused(&options, HS_ERR_INVALID_ARGUMENT, "connect_to[0].connect_host \"a b\"");
    entry.connect_host = bytes(NULL, 3);
    refused(&options, HS_ERR_NULL_ARGUMENT, "connect_to[0].connect_host");
    entry.connect_host = text("a");
    options.unix_socket = text("/b");
    refused(&options, HS_ERR_INVALID_ARGUMENT, "connect_to");

    options = network();
    options.struct_size = 7;
    refused(&options, HS_ERR_STRUCT_SIZE, "hs_network_options");
    options.struct_size = 8; /* A version that had nothing else. */
    hs_worker *worker = over(&options);
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    unix_sockets();
    connect_to();
    families();
    this_end();
    local_ports();
    on_the_socket();
    buffers();
    nonsense();
    return 0;
}
