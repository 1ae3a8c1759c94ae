/* Very many workers in one process: all open at once, over numbers of descriptors that select() could not name, each
 * with a connection in clear and one in TLS, and each used again when all are there. */

#include "client.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#define MOST_THREADS 200
#define MOST_EACH 50

static long threads, each, padding;
static pthread_barrier_t all_open, all_counted;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long http_requests, https_requests, reused;

static void *work(void *unused) {
    (void)unused;
    hs_worker *workers[MOST_EACH];
    char http[URL_BYTES], https[URL_BYTES];
    long again = 0;
    snprintf(http, sizeof http, "%s/get", address("http"));
    snprintf(https, sizeof https, "%s/get", address("https"));
    for (long i = 0; i < each; i++) {
        workers[i] = open_worker();
        CHECK_INT(GOOD(workers[i], http).connection_reused, 0);
        CHECK_INT(GOOD(workers[i], https).connection_reused, 0);
    }
    pthread_barrier_wait(&all_open);
    pthread_barrier_wait(&all_counted);
    for (long i = 0; i < each; i++) {
        again += GOOD(workers[i], http).connection_reused;
        again += GOOD(workers[i], https).connection_reused;
        close_worker(workers[i]);
    }
    pthread_mutex_lock(&lock);
    http_requests += 2 * each;
    https_requests += 2 * each;
    reused += again;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void allow_descriptors(rlim_t wanted) {
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        if (limit.rlim_max < wanted) {
            limit.rlim_max = wanted;
        }
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            FAIL("this test needs %llu descriptors; the machine's limit is lower", (unsigned long long)wanted);
        }
    }
}

int main(int count, char **arguments) {
    begin(count, arguments);
    threads = number("threads", 100);
    each = number("each", 10);
    padding = number("padding", 3000);
    CHECK(threads > 0 && threads <= MOST_THREADS && each > 0 && each <= MOST_EACH);
    allow_descriptors((rlim_t)(padding + 4 * threads * each + 500));
    int highest = 0;
    for (long i = 0; i < padding; i++) {
        highest = open("/dev/null", O_RDONLY);
        CHECK(highest >= 0);
    }
    CHECK(highest >= padding);
    const int before = open_descriptors();

    static pthread_t running[MOST_THREADS];
    const uint64_t start = now_ns();
    CHECK_INT(pthread_barrier_init(&all_open, NULL, (unsigned)threads + 1), 0);
    CHECK_INT(pthread_barrier_init(&all_counted, NULL, (unsigned)threads + 1), 0);
    for (long i = 0; i < threads; i++) {
        CHECK_INT(pthread_create(&running[i], NULL, work, NULL), 0);
    }
    pthread_barrier_wait(&all_open);
    const int peak = open_descriptors();
    pthread_barrier_wait(&all_counted);
    for (long i = 0; i < threads; i++) {
        CHECK_INT(pthread_join(running[i], NULL), 0);
    }
    printf("many: %ld workers on %ld threads, %d descriptors open: %ld HTTP and %ld HTTPS requests, %ld of them on "
           "kept connections, in %.2f s\n",
           threads * each, threads, peak, http_requests, https_requests, reused, (double)(now_ns() - start) / 1e9);
    CHECK(peak >= before + 3 * threads * each);
    CHECK_INT(http_requests + https_requests, 4 * threads * each);
    CHECK_INT(reused, 2 * threads * each);
    CHECK(open_descriptors() <= before + 2); /* What a process opens once. */
    return 0;
}
