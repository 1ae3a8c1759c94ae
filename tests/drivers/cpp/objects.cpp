#include "objects.hpp"
#include "options.hpp"

#include <algorithm>
#include <map>

namespace {

// ---- objects --------------------------------------------------------------------------------------------------------

struct Object {
    std::string kind;
    std::string name;
    void *pointer = nullptr;
    hs_status (*free_one)(void *) = nullptr;
};

// Oldest first. What callbacks are given points into it, so an object stays until the scenario is over.
std::vector<std::unique_ptr<Object>> objects;
// Whose clock the log goes by.
hs_simulation *simulation = nullptr;

Object &find(std::string_view kind, const std::string &name) {
    const auto is_it = [&](const auto &one) { return one->pointer != nullptr && one->kind == kind && one->name == name; };
    const auto found = std::find_if(objects.rbegin(), objects.rend(), is_it);
    if (found == objects.rend()) fail("unknown object", name);
    return **found;
}

template <class T> T *the(std::string_view kind, const std::string &name) {
    return static_cast<T *>(find(kind, name).pointer);
}

template <class T, hs_status (*free_it)(T *)> hs_status free_one(void *pointer) {
    return free_it(static_cast<T *>(pointer));
}

hs_status release(Object &object) {
    void *const pointer = std::exchange(object.pointer, nullptr);
    if (pointer == simulation) simulation = nullptr;
    return object.free_one(pointer);
}

// ---- the log --------------------------------------------------------------------------------------------------------

std::ostream &begin(std::string_view what, std::string_view name) {
    return std::cout << '@' << hs_simulation_now(simulation) << ' ' << what << ' ' << name;
}

void end() { std::cout << '\n'; }
void word(std::string_view key, std::string_view text) { std::cout << ' ' << key << '=' << encoded(text); }
void word(std::string_view key, std::uint64_t value) { std::cout << ' ' << key << '=' << value; }

void words(hs_status status, hs_error *error = nullptr) {
    word("status", view(hs_status_name(status)));
    if (error != nullptr) word("message", view(hs_error_message(error)));
    hs_error_free(error);
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

void keep(Object object, hs_status status, hs_error *error) {
    if (status != HS_OK) {
        begin(object.kind + ".new", object.name);
        words(status, error);
        end();
    }
    objects.push_back(std::make_unique<Object>(std::move(object)));
}

template <class T, class Options, hs_status (*make_it)(const Options *, T **, hs_error **), hs_status (*free_it)(T *)>
void make(const std::string &kind, const std::string &name, const Lines &lines) {
    auto object = std::make_unique<Object>(Object{kind, name, nullptr, free_one<T, free_it>});
    Setter setter;
    setter.user_data = object.get();
    auto options = sized<Options>();
    fill(setter, options, lines);
    T *made = nullptr;
    hs_error *error = nullptr;
    const hs_status status = make_it(&options, &made, &error);
    object->pointer = made;
    if (status != HS_OK) {
        begin(kind + ".new", name);
        words(status, error);
        end();
    } else if constexpr (std::is_same_v<T, hs_simulation>) {
        simulation = made;
    }
    objects.push_back(std::move(object));
}

template <class T, hs_status (*make_it)(T **), hs_status (*free_it)(T *)>
void make_plain(const std::string &kind, const std::string &name, const Lines &) {
    T *made = nullptr;
    const hs_status status = make_it(&made);
    keep({kind, name, made, free_one<T, free_it>}, status, nullptr);
}

using Maker = void (*)(const std::string &, const std::string &, const Lines &);

// One line for each kind.
const std::vector<std::pair<std::string_view, Maker>> makers{
    {"simulation", make<hs_simulation, hs_simulation_options, hs_simulation_new, hs_simulation_free>},
    {"worker", make<hs_worker, hs_worker_options, hs_worker_new, hs_worker_free>},
    {"mock", make_plain<hs_mock, hs_mock_new, hs_mock_free>},
    {"cancel", make_plain<hs_cancel, hs_cancel_new, hs_cancel_free>},
    {"breaker", make<hs_breaker, hs_breaker_options, hs_breaker_new, hs_breaker_free>},
    {"limiter", make<hs_limiter, hs_limiter_options, hs_limiter_new, hs_limiter_free>},
    {"bulkhead", make<hs_bulkhead, hs_bulkhead_options, hs_bulkhead_new, hs_bulkhead_free>},
    {"budget", make<hs_budget, hs_budget_options, hs_budget_new, hs_budget_free>},
};

// A block with `at_ns` that waits for its moment.
struct Plan {
    std::string verb;
    std::string name;
    Lines lines;
};

// They are there until the scenario is over.
std::vector<std::unique_ptr<Plan>> plans;

void reset() {
    for (; !objects.empty(); objects.pop_back()) {
        Object &object = *objects.back();
        const hs_status status = object.pointer == nullptr ? HS_OK : release(object);
        if (status == HS_OK) continue;
        begin("free", object.name);
        words(status);
        end();
    }
    plans.clear();
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

template <class T>
void put_attempts(const std::string &name, const T *from, std::size_t count,
                  hs_status (*attempt_at)(const T *, std::size_t, hs_attempt *)) {
    for (std::size_t i = 0; i < count; i++) {
        auto attempt = sized<hs_attempt>();
        if (attempt_at(from, i, &attempt) != HS_OK) fail("no attempt of", name);
        begin("attempt", name);
        put_fields(attempt);
        end();
    }
}

// What has become of a request; frees it.
void put_result(const std::string &name, std::uint64_t tag, hs_status status, hs_response *response, hs_error *error) {
    begin("result", name);
    if (tag != 0) word("tag", tag);
    word("status", view(hs_status_name(status)));
    if (response != nullptr) {
        auto metrics = sized<hs_metrics>();
        word("http", hs_response_status(response));
        word("body", view(hs_response_body(response)));
        hs_response_metrics(response, &metrics);
        put_fields(metrics);
    }
    if (error != nullptr) {
        auto info = sized<hs_error_info>();
        word("message", view(hs_error_message(error)));
        hs_error_details(error, &info);
        info.status = 0; // It is told by its name.
        put_fields(info);
    }
    end();
    put_attempts(name, response, hs_response_attempt_count(response), hs_response_attempt_at);
    put_attempts(name, error, hs_error_attempt_count(error), hs_error_attempt_at);
    hs_response_free(response);
    hs_error_free(error);
}

void send_one(const std::string &name, const Lines &lines) {
    const auto request = request_of(lines);
    hs_response *response = nullptr;
    hs_error *error = nullptr;
    const hs_status status = hs_request(the<hs_worker>("worker", name), request.get(), &response, &error);
    put_result(name, 0, status, response, error);
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
    std::vector<hs_completion> completions(requests.size());
    hs_error *error = nullptr;
    const hs_status status = hs_request_many(the<hs_worker>("worker", name), requests.data(), requests.size(),
                                             completions.data(), &error);
    begin("many", name);
    words(status, error);
    end();
    if (status != HS_OK) return;
    for (const auto &one : completions) put_result(name, one.tag, one.status, one.response, one.error);
}

bool simulate(const std::string &verb, const std::string &name, const Lines &lines) {
    auto *const on = the<hs_simulation>("simulation", name);
    hs_status status = HS_OK;
    if (verb == "simulation.advance") {
        status = hs_simulation_advance(on, number_of(lines, "ns"));
    } else if (verb == "simulation.wall") {
        status = hs_simulation_set_wall(on, static_cast<std::int64_t>(number_of(lines, "ns")));
    } else if (verb == "simulation.random") {
        std::vector<std::uint32_t> millionths;
        for (const auto &line : lines) millionths.push_back(static_cast<std::uint32_t>(number(line.second)));
        status = hs_simulation_random(on, millionths.data(), millionths.size());
    } else {
        return false;
    }
    if (status == HS_OK) return true;
    begin(verb, name);
    words(status);
    end();
    return true;
}

bool answer(const std::string &verb, const std::string &name, const Lines &lines) {
    auto *const on = the<hs_mock>("mock", name);
    if (verb == "mock.add") {
        Setter setter;
        auto rule = sized<hs_mock_rule>();
        fill(setter, rule, lines);
        hs_error *error = nullptr;
        const hs_status status = hs_mock_add(on, &rule, &error);
        if (status == HS_OK) return true;
        begin(verb, name);
        words(status, error);
    } else if (verb == "mock.clear") {
        begin(verb, name);
        words(hs_mock_clear(on));
    } else if (verb == "mock.calls") {
        begin(verb, name);
        word("calls", hs_mock_calls(on));
        word("unused", hs_mock_unused(on));
    } else if (verb == "mock.call") {
        auto call = sized<hs_mock_call>();
        const std::size_t index = number_of(lines, "index");
        begin(verb, name);
        words(hs_mock_call_at(on, index, &call));
        put_fields(call);
        if (const std::string *const header = find(lines, "header")) {
            const std::string field = decoded(*header);
            word("value", view(hs_mock_call_header(on, index, {field.data(), field.size()}, 0)));
        }
    } else {
        return false;
    }
    end();
    return true;
}

// ---- what is done with policies -------------------------------------------------------------------------------------

// What the library wants back, by its name.
template <class T> T &held(const Lines &lines) {
    static std::map<std::string, T> all;
    const std::string *const name = find(lines, "permit");
    return all[name == nullptr ? "" : *name];
}

// The arguments of a call.
struct Arguments {
    const Lines &lines;
    std::string key_text;
    hs_error *error = nullptr;

    explicit Arguments(const Lines &given) : lines(given) {
        if (const std::string *const key = find(given, "key")) key_text = decoded(*key);
    }
    hs_str key() const { return {key_text.data(), key_text.size()}; }
    std::uint64_t number(std::string_view name) const { return number_of(lines, name); }
    std::uint32_t narrow(std::string_view name) const { return static_cast<std::uint32_t>(number(name)); }
    template <class T> T *object(std::string_view kind) const {
        const std::string *const name = find(lines, kind);
        return name == nullptr ? nullptr : the<T>(kind, *name);
    }
};

// Tells the status of a call, and what it has found out.
void put_call(const std::string &verb, const std::string &name, hs_status status, Arguments &arguments) {
    begin(verb, name);
    words(status, arguments.error);
    end();
}

template <class T, class Object>
void put_state(const std::string &verb, const std::string &name, hs_status (*state)(Object *, hs_str, T *), Object *on,
               const Arguments &arguments) {
    auto info = sized<T>();
    const hs_status status = state(on, arguments.key(), &info);
    begin(verb, name);
    words(status);
    put_fields(info);
    end();
}

bool breaker(const std::string &verb, const std::string &what, const std::string &name, Arguments a) {
    auto *const on = the<hs_breaker>("breaker", name);
    hs_status status = HS_OK;
    if (what == "acquire") {
        status = hs_breaker_acquire(on, a.key(), &held<hs_permit>(a.lines), &a.error);
    } else if (what == "record") {
        status = hs_breaker_record(on, &held<hs_permit>(a.lines), a.narrow("outcome"), &a.error);
    } else if (what == "mark_slow") {
        status = hs_breaker_mark_slow(on, &held<hs_permit>(a.lines), &a.error);
    } else if (what == "force_open") {
        status = hs_breaker_force_open(on, a.key(), a.number("ms"));
    } else if (what == "force_closed") {
        status = hs_breaker_force_closed(on, a.key());
    } else if (what == "metrics_only") {
        status = hs_breaker_metrics_only(on, a.key());
    } else if (what == "reset") {
        status = hs_breaker_reset(on, a.key());
    } else if (what == "state") {
        put_state<hs_breaker_info>(verb, name, hs_breaker_state, on, a);
        return true;
    } else if (what == "count") {
        begin(verb, name);
        word("count", hs_breaker_count(on));
        end();
        return true;
    } else {
        return false;
    }
    put_call(verb, name, status, a);
    return true;
}

bool bulkhead(const std::string &verb, const std::string &what, const std::string &name, Arguments a) {
    auto *const on = the<hs_bulkhead>("bulkhead", name);
    auto &permit = held<hs_bulkhead_permit>(a.lines);
    hs_status status = HS_OK;
    if (what == "acquire") {
        auto *const cancel = a.object<hs_cancel>("cancel");
        status = hs_bulkhead_acquire(on, a.key(), a.number("timeout_ms"), cancel, &permit, &a.error);
    } else if (what == "try_acquire") {
        status = hs_bulkhead_try_acquire(on, a.key(), &permit);
    } else if (what == "release") {
        status = hs_bulkhead_release(on, &permit);
    } else if (what == "state") {
        put_state<hs_bulkhead_info>(verb, name, hs_bulkhead_state, on, a);
        return true;
    } else {
        return false;
    }
    put_call(verb, name, status, a);
    return true;
}

bool budget(const std::string &verb, const std::string &what, const std::string &name, Arguments a) {
    auto *const on = the<hs_budget>("budget", name);
    std::uint32_t granted = 0;
    hs_status status = HS_OK;
    if (what == "original") {
        status = hs_budget_original(on, a.key());
    } else if (what == "withdraw") {
        status = hs_budget_withdraw(on, a.key(), &granted);
    } else if (what == "state") {
        put_state<hs_budget_info>(verb, name, hs_budget_state, on, a);
        return true;
    } else {
        return false;
    }
    begin(verb, name);
    words(status);
    if (granted != 0) word("granted", granted);
    end();
    return true;
}

// `header FLAGS NAME VALUE` of every field.
hs_status learn(hs_limiter *on, Arguments &a) {
    Setter setter;
    std::vector<hs_header> headers;
    for (const auto &[key, value] : a.lines) {
        if (key != "header") continue;
        const auto [name, text] = split(split(value).second);
        headers.push_back({setter.lent(decoded(name)), setter.lent(decoded(text)), 0});
    }
    const hs_ticket *const ticket = find(a.lines, "permit") == nullptr ? nullptr : &held<hs_ticket>(a.lines);
    return hs_limiter_learn(on, a.key(), ticket, a.narrow("status"), headers.data(), headers.size(), &a.error);
}

bool limiter(const std::string &verb, const std::string &what, const std::string &name, Arguments a) {
    auto *const on = the<hs_limiter>("limiter", name);
    auto &ticket = held<hs_ticket>(a.lines);
    hs_status status = HS_OK;
    if (what == "acquire") {
        auto *const cancel = a.object<hs_cancel>("cancel");
        const auto timeout = a.number("timeout_ms");
        status = hs_limiter_acquire(on, a.key(), a.narrow("cost"), timeout, cancel, &ticket, &a.error);
    } else if (what == "try_acquire") {
        status = hs_limiter_try_acquire(on, a.key(), a.narrow("cost"), &ticket, &a.error);
    } else if (what == "refund") {
        status = hs_limiter_refund(on, a.key(), &ticket, &a.error);
    } else if (what == "set_quota") {
        const auto period = a.number("period_ms");
        status = hs_limiter_set_quota(on, a.key(), a.narrow("limit"), period, a.narrow("burst"), &a.error);
    } else if (what == "hold") {
        status = hs_limiter_hold(on, a.key(), a.number("ms"));
    } else if (what == "learn") {
        status = learn(on, a);
    } else if (what == "state") {
        put_state<hs_limiter_info>(verb, name, hs_limiter_state, on, a);
        return true;
    } else {
        return false;
    }
    put_call(verb, name, status, a);
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
        hs_cancel_trigger(the<hs_cancel>("cancel", name));
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

extern "C" void carry_out_plan(void *user_data) {
    const auto &plan = *static_cast<const Plan *>(user_data);
    begin("plan", plan.verb) << ' ' << plan.name;
    end();
    if (!carry_out(plan.verb, plan.name, plan.lines)) fail("unknown verb", plan.verb);
}

} // namespace


void *object(std::string_view kind, const std::string &name) { return find(kind, name).pointer; }

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
    auto plan = std::make_unique<Plan>(Plan{verb, name, {}});
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(plan->lines),
                 [](const auto &line) { return line.first != "at_ns"; });
    if (hs_simulation_at(simulation, number(*at), carry_out_plan, plan.get()) != HS_OK) fail("no plan for", verb);
    plans.push_back(std::move(plan));
    return true;
}
