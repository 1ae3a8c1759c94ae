// What the compiler and its options have. The package means the same everywhere, but its types are made differently with
// and without exceptions, and from C++20 and C++23 on: each way has an inline namespace of its own, so that objects of
// two ways cannot be mixed up by the linker.
#pragma once

#include <http_sentinel.h>

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "http_sentinel.hpp needs C++17 or later"
#endif

#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define HTTP_SENTINEL_EXCEPTIONS 1
#else
#define HTTP_SENTINEL_EXCEPTIONS 0
#endif

#if defined(__cpp_lib_expected)
#define HTTP_SENTINEL_EXPECTED 1
#else
#define HTTP_SENTINEL_EXPECTED 0
#endif

#if defined(__cpp_lib_jthread)
#define HTTP_SENTINEL_STOP_TOKEN 1
#else
#define HTTP_SENTINEL_STOP_TOKEN 0
#endif

#if defined(__cpp_lib_span)
#define HTTP_SENTINEL_SPAN 1
#else
#define HTTP_SENTINEL_SPAN 0
#endif

#define HTTP_SENTINEL_PASTE_(a, b, c, d) v1_##a##b##c##d
#define HTTP_SENTINEL_PASTE(a, b, c, d) HTTP_SENTINEL_PASTE_(a, b, c, d)
#define HTTP_SENTINEL_WAY                                                                                              \
    HTTP_SENTINEL_PASTE(HTTP_SENTINEL_EXCEPTIONS, HTTP_SENTINEL_EXPECTED, HTTP_SENTINEL_STOP_TOKEN, HTTP_SENTINEL_SPAN)

#define HTTP_SENTINEL_BEGIN                                                                                            \
    namespace hs {                                                                                                     \
    inline namespace HTTP_SENTINEL_WAY {
#define HTTP_SENTINEL_END                                                                                              \
    }                                                                                                                  \
    }
