/* What src/c.zig is translated from. */
#include <http_sentinel.h>
