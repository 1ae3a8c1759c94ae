#define _GNU_SOURCE
#include "resolver.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int held;
/* The names of the last look-ups that have begun. A name may be looked up twice, for each kind of address. */
static char names[64][256];
static int look_ups;
static int calls;
static int unblocked;
static int running;
static char moved_to[64] = "127.0.0.1";

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int ends_with(const char *name, const char *end) {
    const size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static int blocks_all_signals(void) {
    const int signals[] = {SIGALRM, SIGTERM, SIGINT, SIGUSR1, SIGPIPE, SIGCHLD, SIGPROF};
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (!sigismember(&mask, signals[i])) {
            return 0;
        }
    }
    return 1;
}

/* All the addresses of "127-0-0-2.127-0-0-1.addr.test". libc's lists are freed node by node: they may be joined. */
static int addresses(resolve *next, const char *name, const char *service, const struct addrinfo *hints,
                     struct addrinfo **result) {
    struct addrinfo **end = result;
    *result = NULL;
    while (strcmp(name, "addr.test") != 0) {
        char address[64];
        const size_t length = strcspn(name, ".");
        if (length >= sizeof address) {
            return EAI_NONAME;
        }
        for (size_t i = 0; i < length; i++) {
            address[i] = name[i];
            if (name[i] == '-') {
                address[i] = '.';
            }
        }
        address[length] = 0;
        const int code = next(address, service, hints, end);
        if (code != 0) {
            return code;
        }
        while (*end != NULL) {
            end = &(*end)->ai_next;
        }
        name += length + 1;
    }
    return *result == NULL ? EAI_NONAME : 0;
}

static void wait_for_release(const char *name) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 30;
    pthread_mutex_lock(&lock);
    unblocked += !blocks_all_signals();
    strncpy(names[look_ups++ % 64], name, sizeof names[0] - 1);
    running++;
    pthread_cond_broadcast(&changed);
    while (held && pthread_cond_timedwait(&changed, &lock, &limit) == 0) {
    }
    running--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    resolve *next;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &symbol, sizeof next);
    pthread_mutex_lock(&lock);
    calls++;
    pthread_mutex_unlock(&lock);
    if (name != NULL && strcmp(name, "name.invalid") == 0) {
        return EAI_NONAME;
    }
    if (name != NULL && ends_with(name, ".addr.test")) {
        return addresses(next, name, service, hints, result);
    }
    if (name != NULL && ends_with(name, ".moving.test")) {
        char address[sizeof moved_to];
        pthread_mutex_lock(&lock);
        memcpy(address, moved_to, sizeof address);
        pthread_mutex_unlock(&lock);
        return next(address, service, hints, result);
    }
    if (name != NULL && ends_with(name, ".slow.test")) {
        wait_for_release(name);
        name = "127.0.0.1";
    }
    return next(name, service, hints, result);
}

void resolver_move(const char *address) {
    pthread_mutex_lock(&lock);
    strncpy(moved_to, address, sizeof moved_to - 1);
    pthread_mutex_unlock(&lock);
}

void resolver_hold(void) {
    pthread_mutex_lock(&lock);
    held = 1;
    pthread_mutex_unlock(&lock);
}

void resolver_release(void) {
    pthread_mutex_lock(&lock);
    held = 0;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int has_begun(const char *name) {
    for (int i = 0; i < 64; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

void resolver_await(const char *name) {
    pthread_mutex_lock(&lock);
    while (!has_begun(name)) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void resolver_await_idle(void) {
    pthread_mutex_lock(&lock);
    while (running > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

int resolver_calls(void) {
    pthread_mutex_lock(&lock);
    const int count = calls;
    pthread_mutex_unlock(&lock);
    return count;
}

int resolver_look_ups(void) {
    pthread_mutex_lock(&lock);
    const int count = look_ups;
    pthread_mutex_unlock(&lock);
    return count;
}

int resolver_unblocked(void) {
    pthread_mutex_lock(&lock);
    const int count = unblocked;
    pthread_mutex_unlock(&lock);
    return count;
}
