// One GET request, and what came of it:  first_request URL [CA_FILE]
#include <http_sentinel.h>
#include <stdio.h>

static void print_response(const hs_response *response) {
    hs_str body = hs_response_body(response);
    hs_metrics m = {.struct_size = sizeof m};
    hs_response_metrics(response, &m);
    int shown = body.len < 60 ? (int)body.len : 60;
    printf("%zu bytes: %.*s\n", body.len, shown, body.data ? body.data : "");
    printf("status %d in %.2f ms: ", hs_response_status(response), (double)m.total_ns / 1e6);
    printf("dns %.2f, connect %.2f, tls %.2f, send %.2f, first byte %.2f, body %.2f; HTTP/%u.%u\n",
           (double)m.dns_ns / 1e6, (double)m.connect_ns / 1e6, (double)m.tls_ns / 1e6, (double)m.send_ns / 1e6,
           (double)m.first_byte_ns / 1e6, (double)m.body_ns / 1e6, (unsigned)m.http_version / 10,
           (unsigned)m.http_version % 10);
}

static void print_error(hs_status status, const hs_error *error) {
    hs_str name = hs_status_name(status), message = hs_error_message(error);
    hs_error_info info = {.struct_size = sizeof info};
    hs_error_details(error, &info);
    hs_str phase = hs_phase_name(info.phase);
    const char *sent = info.request_sent == HS_SENT_NO ? "no" : info.request_sent == HS_SENT_YES ? "yes" : "maybe";
    fprintf(stderr, "%.*s: %.*s (%.*s, request sent: %s)\n", (int)name.len, name.data ? name.data : "",
            (int)message.len, message.data ? message.data : "", (int)phase.len, phase.data, sent);
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: %s URL [CA_FILE]\n", argv[0]), 2;

    hs_worker_options options = {.struct_size = sizeof options};
    if (argc > 2) options.ca_file = (hs_str){argv[2], HS_NTS};
    hs_request_options request = {.struct_size = sizeof request, .url = {argv[1], HS_NTS}};

    hs_worker *worker = NULL;
    hs_response *response = NULL;
    hs_error *error = NULL;
    hs_status status = hs_worker_new(&options, &worker, &error);
    if (status == HS_OK) status = hs_request(worker, &request, &response, &error);

    if (status == HS_OK) print_response(response);
    else print_error(status, error);

    hs_error_free(error); // freeing NULL is fine
    hs_response_free(response);
    hs_worker_free(worker);
    return status == HS_OK ? 0 : 1;
}
