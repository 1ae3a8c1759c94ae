/* A server that can be killed, stopped and started again on the same port, and what it has seen of each request even then.
 * A process of its own, forked before the program has threads or sockets, forks the servers and sees them end. */

#ifndef KILLABLE_H
#define KILLABLE_H

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define KILLABLE_MOST_REQUESTS (1 << 17)
#define KILLABLE_MOST_CONNECTIONS 2048
#define KILLABLE_SERVERS 2

/* How often a server has read the request /now/ID or /hold/ID; outlives every server. */
static unsigned char *killable_seen;
/* A byte for each request that is held. */
static int killable_held[2];
static int killable_orders[2], killable_answers[2];
static pid_t killable_nursery;

struct killable_connection {
    size_t len;
    char bytes[2048];
};

static inline void killable_write(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        const ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        bytes += count;
        length -= (size_t)count;
    }
}

/* Takes one request out of the buffer, with its body; false: there is none yet. */
static inline int killable_request(int fd, struct killable_connection *connection) {
    static const char answer[] = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes";
    connection->bytes[connection->len] = 0;
    const char *end = strstr(connection->bytes, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    const char *length = strcasestr(connection->bytes, "\r\ncontent-length:");
    const size_t body = length != NULL && length < end ? (size_t)strtol(length + 17, NULL, 10) : 0;
    const size_t whole = (size_t)(end - connection->bytes) + 4 + body;
    if (connection->len < whole) {
        return 0;
    }
    const char *path = strchr(connection->bytes, ' ');
    const char *id = path == NULL ? NULL : strchr(path + 2, '/');
    if (id != NULL) {
        killable_seen[strtol(id + 1, NULL, 10) % KILLABLE_MOST_REQUESTS]++;
    }
    if (path != NULL && strncmp(path, " /hold/", 7) == 0) {
        if (write(killable_held[1], "h", 1) != 1) {
            _exit(3);
        }
    } else {
        killable_write(fd, answer, sizeof answer - 1);
    }
    memmove(connection->bytes, connection->bytes + whole, connection->len - whole);
    connection->len -= whole;
    return 1;
}

static inline void killable_serve(int listener) {
    static struct pollfd polled[KILLABLE_MOST_CONNECTIONS];
    static struct killable_connection connections[KILLABLE_MOST_CONNECTIONS];
    nfds_t count = 1;
    polled[0].fd = listener;
    polled[0].events = POLLIN;
    for (;;) {
        if (poll(polled, count, -1) < 0 && errno != EINTR) {
            _exit(4);
        }
        for (nfds_t i = count - 1; i > 0; i--) {
            if (polled[i].revents == 0) {
                continue;
            }
            struct killable_connection *connection = &connections[i];
            const ssize_t read = recv(polled[i].fd, connection->bytes + connection->len,
                                      sizeof connection->bytes - 1 - connection->len, MSG_DONTWAIT);
            if (read <= 0) {
                close(polled[i].fd);
                count--;
                polled[i] = polled[count];
                connections[i] = connections[count];
                continue;
            }
            connection->len += (size_t)read;
            while (killable_request(polled[i].fd, connection)) {
            }
        }
        while (count < KILLABLE_MOST_CONNECTIONS) {
            const int fd = accept(listener, NULL, NULL);
            if (fd < 0) {
                break;
            }
            polled[count].fd = fd;
            polled[count].events = POLLIN;
            polled[count].revents = 0;
            connections[count].len = 0;
            count++;
        }
    }
}

/* A listener on 127.0.0.IP; *port of 0 becomes its own. */
static inline int killable_listen(int ip, int *port) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)*port);
    address.sin_addr.s_addr = htonl(0x7F000000u + (unsigned)ip);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* Bound and never listening: while no server has the port, nobody else gets it. */
static inline int killable_keep(int ip, int *port) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    const int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)*port);
    address.sin_addr.s_addr = htonl(0x7F000000u + (unsigned)ip);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* A port that is kept on each of the servers' addresses, for ever. */
static inline int killable_kept_port(void) {
    for (int tries = 0; tries < 100; tries++) {
        int port = 0, ip = 1;
        for (; ip <= KILLABLE_SERVERS && killable_keep(ip, &port) >= 0; ip++) {
        }
        if (ip > KILLABLE_SERVERS) {
            return port;
        }
    }
    return 0;
}

struct killable_order {
    char what; /* '+' start, 'k' kill, 's' stop, 'c' go on */
    int ip, port;
};

/* What the nursery does until the program is gone: an answer to each order, the port or -1. */
static inline void killable_nurse(void) {
    pid_t servers[KILLABLE_SERVERS + 1] = {0};
    struct killable_order order;
    while (read(killable_orders[0], &order, sizeof order) == sizeof order) {
        pid_t *server = &servers[order.ip];
        int answer = order.port, status;
        if (order.what == '+') {
            answer = answer == 0 ? killable_kept_port() : answer;
            const int listener = killable_listen(order.ip, &answer);
            *server = listener < 0 ? -1 : fork();
            if (*server == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                killable_serve(listener);
            }
            close(listener);
            answer = *server < 0 ? -1 : answer;
        } else if (order.what == 'c') {
            answer = kill(*server, SIGCONT);
        } else {
            answer = kill(*server, order.what == 'k' ? SIGKILL : SIGSTOP);
            if (answer == 0 && waitpid(*server, &status, WUNTRACED) != *server) {
                answer = -1;
            }
        }
        if (write(killable_answers[1], &answer, sizeof answer) != sizeof answer) {
            break;
        }
    }
    for (int i = 1; i <= KILLABLE_SERVERS; i++) {
        if (servers[i] > 0) {
            kill(servers[i], SIGKILL);
        }
    }
    _exit(0);
}

/* Before anything else that the program does. */
static inline void killable_begin(void) {
    killable_seen = mmap(NULL, KILLABLE_MOST_REQUESTS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(killable_seen != MAP_FAILED);
    CHECK(pipe(killable_held) == 0 && pipe(killable_orders) == 0 && pipe(killable_answers) == 0);
    killable_nursery = fork();
    CHECK(killable_nursery >= 0);
    if (killable_nursery == 0) {
        alarm(0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(killable_orders[1]);
        killable_nurse();
    }
    close(killable_orders[0]);
    close(killable_held[1]);
}

static inline int killable_do(char what, int ip, int port) {
    struct killable_order order;
    memset(&order, 0, sizeof order);
    order.what = what;
    order.ip = ip;
    order.port = port;
    int answer = -1;
    CHECK(write(killable_orders[1], &order, sizeof order) == sizeof order);
    CHECK(read(killable_answers[0], &answer, sizeof answer) == sizeof answer);
    CHECK(answer >= 0);
    return answer;
}

/* Returns when so many more requests are held. */
static inline void killable_await(long count) {
    char bytes[256];
    while (count > 0) {
        const ssize_t got = read(killable_held[0], bytes, count < 256 ? (size_t)count : 256);
        CHECK(got > 0);
        count -= got;
    }
}

static inline void killable_end(void) {
    close(killable_orders[1]);
    CHECK_INT(waitpid(killable_nursery, NULL, 0), killable_nursery);
}

#endif
