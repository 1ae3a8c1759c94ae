package main

// #include <http_sentinel.h>
// #include <stdlib.h>
//
// void toldEvent(void *user_data, void *facts);
// void toldBreaker(void *user_data, void *facts);
// void toldBulkhead(void *user_data, void *facts);
// void toldLimiter(void *user_data, void *facts);
// void carryOutPlan(void *user_data);
import "C"

import (
	"context"
	"fmt"
	"reflect"
	"runtime/cgo"
	"strings"
	"unsafe"

	sentinel "http-sentinel/bindings/go"
)

// Scenarios: objects by their names, what is done with them, and a log of all that happens, each line with the virtual
// time.

// object is one of the library's, which callbacks know by its name.
type object struct {
	kind, name string
	pointer    unsafe.Pointer // its handle; nil when it was freed
	free       func() error   // of one that the package has a type for
	worker     *sentinel.Worker
	userData   unsafe.Pointer // the name, for C
}

// objects are kept until the scenario is over, oldest first.
var objects []*object

// simulation is whose clock the log goes by.
var simulation *C.hs_simulation

func find(kind, name string) *object {
	for i := len(objects) - 1; i >= 0; i-- {
		if one := objects[i]; one.pointer != nil && one.kind == kind && one.name == name {
			return one
		}
	}
	fail("unknown object", name)
	return nil
}

func (o *object) release() C.hs_status {
	pointer := o.pointer
	o.pointer = nil
	if o.free != nil {
		return C.hs_status(statusOf(o.free()))
	}
	switch o.kind {
	case "simulation":
		if simulation == (*C.hs_simulation)(pointer) {
			simulation = nil
		}
		return C.hs_simulation_free((*C.hs_simulation)(pointer))
	case "mock":
		return C.hs_mock_free((*C.hs_mock)(pointer))
	case "cancel":
		return C.hs_cancel_free((*C.hs_cancel)(pointer))
	}
	fail("unknown kind of object", o.kind)
	return 0
}

// ---- the log

func begin(what, name string) {
	fmt.Fprintf(out, "@%d %s %s", uint64(C.hs_simulation_now(simulation)), what, name)
}

func end() { fmt.Fprintln(out) }

func word(key, text string) { fmt.Fprintf(out, " %s=%s", key, encoded(text)) }

func countWord(key string, value uint64) { fmt.Fprintf(out, " %s=%d", key, value) }

// statusWord tells a status, and the message of the error that came with it, if one did.
func statusWord(status C.hs_status, failure *C.hs_error) {
	if failure != nil {
		errorWord(adopted(failure))
		return
	}
	word("status", sentinel.Status(status).String())
}

func errorWord(err error) {
	word("status", statusOf(err).String())
	if err != nil {
		word("message", failureOf(err).Message)
	}
}

// putFields tells every number that is not zero and every text that is not empty.
func putFields(facts reflect.Value) {
	for i := 0; i < facts.NumField(); i++ {
		name, field := facts.Type().Field(i).Name, facts.Field(i)
		switch {
		case name == "struct_size" || name == "_":
		case field.Kind() == reflect.Uint32 || field.Kind() == reflect.Uint64:
			if field.Uint() != 0 {
				countWord(name, field.Uint())
			}
		case field.Kind() == reflect.Int32 || field.Kind() == reflect.Int64:
			if field.Int() != 0 {
				fmt.Fprintf(out, " %s=%d", name, field.Int())
			}
		case field.Type() == reflect.TypeOf(C.hs_str{}):
			if value := *(*C.hs_str)(unsafe.Pointer(field.UnsafeAddr())); value.len != 0 {
				word(name, text(value))
			}
		}
	}
}

func told(what string, userData unsafe.Pointer, facts any) {
	begin(what, C.GoString((*C.char)(userData)))
	putFields(reflect.ValueOf(facts).Elem())
	end()
}

// Callbacks that are told a struct: these lines and one above for each.

//export toldEvent
func toldEvent(userData, facts unsafe.Pointer) { told("event", userData, (*C.hs_event)(facts)) }

//export toldBreaker
func toldBreaker(userData, facts unsafe.Pointer) {
	told("breaker", userData, (*C.hs_breaker_event)(facts))
}

//export toldBulkhead
func toldBulkhead(userData, facts unsafe.Pointer) {
	told("bulkhead", userData, (*C.hs_bulkhead_event)(facts))
}

//export toldLimiter
func toldLimiter(userData, facts unsafe.Pointer) {
	told("limiter", userData, (*C.hs_limiter_event)(facts))
}

// callbackOf gives the driver's function for callbacks of a type.
func callbackOf(kind, value string) unsafe.Pointer {
	if value == "null" {
		return nil
	}
	switch kind {
	case "hs_event_callback":
		return C.toldEvent
	case "hs_breaker_callback":
		return C.toldBreaker
	case "hs_limiter_callback":
		return C.toldLimiter
	case "hs_bulkhead_callback":
		return C.toldBulkhead
	}
	fail("no function for", kind)
	return nil
}

// ---- what is done with them

func valueOf(lines []line, key string) (string, bool) {
	for _, l := range lines {
		if l.key == key {
			return l.value, true
		}
	}
	return "", false
}

func numberOf(lines []line, key string) uint64 {
	value, there := valueOf(lines, key)
	if !there {
		return 0
	}
	return number(value)
}

// fill makes a struct of the library's in memory that C may read.
func fill[T any](memory *arena, lines []line) *T {
	var zero T
	options := (*T)(memory.alloc(unsafe.Sizeof(zero)))
	fields := reflect.ValueOf(options).Elem()
	sizeStruct(fields)
	for _, l := range lines {
		if !setField(memory, fields, l.key, l.value, false) {
			fail("unknown option", l.key)
		}
	}
	return options
}

func facts[T any]() *T {
	made := new(T)
	sizeStruct(reflect.ValueOf(made).Elem())
	return made
}

func makeObject(kind, name string, lines []line) {
	one := &object{kind: kind, name: name, userData: unsafe.Pointer(C.CString(name))}
	objects = append(objects, one)
	memory := arena{userData: one.userData}
	defer memory.free()
	var failure *C.hs_error
	var status C.hs_status
	var err error
	switch kind {
	case "simulation":
		var made *C.hs_simulation
		status = C.hs_simulation_new(fill[C.hs_simulation_options](&memory, lines), &made, &failure)
		one.pointer, simulation = unsafe.Pointer(made), made
	case "worker":
		one.worker, err = sentinel.NewWorker(workerOptions(fill[C.hs_worker_options](&memory, lines)))
		own(one, one.worker, err)
	case "breaker":
		made, failed := sentinel.NewCircuitBreaker(sentinel.CircuitBreakerOptions{Raw: filler[C.hs_breaker_options](&memory, lines)})
		err = failed
		own(one, made, err)
	case "bulkhead":
		made, failed := sentinel.NewBulkhead(sentinel.BulkheadOptions{Raw: filler[C.hs_bulkhead_options](&memory, lines)})
		err = failed
		own(one, made, err)
	case "budget":
		made, failed := sentinel.NewBudget(sentinel.BudgetOptions{Raw: filler[C.hs_budget_options](&memory, lines)})
		err = failed
		own(one, made, err)
	case "limiter":
		made, failed := sentinel.NewRateLimiter(sentinel.RateLimiterOptions{Raw: filler[C.hs_limiter_options](&memory, lines)})
		err = failed
		own(one, made, err)
	case "mock":
		var made *C.hs_mock
		status = C.hs_mock_new(&made)
		one.pointer = unsafe.Pointer(made)
	case "cancel":
		var made *C.hs_cancel
		status = C.hs_cancel_new(&made)
		one.pointer = unsafe.Pointer(made)
	default:
		fail("unknown kind of object", kind)
	}
	if status != C.HS_OK {
		err = adopted(failure)
	}
	if err != nil {
		begin(kind+".new", name)
		errorWord(err)
		end()
	}
}

// own notes an object of the package's.
func own(one *object, made interface {
	Handle() unsafe.Pointer
	Close() error
}, err error) {
	if err == nil {
		one.pointer, one.free = made.Handle(), made.Close
	}
}

// filler is fill for the escape hatch of options.
func filler[T any](memory *arena, lines []line) func(unsafe.Pointer) {
	return func(options unsafe.Pointer) { *(*T)(options) = *fill[T](memory, lines) }
}

// plans are those of the scenario, also when they are carried out.
var plans []*cgo.Handle

func reset() {
	for ; len(objects) > 0; objects = objects[:len(objects)-1] {
		one := objects[len(objects)-1]
		if one.pointer != nil {
			if status := one.release(); status != C.HS_OK {
				begin("free", one.name)
				statusWord(status, nil)
				end()
			}
		}
		C.free(one.userData)
	}
	for _, place := range plans {
		place.Delete()
		C.free(unsafe.Pointer(place))
	}
	plans = nil
}

func putAttempt(name string, attempt *sentinel.Attempt) {
	begin("attempt", name)
	putFields(reflect.ValueOf(attemptFacts(attempt)).Elem())
	end()
}

// putResult tells what has become of a request.
func putResult(name string, tag uint64, response *sentinel.Response, err error) {
	begin("result", name)
	if tag != 0 {
		countWord("tag", tag)
	}
	word("status", statusOf(err).String())
	var attempts []sentinel.Attempt
	if err == nil {
		countWord("http", uint64(response.Status))
		word("body", string(response.Body))
		putFields(reflect.ValueOf(metricsFacts(&response.Metrics)).Elem())
		attempts = response.Attempts
	} else {
		failure := failureOf(err)
		word("message", failure.Message)
		putFields(reflect.ValueOf(errorFacts(failure)).Elem())
		attempts = failure.AttemptLog
	}
	end()
	for i := range attempts {
		putAttempt(name, &attempts[i])
	}
}

func sendOne(name string, lines []line) {
	var memory arena
	defer memory.free()
	c := newCall(&memory, lines)
	defer c.close()
	response, err := find("worker", name).worker.Do(context.Background(), c.request())
	putResult(name, 0, response, err)
}

// sendMany reads `add N` as the beginning of a request that is there N times.
func sendMany(name string, lines []line) {
	var memory arena
	defer memory.free()
	var requests []*sentinel.Request
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && lines[to].key != "add" {
			to++
		}
		c := newCall(&memory, lines[from+1:to])
		defer c.close()
		for copies := number(lines[from].value); copies > 0; copies-- {
			requests = append(requests, c.request())
		}
		from = to
	}
	results, err := find("worker", name).worker.DoAll(context.Background(), requests)
	begin("many", name)
	errorWord(err)
	end()
	for i, one := range results {
		putResult(name, uint64(i), one.Response, one.Err)
	}
}

func simulate(what, name string, lines []line) bool {
	on := (*C.hs_simulation)(find("simulation", name).pointer)
	var status C.hs_status
	switch what {
	case "advance":
		status = C.hs_simulation_advance(on, C.uint64_t(numberOf(lines, "ns")))
	case "wall":
		status = C.hs_simulation_set_wall(on, C.int64_t(numberOf(lines, "ns")))
	case "random":
		millionths := make([]C.uint32_t, len(lines)+1)
		for i, l := range lines {
			millionths[i] = C.uint32_t(number(l.value))
		}
		status = C.hs_simulation_random(on, &millionths[0], C.size_t(len(lines)))
	default:
		return false
	}
	if status != C.HS_OK {
		begin("simulation."+what, name)
		statusWord(status, nil)
		end()
	}
	return true
}

func answer(what, name string, lines []line) bool {
	on := (*C.hs_mock)(find("mock", name).pointer)
	var memory arena
	defer memory.free()
	switch what {
	case "add":
		var failure *C.hs_error
		status := C.hs_mock_add(on, fill[C.hs_mock_rule](&memory, lines), &failure)
		if status == C.HS_OK {
			return true
		}
		begin("mock.add", name)
		statusWord(status, failure)
	case "clear":
		begin("mock.clear", name)
		statusWord(C.hs_mock_clear(on), nil)
	case "calls":
		begin("mock.calls", name)
		countWord("calls", uint64(C.hs_mock_calls(on)))
		countWord("unused", uint64(C.hs_mock_unused(on)))
	case "call":
		call, index := facts[C.hs_mock_call](), C.size_t(numberOf(lines, "index"))
		begin("mock.call", name)
		statusWord(C.hs_mock_call_at(on, index, call), nil)
		putFields(reflect.ValueOf(call).Elem())
		if header, there := valueOf(lines, "header"); there {
			word("value", text(C.hs_mock_call_header(on, index, memory.lend(decoded(header)), 0)))
		}
	default:
		return false
	}
	end()
	return true
}

func carryOut(verb, name string, lines []line) bool {
	kind, what, _ := strings.Cut(verb, ".")
	switch {
	case verb == "reset":
		reset()
	case what == "new":
		makeObject(kind, name, lines)
	case what == "free":
		status := find(kind, name).release()
		begin(verb, name)
		statusWord(status, nil)
		end()
	case verb == "send":
		sendOne(name, lines)
	case verb == "many":
		sendMany(name, lines)
	case verb == "cancel.trigger":
		C.hs_cancel_trigger((*C.hs_cancel)(find("cancel", name).pointer))
	case kind == "simulation":
		return simulate(what, name, lines)
	case kind == "mock":
		return answer(what, name, lines)
	case kind == "breaker" || kind == "bulkhead" || kind == "budget" || kind == "limiter":
		return police(verb, kind, name, lines)
	default:
		return false
	}
	return true
}

// ---- plans

// plan is a block with `at_ns` that waits for its moment.
type plan struct {
	verb, name string
	lines      []line
}

//export carryOutPlan
func carryOutPlan(userData unsafe.Pointer) {
	p := (*(*cgo.Handle)(userData)).Value().(plan)
	begin("plan", p.verb)
	fmt.Fprintf(out, " %s", p.name)
	end()
	if !carryOut(p.verb, p.name, p.lines) {
		fail("unknown verb", p.verb)
	}
}

// scenario does a block; false where the verb is none.
func scenario(verb, name string, lines []line) bool {
	at, planned := valueOf(lines, "at_ns")
	if !planned {
		return carryOut(verb, name, lines)
	}
	p := plan{verb: verb, name: name}
	for _, l := range lines {
		if l.key != "at_ns" {
			p.lines = append(p.lines, l)
		}
	}
	place := (*cgo.Handle)(C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0)))))
	*place = cgo.NewHandle(p)
	plans = append(plans, place)
	callback := C.hs_simulation_callback(C.carryOutPlan)
	if C.hs_simulation_at(simulation, C.uint64_t(number(at)), callback, unsafe.Pointer(place)) != C.HS_OK {
		fail("no plan for", verb)
	}
	return true
}
