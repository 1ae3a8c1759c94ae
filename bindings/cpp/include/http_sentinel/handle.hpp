// Who owns a handle, and who only names it.
#pragma once

#include <http_sentinel/config.hpp>

#include <memory>
#include <type_traits>
#include <utility>

HTTP_SENTINEL_BEGIN

namespace detail {

// Owns a handle of C.
template <class T, hs_status (*free_it)(T *)> class handle {
  public:
    handle() noexcept = default;
    explicit handle(T *raw) noexcept : raw_(raw) {}
    handle(handle &&other) noexcept : raw_(other.release()) {}
    handle &operator=(handle &&other) noexcept {
        reset(other.release());
        return *this;
    }
    ~handle() { reset(); }

    T *get() const noexcept { return raw_; }
    T *release() noexcept { return std::exchange(raw_, nullptr); }
    void reset(T *raw = nullptr) noexcept {
        if (T *const old = std::exchange(raw_, raw)) free_it(old);
    }

  private:
    T *raw_ = nullptr;
};

// What objects have in common that own a handle and nothing else of note.
template <class T, hs_status (*free_it)(T *)> class object {
  public:
    using native_type = T;

    // The handle, which stays this object's; NULL where it was moved from. C's functions take it.
    T *native() const noexcept { return handle_.get(); }
    // The same, and it is the caller's from now on.
    T *release() noexcept { return handle_.release(); }
    // Frees it now; HS_OK, unless somebody has freed it by its handle.
    hs_status free() noexcept { return free_it(handle_.release()); }
    // Whether there is anything in it. One that was moved from has nothing; it gives errors, and does no harm.
    explicit operator bool() const noexcept { return handle_.get() != nullptr; }

  protected:
    object() noexcept = default;
    explicit object(T *owned) noexcept : handle_(owned) {}
    object(object &&) noexcept = default;
    object &operator=(object &&) noexcept = default;
    ~object() = default;

    handle<T, free_it> handle_;
};

using kept = std::shared_ptr<const void>;

// The same of objects that have callbacks: what these need outlives the handle.
template <class T, hs_status (*free_it)(T *)> class observed {
  public:
    using native_type = T;

    T *native() const noexcept { return handle_.get(); }
    // The handle is the caller's from now on; what its callbacks need stays with this object.
    T *release() noexcept { return handle_.release(); }
    // Frees it now; HS_OK, unless somebody has freed it by its handle.
    hs_status free() noexcept { return free_it(handle_.release()); }
    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    // What its callbacks need. Options that name the object keep it too.
    const kept &callbacks() const noexcept { return kept_; }

  protected:
    observed(T *owned, kept callbacks) noexcept : kept_(std::move(callbacks)), handle_(owned) {}
    observed(observed &&) noexcept = default;
    observed &operator=(observed &&other) noexcept {
        handle_ = std::move(other.handle_);
        kept_ = std::move(other.kept_);
        return *this;
    }
    ~observed() = default;

  private:
    kept kept_;
    handle<T, free_it> handle_;
};

template <class W, class = void> struct keeper {
    static kept of(const W &) noexcept { return {}; }
};
template <class W> struct keeper<W, std::void_t<decltype(std::declval<const W &>().callbacks())>> {
    static kept of(const W &object) noexcept { return object.callbacks(); }
};

} // namespace detail

// Names an object without owning it: in options, a breaker, a limiter, a jar … The object may be gone by the time that the
// options are used, which is then an error (HS_ERR_INVALID_HANDLE) as everywhere, and nothing worse.
template <class T> class ref {
  public:
    ref() noexcept = default;
    ref(std::nullptr_t) noexcept {}
    ref(T *raw) noexcept : raw_(raw) {}
    template <class W, class = std::enable_if_t<std::is_same_v<typename W::native_type, T>>>
    ref(const W &object) noexcept : raw_(object.native()), kept_(detail::keeper<W>::of(object)) {}

    T *native() const noexcept { return raw_; }
    // What the object's callbacks need, where it has any: it must live as long as those that use the object.
    const detail::kept &callbacks() const noexcept { return kept_; }
    explicit operator bool() const noexcept { return raw_ != nullptr; }

  private:
    T *raw_ = nullptr;
    detail::kept kept_;
};

HTTP_SENTINEL_END
