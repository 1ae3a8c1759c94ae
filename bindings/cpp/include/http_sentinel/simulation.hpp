// Virtual time, and chance that comes from a seed or a script.
#pragma once

#include <http_sentinel/callback.hpp>
#include <http_sentinel/span.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <unordered_map>
#include <vector>

HTTP_SENTINEL_BEGIN

// What is given it goes by it alone. It may be used on any thread, but is not to be destroyed while another one moves its
// clock.
class simulation {
  public:
    using native_type = hs_simulation;

    static result<simulation> make(std::uint64_t seed = 0, std::chrono::nanoseconds wall = {}) {
        auto options = detail::sized<hs_simulation_options>();
        options.seed = seed;
        options.wall_ns = wall.count();
        return make(options);
    }
    static result<simulation> make(const hs_simulation_options &options) {
        hs_simulation *made = nullptr;
        hs_error *failure = nullptr;
        const auto status = hs_simulation_new(&options, &made, &failure);
        if (status != HS_OK) return detail::failed(status, failure);
        return simulation(made);
    }
    explicit simulation(hs_simulation *owned) : handle_(owned) {}
    simulation(simulation &&) noexcept = default;
    simulation &operator=(simulation &&other) noexcept {
        handle_ = std::move(other.handle_); // before its plans go
        plans_ = std::move(other.plans_);
        return *this;
    }

    // Lets time pass, with all that was planned for it.
    result<> advance(std::chrono::nanoseconds time) const {
        detail::catcher thrown;
        const auto status = hs_simulation_advance(native(), static_cast<std::uint64_t>(time.count()));
        thrown.rethrow();
        return detail::checked(status);
    }
    std::chrono::nanoseconds now() const noexcept { return detail::nanoseconds(hs_simulation_now(native())); }
    // By which HTTP dates are read: since 1970.
    result<> set_wall(std::chrono::nanoseconds time) const {
        return detail::checked(hs_simulation_set_wall(native(), time.count()));
    }
    // What is drawn next, each as millionths of its range.
    result<> random(span<const std::uint32_t> millionths) const {
        return detail::checked(hs_simulation_random(native(), millionths.data(), millionths.size()));
    }
    result<> random(std::initializer_list<std::uint32_t> millionths) const {
        return random(span<const std::uint32_t>(millionths.begin(), millionths.size()));
    }
    // Calls it once, when the clock gets there. What it throws is thrown by whoever has moved the clock.
    result<> at(std::chrono::nanoseconds time, std::function<void()> callback) const {
        if (!plans_) return detail::failed(HS_ERR_NULL_ARGUMENT);
        auto &plan = plans_->add(std::move(callback));
        const auto when = static_cast<std::uint64_t>(time.count());
        const auto status = hs_simulation_at(native(), when, plans::call, &plan);
        if (status != HS_OK) plans_->take(&plan);
        return detail::checked(status);
    }

    hs_simulation *native() const noexcept { return handle_.get(); }
    hs_status free() noexcept { return hs_simulation_free(handle_.release()); }
    explicit operator bool() const noexcept { return native() != nullptr; }

  private:
    // Those whose time has not come.
    class plans {
      public:
        struct plan {
            plans *of;
            std::function<void()> callback;
        };

        plan &add(std::function<void()> callback) {
            auto made = std::make_unique<plan>(plan{this, std::move(callback)});
            auto &added = *made;
            const std::lock_guard<std::mutex> locked(lock_);
            all_.emplace(&added, std::move(made));
            return added;
        }
        std::unique_ptr<plan> take(const plan *which) {
            const std::lock_guard<std::mutex> locked(lock_);
            auto found = all_.find(which);
            auto taken = std::move(found->second);
            all_.erase(found);
            return taken;
        }
        static void call(void *user_data) noexcept {
            const auto *const which = static_cast<const plan *>(user_data);
            const auto taken = which->of->take(which);
            detail::guarded(0, [&] {
                taken->callback();
                return 0;
            });
        }

      private:
        std::mutex lock_;
        std::unordered_map<const plan *, std::unique_ptr<plan>> all_;
    };

    std::unique_ptr<plans> plans_ = std::make_unique<plans>();
    detail::handle<hs_simulation, hs_simulation_free> handle_;
};

HTTP_SENTINEL_END
