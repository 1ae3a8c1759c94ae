// One GET request, and what came of it:  first_request URL [CA_FILE]
#include <http_sentinel.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string_view>

struct Free {
    void operator()(hs_worker *worker) const { hs_worker_free(worker); }
    void operator()(hs_response *response) const { hs_response_free(response); }
    void operator()(hs_error *error) const { hs_error_free(error); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

static std::string_view view(hs_str text) { return {text.data, text.len}; }
static hs_str str(std::string_view text) { return {text.data(), text.size()}; }

static void print(const hs_response *response) {
    const auto body = view(hs_response_body(response));
    hs_metrics m{};
    m.struct_size = sizeof m;
    hs_response_metrics(response, &m);
    const auto ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
    std::cout << body.size() << " bytes: " << body.substr(0, 60) << std::endl;
    std::printf("status %d in %.2f ms: ", hs_response_status(response), ms(m.total_ns));
    std::printf("dns %.2f, connect %.2f, tls %.2f, send %.2f, first byte %.2f, body %.2f; HTTP/%u.%u\n",
                ms(m.dns_ns), ms(m.connect_ns), ms(m.tls_ns), ms(m.send_ns), ms(m.first_byte_ns), ms(m.body_ns),
                m.http_version / 10, m.http_version % 10);
}

static int fail(hs_status status, Owned<hs_error> error) {
    hs_error_info info{};
    info.struct_size = sizeof info;
    hs_error_details(error.get(), &info);
    const char *sent = info.request_sent == HS_SENT_NO ? "no" : info.request_sent == HS_SENT_YES ? "yes" : "maybe";
    std::cerr << view(hs_status_name(status)) << ": " << view(hs_error_message(error.get())) << " ("
              << view(hs_phase_name(info.phase)) << ", request sent: " << sent << ")\n";
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 2) return std::cerr << "usage: " << argv[0] << " URL [CA_FILE]\n", 2;
    hs_error *error = nullptr;

    hs_worker_options options{}; // all zero is all defaults
    options.struct_size = sizeof options;
    if (argc > 2) options.ca_file = str(argv[2]);
    hs_worker *made = nullptr;
    hs_status status = hs_worker_new(&options, &made, &error);
    if (status != HS_OK) return fail(status, Owned<hs_error>(error));
    const Owned<hs_worker> worker(made);

    hs_request_options request{};
    request.struct_size = sizeof request;
    request.url = str(argv[1]);
    hs_response *answer = nullptr;
    status = hs_request(worker.get(), &request, &answer, &error);
    if (status != HS_OK) return fail(status, Owned<hs_error>(error));
    const Owned<hs_response> response(answer);

    print(response.get());
}
