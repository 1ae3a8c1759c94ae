/* TLS as a caller sees it: whom a worker trusts and what it shows, each way in which a handshake fails, and what is told
 * of the server. */

#include "client.h"

static hs_tls_options tls_defaults(void) {
    hs_tls_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

static hs_worker *worker_with(const hs_tls_options *tls) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    options.tls = tls;
    const hs_status status = hs_worker_new(&options, &worker, &error);
    if (status != HS_OK) {
        const hs_str message = hs_error_message(error);
        FAIL("no worker: %.*s", (int)message.len, message.data);
    }
    return worker;
}

/* A worker cannot be made, and the message names the offender and no secret. */
static void refused_at(int line, const hs_tls_options *tls, hs_status expected, const char *part) {
    hs_worker_options options = defaults();
    hs_worker *worker = NULL;
    hs_error *error = NULL;
    options.tls = tls;
    const hs_status status = hs_worker_new(&options, &worker, &error);
    const hs_str message = hs_error_message(error);
    if (status != expected || worker != NULL || !text_has(message, part) || text_has(message, "hunter2")) {
        check_failed(__FILE__, line, "%.*s: %.*s", check_name_length(status), check_name(status), (int)message.len,
                     message.data);
    }
    CHECK_STATUS(hs_error_free(error), HS_OK);
}
#define REFUSED(tls, expected, part) refused_at(__LINE__, tls, expected, part)

/* A handshake that fails: nothing was sent, and trying again is of no use. */
static void fails(const hs_tls_options *tls, const char *port, hs_status expected) {
    hs_worker *worker = worker_with(tls);
    const hs_request_options request = get(url("%s/get", address(port)));
    const hs_error_info info = FAILS(worker, &request, expected);
    CHECK_INT(info.phase, HS_PHASE_TLS);
    CHECK_INT(info.request_sent, HS_SENT_NO);
    CHECK_INT(info.retryable, HS_RETRYABLE_NO);
    GOOD(worker, url("%s/get", address("http")));
    close_worker(worker);
}

static hs_metrics good(const hs_tls_options *tls, const char *port) {
    hs_worker *worker = worker_with(tls);
    const hs_metrics metrics = GOOD(worker, url("%s/get", address(port)));
    close_worker(worker);
    return metrics;
}

static void what_makes_no_sense_is_refused(void) {
    hs_tls_options tls = tls_defaults();
    tls.struct_size = 7;
    REFUSED(&tls, HS_ERR_STRUCT_SIZE, "hs_tls_options.struct_size");
    for (int bit = 7; bit < 32; bit++) {
        tls = tls_defaults();
        tls.flags = UINT32_C(1) << bit;
        REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "hs_tls_options.flags");
    }
    tls = tls_defaults();
    tls.ca_dir = text("/");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "ca_dir");
    const hs_str pins[] = {text("sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), text("sha256//short")};
    tls = tls_defaults();
    tls.pins = pins;
    tls.pin_count = 2;
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "sha256//short");
    tls.pin_count = 101;
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "101");
    tls.pins = NULL;
    REFUSED(&tls, HS_ERR_NULL_ARGUMENT, "pins");
    tls = tls_defaults();
    tls.min_version = 14;
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "min_version is 14");
    tls = tls_defaults();
    tls.max_version = HS_TLS_1_1;
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "max_version");
    tls = tls_defaults();
    tls.ciphers = text("no-such-cipher");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "hs_tls_options.ciphers is \"no-such-cipher\"");
    tls = tls_defaults();
    tls.ciphersuites = text("TLS_NO_SUCH");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "hs_tls_options.ciphersuites");
    tls = tls_defaults();
    tls.groups = text("P-1");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "hs_tls_options.groups");
    const hs_str names[] = {text("127.0.0.1"), text("[::1]"), text("a b"), bytes("a\0b", 3)};
    for (size_t i = 0; i < 4; i++) {
        tls = tls_defaults();
        tls.server_name = names[i];
        REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "server_name");
    }
    tls = tls_defaults();
    tls.key_log_file = text("/no/such/folder/keys");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "/no/such/folder/keys");
    tls = tls_defaults();
    tls.crl_file = text(address("ca_file"));
    REFUSED(&tls, HS_ERR_CA_STORE, "no revocation list");
    tls.crl_pem = text("x");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "both crl_file and crl_pem");
}

static void client_certificates(void) {
    hs_tls_options tls = tls_defaults();
    fails(&tls, "mtls", HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED);
    tls.max_version = HS_TLS_1_2;
    fails(&tls, "mtls", HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED);
    tls.certificate_file = text(address("client_cert_file"));
    tls.key_file = text(address("client_key_file"));
    CHECK_INT(good(&tls, "mtls").tls_version, HS_TLS_1_2);
    tls.max_version = 0;
    CHECK_INT(good(&tls, "mtls").tls_version, HS_TLS_1_3);
    CHECK_INT(good(&tls, "https").tls_version, HS_TLS_1_3); /* It need not be asked for. */

    tls.key_file = text(address("ca_file"));
    REFUSED(&tls, HS_ERR_CLIENT_CERTIFICATE, address("ca_file"));
    tls.key_file = text("/no/such.key");
    REFUSED(&tls, HS_ERR_CLIENT_CERTIFICATE, "/no/such.key");
    tls.key_file = text("");
    REFUSED(&tls, HS_ERR_CLIENT_CERTIFICATE, address("client_cert_file")); /* There is no key in it. */
    tls.certificate_file = text("");
    tls.key_password = text("hunter2");
    REFUSED(&tls, HS_ERR_INVALID_ARGUMENT, "no client certificate");
    tls.certificate_pem = text("nonsense");
    REFUSED(&tls, HS_ERR_CLIENT_CERTIFICATE, "certificate_pem");
}

static void versions(void) {
    hs_tls_options tls = tls_defaults();
    CHECK_INT(good(&tls, "tls12").tls_version, HS_TLS_1_2);
    CHECK_INT(good(&tls, "tls13").tls_version, HS_TLS_1_3);
    tls.min_version = HS_TLS_1_3;
    fails(&tls, "tls12", HS_ERR_TLS_VERSION);
    tls = tls_defaults();
    tls.max_version = HS_TLS_1_2;
    fails(&tls, "tls13", HS_ERR_TLS_VERSION);
    CHECK_INT(good(&tls, "https").tls_version, HS_TLS_1_2);
}

static void what_is_checked_and_what_is_not(void) {
    hs_tls_options tls = tls_defaults();
    CHECK_INT(good(&tls, "https").tls_verified, 1);
    CHECK_INT(good(&tls, "http").tls_verified, 0);
    tls.flags = HS_TLS_INSECURE_SKIP_HOSTNAME;
    CHECK_INT(good(&tls, "wrong_host").tls_verified, 0);
    CHECK_INT(good(&tls, "https").tls_verified, 0);
    fails(&tls, "untrusted", HS_ERR_TLS_UNTRUSTED);
    fails(&tls, "expired", HS_ERR_TLS_EXPIRED);
    tls.flags = HS_TLS_INSECURE_SKIP_VERIFY;
    const char *const ports[] = {"untrusted", "self_signed", "expired", "not_yet_valid", "wrong_host", "https"};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        CHECK_INT(good(&tls, ports[i]).tls_verified, 0);
    }
    /* Another name is sent and expected; the URL's then does not do. */
    tls = tls_defaults();
    tls.server_name = text("Other.Test");
    hs_worker *worker = worker_with(&tls);
    const hs_request_options request = get(url("%s/anything", address("wrong_host")));
    hs_response *response = SEND(worker, &request);
    CHECK_HAS(hs_response_body(response), "\"sni\":\"other.test\"");
    CHECK_INT(metrics_of(response).tls_verified, 1);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
    fails(&tls, "https", HS_ERR_TLS_HOSTNAME);
    fails(&tls, "untrusted", HS_ERR_TLS_UNTRUSTED);
}

static hs_certificate certificate_at(const hs_response *response, size_t index) {
    hs_certificate certificate;
    memset(&certificate, 0xA5, sizeof certificate);
    certificate.struct_size = sizeof certificate;
    CHECK_STATUS(hs_response_certificate(response, index, &certificate), HS_OK);
    return certificate;
}

static void certificates_and_pins(void) {
    hs_tls_options tls = tls_defaults();
    tls.flags = HS_TLS_KEEP_CERTIFICATES;
    hs_worker *worker = worker_with(&tls);
    const hs_request_options request = get(url("%s/get", address("https")));
    CHECK_STATUS(hs_response_free(SEND(worker, &request)), HS_OK);
    hs_response *response = SEND(worker, &request);
    CHECK_INT(metrics_of(response).connection_reused, 1);
    hs_certificate certificate = certificate_at(response, 0);
    CHECK_TEXT(certificate.subject, "CN=localhost");
    CHECK_TEXT(certificate.issuer, "CN=HTTP Sentinel test authority");
    CHECK_TEXT(certificate.names, "DNS:localhost, IP:127.0.0.1, IP:::1, DNS:*.test.internal");
    CHECK(certificate.serial.len > 0 && certificate.reserved == 0);
    CHECK_INT(certificate.not_before, 1577836800);
    CHECK_INT(certificate.not_after, 4070908800);
    CHECK(certificate.der.len > 100 && (unsigned char)certificate.der.data[0] == 0x30);
    CHECK_STATUS(hs_response_certificate(response, 1, &certificate), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_response_certificate(response, 0, NULL), HS_ERR_NULL_ARGUMENT);
    certificate.struct_size = 8;
    CHECK_STATUS(hs_response_certificate(response, 0, &certificate), HS_ERR_STRUCT_SIZE);
    close_worker(worker);

    char right[100];
    const hs_str shown = certificate_at(response, 0).pin;
    snprintf(right, sizeof right, "%.*s", (int)shown.len, shown.data);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    const hs_str pins[] = {text("sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), text(right)};
    tls = tls_defaults();
    tls.pins = pins;
    tls.pin_count = 2;
    CHECK_INT(good(&tls, "https").tls_verified, 1);
    tls.pin_count = 1;
    fails(&tls, "https", HS_ERR_TLS_PIN);
    tls.flags = HS_TLS_INSECURE_SKIP_VERIFY;
    fails(&tls, "https", HS_ERR_TLS_PIN);

    worker = open_worker(); /* Not asked for, not kept. */
    response = SEND(worker, &request);
    certificate.struct_size = sizeof certificate;
    CHECK_STATUS(hs_response_certificate(response, 0, &certificate), HS_ERR_NOT_FOUND);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    close_worker(worker);
}

static hs_metrics on_a_connection_of_its_own(hs_worker *worker, const char *port) {
    hs_request_options request = get(url("%s/close", address(port)));
    request.http_version = HS_HTTP_1_1;
    hs_response *response = SEND(worker, &request);
    const hs_metrics metrics = metrics_of(response);
    CHECK_STATUS(hs_response_free(response), HS_OK);
    CHECK_INT(metrics.connection_reused, 0);
    return metrics;
}

static void sessions(void) {
    const char *const ports[] = {"tls12", "tls13"};
    for (int i = 0; i < 2; i++) {
        hs_tls_options tls = tls_defaults();
        hs_worker *worker = worker_with(&tls);
        CHECK_INT(on_a_connection_of_its_own(worker, ports[i]).tls_resumed, 0);
        const hs_metrics second = on_a_connection_of_its_own(worker, ports[i]);
        CHECK_INT(second.tls_resumed, 1);
        CHECK_INT(second.tls_verified, 1);
        close_worker(worker);
        tls.flags = HS_TLS_NO_RESUMPTION;
        worker = worker_with(&tls);
        on_a_connection_of_its_own(worker, ports[i]);
        CHECK_INT(on_a_connection_of_its_own(worker, ports[i]).tls_resumed, 0);
        close_worker(worker);
    }
}

static void other_switches(void) {
    hs_tls_options tls = tls_defaults();
    CHECK_INT(good(&tls, "https").http_version, HS_HTTP_2);
    tls.flags = HS_TLS_NO_ALPN;
    CHECK_INT(good(&tls, "https").http_version, HS_HTTP_1_1);
    tls.flags = HS_TLS_ADD_CA;
    CHECK_INT(good(&tls, "https").tls_verified, 1);
    tls.flags = HS_TLS_REQUIRE_STAPLING;
    fails(&tls, "https", HS_ERR_TLS_CERTIFICATE);
    tls = tls_defaults();
    tls.ciphersuites = text("TLS_CHACHA20_POLY1305_SHA256");
    tls.ciphers = text("ECDHE+CHACHA20");
    tls.groups = text("P-256");
    CHECK_INT(good(&tls, "https").tls_version, HS_TLS_1_3);
    CHECK_INT(good(&tls, "tls12").tls_version, HS_TLS_1_2);
}

/* Secrets are written where they are asked for, and nowhere else. */
static void key_log(void) {
    char name[] = "/tmp/hs-key-log-XXXXXX", by_environment[] = "/tmp/hs-key-log-XXXXXX", line[256];
    close(mkstemp(name));
    close(mkstemp(by_environment));
    setenv("SSLKEYLOGFILE", by_environment, 1);
    hs_tls_options tls = tls_defaults();
    good(&tls, "https");
    tls.key_log_file = text(name);
    good(&tls, "https");
    FILE *file = fopen(name, "r");
    CHECK(file != NULL && fgets(line, sizeof line, file) != NULL);
    CHECK(strstr(line, "SECRET") != NULL || strstr(line, "CLIENT_RANDOM") != NULL);
    fclose(file);
    file = fopen(by_environment, "r");
    CHECK(file != NULL && fgetc(file) == EOF);
    fclose(file);
    unlink(name);
    unlink(by_environment);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    key_log();
    what_makes_no_sense_is_refused();
    client_certificates();
    versions();
    what_is_checked_and_what_is_not();
    certificates_and_pins();
    sessions();
    other_switches();
    return 0;
}
