/* Cookie jars: what servers set is sent again, by all workers that have the jar and by no other, and goes out and comes
 * in as a text. */

#include "client.h"

#include <pthread.h>

static hs_worker *worker_with(hs_cookie_jar *jar, uint32_t flags) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    options.cookies = jar;
    options.flags = flags;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static hs_cookie_jar *new_jar(void) {
    hs_cookie_jar *jar = NULL;
    CHECK_STATUS(hs_cookie_jar_new(&jar), HS_OK);
    return jar;
}

#define CHECK_SENT(worker, target, cookies)                                                                      \
    do {                                                                                                         \
        const hs_request_options check_request = get(target);                                                    \
        hs_response *check_response = SEND(worker, &check_request);                                              \
        CHECK_HAS(hs_response_body(check_response), cookies);                                                    \
        CHECK_STATUS(hs_response_free(check_response), HS_OK);                                                   \
    } while (0)

#define CHECK_HEADER(jar, target, expected)                                                                      \
    do {                                                                                                         \
        hs_text *check_header = NULL;                                                                            \
        CHECK_STATUS(hs_cookie_jar_get(jar, text(target), &check_header, NULL), HS_OK);                          \
        CHECK_TEXT(hs_text_value(check_header), expected);                                                       \
        CHECK_STATUS(hs_text_free(check_header), HS_OK);                                                         \
    } while (0)

static const char *shown(void) { return url("%s/cookies", address("http")); }

static void none_unless_asked_for(void) {
    hs_worker *worker = worker_with(NULL, 0);
    GOOD(worker, url("%s/cookies/set?a=1", address("http")));
    CHECK_SENT(worker, shown(), "\"list\":[]");
    close_worker(worker);
}

static void one_of_its_own(void) {
    hs_worker *worker = worker_with(NULL, HS_COOKIES), *other = worker_with(NULL, HS_COOKIES);
    GOOD(worker, url("%s/cookies/set?a=1&b=2", address("http")));
    CHECK_SENT(worker, shown(), "\"list\":[[\"a\",\"1\"],[\"b\",\"2\"]]");
    CHECK_SENT(other, shown(), "\"list\":[]");
    /* A redirect's cookies go along with the next hop; those of an error are kept, too. */
    CHECK_SENT(worker, url("%s/cookies/set?a=3&to=/cookies", address("http")), "[\"a\",\"3\"]");
    hs_request_options request = get(url("%s/response?status=404&header=Set-Cookie:c%%3D4", address("http")));
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    GOOD(worker, url("%s/cookies/delete?b", address("http")));
    CHECK_SENT(worker, shown(), "\"list\":[[\"a\",\"3\"],[\"c\",\"4\"]]");
    /* Own cookies come first and win. */
    const hs_header own = {text("Cookie"), text("a=mine; x=y"), 0};
    request = get(shown());
    request.headers = &own;
    request.header_count = 1;
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "\"list\":[[\"a\",\"mine\"],[\"x\",\"y\"],[\"c\",\"4\"]]");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    /* Secure ones stay away from http, and one host's from another's, though it is the same machine. */
    GOOD(worker, url("%s/cookies/set?s=5&attributes=Secure;Path=/", address("https")));
    CHECK_SENT(worker, url("%s/cookies", address("https")), "[\"s\",\"5\"]");
    CHECK_SENT(worker, shown(), "\"list\":[[\"a\",\"3\"],[\"c\",\"4\"]]");
    close_worker(worker);
    close_worker(other);
}

static void *in_a_thread(void *jar) {
    hs_worker *worker = worker_with(jar, 0);
    for (int i = 0; i < 20; i++) {
        GOOD(worker, url("%s/cookies/set?n=%d", address("http"), i));
        CHECK_SENT(worker, shown(), "[\"n\",");
    }
    close_worker(worker);
    return NULL;
}

static void shared_on_purpose(void) {
    hs_cookie_jar *jar = new_jar();
    hs_worker *first = worker_with(jar, 0), *second = worker_with(jar, 0);
    GOOD(first, url("%s/cookies/set?a=1", address("http")));
    CHECK_SENT(second, shown(), "[\"a\",\"1\"]");
    CHECK_INT(hs_cookie_jar_count(jar), 1);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, in_a_thread, jar), 0);
    }
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    CHECK_INT(hs_cookie_jar_count(jar), 2);
    /* Freed, it is the workers' until they go. */
    CHECK_STATUS(hs_cookie_jar_free(jar), HS_OK);
    CHECK_SENT(first, shown(), "[\"a\",\"1\"]");
    GOOD(second, url("%s/cookies/set?a=2", address("http")));
    CHECK_SENT(first, shown(), "[\"a\",\"2\"]");
    close_worker(first);
    close_worker(second);
}

static void by_hand(void) {
    hs_cookie_jar *jar = new_jar();
    CHECK_STATUS(hs_cookie_jar_set(jar, text("https://www.h.example/x/y"), text("a=1"), NULL), HS_OK);
    CHECK_STATUS(hs_cookie_jar_set(jar, text("https://www.h.example"), text("b=2; Domain=h.example; Secure"), NULL),
                 HS_OK);
    CHECK_HEADER(jar, "https://www.h.example/x/", "a=1; b=2");
    CHECK_HEADER(jar, "http://www.h.example/x/", "a=1");
    CHECK_HEADER(jar, "https://other.h.example/x/", "b=2");
    CHECK_HEADER(jar, "https://elsewhere.example/", "");

    static const struct {
        const char *url, *line;
        hs_status status;
        const char *part;
    } refused[] = {
        {"nonsense", "a=hunter2", HS_ERR_INVALID_URL, "nonsense"},
        {"ftp://h.example/", "a=hunter2", HS_ERR_UNSUPPORTED_SCHEME, "ftp"},
        {"https://www.h.example/", "a=hunter2; Domain=other.example", HS_ERR_INVALID_COOKIE, "\"a\""},
        {"https://www.h.co.uk/", "a=hunter2; Domain=co.uk", HS_ERR_INVALID_COOKIE, "domain"},
        {"http://www.h.example/", "a=hunter2; Secure", HS_ERR_INVALID_COOKIE, "Secure"},
        {"https://www.h.example/", "__Host-a=hunter2; Secure", HS_ERR_INVALID_COOKIE, "__Host-"},
        {"https://www.h.example/", "a=hunter2\r\n", HS_ERR_INVALID_COOKIE, "control"},
        {"https://www.h.example/", "", HS_ERR_INVALID_COOKIE, "neither"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        hs_error *error = NULL;
        CHECK_STATUS(hs_cookie_jar_set(jar, text(refused[i].url), text(refused[i].line), &error), refused[i].status);
        CHECK_HAS(hs_error_message(error), refused[i].part);
        CHECK(!text_has(hs_error_message(error), "hunter2"));
        CHECK_INT(take_facts(error).phase, HS_PHASE_ARGUMENT);
    }
    CHECK_INT(hs_cookie_jar_count(jar), 2);
    CHECK_STATUS(hs_cookie_jar_set(jar, text("https://www.h.example/x/y"), text("a=; Max-Age=0"), NULL), HS_OK);
    CHECK_INT(hs_cookie_jar_count(jar), 1);
    CHECK_STATUS(hs_cookie_jar_clear(jar), HS_OK);
    CHECK_INT(hs_cookie_jar_count(jar), 0);
    CHECK_STATUS(hs_cookie_jar_free(jar), HS_OK);
}

static void out_and_in_as_text(void) {
    static const char there[] = "# Netscape HTTP Cookie File\n"
                                "#HttpOnly_.h.example\tTRUE\t/\tTRUE\t0\tsid\t31d4\n"
                                "h.example\tFALSE\t/x\tFALSE\t0\tlang\ten\n";
    hs_cookie_jar *jar = new_jar();
    hs_text *made = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_cookie_jar_export(jar, &made, NULL), HS_OK);
    CHECK_TEXT(hs_text_value(made), "# Netscape HTTP Cookie File\n");
    CHECK_STATUS(hs_text_free(made), HS_OK);
    CHECK_STATUS(hs_cookie_jar_import(jar, text(there), NULL), HS_OK);
    CHECK_STATUS(hs_cookie_jar_export(jar, &made, &error), HS_OK);
    CHECK(error == NULL);
    CHECK_STATUS(hs_cookie_jar_import(jar, text("a b\tTRUE\t/\tTRUE\t0\tsid\thunter2"), &error), HS_ERR_INVALID_COOKIE);
    CHECK_HAS(hs_error_message(error), "line 1");
    CHECK(!text_has(hs_error_message(error), "hunter2"));
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_INT(hs_cookie_jar_count(jar), 2);
    CHECK_HEADER(jar, "https://www.h.example/x", "sid=31d4");
    CHECK_STATUS(hs_cookie_jar_free(jar), HS_OK);
    /* The text is the caller's own. */
    CHECK_TEXT(hs_text_value(made), there);
    CHECK_STATUS(hs_text_free(made), HS_OK);
    CHECK_STATUS(hs_text_free(made), HS_ERR_INVALID_HANDLE);
}

static void one_jar_or_the_other(void) {
    hs_cookie_jar *jar = new_jar();
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    options.cookies = jar;
    options.flags = HS_COOKIES;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), HS_ERR_INVALID_ARGUMENT);
    CHECK_HAS(hs_error_message(error), "HS_COOKIES");
    CHECK_STATUS(hs_error_free(error), HS_OK);
    CHECK_STATUS(hs_cookie_jar_free(jar), HS_OK);
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_ERR_INVALID_HANDLE);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    none_unless_asked_for();
    one_of_its_own();
    shared_on_purpose();
    by_hand();
    out_and_in_as_text();
    one_jar_or_the_other();
    return 0;
}
