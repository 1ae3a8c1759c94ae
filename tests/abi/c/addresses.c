/* The address rule: what it forbids is refused before a byte goes there, by whatever way a request gets there, and the
 * error says which address it was. 127.0.0.1 is the test server; 127.0.0.2 answers nobody. */

#include "client.h"
#include "resolver.h"

static const char *port;

#define MOST 4

/* A worker with a rule of that mode; the lists are separated by blanks. */
static hs_worker *with_rule(uint32_t mode, const char *allow, const char *deny) {
    const char *const lists[] = {allow, deny};
    hs_str items[2][MOST];
    size_t counts[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        for (const char *at = lists[i]; *at != 0;) {
            const size_t length = strcspn(at, " ");
            CHECK(counts[i] < MOST);
            items[i][counts[i]++] = bytes(at, length);
            at += length + (at[length] == ' ');
        }
    }
    const hs_address_rule rule = {sizeof rule, mode, items[0], counts[0], items[1], counts[1]};
    hs_worker_options options = defaults();
    options.addresses = &rule;
    hs_worker *worker = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    return worker;
}

static void refused(hs_worker *worker, const char *target, const char *part) {
    const hs_request_options request = post(target, "an order");
    FAILS_SAYING(worker, &request, HS_ERR_ADDRESS_REFUSED, part);
    const hs_error_info info = FAILS(worker, &request, HS_ERR_ADDRESS_REFUSED);
    CHECK_INT(info.phase, HS_PHASE_POLICY);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_NO);
    CHECK_INT(info.attempts, 1);
}

/* However an address is written, it is that address. */
static void in_the_url(void) {
    static const char *const ways[] = {"127.0.0.1", "0x7f.1",        "017700000001", "2130706433", "127.1",
                                       "0x7F000001", "%31%32%37.0.1", "127.0.0.1."};
    hs_worker *worker = with_rule(HS_ADDRESS_PUBLIC, "", "");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        refused(worker, url("http://%s:%s/count/addresses", ways[i], port), "forbids 127.0.0.1 (for 127.0.0.1)");
    }
    refused(worker, url("http://[::ffff:127.0.0.1]:%s/count/addresses", port), "127.0.0.1");
    refused(worker, url("http://[::127.0.0.1]:%s/count/addresses", port), "forbids ::7f00:1 (for [::7f00:1])");
    refused(worker, url("http://[64:ff9b::7f00:1]:%s/count/addresses", port), "64:ff9b::7f00:1");
    refused(worker, "http://169.254.169.254/latest/meta-data/", "169.254.169.254");
    refused(worker, "http://[fd00:ec2::254]/latest/meta-data/", "fd00:ec2::254");
    refused(worker, "https://10.0.0.1/", "10.0.0.1");
    refused(worker, url("http://localhost:%s/count/addresses", port), "(for localhost)");
    refused(worker, url("%s/count/addresses", address("https")), "(for localhost)");
    close_worker(worker);
}

static void behind_a_name(void) {
    hs_worker *worker = with_rule(HS_ADDRESS_ANY, "", "127.0.0.1 127.0.0.3");
    refused(worker, url("http://127-0-0-1.addr.test:%s/count/addresses", port),
            "forbids 127.0.0.1 (for 127-0-0-1.addr.test)");
    refused(worker, url("http://127-0-0-3.127-0-0-1.addr.test:%s/count/addresses", port), "forbids 127.0.0.3");
    /* One that was allowed and did not answer is why it failed. */
    hs_request_options request = get(url("http://127-0-0-1.127-0-0-2.addr.test:%s/count/addresses", port));
    CHECK_INT(FAILS(worker, &request, HS_ERR_CONNECT).request_sent, HS_SENT_NO);
    request = get("http://name.invalid/");
    FAILS(worker, &request, HS_ERR_DNS);
    close_worker(worker);
    worker = with_rule(HS_ADDRESS_ANY, "", "127.0.0.2/32");
    const hs_metrics metrics = GOOD(worker, url("http://127-0-0-2.127-0-0-1.addr.test:%s/get", port));
    CHECK_INT(metrics.peer.ip[3], 1);
    close_worker(worker);
}

static void at_the_end_of_a_redirect(void) {
    hs_worker *worker = with_rule(HS_ADDRESS_PUBLIC, "127.0.0.1/32", "");
    static const char *const targets[] = {"http://127.0.0.2:%s/count/addresses", "http://127-0-0-2.addr.test:%s/get",
                                          "http://0x7f000002:%s/count/addresses"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char target[URL_BYTES];
        snprintf(target, sizeof target, targets[i], port);
        const hs_request_options request = get(url("%s/redirect-to?url=%s", address("http"), target));
        FAILS_SAYING(worker, &request, HS_ERR_ADDRESS_REFUSED, "forbids 127.0.0.2");
        const hs_error_info info = FAILS(worker, &request, HS_ERR_ADDRESS_REFUSED);
        CHECK_INT(info.request_sent, HS_SENT_NO);
        CHECK_INT(info.phase, HS_PHASE_POLICY);
    }
    close_worker(worker);
}

/* What is allowed works as ever, and its connections are used again. */
static void what_is_allowed(void) {
    static const struct {
        uint32_t mode;
        const char *allow, *deny;
    } rules[] = {
        {HS_ADDRESS_ANY, "", ""},
        {HS_ADDRESS_ANY, "", "10.0.0.0/8 fc00::/7"},
        {HS_ADDRESS_PUBLIC, "127.0.0.0/8 ::1", ""},
        {HS_ADDRESS_PUBLIC, "::ffff:127.0.0.1/128 ::1", "127.0.0.2"},
        {HS_ADDRESS_LISTED, "127.0.0.1 ::1", ""},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        hs_worker *worker = with_rule(rules[i].mode, rules[i].allow, rules[i].deny);
        for (int round = 0; round < 3; round++) {
            CHECK_INT(GOOD(worker, url("%s/get", address("http"))).connection_reused, round > 0);
            CHECK_INT(GOOD(worker, url("%s/get", address("https"))).connection_reused, round > 0);
        }
        close_worker(worker);
    }
    /* Another worker's connection is not this one's. */
    hs_worker *free = open_worker(), *bound = with_rule(HS_ADDRESS_LISTED, "", "");
    GOOD(free, url("%s/get", address("http")));
    refused(bound, url("%s/count/addresses", address("http")), "127.0.0.1");
    CHECK_INT(GOOD(free, url("%s/get", address("http"))).connection_reused, 1);
    close_worker(free);
    close_worker(bound);
}

static void no_worker(const hs_address_rule *rule, hs_status expected, const char *part) {
    hs_worker_options options = defaults();
    options.addresses = rule;
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, &error), expected);
    CHECK(worker == NULL);
    CHECK_HAS(hs_error_message(error), part);
    CHECK_STATUS(hs_error_free(error), HS_OK);
}

static void rules_that_cannot_be(void) {
    static const struct {
        const char *range, *part;
    } bad[] = {
        {"", "allow[1] is \"\""},          {"example.com", "\"example.com\""}, {"10.0.0.1/8", "beyond its prefix"},
        {"10.0.0.0/33", "longer than 32"}, {"::/129", "longer than 128"},      {"10.0.0.0/8 ", "not a number"},
    };
    hs_str items[2] = {text("10.0.0.0/8"), text("")};
    hs_address_rule rule = {sizeof rule, HS_ADDRESS_PUBLIC, items, 2, NULL, 0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        items[1] = text(bad[i].range);
        no_worker(&rule, HS_ERR_INVALID_ARGUMENT, bad[i].part);
    }
    items[1] = bytes("10.0.0.0\0/8", 11);
    no_worker(&rule, HS_ERR_INVALID_ARGUMENT, "\\x00");
    items[1] = bytes(NULL, 1);
    no_worker(&rule, HS_ERR_NULL_ARGUMENT, "allow[1]");
    rule.allow = NULL;
    no_worker(&rule, HS_ERR_NULL_ARGUMENT, "hs_address_rule.allow");
    rule.allow_count = 0;
    rule.deny_count = 1;
    no_worker(&rule, HS_ERR_NULL_ARGUMENT, "hs_address_rule.deny");
    rule.deny = items;
    rule.deny_count = SIZE_MAX;
    no_worker(&rule, HS_ERR_INVALID_ARGUMENT, "hs_address_rule.deny");
    rule.deny_count = 1;
    rule.mode = 3;
    no_worker(&rule, HS_ERR_INVALID_ARGUMENT, "hs_address_rule.mode is 3");
    rule.mode = HS_ADDRESS_ANY;
    rule.allow = items;
    rule.allow_count = 1;
    no_worker(&rule, HS_ERR_INVALID_ARGUMENT, "no effect");
    rule.struct_size = 7;
    no_worker(&rule, HS_ERR_STRUCT_SIZE, "hs_address_rule.struct_size is 7");
}

/* A shorter struct has no lists; its mode counts. */
static void a_rule_of_an_older_program(void) {
    const hs_str item = text("127.0.0.1");
    const hs_address_rule rule = {8, HS_ADDRESS_LISTED, &item, 1, NULL, 0};
    hs_worker_options options = defaults();
    options.addresses = &rule;
    hs_worker *worker = NULL;
    CHECK_STATUS(hs_worker_new(&options, &worker, NULL), HS_OK);
    refused(worker, url("%s/count/addresses", address("http")), "127.0.0.1");
    close_worker(worker);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    port = strrchr(address("http"), ':') + 1;
    in_the_url();
    behind_a_name();
    at_the_end_of_a_redirect();
    what_is_allowed();
    rules_that_cannot_be();
    a_rule_of_an_older_program();
    CHECK_INT(counter("addresses"), 0);
    return 0;
}
