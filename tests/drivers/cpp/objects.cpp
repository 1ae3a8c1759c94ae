#include "objects.hpp"
#include "options.hpp"

#include <algorithm>
#include <map>

namespace {

// ---- objects --------------------------------------------------------------------------------------------------------

using Kinds = std::variant<std::monostate, hs::simulation, hs::worker, hs::mock, hs::cancel, hs::circuit_breaker,
                           hs::rate_limiter, hs::bulkhead, hs::retry_budget>;

struct Object {
    std::string kind;
    std::string name;
    Kinds of;

    bool is_there() const { return of.index() != 0; }
    // Frees it.
    hs_status release() {
        const auto free_it = [](auto &one) -> hs_status {
            using Kind = std::decay_t<decltype(one)>;
            if constexpr (std::is_same_v<Kind, std::monostate>) {
                return HS_OK;
            } else if constexpr (std::is_same_v<Kind, hs::worker>) {
                return status_of(one.close());
            } else {
                return one.free();
            }
        };
        const hs_status status = std::visit(free_it, of);
        of = std::monostate();
        return status;
    }
};

// Oldest first. What callbacks are given points into it, so an object stays until the scenario is over.
std::vector<std::unique_ptr<Object>> objects;
// Whose clock the log goes by.
hs_simulation *simulation = nullptr;

Object &find(std::string_view kind, const std::string &name) {
    const auto is_it = [&](const auto &one) { return one->is_there() && one->kind == kind && one->name == name; };
    const auto found = std::find_if(objects.rbegin(), objects.rend(), is_it);
    if (found == objects.rend()) fail("unknown object", name);
    return **found;
}

template <class T> T &the(std::string_view kind, const std::string &name) { return std::get<T>(find(kind, name).of); }

hs_status release(Object &object) {
    if (const auto *const one = std::get_if<hs::simulation>(&object.of)) {
        if (one->native() == simulation) simulation = nullptr;
    }
    return object.release();
}

// ---- the log --------------------------------------------------------------------------------------------------------

std::ostream &begin(std::string_view what, std::string_view name) {
    return std::cout << '@' << hs_simulation_now(simulation) << ' ' << what << ' ' << name;
}

void end() { std::cout << '\n'; }
void word(std::string_view key, std::string_view text) { std::cout << ' ' << key << '=' << encoded(text); }
void word(std::string_view key, std::uint64_t value) { std::cout << ' ' << key << '=' << value; }

void words(hs_status status) { word("status", view(hs_status_name(status))); }
template <class T> void words(const hs::result<T> &got) {
    words(status_of(got));
    if (!got && got.error().native() != nullptr) word("message", got.error().message());
}

// Every number that is not zero and every text that is not empty.
template <class T> void put_fields(const T &facts) {
    for (const auto &[name, field] : fields_of<T>) {
        if (name == "struct_size") continue;
        const auto tell = [&, key = name](const auto &one) {
            using Member = std::decay_t<decltype(one)>;
            if constexpr (std::is_member_object_pointer_v<Member>) {
                const auto &value = facts.*one;
                if constexpr (std::is_same_v<std::decay_t<decltype(value)>, hs_str>) {
                    if (value.len != 0) word(key, view(value));
                } else if (value != 0) {
                    std::cout << ' ' << key << '=' << value;
                }
            }
        };
        std::visit(tell, field);
    }
}

// ---- making them ----------------------------------------------------------------------------------------------------

template <class T> void fill(Setter &setter, T &options, const Lines &lines) {
    for (const auto &[key, value] : lines) {
        if (!setter.set(options, key, value)) fail("unknown option", key);
    }
}

template <class T>
void keep(std::unique_ptr<Object> object, hs::result<T> made) {
    if (made) {
        if constexpr (std::is_same_v<T, hs::simulation>) simulation = made->native();
        object->of = *std::move(made);
    } else {
        begin(object->kind + ".new", object->name);
        words(made);
        end();
    }
    objects.push_back(std::move(object));
}

template <class T, class Options> void make(const std::string &kind, const std::string &name, const Lines &lines) {
    auto object = std::make_unique<Object>(Object{kind, name, {}});
    Setter setter;
    setter.user_data = object.get();
    auto options = sized<Options>();
    fill(setter, options, lines);
    keep(std::move(object), T::make(options));
}

template <class T> void make_plain(const std::string &kind, const std::string &name, const Lines &) {
    keep(std::make_unique<Object>(Object{kind, name, {}}), T::make());
}

using Maker = void (*)(const std::string &, const std::string &, const Lines &);

// One line for each kind.
const std::vector<std::pair<std::string_view, Maker>> makers{
    {"simulation", make<hs::simulation, hs_simulation_options>},
    {"worker", make<hs::worker, hs_worker_options>},
    {"mock", make_plain<hs::mock>},
    {"cancel", make_plain<hs::cancel>},
    {"breaker", make<hs::circuit_breaker, hs_breaker_options>},
    {"limiter", make<hs::rate_limiter, hs_limiter_options>},
    {"bulkhead", make<hs::bulkhead, hs_bulkhead_options>},
    {"budget", make<hs::retry_budget, hs_budget_options>},
};

// A block with `at_ns` that waits for its moment.
struct Plan {
    std::string verb;
    std::string name;
    Lines lines;
};

void reset() {
    for (; !objects.empty(); objects.pop_back()) {
        Object &object = *objects.back();
        const hs_status status = release(object);
        if (status == HS_OK) continue;
        begin("free", object.name);
        words(status);
        end();
    }
}

// ---- what is done with them -----------------------------------------------------------------------------------------

const std::string *find(const Lines &lines, std::string_view key) {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const auto &line) { return line.first == key; });
    return found == lines.end() ? nullptr : &found->second;
}

std::uint64_t number_of(const Lines &lines, std::string_view key) {
    const std::string *const value = find(lines, key);
    return value == nullptr ? 0 : number(*value);
}

void put_attempts(const std::string &name, const std::vector<hs::attempt_record> &attempts) {
    for (const hs_attempt &attempt : attempts) {
        begin("attempt", name);
        put_fields(attempt);
        end();
    }
}

// What has become of a request.
void put_result(const std::string &name, std::uint64_t tag, const hs::result<hs::response> &got) {
    begin("result", name);
    if (tag != 0) word("tag", tag);
    word("status", view(hs_status_name(status_of(got))));
    if (got) {
        word("http", got->status());
        word("body", got->body());
        put_fields<hs_metrics>(got->metrics());
    } else {
        word("message", got.error().message());
        auto info = got.error().details();
        info.status = 0; // It is told by its name.
        put_fields(info);
    }
    end();
    put_attempts(name, got ? got->attempts() : got.error().attempt_records());
}

void send_one(const std::string &name, const Lines &lines) {
    put_result(name, 0, the<hs::worker>("worker", name).send(*request_of(lines)));
}

// `add N` begins a request that is there N times.
void send_many(const std::string &name, const Lines &lines) {
    std::vector<std::shared_ptr<const hs_request_options>> owned;
    std::vector<const hs_request_options *> requests;
    for (auto from = lines.begin(); from != lines.end();) {
        const auto to = std::find_if(from + 1, lines.end(), [](const auto &line) { return line.first == "add"; });
        owned.push_back(request_of(Lines(from + 1, to)));
        requests.insert(requests.end(), number(from->second), owned.back().get());
        from = to;
    }
    const hs::span<const hs_request_options *const> all(requests.data(), requests.size());
    const auto results = the<hs::worker>("worker", name).send_many(all);
    begin("many", name);
    words(results);
    end();
    if (!results) return;
    for (std::size_t i = 0; i < results->size(); i++) put_result(name, i, (*results)[i]);
}

bool simulate(const std::string &verb, const std::string &name, const Lines &lines) {
    const auto &on = the<hs::simulation>("simulation", name);
    const std::chrono::nanoseconds time(static_cast<std::int64_t>(number_of(lines, "ns")));
    hs::result<> done;
    if (verb == "simulation.advance") {
        done = on.advance(time);
    } else if (verb == "simulation.wall") {
        done = on.set_wall(time);
    } else if (verb == "simulation.random") {
        std::vector<std::uint32_t> millionths;
        for (const auto &line : lines) millionths.push_back(static_cast<std::uint32_t>(number(line.second)));
        done = on.random(millionths);
    } else {
        return false;
    }
    if (done) return true;
    begin(verb, name);
    words(done);
    end();
    return true;
}

bool answer(const std::string &verb, const std::string &name, const Lines &lines) {
    const auto &on = the<hs::mock>("mock", name);
    if (verb == "mock.add") {
        Setter setter;
        auto rule = sized<hs_mock_rule>();
        fill(setter, rule, lines);
        const auto added = on.add(rule);
        if (added) return true;
        begin(verb, name);
        words(added);
    } else if (verb == "mock.clear") {
        begin(verb, name);
        words(on.clear());
    } else if (verb == "mock.calls") {
        begin(verb, name);
        word("calls", on.calls());
        word("unused", on.unused());
    } else if (verb == "mock.call") {
        auto call = sized<hs_mock_call>(); // with the fields that the tables know
        const std::size_t index = number_of(lines, "index");
        begin(verb, name);
        words(hs_mock_call_at(on.native(), index, &call));
        put_fields(call);
        if (const std::string *const header = find(lines, "header")) {
            word("value", on.call_header(index, decoded(*header)));
        }
    } else {
        return false;
    }
    end();
    return true;
}

// ---- what is done with policies -------------------------------------------------------------------------------------

// What the library wants back, by its name. Permits are those of C: a scenario gives one back twice, or never.
template <class T> T &held(const Lines &lines) {
    static std::map<std::string, T> all;
    const std::string *const name = find(lines, "permit");
    return all[name == nullptr ? "" : *name];
}

// The arguments of a call.
struct Arguments {
    const Lines &lines;
    std::string key;

    explicit Arguments(const Lines &given) : lines(given) {
        if (const std::string *const named = find(given, "key")) key = decoded(*named);
    }
    hs_str raw_key() const { return {key.data(), key.size()}; }
    std::uint64_t number(std::string_view name) const { return number_of(lines, name); }
    std::uint32_t narrow(std::string_view name) const { return static_cast<std::uint32_t>(number(name)); }
    hs::timeout time(std::string_view name) const {
        const auto ms = number(name);
        if (ms == 0) return {};
        if (ms == HS_INFINITE) return hs::forever;
        return std::chrono::milliseconds(ms);
    }
    hs::ref<hs_cancel> cancel() const {
        const std::string *const name = find(lines, "cancel");
        if (name == nullptr) return {};
        return the<hs::cancel>("cancel", *name);
    }
};

// Tells what came of a call of C.
hs::result<> done(hs_status status, hs_error *error = nullptr) {
    if (status != HS_OK) return hs::unexpected<hs::error>(hs::error(status, error));
    return {};
}

template <class T> void put_call(const std::string &verb, const std::string &name, const hs::result<T> &got) {
    begin(verb, name);
    words(got);
    end();
}

template <class T, class Info> void put_state(const std::string &verb, const std::string &name, const hs::result<Info> &got) {
    begin(verb, name);
    words(got);
    if (got) put_fields<T>(*got);
    end();
}

bool breaker(const std::string &verb, const std::string &what, const std::string &name, const Arguments &a) {
    const auto &on = the<hs::circuit_breaker>("breaker", name);
    hs_error *error = nullptr;
    if (what == "acquire") {
        const hs_status status = hs_breaker_acquire(on.native(), a.raw_key(), &held<hs_permit>(a.lines), &error);
        put_call(verb, name, done(status, error));
    } else if (what == "record") {
        const hs_status status = hs_breaker_record(on.native(), &held<hs_permit>(a.lines), a.narrow("outcome"), &error);
        put_call(verb, name, done(status, error));
    } else if (what == "mark_slow") {
        const hs_status status = hs_breaker_mark_slow(on.native(), &held<hs_permit>(a.lines), &error);
        put_call(verb, name, done(status, error));
    } else if (what == "force_open") {
        put_call(verb, name, on.force_open(a.key, a.time("ms")));
    } else if (what == "force_closed") {
        put_call(verb, name, on.force_closed(a.key));
    } else if (what == "metrics_only") {
        put_call(verb, name, on.metrics_only(a.key));
    } else if (what == "reset") {
        put_call(verb, name, on.reset(a.key));
    } else if (what == "state") {
        put_state<hs_breaker_info>(verb, name, on.state(a.key));
    } else if (what == "count") {
        begin(verb, name);
        word("count", on.count());
        end();
    } else {
        return false;
    }
    return true;
}

bool bulkhead(const std::string &verb, const std::string &what, const std::string &name, const Arguments &a) {
    const auto &on = the<hs::bulkhead>("bulkhead", name);
    auto &permit = held<hs_bulkhead_permit>(a.lines);
    hs_error *error = nullptr;
    if (what == "acquire") {
        const hs_status status = hs_bulkhead_acquire(on.native(), a.raw_key(), a.number("timeout_ms"), a.cancel().native(),
                                                     &permit, &error);
        put_call(verb, name, done(status, error));
    } else if (what == "try_acquire") {
        put_call(verb, name, done(hs_bulkhead_try_acquire(on.native(), a.raw_key(), &permit)));
    } else if (what == "release") {
        put_call(verb, name, done(hs_bulkhead_release(on.native(), &permit)));
    } else if (what == "state") {
        put_state<hs_bulkhead_info>(verb, name, on.state(a.key));
    } else {
        return false;
    }
    return true;
}

bool budget(const std::string &verb, const std::string &what, const std::string &name, const Arguments &a) {
    const auto &on = the<hs::retry_budget>("budget", name);
    if (what == "original") {
        put_call(verb, name, on.original(a.key));
    } else if (what == "withdraw") {
        const auto granted = on.withdraw(a.key);
        begin(verb, name);
        words(granted);
        if (granted && *granted) word("granted", 1);
        end();
    } else if (what == "state") {
        put_state<hs_budget_info>(verb, name, on.state(a.key));
    } else {
        return false;
    }
    return true;
}

// `header FLAGS NAME VALUE` of every field.
hs::result<> learn(const hs::rate_limiter &on, const Arguments &a) {
    hs::headers headers;
    for (const auto &[key, value] : a.lines) {
        if (key != "header") continue;
        const auto [name, text] = split(split(value).second);
        headers.push_back({decoded(name), decoded(text)});
    }
    const hs::ticket *const ticket = find(a.lines, "permit") == nullptr ? nullptr : &held<hs::ticket>(a.lines);
    return on.learn(a.key, ticket, a.narrow("status"), headers);
}

bool limiter(const std::string &verb, const std::string &what, const std::string &name, const Arguments &a) {
    const auto &on = the<hs::rate_limiter>("limiter", name);
    auto &ticket = held<hs::ticket>(a.lines);
    const auto take = [&](const hs::result<hs::ticket> &got) {
        if (got) ticket = *got;
        put_call(verb, name, got);
    };
    if (what == "acquire") {
        take(on.acquire(a.key, a.narrow("cost"), a.time("timeout_ms"), a.cancel()));
    } else if (what == "try_acquire") {
        take(on.try_acquire(a.key, a.narrow("cost")));
    } else if (what == "refund") {
        put_call(verb, name, on.refund(a.key, ticket));
    } else if (what == "set_quota") {
        put_call(verb, name, on.set_quota(a.key, a.narrow("limit"), a.time("period_ms"), a.narrow("burst")));
    } else if (what == "hold") {
        put_call(verb, name, a.number("ms") == 0 ? on.release_hold(a.key) : on.hold(a.key, a.time("ms")));
    } else if (what == "learn") {
        put_call(verb, name, learn(on, a));
    } else if (what == "state") {
        put_state<hs_limiter_info>(verb, name, on.state(a.key));
    } else {
        return false;
    }
    return true;
}

bool carry_out(const std::string &verb, const std::string &name, const Lines &lines) {
    const auto dot = verb.find('.');
    const std::string kind = verb.substr(0, dot), what = dot == std::string::npos ? "" : verb.substr(dot + 1);
    if (verb == "reset") {
        reset();
    } else if (what == "new") {
        const auto is_it = [&](const auto &maker) { return maker.first == kind; };
        const auto maker = std::find_if(makers.begin(), makers.end(), is_it);
        if (maker == makers.end()) fail("unknown kind of object", kind);
        maker->second(kind, name, lines);
    } else if (what == "free") {
        const hs_status status = release(find(kind, name));
        begin(verb, name);
        words(status);
        end();
    } else if (verb == "send") {
        send_one(name, lines);
    } else if (verb == "many") {
        send_many(name, lines);
    } else if (verb == "cancel.trigger") {
        if (!the<hs::cancel>("cancel", name).trigger()) fail("no cancel", name);
    } else if (kind == "simulation") {
        return simulate(verb, name, lines);
    } else if (kind == "mock") {
        return answer(verb, name, lines);
    } else if (kind == "breaker") {
        return breaker(verb, what, name, Arguments(lines));
    } else if (kind == "limiter") {
        return limiter(verb, what, name, Arguments(lines));
    } else if (kind == "bulkhead") {
        return bulkhead(verb, what, name, Arguments(lines));
    } else if (kind == "budget") {
        return budget(verb, what, name, Arguments(lines));
    } else {
        return false;
    }
    return true;
}

// ---- plans ----------------------------------------------------------------------------------------------------------

void carry_out_plan(const Plan &plan) {
    begin("plan", plan.verb) << ' ' << plan.name;
    end();
    if (!carry_out(plan.verb, plan.name, plan.lines)) fail("unknown verb", plan.verb);
}

} // namespace

void *object(std::string_view kind, const std::string &name) {
    const auto handle_of = [](const auto &one) -> void * {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::monostate>) {
            return nullptr;
        } else {
            return one.native();
        }
    };
    return std::visit(handle_of, find(kind, name).of);
}

template <class T> void told(void *user_data, const T *facts) {
    begin(shown<T>, static_cast<const Object *>(user_data)->name);
    put_fields(*facts);
    end();
}

template void told(void *, const hs_event *);
template void told(void *, const hs_breaker_event *);
template void told(void *, const hs_bulkhead_event *);
template void told(void *, const hs_limiter_event *);

bool scenario(const std::string &verb, const std::string &name, const Lines &lines) {
    const std::string *const at = find(lines, "at_ns");
    if (at == nullptr) return carry_out(verb, name, lines);
    Plan plan{verb, name, {}};
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(plan.lines),
                 [](const auto &line) { return line.first != "at_ns"; });
    const auto last = [](const auto &one) { return std::holds_alternative<hs::simulation>(one->of); };
    const auto found = std::find_if(objects.rbegin(), objects.rend(), last);
    if (found == objects.rend()) fail("no simulation for", verb);
    const std::chrono::nanoseconds when(static_cast<std::int64_t>(number(*at)));
    if (!std::get<hs::simulation>((*found)->of).at(when, [plan] { carry_out_plan(plan); })) fail("no plan for", verb);
    return true;
}
