/* Credentials: each scheme gets in where it should, nowhere else, and what cannot be sent is refused without being
 * shown. */

#include "client.h"

static hs_auth auth_of(uint32_t scheme, const char *user, const char *password, const char *token) {
    hs_auth auth;
    memset(&auth, 0, sizeof auth);
    auth.struct_size = sizeof auth;
    auth.scheme = scheme;
    auth.user = text(user);
    auth.password = text(password);
    auth.token = text(token);
    return auth;
}

/* The answer to a GET, or to a POST with a body; how many exchanges were challenges. */
static uint32_t answered(hs_worker *worker, const hs_auth *auth, const char *target, const char *body, int status) {
    hs_request_options request = body == NULL ? get(target) : post(target, body);
    request.auth = auth;
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), status);
    const uint32_t challenges = metrics_of(response).auth_exchanges;
    CHECK_INT(metrics_of(response).redirects, 0);
    CHECK_INT(metrics_of(response).attempts, 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    return challenges;
}

static void every_scheme(void) {
    hs_worker *worker = open_worker();
    const hs_auth basic = auth_of(HS_AUTH_BASIC, "Aladdin", "open:sesame", "");
    const hs_auth bearer = auth_of(HS_AUTH_BEARER, "", "", "mF_9.B5f-4.1JqM==");
    const hs_auth digest = auth_of(HS_AUTH_DIGEST, "Mufasa", "Circle of Life", "");
    const char *http = address("http"), *https = address("https");
    CHECK_INT(answered(worker, &basic, url("%s/basic-auth/Aladdin/open:sesame", http), NULL, 200), 0);
    CHECK_INT(answered(worker, &basic, url("%s/basic-auth/Aladdin/other", http), NULL, 401), 0);
    CHECK_INT(answered(worker, &bearer, url("%s/bearer/mF_9.B5f-4.1JqM==", https), "x", 200), 0);
    CHECK_INT(answered(worker, &digest, url("%s/digest-auth/Mufasa/Circle%%20of%%20Life", http), "a body", 200), 1);
    CHECK_INT(answered(worker, &digest, url("%s/digest-auth/Mufasa/Circle%%20of%%20Life", http), "a body", 200), 0);
    CHECK_INT(answered(worker, &digest, url("%s/digest-auth/Mufasa/other", http), NULL, 401), 1);
    /* Digest's secret is not told to who asks for it plainly. */
    CHECK_INT(answered(worker, &digest, url("%s/basic-auth/Mufasa/Circle%%20of%%20Life", http), NULL, 401), 0);
    CHECK_INT(answered(worker, NULL, url("%s/basic-auth/Aladdin/open:sesame", http), NULL, 401), 0);
    close_worker(worker);
}

/* A body that a callback receives is that of the response alone. */
static int32_t collect(void *user_data, const void *data, size_t len) {
    char *place = user_data;
    const size_t before = strlen(place);
    CHECK(before + len < 256);
    memcpy(place + before, data, len);
    place[before + len] = 0;
    return 0;
}

static void the_body_of_a_challenge_is_nobodys(void) {
    hs_worker *worker = open_worker();
    char received[256] = "";
    const hs_auth digest = auth_of(HS_AUTH_DIGEST, "u", "p", "");
    hs_request_options request = get(url("%s/digest-auth/u/p", address("http")));
    request.auth = &digest;
    request.on_body = collect;
    request.user_data = received;
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    CHECK(strstr(received, "\"authenticated\":true") != NULL);
    CHECK(strstr(received, "false") == NULL);
    close_worker(worker);
}

static void of_a_worker(void) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_auth own = auth_of(HS_AUTH_BASIC, "u", "p", "");
    own.origin = text(address("http"));
    options.auth = &own;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    const char *here = url("%s/basic-auth/u/p", address("http")), *there = url("%s/basic-auth/u/p", address("https"));
    const hs_auth none = auth_of(HS_AUTH_NONE, "", "", ""), other = auth_of(HS_AUTH_BASIC, "a", "b", "");
    answered(worker, NULL, here, NULL, 200);
    answered(worker, NULL, there, NULL, 401);
    answered(worker, &none, here, NULL, 401);
    answered(worker, &other, here, NULL, 401);
    answered(worker, &other, url("%s/basic-auth/a/b", address("https")), NULL, 200);
    /* A redirect takes none elsewhere. */
    hs_request_options request = get(url("%s/redirect-to?url=%s", address("http"), there));
    hs_response *response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 401);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    /* A header of the request's own wins. */
    const hs_header header = {text("authorization"), text("Basic eDp5"), 0};
    request = get(url("%s/basic-auth/x/y", address("http")));
    request.headers = &header;
    request.header_count = 1;
    response = SEND(worker, &request);
    CHECK_INT(hs_response_status(response), 200);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

static const struct {
    uint32_t scheme;
    const char *user, *password, *token;
    hs_status status;
    const char *part;
} refused[] = {
    {HS_AUTH_BASIC, "hunter:2", "p", "", HS_ERR_INVALID_CREDENTIALS, "colon"},
    {HS_AUTH_BASIC, "hunter\n", "p", "", HS_ERR_INVALID_CREDENTIALS, "user"},
    {HS_AUTH_BASIC, "u", "hunter\x7f", "", HS_ERR_INVALID_CREDENTIALS, "password"},
    {HS_AUTH_DIGEST, "u", "hunter\xff", "", HS_ERR_INVALID_CREDENTIALS, "UTF-8"},
    {HS_AUTH_BEARER, "", "", "", HS_ERR_INVALID_CREDENTIALS, "token"},
    {HS_AUTH_BEARER, "", "", "hunter 2", HS_ERR_INVALID_CREDENTIALS, "token"},
    {HS_AUTH_BEARER, "", "", "hunter\r\nX: y", HS_ERR_INVALID_CREDENTIALS, "token"},
    {HS_AUTH_BEARER, "hunter", "", "t", HS_ERR_INVALID_ARGUMENT, "scheme is 2"},
    {HS_AUTH_BASIC, "u", "p", "hunter2", HS_ERR_INVALID_ARGUMENT, "scheme is 1"},
    {HS_AUTH_NONE, "hunter", "", "", HS_ERR_INVALID_ARGUMENT, "scheme is 0"},
    {4, "hunter", "2", "", HS_ERR_INVALID_ARGUMENT, "hs_auth.scheme is 4: not a HS_AUTH_"},
    {UINT32_MAX, "", "", "", HS_ERR_INVALID_ARGUMENT, "4294967295"},
};

static void not_a_worker(const hs_auth *auth, hs_status status, const char *part) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    options.auth = auth;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), status);
    CHECK_HAS(hs_error_message(error), part);
    CHECK(!text_has(hs_error_message(error), "hunter"));
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void what_cannot_be_sent(void) {
    hs_worker *worker = open_worker();
    hs_request_options request = get(url("%s/count/auth", address("http")));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        hs_auth auth = auth_of(refused[i].scheme, refused[i].user, refused[i].password, refused[i].token);
        request.auth = &auth;
        hs_error *error = ERROR_OF(worker, &request, refused[i].status);
        CHECK_HAS(hs_error_message(error), refused[i].part);
        CHECK(!text_has(hs_error_message(error), "hunter"));
        CHECK_INT(take_facts(error).phase, HS_PHASE_ARGUMENT);
        auth.origin = text("https://h.example");
        not_a_worker(&auth, refused[i].status, refused[i].part);
    }
    /* Only one may speak. */
    const hs_header header = {text("authorization"), text("Bearer hunter2"), 0};
    hs_auth auth = auth_of(HS_AUTH_BASIC, "u", "p", "");
    request.auth = &auth;
    request.headers = &header;
    request.header_count = 1;
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "twice");
    request.header_count = 0;
    request.url = text(url("http://hunter:2@%s/count/auth", strstr(address("http"), "//") + 2));
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "twice");
    request.url = text(url("%s/count/auth", address("http")));
    auth.origin = text(address("http"));
    FAILS_SAYING(worker, &request, HS_ERR_INVALID_ARGUMENT, "hs_auth.origin");
    const hs_str missing[] = {bytes(NULL, 1), bytes(NULL, (size_t)HS_NTS)};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        auth = auth_of(HS_AUTH_BASIC, "u", "p", "");
        auth.user = missing[i];
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "hs_auth.user");
        auth.user = text("u");
        auth.password = missing[i];
        FAILS_SAYING(worker, &request, HS_ERR_NULL_ARGUMENT, "hs_auth.password");
    }
    auth = auth_of(HS_AUTH_BASIC, "u", "p", "");
    auth.struct_size = 7;
    FAILS_SAYING(worker, &request, HS_ERR_STRUCT_SIZE, "hs_auth.struct_size is 7");
    close_worker(worker);

    static const struct {
        const char *origin;
        hs_status status;
        const char *part;
    } origins[] = {
        {"", HS_ERR_INVALID_ARGUMENT, "hs_auth.origin is empty"},
        {"h.example", HS_ERR_INVALID_URL, "hs_auth.origin"},
        {"ftp://h.example", HS_ERR_UNSUPPORTED_SCHEME, "hs_auth.origin"},
        {"https://h.example/path", HS_ERR_INVALID_ARGUMENT, "hs_auth.origin"},
        {"https://h.example/?query", HS_ERR_INVALID_ARGUMENT, "hs_auth.origin"},
        {"https://hunter:2@h.example", HS_ERR_INVALID_ARGUMENT, "hs_auth.origin"},
    };
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        auth = auth_of(HS_AUTH_BASIC, "u", "p", "");
        auth.origin = text(origins[i].origin);
        not_a_worker(&auth, origins[i].status, origins[i].part);
    }
    CHECK_INT(counter("auth"), 0);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    every_scheme();
    the_body_of_a_challenge_is_nobodys();
    of_a_worker();
    what_cannot_be_sent();
    return 0;
}
