#include "shim.h"
#include "_cgo_export.h"

static int32_t attempt(void *context, hs_attempt_context *attempt) { return hsgoAttempt((uintptr_t)context, attempt); }

static int32_t again(void *context, int32_t result, const hs_attempt_context *attempt) {
    (void)result, (void)attempt;
    return hsgoAgain((uintptr_t)context);
}

hs_status hsgo_retry_run(hs_retry *retry, uintptr_t context, uint32_t decides, hs_cancel *cancel, hs_retry_report *report,
                         hs_error **error) {
    return hs_retry_run(retry, attempt, (void *)context, decides ? again : NULL, cancel, report, error);
}
