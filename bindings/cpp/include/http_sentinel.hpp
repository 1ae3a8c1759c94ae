// HTTP Sentinel for C++17 and later: include this, link with libhttp_sentinel. README.md beside it is the guide.
#pragma once

#include <http_sentinel/client.hpp>
#include <http_sentinel/worker.hpp>
