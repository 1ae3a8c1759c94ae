/* fork() with a pool: the child may not use the parent's and can make its own; the parent's goes on undisturbed, however
 * the child ends. */

#include "pool.h"

enum { REQUESTS = 20, FORKS_AT_WORK = 10 };

static void begins(hs_pool *pool) {
    for (uint64_t tag = 0; tag < REQUESTS; tag++) {
        const hs_request_options request = get(url("%s/get", address(tag % 2 ? "http" : "https")));
        SUBMIT(pool, &request, tag);
    }
}

static void ends(hs_pool *pool) {
    for (int i = 0; i < REQUESTS; i++) {
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_OK);
        release(completion);
    }
}

static void works(hs_pool *pool) {
    begins(pool);
    ends(pool);
}

static void refused_in_the_child(hs_pool *pool) {
    const hs_request_options request = get(url("%s/count/from-the-child", address("http")));
    hs_completion completion;
    hs_pool_counters counters;
    size_t count;
    counters.struct_size = sizeof counters;
    CHECK_STATUS(hs_pool_submit(pool, &request, 1, NULL), HS_ERR_FORKED);
    CHECK_STATUS(hs_pool_next(pool, &completion, 1, &count, HS_INFINITE), HS_ERR_FORKED);
    CHECK_STATUS(hs_pool_cancel(pool, 1), HS_ERR_FORKED);
    CHECK_STATUS(hs_pool_wake(pool), HS_ERR_FORKED);
    CHECK_STATUS(hs_pool_close_idle(pool), HS_ERR_FORKED);
    CHECK_INT(hs_pool_fd(pool), -1);
    CHECK_STATUS(hs_pool_stats(pool, &counters), HS_ERR_FORKED);
    CHECK_STATUS(hs_pool_drain(pool, HS_INFINITE), HS_ERR_FORKED);
    CHECK_STATUS(hs_pool_free(pool), HS_ERR_FORKED);
}

enum ending { BY_EXIT, BY_EXIT_WITH_A_POOL, BY_QUICK_EXIT, UNUSED, ENDINGS };

static void child(hs_pool *parents, enum ending ending) {
    alarm((unsigned)number("seconds", 600));
    if (ending != UNUSED) {
        refused_in_the_child(parents);
        hs_pool *own = default_pool();
        works(own);
        if (ending == BY_EXIT) {
            close_pool(own);
        }
    }
    /* What OpenSSL and the C library kept for the parent's other threads is nobody's in the child: a tool that looks for leaks
     * would find it. */
    if (number("leave_by_exec", 0)) {
        execl("/bin/sh", "sh", "-c", "exit 42", (char *)NULL);
    }
    if (ending == BY_QUICK_EXIT) {
        _exit(42);
    }
    exit(42);
}

static struct {
    hs_pool *pool;
    pid_t pid;
} inside;

/* In the middle of a call, on the pool's own thread, which is the only one that the child has. */
static int32_t fork_inside(void *user_data, const void *data, size_t length) {
    (void)user_data, (void)data, (void)length;
    if (inside.pid == 0) {
        inside.pid = fork();
        if (inside.pid == 0) {
            child(inside.pool, BY_EXIT);
        }
    }
    return 0;
}

int main(int count, char **arguments) {
    begin(count, arguments);
    hs_pool *pool = default_pool();
    works(pool);
    hs_request_options request = get(url("%s/stall/head", address("http")));
    request.timeout_ms = request.attempt_timeout_ms = HS_INFINITE;
    for (uint64_t tag = 100; tag < 110; tag++) {
        SUBMIT(pool, &request, tag);
    }
    const int fd = hs_pool_fd(pool);
    for (int ending = 0; ending < ENDINGS; ending++) {
        const pid_t pid = fork();
        if (pid == 0) {
            child(pool, (enum ending)ending);
        }
        works(pool);
        reaped(pid);
        works(pool);
        CHECK_INT(hs_pool_fd(pool), fd);
    }
    /* Its threads are in the middle of handshakes and answers: they come to rest for each fork, so that nothing of OpenSSL's or
     * of the allocator's is locked in the child for ever. */
    for (int i = 0; i < FORKS_AT_WORK; i++) {
        begins(pool);
        const pid_t pid = fork();
        if (pid == 0) {
            child(pool, BY_EXIT);
        }
        ends(pool);
        reaped(pid);
    }
    inside.pool = pool;
    request = get(url("%s/get", address("http")));
    request.on_body = fork_inside;
    SUBMIT(pool, &request, 1);
    release(NEXT(pool));
    reaped(inside.pid);
    works(pool);
    CHECK_STATUS(hs_pool_drain(pool, 0), HS_ERR_TIMEOUT);
    for (int i = 0; i < 10; i++) {
        const hs_completion completion = NEXT(pool);
        CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        release(completion);
    }
    close_pool(pool);
    CHECK_INT(counter("from-the-child"), 0);
    return 0;
}
