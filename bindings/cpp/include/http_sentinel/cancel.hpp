// Ending calls from outside: a switch of our own, or a std::stop_token.
#pragma once

#include <http_sentinel/error.hpp>
#include <http_sentinel/handle.hpp>

#if HTTP_SENTINEL_STOP_TOKEN
#include <stop_token>
#endif

#include <optional>

HTTP_SENTINEL_BEGIN

// A switch that ends the calls that were given it, from any thread.
class cancel : public detail::object<hs_cancel, hs_cancel_free> {
  public:
    static result<cancel> make() {
        hs_cancel *made = nullptr;
        if (const auto status = hs_cancel_new(&made)) return detail::failed(status);
        return cancel(made);
    }
    explicit cancel(hs_cancel *owned) noexcept : object(owned) {}

    // For good: calls that have it end with errc::cancelled within milliseconds, later ones do not begin.
    result<> trigger() const { return detail::checked(hs_cancel_trigger(native())); }
};

namespace detail {

#if HTTP_SENTINEL_STOP_TOKEN

// Throws a switch when a stop is asked for.
class stop_link {
  public:
    static result<std::unique_ptr<stop_link>> make(const std::stop_token &stop) {
        auto made = cancel::make();
        if (!made) return unexpected<error>(std::move(made).error());
        return std::unique_ptr<stop_link>(new stop_link(*std::move(made), stop));
    }
    hs_cancel *native() const noexcept { return switch_.native(); }

  private:
    struct trigger {
        hs_cancel *on;
        void operator()() const noexcept { hs_cancel_trigger(on); }
    };

    stop_link(cancel made, const std::stop_token &stop) : switch_(std::move(made)), link_(stop, trigger{switch_.native()}) {}

    cancel switch_;
    std::stop_callback<trigger> link_; // gone before the switch
};

#endif

} // namespace detail

HTTP_SENTINEL_END
