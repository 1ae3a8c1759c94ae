#include <http_sentinel.h>
#include <stdio.h>

int main(void) {
    hs_worker *worker = NULL;
    const hs_status status = hs_worker_new(NULL, &worker, NULL);
    const hs_str version = hs_library_version();
    printf("%.*s\n", (int)version.len, version.data);
    return status == HS_OK && hs_worker_free(worker) == HS_OK ? 0 : 1;
}
