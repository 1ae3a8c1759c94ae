// Seeing what a worker does.
#pragma once

#include <http_sentinel/callback.hpp>
#include <http_sentinel/network.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

HTTP_SENTINEL_BEGIN

// What has happened; valid during the callback. `kind` and the numbers are those of hs_event.
struct event : hs_event {
    explicit event(const hs_event &raw) noexcept : hs_event(raw) {}

    std::string_view method_text() const noexcept { return detail::view(method); }
    std::string_view url_text() const noexcept { return detail::view(url); }
    std::string_view text() const noexcept { return detail::view(message); }
    std::string_view key_text() const noexcept { return detail::view(key); }
    std::chrono::nanoseconds elapsed() const noexcept { return detail::nanoseconds(elapsed_ns); }
    std::chrono::nanoseconds waited() const noexcept { return detail::nanoseconds(wait_ns); }
};

using event_callback = std::function<void(const event &)>;

struct observe_options {
    enum class trace_context : std::uint32_t {
        off = HS_TRACE_CONTEXT_OFF,
        sampled = HS_TRACE_CONTEXT_SAMPLED,
        unsampled = HS_TRACE_CONTEXT_UNSAMPLED,
    };

    // Called on the worker's thread, inside of a call; of a pool on each of its threads, also on several at once. What it
    // throws the call throws on when it has ended; on a pool's thread, the next `pool::next`.
    event_callback on_event{};
    // HS_EVENT_… bits; 0: all.
    std::uint32_t event_mask = 0;
    bool histograms = false;
    trace_context context = trace_context::off;
    std::vector<std::string> redact_query_keys{};
};

namespace detail {

using event_listener = listener<hs_event, event>;

struct lowered_observe {
    hs_observe_options native = sized<hs_observe_options>();
    std::vector<hs_str> keys;
    std::shared_ptr<event_listener> callback;

    explicit lowered_observe(const observe_options &from) : keys(lower(from.redact_query_keys)) {
        native.flags = from.histograms ? std::uint32_t{HS_OBSERVE_HISTOGRAMS} : 0;
        if (from.on_event) {
            callback = std::make_shared<event_listener>(event_listener{from.on_event});
            native.on_event = event_listener::call;
            native.user_data = callback.get();
        }
        native.event_mask = from.event_mask;
        native.trace_context = static_cast<std::uint32_t>(from.context);
        native.redact_query_keys = data_of(keys);
        native.redact_query_key_count = keys.size();
    }
};

} // namespace detail

HTTP_SENTINEL_END
