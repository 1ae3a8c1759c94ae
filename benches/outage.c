/* What retries do to a server that is in trouble, in virtual time: two minutes of callers and a server in a second or so.
 *
 *     outage [--svg FILE]
 *
 * 50 requests begin in each second, whatever became of those before. The server can do 70 a second; from 30 s to 50 s it
 * does none, from 50 s to 60 s it does 40. What is beyond its strength gets a 503, and costs it half the work of an answer:
 * an overloaded server still reads, queues and refuses. Everything else is the library: workers, policies, a mock for the
 * network and a simulation for clock and chance. The same seed gives the same numbers, on any machine. */
#define _POSIX_C_SOURCE 200809L
#include <http_sentinel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECONDS = 120,
    PER_SECOND = 50,
    CALLS = SECONDS * PER_SECOND,
    BROKEN_AT = 30,
    WEAK_AT = 50,
    MENDED_AT = 60,
    TICKS = 10, /* a second */
};

#define MS UINT64_C(1000000)

/* ---- The server: what it can do is planned anew ten times a second. */

/* Work is counted in thousandths of an answer. */
enum { ANSWER = 1000, REFUSAL = 500 };

typedef struct {
    hs_simulation *simulation;
    hs_mock *mock;
    long tick;
    long strength; /* what is left of the work that it can do */
    long promised; /* so many answers at most in this tick */
    long sends[SECONDS];
} server;

static void check(hs_status status, const char *what) {
    if (status != HS_OK) {
        hs_str name = hs_status_name(status);
        fprintf(stderr, "%s: %.*s\n", what, (int)name.len, name.data);
        exit(1);
    }
}

static hs_str text(const char *literal) { return (hs_str){literal, HS_NTS}; }

/* Answers a second. */
static long capacity(long second) {
    if (second >= BROKEN_AT && second < WEAK_AT) return 0;
    return second >= WEAK_AT && second < MENDED_AT ? 40 : 70;
}

static void answer(server *server, uint32_t status, uint64_t delay_ms, uint32_t times) {
    hs_mock_rule rule = {.struct_size = sizeof rule, .status = status, .delay_ms = delay_ms, .times = times};
    check(hs_mock_add(server->mock, &rule, NULL), "hs_mock_add");
}

static void tick(void *user_data) {
    server *s = user_data;
    const long second = s->tick / TICKS, most = capacity(second) * ANSWER / TICKS;
    const long seen = (long)hs_mock_calls(s->mock), answered = seen < s->promised ? seen : s->promised;
    if (s->tick > 0 && (s->tick - 1) / TICKS < SECONDS) s->sends[(s->tick - 1) / TICKS] += seen;

    s->strength += most - answered * ANSWER - (seen - answered) * REFUSAL;
    if (s->strength < 0) s->strength = 0;
    if (s->strength > 2 * most) s->strength = 2 * most; /* it has a short queue */
    s->promised = s->strength / ANSWER;

    check(hs_mock_clear(s->mock), "hs_mock_clear");
    if (s->promised > 0) answer(s, 200, 20, (uint32_t)s->promised);
    answer(s, 503, most > 0 ? 200 : 5, 0);
    s->tick++;
    check(hs_simulation_at(s->simulation, (uint64_t)s->tick * 1000 / TICKS * MS, tick, s), "hs_simulation_at");
}

/* ---- The callers. */

typedef struct {
    const char *name;
    hs_retry_options retry;
    int unlimited; /* retries cost nothing */
    int breaker;   /* one that sees ten seconds and opens for five at most */
    long sends[SECONDS]; /* what the server got in each second */
    long good[SECONDS];  /* how many of the callers of each second got an answer */
} policy;

static policy policies[] = {
    {.name = "no retries", .retry = {.max_attempts = 1}},
    {.name = "naive retries", .retry = {.max_attempts = 3, .base_delay_ms = 100, .max_delay_ms = 100}, .unlimited = 1},
    {.name = "defaults", .retry = {.max_attempts = 0}},
    {.name = "with a breaker", .breaker = 1},
};
enum { POLICIES = sizeof policies / sizeof policies[0] };

static void run(policy *policy) {
    static hs_request_options requests[CALLS];
    static const hs_request_options *pointers[CALLS];
    static hs_completion completions[CALLS];
    server server = {.tick = 0};
    hs_budget *budget = NULL;
    hs_breaker *breaker = NULL;
    hs_worker *worker = NULL;

    hs_simulation_options simulation = {.struct_size = sizeof simulation, .seed = 1};
    check(hs_simulation_new(&simulation, &server.simulation, NULL), "hs_simulation_new");
    check(hs_mock_new(&server.mock), "hs_mock_new");

    policy->retry.struct_size = sizeof policy->retry;
    hs_policies chosen = {.struct_size = sizeof chosen, .retry = &policy->retry};
    if (policy->unlimited) {
        hs_budget_options options = {.struct_size = sizeof options, .min_retries = 1000000, .simulation = server.simulation};
        check(hs_budget_new(&options, &budget, NULL), "hs_budget_new");
        chosen.budget = budget;
    }
    if (policy->breaker) {
        hs_breaker_options options = {
            .struct_size = sizeof options,
            .window_ms = 10000,
            .open_max_ms = 5000,
            .simulation = server.simulation,
        };
        check(hs_breaker_new(&options, &breaker, NULL), "hs_breaker_new");
        chosen.breaker = breaker;
    }
    hs_worker_options options = {
        .struct_size = sizeof options,
        .mock = server.mock,
        .simulation = server.simulation,
        .policies = &chosen,
    };
    check(hs_worker_new(&options, &worker, NULL), "hs_worker_new");

    for (int i = 0; i < CALLS; i++) {
        requests[i] = (hs_request_options){
            .struct_size = sizeof requests[i],
            .url = text("http://service.test/"),
            .start_after_ms = (uint64_t)i * 1000 / PER_SECOND,
        };
        pointers[i] = &requests[i];
    }
    tick(&server);
    check(hs_request_many(worker, pointers, CALLS, completions, NULL), "hs_request_many");

    memcpy(policy->sends, server.sends, sizeof policy->sends);
    for (int i = 0; i < CALLS; i++) {
        if (completions[i].status == HS_OK && hs_response_status(completions[i].response) == 200) {
            policy->good[i / PER_SECOND]++;
        }
        hs_response_free(completions[i].response);
        hs_error_free(completions[i].error);
    }
    hs_worker_free(worker);
    hs_breaker_free(breaker);
    hs_budget_free(budget);
    hs_mock_free(server.mock);
    hs_simulation_free(server.simulation);
}

/* ---- What it came to. */

static long sum(const long *numbers, int from, int to) {
    long total = 0;
    for (int i = from; i < to; i++) total += numbers[i];
    return total;
}

static double percent_good(const policy *policy, int from, int to) {
    return 100.0 * (double)sum(policy->good, from, to) / (PER_SECOND * (to - from));
}

static void print_table(void) {
    const int span = 5;
    printf("%15s", "");
    for (int p = 0; p < POLICIES; p++) printf("  %-16s", policies[p].name);
    printf("\n%8s%7s", "seconds", "server");
    for (int p = 0; p < POLICIES; p++) printf("  %7s  %7s", "sends/s", "success");
    printf("\n");
    for (int from = 0; from < SECONDS; from += span) {
        const long able = capacity(from);
        printf("%3d..%3d%7s", from, from + span, able == 0 ? "down" : able < PER_SECOND ? "weak" : "");
        for (int p = 0; p < POLICIES; p++) {
            const double sends = (double)sum(policies[p].sends, from, from + span) / span;
            printf("  %7.1f  %6.1f%%", sends, percent_good(&policies[p], from, from + span));
        }
        printf("\n");
    }
}

/* The second after the server was mended from which on 99 of 100 callers in each get an answer; -1: there is none. */
static int recovered(const policy *policy) {
    int second = SECONDS;
    while (second > MENDED_AT && policy->good[second - 1] * 100 >= 99 * PER_SECOND) second--;
    return second == SECONDS ? -1 : second - MENDED_AT;
}

static void print_summary(void) {
    printf("\n%-16s%16s%10s%30s%14s\n", "", "sends per call", "most", "success", "well again");
    printf("%-16s%16s%10s%10s%10s%10s%14s\n", "", "while in trouble", "sends/s", "before", "meanwhile", "after", "after");
    for (int p = 0; p < POLICIES; p++) {
        const policy *policy = &policies[p];
        const double calls = PER_SECOND * (MENDED_AT - BROKEN_AT);
        long most = 0;
        for (int i = 0; i < SECONDS; i++) most = policy->sends[i] > most ? policy->sends[i] : most;
        printf("%-16s%16.2f%10ld%9.1f%%%9.1f%%%9.1f%%", policy->name,
               (double)sum(policy->sends, BROKEN_AT, MENDED_AT) / calls, most, percent_good(policy, 0, BROKEN_AT),
               percent_good(policy, BROKEN_AT, MENDED_AT), percent_good(policy, MENDED_AT, SECONDS));
        if (recovered(policy) < 0) printf("%14s\n", "never");
        else printf("%12d s\n", recovered(policy));
    }
}

/* ---- The figure: two panels over the same time. */

enum { WIDTH = 760, LEFT = 52, RIGHT = 14, PLOT = WIDTH - LEFT - RIGHT, TALL = 150, UPPER = 62, LOWER = 272, HEIGHT = 462 };

static double x_of(double second) { return LEFT + PLOT * second / SECONDS; }

static void draw_axes(FILE *out, int top, const char *title, int most, int step) {
    fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"title\">%s</text>\n", LEFT, top - 8, title);
    for (int value = 0; value <= most; value += step) {
        const double y = top + TALL - (double)TALL * value / most;
        fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y, WIDTH - RIGHT);
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", LEFT - 6, y + 4, value);
    }
    for (int second = 0; second <= SECONDS; second += 10) {
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x_of(second), top + TALL + 16, second);
    }
}

/* A band behind both panels, named at the top. */
static void draw_band(FILE *out, const char *class, const char *name, int from, int to) {
    fprintf(out, "<path class=\"%s\" d=\"M%.1f %dH%.1fV%dH%.1fz\"/>", class, x_of(from), UPPER, x_of(to), LOWER + TALL, x_of(from));
    fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_of((from + to) / 2.0), UPPER + 14, name);
}

static void draw_line(FILE *out, int policy, int top, const long *numbers, double most) {
    fprintf(out, "<path class=\"line p%d\" d=\"", policy);
    for (int i = 0; i < SECONDS; i++) {
        fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_of(i + 0.5), top + TALL - TALL * (double)numbers[i] / most);
    }
    fprintf(out, "\"/>\n");
}

static void draw(FILE *out) {
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT);
    fprintf(out, "<title>An outage, by what callers do about it</title>\n<style>\n"
                 "text{font:12px system-ui,sans-serif;fill:#444}.title{font-weight:600}\n"
                 ".grid{stroke:#888;stroke-opacity:.25}.down{fill:#d33;fill-opacity:.13}.weak{fill:#e90;fill-opacity:.13}\n"
                 ".line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
                 ".p0{stroke:#888}.p1{stroke:#d03030}.p2{stroke:#2070d0}.p3{stroke:#109050}\n"
                 "@media(prefers-color-scheme:dark){text{fill:#ccc}.p0{stroke:#aaa}.p1{stroke:#ff6b6b}.p2{stroke:#6cb2ff}"
                 ".p3{stroke:#4cd08a}}\n</style>\n");
    for (int p = 0; p < POLICIES; p++) {
        fprintf(out, "<path class=\"line p%d\" d=\"M%d 18h22\"/><text x=\"%d\" y=\"22\">%s</text>\n", p, LEFT + 170 * p,
                LEFT + 170 * p + 28, policies[p].name);
    }
    draw_band(out, "down", "down", BROKEN_AT, WEAK_AT);
    draw_band(out, "weak", "weak", WEAK_AT, MENDED_AT);
    draw_axes(out, UPPER, "Requests that the server gets, a second", 160, 50);
    draw_axes(out, LOWER, "Callers that get an answer, of a hundred", 100, 25);
    for (int p = 0; p < POLICIES; p++) {
        draw_line(out, p, UPPER, policies[p].sends, 160);
        draw_line(out, p, LOWER, policies[p].good, PER_SECOND);
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">seconds</text>\n</svg>\n", LEFT + PLOT / 2, HEIGHT - 6);
}

int main(int count, char **arguments) {
    const char *svg = count == 3 && strcmp(arguments[1], "--svg") == 0 ? arguments[2] : NULL;
    if (count > 1 && svg == NULL) return fprintf(stderr, "usage: %s [--svg FILE]\n", arguments[0]), 2;
    for (int p = 0; p < POLICIES; p++) run(&policies[p]);
    print_table();
    print_summary();
    if (svg != NULL) {
        FILE *out = fopen(svg, "w");
        if (out == NULL) return perror(svg), 1;
        draw(out);
        if (fclose(out) != 0) return perror(svg), 1;
    }
    return 0;
}
