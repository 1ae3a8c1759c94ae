// Callbacks that live longer than a call.
#pragma once

#include <http_sentinel/exception.hpp>
#include <http_sentinel/handle.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

HTTP_SENTINEL_BEGIN

namespace detail {

// A callback of a long life, told structs of C.
template <class Event, class Told> struct listener {
    std::function<void(const Told &)> tell;

    static void call(void *user_data, const Event *event) noexcept {
        guarded(0, [&] {
            static_cast<const listener *>(user_data)->tell(Told(*event));
            return 0;
        });
    }
};
// The callback for options that are about to be used; NULL where there is none.
template <class Event, class Told>
std::shared_ptr<listener<Event, Told>> listen(const std::function<void(const Told &)> &tell) {
    if (!tell) return nullptr;
    return std::make_shared<listener<Event, Told>>(listener<Event, Told>{tell});
}

// What a callback needs that may still be called when nobody is there to keep it any more.
inline void keep_for_good(std::vector<kept> keeps) {
    struct all {
        std::vector<std::vector<kept>> of;
        std::mutex lock;
    };
    static all *const ever = new all; // never destroyed: threads may outlive what is
    const std::lock_guard<std::mutex> locked(ever->lock);
    ever->of.push_back(std::move(keeps));
}

} // namespace detail

HTTP_SENTINEL_END
