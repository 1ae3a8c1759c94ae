/* What the contestants of `make bench-pool` that are written in C share: their arguments, their clock, their report.
 *
 *     NAME URL CA_FILE|- IN_FLIGHT MILLISECONDS [...]
 *
 * keeps so many requests in flight: first one to URL/meet/IN_FLIGHT each, where that is not TLS, so that there are as many
 * connections, then to URL/; warms up for a third of the time, counts for the time, and longer where that is not four times as
 * many as are in flight, and prints how many ended in a second and how many microseconds of processor time each of them took
 * this process. */

#ifndef CONTEST_H
#define CONTEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static inline void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline double processor_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct contest {
    const char *ca; /* NULL without TLS */
    char first[512], then[512];
    long in_flight;
    double length;
    /* Of the time that counts. */
    double start, processor;
    long ended;
    int state; /* 0: not all have met, 1: warming up, 2: counting, 3: over */
};

static inline void contest_begin(struct contest *contest, int count, char **arguments) {
    struct rlimit limit;
    if (count < 5) fail("usage: URL CA_FILE|- IN_FLIGHT MILLISECONDS [...]");
    memset(contest, 0, sizeof *contest);
    contest->ca = strcmp(arguments[2], "-") == 0 ? NULL : arguments[2];
    contest->in_flight = atol(arguments[3]);
    contest->length = (double)atol(arguments[4]) / 1e3;
    snprintf(contest->then, sizeof contest->then, "%s/", arguments[1]);
    if (contest->ca != NULL) strcpy(contest->first, contest->then);
    else snprintf(contest->first, sizeof contest->first, "%s/meet/%ld", arguments[1], contest->in_flight);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* After each turn of the loop, with the number of requests that ended in it; 0 when it is over. */
static inline int contest_goes_on(struct contest *contest, long ended) {
    const double now = seconds();
    contest->ended += ended;
    if (contest->state == 0 && contest->ended >= contest->in_flight) {
        contest->state = 1;
        contest->start = now;
    } else if (contest->state == 1 && now - contest->start >= contest->length / 3) {
        contest->state = 2;
        contest->start = now;
        contest->processor = processor_seconds();
        contest->ended = 0;
    } else if (contest->state == 2 && now - contest->start >= contest->length && contest->ended >= 4 * contest->in_flight) {
        printf("%.1f %.3f\n", (double)contest->ended / (now - contest->start),
               (processor_seconds() - contest->processor) * 1e6 / (double)(contest->ended > 0 ? contest->ended : 1));
        fflush(stdout);
        contest->state = 3;
    }
    return contest->state != 3;
}

#endif
