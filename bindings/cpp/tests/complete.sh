#!/usr/bin/env bash
# Nothing of http_sentinel.h is forgotten by the package: every constant, function and field of options is named in its headers,
# but for those that are left to C on purpose.
set -euo pipefail
cd "$(dirname "$0")/../../.."
header=include/http_sentinel.h
words=$(cat bindings/cpp/include/*.hpp bindings/cpp/include/*/*.hpp | grep -oE '[A-Za-z_][A-Za-z0-9_]*' | LC_ALL=C sort -u)

# The kinds of events are C's constants.
left='^(HS_EVENT_|HS_LIMITER_EVENT_|HS_BULKHEAD_(WAITS|REJECTED|TIMED_OUT)$|HS_ABI_|HS_CAPABILITY_|HS_NTS$|HS_LIMIT_ALPACA$'
left+='|HS_COMPLETION_DONE$)'
# Ranges end where the library says that there is nothing more; the rest is for programs that ask C.
left+='|^hs_(error_status|response_(header|trailer)_count|abi_version|library_version|capabilities|dns_flush|histogram_bound_ns)$'
left+='|^(reserved|address_count)$'

wanted() {
    sed -n 's/^#define \(HS_[A-Z0-9_]*\) .*/\1/p' "$header"
    gcc -E -P -xc "$header" | grep -oE '\bhs_[a-z0-9_]+ *\( *[^* ]' | grep -oE '^hs_[a-z0-9_]+'
    # Fields of what callers fill: options, policies, rules, parts.
    awk '/^typedef struct hs_(.*_options|policies|retry_policies|bucket|auth|address_rule|connect_to|dns_pin|upload|part|mock_rule|mock_interim) \{/ { inside = 1; next }
         /^}/ { inside = 0 }
         inside && /;$/ && !/\/\// { sub(/;$/, ""); sub(/.*[ *]/, ""); print }' "$header"
}
missing=$(wanted | LC_ALL=C sort -u | grep -vE "$left" | LC_ALL=C comm -23 - <(printf '%s\n' "$words"))
[ -z "$missing" ] || { echo "the C++ package says nothing of:"; printf '%s\n' "$missing"; exit 1; }
echo "$(wanted | LC_ALL=C sort -u | wc -l) names of the header, none forgotten"
