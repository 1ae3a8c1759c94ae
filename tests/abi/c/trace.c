/* The trace of a call, and that no secret is in it, in events or in errors, wherever it was planted. Every secret here
 * has the word "hush" in it. */

#include "client.h"

static int events;

static void no_secret(const char *where, hs_str is) {
    if (text_has(is, "hush") || text_has(is, "aHVzaA")) {
        FAIL("a secret is in %s:\n%.*s", where, (int)is.len, is.data);
    }
}

static void look(void *user_data, const hs_event *event) {
    (void)user_data;
    no_secret("an event's url", event->url);
    no_secret("an event's message", event->message);
    events++;
}

static hs_worker *watched(void) {
    static const char *keys[] = {"account"};
    const hs_str named = text(keys[0]);
    hs_worker_options options = defaults();
    hs_observe_options observe;
    hs_worker *worker = NULL;
    memset(&observe, 0, sizeof observe);
    observe.struct_size = sizeof observe;
    observe.on_event = look;
    observe.redact_query_keys = &named;
    observe.redact_query_key_count = 1;
    options.observe = &observe;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static const hs_header planted[] = {
    {{"Cookie", 6}, {"a=hush-1", 8}, 0},
    {{"Authorization", 13}, {"Bearer hush-2", 13}, 0},
    {{"X-Mine", 6}, {"hush-3", 6}, HS_HEADER_SENSITIVE},
    {{"X-Api-Key", 9}, {"hush-4", 6}, 0},
    {{"Referer", 7}, {"http://hush:hush@host/?sig=hush", 31}, 0},
    {{"X-Harmless", 10}, {"seen", 4}, 0},
};

static hs_request_options secret_request(const char *target) {
    hs_request_options request = get(target);
    request.headers = planted;
    request.header_count = sizeof planted / sizeof *planted;
    request.flags = HS_TRACE;
    return request;
}

#define QUERY "q=shown&token=hush-5&Account=hush-6&api_key=hush-7&api%%5Fkey=hush-8" /* For a format. */

/* Answers of the script ports. */
static void install(hs_worker *worker, const char *name, const char *head) {
    char script[URL_BYTES];
    snprintf(script, sizeof script, "{\"steps\": [{\"read\": \"request\"}, {\"send\": \"%s\"}]}", head);
    const hs_request_options request = post(url("%s/script/%s", address("http"), name), script);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response) / 100, 2);
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void of_responses(hs_worker *worker, const char *base, const char *path) {
    const hs_request_options request = secret_request(url("%s/%s?" QUERY, base, path));
    hs_response *response = SEND(worker, &request);
    const hs_str trace = hs_response_trace(response);
    no_secret(base, trace);
    CHECK_HAS(trace, "q=shown&token=***&Account=***&api_key=***&api%5Fkey=***");
    CHECK_HAS(trace, "seen");
    CHECK_HAS(trace, "the call has succeeded");
    if (strcmp(path, "get") != 0) {
        CHECK_HAS(trace, "Set-Cookie: ***");
        CHECK_HAS(trace, "x-mine: ***");
        CHECK_HAS(trace, "X-Other: shown");
        CHECK(text_is(hs_response_header(response, text("set-cookie"), 0), "b=hush-8"));
    }
    /* What a program goes by is not touched. */
    CHECK_HAS(hs_response_url(response), "hush-5");
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void of_redirects(hs_worker *worker) {
    const hs_request_options request = secret_request(url("http://%s/away", address("script")));
    hs_response *response = SEND(worker, &request);
    const hs_str trace = hs_response_trace(response);
    no_secret("the trace of a redirect", trace);
    CHECK_HAS(trace, "redirect 302");
    CHECK_HAS(trace, "hop 1");
    CHECK_HAS(trace, "Location: /answer?token=***&account=***");
    CHECK_HAS(hs_response_url(response), "token=hush");
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

static void of_errors(hs_worker *worker) {
    const char *targets[] = {
        url("http://%s/get?" QUERY, address("closed")),
        url("%s/get?" QUERY, address("untrusted")),
        url("%s/stall/head?" QUERY, address("http")),
        url("http://%s/close-after-request?" QUERY, address("script")),
        url("http://%s/garbage?" QUERY, address("script")),
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        hs_request_options request = secret_request(targets[i]);
        hs_response *response = NULL;
        hs_error *error = NULL;
        request.attempt_timeout_ms = 100;
        CHECK(hs_request(worker, &request, &response, &error) != HS_OK);
        no_secret("a message", hs_error_message(error));
        no_secret("the trace of an error", hs_error_trace(error));
        CHECK_HAS(hs_error_trace(error), "q=shown");
        CHECK_HAS(hs_error_trace(error), "the call has failed");
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
    const char *broken[] = {
        "http://user:hush@ho st/?q=shown&token=hush&Account=hush", "http://host:99999/?q=shown&token=hush&Account=hush", "http://[/?account=hush hush&token=hush",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const hs_request_options request = secret_request(broken[i]);
        hs_error *error = ERROR_OF(worker, &request, HS_ERR_INVALID_URL);
        no_secret("the message of a broken URL", hs_error_message(error));
        CHECK(hs_error_trace(error).data == NULL);
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
    const char *to[] = {"http://hush:hush@[", "http://[?token=hush", "ftp://host/?account=hush", "//host:x/?account=hush"};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        install(worker, "refused", url("HTTP/1.1 302 Found\\nLocation: %s\\nContent-Length: 0\\n\\n", to[i]));
        const hs_request_options request = secret_request(url("http://%s/refused", address("script")));
        hs_error *error = ERROR_OF(worker, &request, HS_ERR_REDIRECT_REFUSED);
        no_secret("the message of a refused redirect", hs_error_message(error));
        no_secret("the trace of a refused redirect", hs_error_trace(error));
        CHECK_STATUS(hs_error_free(error), HS_OK);
    }
}

/* As userinfo it becomes Basic authorization: "aHVzaA" is how its base64 begins. */
static void userinfo(hs_worker *worker) {
    hs_request_options request = get(url("http://hush:hush@%s/get", strstr(address("http"), "://") + 3));
    request.flags = HS_TRACE;
    hs_response *response = SEND(worker, &request);
    no_secret("the trace", hs_response_trace(response));
    CHECK_HAS(hs_response_trace(response), "Authorization: ***");
    CHECK_STATUS(hs_response_free(response), HS_OK);
}

/* Who does not ask has none; a worker may ask for all its calls. */
static void only_where_asked(void) {
    hs_worker_options options = defaults();
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/get", address("http")));
    hs_response *response = SEND(worker, &request);
    CHECK(hs_response_trace(response).data == NULL);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
    options.flags = HS_TRACE;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    response = SEND(worker, &request);
    CHECK_HAS(hs_response_trace(response), "> GET /get HTTP/1.1");
    CHECK_HAS(hs_response_trace(response), "< HTTP/1.1 200");
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    hs_worker *worker = watched();
    install(worker, "answer",
            "HTTP/1.1 200 OK\\nSet-Cookie: b=hush-8\\nx-mine: hush-9\\nX-Other: shown\\nContent-Length: 0\\n\\n");
    install(worker, "away",
            "HTTP/1.1 302 Found\\nLocation: /answer?token=hush&account=hush\\nContent-Length: 0\\n\\n");
    of_responses(worker, url("http://%s", address("script")), "answer");
    of_responses(worker, url("https://%s", address("script_tls")), "answer");
    of_responses(worker, address("https"), "get");
    of_redirects(worker);
    of_errors(worker);
    userinfo(worker);
    only_where_asked();
    close_worker(worker);
    CHECK(events > 20);
    return 0;
}
