/* What a careful user of libcurl's multi interface writes: an easy handle for each request in flight, kept and added again.
 * `poll` waits with curl_multi_poll, `epoll` drives sockets with curl_multi_socket_action.
 *
 *     multi URL CA_FILE|- IN_FLIGHT MILLISECONDS poll|epoll
 */
#define _GNU_SOURCE
#include "contest.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

struct flight {
    size_t len;
    char bytes[4096];
};

static struct contest contest;
static int epoll_fd = -1;
static double timer_at; /* 0: none */

static size_t collect(char *bytes, size_t size, size_t count, void *data) {
    struct flight *flight = data;
    if (flight->len + size * count > sizeof flight->bytes) return 0;
    memcpy(flight->bytes + flight->len, bytes, size * count);
    flight->len += size * count;
    return size * count;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known) {
    struct epoll_event event = {.events = 0, .data = {.fd = fd}};
    CURLM *multi = data;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (epoll_ctl(epoll_fd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl");
    if (known == NULL) curl_multi_assign(multi, fd, &epoll_fd);
    return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *data) {
    (void)multi;
    (void)data;
    timer_at = milliseconds < 0 ? 0 : seconds() + (double)milliseconds / 1e3;
    return 0;
}

/* Adds those that have ended anew; how many. */
static long again(CURLM *multi) {
    int left;
    long ended = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        CURL *easy = message->easy_handle;
        struct flight *flight;
        long status = 0;
        if (message->msg != CURLMSG_DONE) continue;
        if (message->data.result != CURLE_OK) fail(curl_easy_strerror(message->data.result));
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &flight);
        if (status != 200 || flight->len == 0) fail("wrong answer");
        flight->len = 0;
        curl_multi_remove_handle(multi, easy);
        curl_easy_setopt(easy, CURLOPT_URL, contest.then);
        curl_multi_add_handle(multi, easy);
        ended++;
    }
    return ended;
}

static void with_poll(CURLM *multi) {
    int running;
    do {
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
        curl_multi_perform(multi, &running);
    } while (contest_goes_on(&contest, again(multi)));
}

static void with_epoll(CURLM *multi) {
    int running;
    do {
        struct epoll_event events[256];
        int wait = 1000;
        if (timer_at > 0) {
            const double left = (timer_at - seconds()) * 1e3;
            wait = left <= 0 ? 0 : left > 1000 ? 1000 : (int)left + 1;
        }
        const int count = epoll_wait(epoll_fd, events, 256, wait);
        for (int i = 0; i < count; i++) {
            const uint32_t what = events[i].events;
            const int bits = ((what & EPOLLIN) ? CURL_CSELECT_IN : 0) | ((what & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                             ((what & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi, events[i].data.fd, bits, &running);
        }
        if (timer_at > 0 && seconds() >= timer_at) {
            timer_at = 0;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
    } while (contest_goes_on(&contest, again(multi)));
}

int main(int count, char **arguments) {
    if (count != 6) fail("usage: multi URL CA_FILE|- IN_FLIGHT MILLISECONDS poll|epoll");
    contest_begin(&contest, count, arguments);
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, contest.in_flight);
    if (strcmp(arguments[5], "epoll") == 0) {
        epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    }
    struct flight *flights = calloc((size_t)contest.in_flight, sizeof *flights);
    if (flights == NULL) fail("calloc");
    for (long i = 0; i < contest.in_flight; i++) {
        CURL *easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_URL, contest.first);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "http-sentinel/0.1.0");
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &flights[i]);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &flights[i]);
        if (contest.ca != NULL) {
            curl_easy_setopt(easy, CURLOPT_CAINFO, contest.ca);
            curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
            curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
        }
        curl_multi_add_handle(multi, easy);
    }
    if (epoll_fd >= 0) with_epoll(multi);
    else with_poll(multi);
    _exit(0); /* Without the time that it takes to close all. */
}
