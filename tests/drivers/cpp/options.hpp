// Options by the names of their fields.
#pragma once

#include "lines.hpp"

#include <deque>
#include <memory>
#include <type_traits>
#include <variant>
#include <vector>

// The object of a scenario with that name; fails where there is none.
void *object(std::string_view kind, const std::string &name);

class Setter;

// A field that is a number, a text, a list of texts, a handle, a callback, or what only functions know the type of: a
// struct below, a list of those, or a list of numbers.
template <class T> struct Texts {
    const hs_str *T::*items;
    std::size_t T::*count;
};
template <class T> struct Handle {
    void (*set)(T &, void *);
    std::string_view kind;
};
template <class T> struct Callback {
    void (*set)(T &, bool);
    void *T::*user_data;
};
template <class T> using Below = bool (*)(Setter &, T &, const std::string &key, const std::string &value);
template <class T>
using Field = std::variant<std::uint32_t T::*, std::int32_t T::*, std::uint64_t T::*, std::int64_t T::*, hs_str T::*,
                           Texts<T>, Handle<T>, Callback<T>, Below<T>>;
template <class T> using Fields = std::vector<std::pair<std::string_view, Field<T>>>;
template <class T> inline const Fields<T> fields_of;
// How lines of the log begin that tell of such a struct.
template <class T> inline constexpr std::string_view shown;

template <auto pointer> struct Pointer;
template <class T, class U, U *T::*pointer> struct Pointer<pointer> {
    static bool one(Setter &, T &, const std::string &, const std::string &);
    template <std::size_t T::*count> static bool many(Setter &, T &, const std::string &, const std::string &);
    template <std::size_t T::*count> static bool numbers(Setter &, T &, const std::string &, const std::string &);
    static void object(T &options, void *handle) { options.*pointer = static_cast<U *>(handle); }
};

// Tells a struct that a callback was given.
template <class T> void told(void *user_data, const T *facts);

// The driver's function for callbacks of a type: all that are told a struct.
template <class F> F callback_of(F) { return nullptr; }
template <class T> auto callback_of(void (*)(void *, const T *)) { return told<T>; }

template <auto pointer> struct Function;
template <class T, class F, F T::*pointer> struct Function<pointer> {
    static void set(T &options, bool there) { options.*pointer = there ? callback_of(F()) : nullptr; }
};

// All structs of the header; made from it.
#include "fields.hpp"

template <class T, class = void> struct HasSize : std::false_type {};
template <class T> struct HasSize<T, std::void_t<decltype(std::declval<T>().struct_size)>> : std::true_type {};

template <class T> T sized() {
    T options{};
    if constexpr (HasSize<T>::value) options.struct_size = sizeof options;
    return options;
}

// Sets options, and owns every text that they point to.
class Setter {
  public:
    bool nts = false;           // lengths are HS_NTS
    void *user_data = nullptr; // of callbacks

    Setter() = default;
    Setter(const Setter &) = delete;
    Setter &operator=(const Setter &) = delete;

    // Sets the field that a key names, `struct.field` where it is in a struct below; false where there is none.
    template <class T> bool set(T &options, const std::string &key, const std::string &value) {
        const auto dot = key.find('.');
        const auto name = std::string_view(key).substr(0, dot);
        const std::string rest = dot == std::string::npos ? "" : key.substr(dot + 1);
        for (const auto &[known, field] : fields_of<T>) {
            if (known != name) continue;
            return std::visit([&](const auto &one) { return put(options, one, rest, value); }, field);
        }
        return false;
    }

    // The struct that a pointer points to; made where it is null.
    template <class T> std::remove_const_t<T> *made(T *&pointer) {
        using Plain = std::remove_const_t<T>;
        if (pointer == nullptr) {
            auto owned = std::make_shared<Plain>(sized<Plain>());
            pointer = owned.get();
            kept_.push_back(std::move(owned));
        }
        return const_cast<Plain *>(pointer);
    }

    // The array that a pointer points to; made where it is null.
    template <class T> std::remove_const_t<T> *list(T *&pointer) {
        using Plain = std::remove_const_t<T>;
        if (pointer == nullptr) {
            auto owned = std::make_shared<std::vector<Plain>>(most_items);
            pointer = owned->data();
            kept_.push_back(std::move(owned));
        }
        return const_cast<Plain *>(pointer);
    }

    static std::size_t next(std::size_t &count) {
        if (count == most_items) fail("too many", "items");
        return count++;
    }

    hs_str lent(std::string text) {
        texts_.push_back(std::move(text));
        return {texts_.back().c_str(), texts_.back().size()};
    }

  private:
    static constexpr std::size_t most_items = 64;

    // A deque does not move what is in it.
    std::deque<std::string> texts_;
    std::vector<std::shared_ptr<void>> kept_;

    template <class T, class N>
    std::enable_if_t<std::is_integral_v<N>, bool> put(T &options, N T::*field, const std::string &,
                                                      const std::string &value) {
        options.*field = static_cast<N>(number(value));
        return true;
    }
    template <class T> bool put(T &options, hs_str T::*field, const std::string &, const std::string &value) {
        options.*field = lent(decoded(value));
        if (nts) (options.*field).len = HS_NTS;
        return true;
    }
    template <class T> bool put(T &options, Texts<T> field, const std::string &, const std::string &value) {
        hs_str *const items = list(options.*field.items);
        items[next(options.*field.count)] = lent(decoded(value));
        return true;
    }
    template <class T> bool put(T &options, Handle<T> field, const std::string &, const std::string &value) {
        field.set(options, object(field.kind, decoded(value)));
        return true;
    }
    template <class T> bool put(T &options, Callback<T> field, const std::string &, const std::string &value) {
        field.set(options, value != "null");
        options.*field.user_data = user_data;
        return true;
    }
    template <class T> bool put(T &options, Below<T> field, const std::string &rest, const std::string &value) {
        return field(*this, options, rest, value);
    }
};

template <class T, class U, U *T::*pointer>
bool Pointer<pointer>::one(Setter &setter, T &options, const std::string &key, const std::string &value) {
    auto &below = *setter.made(options.*pointer);
    return key.empty() || setter.set(below, key, value);
}

template <class T, class U, U *T::*pointer>
template <std::size_t T::*count>
bool Pointer<pointer>::many(Setter &setter, T &options, const std::string &key, const std::string &value) {
    auto *const items = setter.list(options.*pointer);
    if (key != "add") return setter.set(items[options.*count - 1], key, value);
    items[Setter::next(options.*count)] = sized<std::remove_const_t<U>>();
    return true;
}

template <class T, class U, U *T::*pointer>
template <std::size_t T::*count>
bool Pointer<pointer>::numbers(Setter &setter, T &options, const std::string &, const std::string &value) {
    auto *const items = setter.list(options.*pointer);
    items[Setter::next(options.*count)] = static_cast<U>(number(value));
    return true;
}
