/* A server that costs as little as one can over HTTP/1.1, so that a measurement is of its clients: one thread, epoll, one
 * answer for everything. GET /meet/N is answered when N of them wait, so that a client has N connections after that.
 *
 *     responder        prints its port, and ends when its standard input does
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 65536
#define HEAD_BYTES 2048

static const char answer[] = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 20\r\n"
                             "date: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\nhello, hello, hello\n";

struct connection {
    int is_open;
    size_t len;
    char head[HEAD_BYTES];
};

static struct connection *connections[MOST];
static int waiting[MOST];
static long wait_count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void hang_up(int fd) {
    close(fd);
    connections[fd]->is_open = 0;
}

static void reply(int fd) {
    /* So little fits into any socket buffer whose client reads. */
    if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) != sizeof answer - 1) hang_up(fd);
}

static void meet(int fd, long parties) {
    waiting[wait_count++] = fd;
    if (wait_count < parties) return;
    for (long i = 0; i < wait_count; i++) {
        if (connections[waiting[i]]->is_open) reply(waiting[i]);
    }
    wait_count = 0;
}

static void take(int fd) {
    struct connection *connection = connections[fd];
    const ssize_t count = recv(fd, connection->head + connection->len, HEAD_BYTES - connection->len, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        hang_up(fd);
        return;
    }
    connection->len += (size_t)count;
    if (connection->len >= 4 && memcmp(connection->head + connection->len - 4, "\r\n\r\n", 4) == 0) {
        connection->len = 0;
        if (strncmp(connection->head, "GET /meet/", 10) == 0) meet(fd, strtol(connection->head + 10, NULL, 10));
        else reply(fd);
    } else if (connection->len == HEAD_BYTES) {
        hang_up(fd);
    }
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void welcome(int epoll, int listener) {
    const int on = 1;
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        if (fd >= MOST) fail("too many connections");
        if (connections[fd] == NULL && (connections[fd] = calloc(1, sizeof **connections)) == NULL) fail("calloc");
        connections[fd]->is_open = 1;
        connections[fd]->len = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, fd);
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) fail("accept4");
}

int main(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 8192) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("listen");
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1");
    watch(epoll, listener);
    watch(epoll, STDIN_FILENO);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        const int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            const int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) return 0;
            if (fd == listener) welcome(epoll, listener);
            else take(fd);
        }
    }
}
