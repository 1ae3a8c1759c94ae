// HTTP Sentinel for C++17 and later: include this, link with libhttp_sentinel. README.md beside it is the guide.
#pragma once

#include <http_sentinel/bulkhead.hpp>
#include <http_sentinel/circuit_breaker.hpp>
#include <http_sentinel/client.hpp>
#include <http_sentinel/cookie_jar.hpp>
#include <http_sentinel/form.hpp>
#include <http_sentinel/mock.hpp>
#include <http_sentinel/pool.hpp>
#include <http_sentinel/rate_limiter.hpp>
#include <http_sentinel/retry_engine.hpp>
#include <http_sentinel/simulation.hpp>
#include <http_sentinel/worker.hpp>
