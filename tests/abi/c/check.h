/* What every program here stands on: checks that say where and what, arguments by name, and a watchdog. A failed check
 * ends the process with 1; what a program has to say goes to stdout, each line behind its own name. */

#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "http_sentinel.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_count;
static char **check_arguments;

/* Does not run exit handlers: other threads may be inside the library. */
static inline void check_failed(const char *file, int line, const char *format, ...) {
    va_list values;
    va_start(values, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    fflush(stdout);
    _exit(1);
}

static inline const char *check_name(hs_status status) {
    const hs_str name = hs_status_name(status);
    return name.data == NULL ? "(no name)" : name.data;
}

static inline int check_name_length(hs_status status) {
    const hs_str name = hs_status_name(status);
    return name.data == NULL ? 9 : (int)name.len;
}

#define FAIL(...) check_failed(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) ((condition) ? (void)0 : FAIL("not so: %s", #condition))

#define CHECK_INT(actual, expected)                                                                              \
    do {                                                                                                         \
        const intmax_t check_is = (intmax_t)(actual), check_should = (intmax_t)(expected);                       \
        if (check_is != check_should) {                                                                          \
            FAIL("%s is %" PRIdMAX ", not %s (%" PRIdMAX ")", #actual, check_is, #expected, check_should);       \
        }                                                                                                        \
    } while (0)

#define CHECK_STATUS(call, expected)                                                                             \
    do {                                                                                                         \
        const hs_status check_is = (call), check_should = (expected);                                            \
        if (check_is != check_should) {                                                                          \
            FAIL("%s is %.*s (%d), not %s", #call, check_name_length(check_is), check_name(check_is), check_is,  \
                 #expected);                                                                                     \
        }                                                                                                        \
    } while (0)

/* Text of the library's against a C string; whether it holds one. */
static inline int text_is(hs_str text, const char *expected) {
    return text.data != NULL && text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

static inline int text_has(hs_str text, const char *part) {
    return text.data != NULL && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

#define CHECK_TEXT(text, expected)                                                                               \
    do {                                                                                                         \
        const hs_str check_is = (text);                                                                          \
        if (!text_is(check_is, expected)) {                                                                      \
            FAIL("%s is \"%.*s\", not \"%s\"", #text, (int)check_is.len, check_is.data, expected);               \
        }                                                                                                        \
    } while (0)

#define CHECK_HAS(text, part)                                                                                    \
    do {                                                                                                         \
        const hs_str check_is = (text);                                                                          \
        if (!text_has(check_is, part)) {                                                                         \
            FAIL("%s is \"%.*s\" and does not hold \"%s\"", #text, (int)check_is.len, check_is.data, part);      \
        }                                                                                                        \
    } while (0)

/* The value of the argument NAME=VALUE, or NULL. */
static inline const char *argument(const char *name) {
    const size_t length = strlen(name);
    for (int i = 1; i < check_count; i++) {
        if (strncmp(check_arguments[i], name, length) == 0 && check_arguments[i][length] == '=') {
            return check_arguments[i] + length + 1;
        }
    }
    return NULL;
}

/* The same for an argument that must be there: an address of the test server's. */
static inline const char *address(const char *name) {
    const char *value = argument(name);
    if (value == NULL) {
        FAIL("argument %s=... is missing", name);
    }
    return value;
}

static inline long number(const char *name, long otherwise) {
    const char *value = argument(name);
    return value == NULL ? otherwise : strtol(value, NULL, 10);
}

/* First thing in main. A program that hangs is killed by SIGALRM. */
static inline void begin(int count, char **arguments) {
    check_count = count;
    check_arguments = arguments;
    alarm((unsigned)number("seconds", 600));
}

#endif
