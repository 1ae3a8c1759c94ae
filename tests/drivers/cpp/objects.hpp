// Scenarios: objects by their names, what is done with them, and a log of all that happens.
#pragma once

#include <http_sentinel.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

// Keys and values that are still encoded.
using Lines = std::vector<std::pair<std::string, std::string>>;

// Does a block of a scenario; false where the verb is none.
bool scenario(const std::string &verb, const std::string &name, const Lines &lines);

// A request of a scenario, with all that it points to.
std::shared_ptr<const hs_request_options> request_of(const Lines &lines);
