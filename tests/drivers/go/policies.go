package main

// #include <http_sentinel.h>
import "C"

import (
	"reflect"
	"strings"
	"unsafe"
)

// What the library wants back, by its name.
var (
	breakerPermits  = map[string]*C.hs_permit{}
	bulkheadPermits = map[string]*C.hs_bulkhead_permit{}
	tickets         = map[string]*C.hs_ticket{}
)

func held[T any](all map[string]*T, lines []line) *T {
	name, _ := valueOf(lines, "permit")
	if all[name] == nil {
		all[name] = new(T)
	}
	return all[name]
}

// arguments of a call.
type arguments struct {
	lines   []line
	memory  *arena
	key     C.hs_str
	failure *C.hs_error
	granted C.uint32_t
	info    reflect.Value // what it was asked for
}

func (a *arguments) number(name string) C.uint64_t { return C.uint64_t(numberOf(a.lines, name)) }

func (a *arguments) narrow(name string) C.uint32_t { return C.uint32_t(numberOf(a.lines, name)) }

func (a *arguments) cancel() *C.hs_cancel {
	name, there := valueOf(a.lines, "cancel")
	if !there {
		return nil
	}
	return (*C.hs_cancel)(find("cancel", name).pointer)
}

// stateOf gives what is filled with the state of a key.
func stateOf[T any](a *arguments) *T {
	info := facts[T]()
	a.info = reflect.ValueOf(info).Elem()
	return info
}

// police tells `VERB NAME status=…`, and what the call has found out; false where the verb is none.
func police(verb, kind, name string, lines []line) bool {
	var memory arena
	defer memory.free()
	a := arguments{lines: lines, memory: &memory}
	if key, there := valueOf(lines, "key"); there {
		a.key = memory.lend(decoded(key))
	}
	if verb == "breaker.count" {
		begin(verb, name)
		countWord("count", uint64(C.hs_breaker_count((*C.hs_breaker)(find(kind, name).pointer))))
		end()
		return true
	}
	status, known := a.call(verb, find(kind, name).pointer)
	if !known {
		return false
	}
	begin(verb, name)
	statusWord(status, a.failure)
	if a.granted != 0 {
		countWord("granted", uint64(a.granted))
	}
	if a.info.IsValid() {
		putFields(a.info)
	}
	end()
	return true
}

func (a *arguments) call(verb string, on unsafe.Pointer) (status C.hs_status, known bool) {
	breaker, bulkhead, budget := (*C.hs_breaker)(on), (*C.hs_bulkhead)(on), (*C.hs_budget)(on)
	limiter := (*C.hs_limiter)(on)
	switch verb {
	case "breaker.acquire":
		status = C.hs_breaker_acquire(breaker, a.key, held(breakerPermits, a.lines), &a.failure)
	case "breaker.record":
		status = C.hs_breaker_record(breaker, held(breakerPermits, a.lines), a.narrow("outcome"), &a.failure)
	case "breaker.mark_slow":
		status = C.hs_breaker_mark_slow(breaker, held(breakerPermits, a.lines), &a.failure)
	case "breaker.force_open":
		status = C.hs_breaker_force_open(breaker, a.key, a.number("ms"))
	case "breaker.force_closed":
		status = C.hs_breaker_force_closed(breaker, a.key)
	case "breaker.metrics_only":
		status = C.hs_breaker_metrics_only(breaker, a.key)
	case "breaker.reset":
		status = C.hs_breaker_reset(breaker, a.key)
	case "breaker.state":
		status = C.hs_breaker_state(breaker, a.key, stateOf[C.hs_breaker_info](a))
	case "bulkhead.acquire":
		permit := held(bulkheadPermits, a.lines)
		status = C.hs_bulkhead_acquire(bulkhead, a.key, a.number("timeout_ms"), a.cancel(), permit, &a.failure)
	case "bulkhead.try_acquire":
		status = C.hs_bulkhead_try_acquire(bulkhead, a.key, held(bulkheadPermits, a.lines))
	case "bulkhead.release":
		status = C.hs_bulkhead_release(bulkhead, held(bulkheadPermits, a.lines))
	case "bulkhead.state":
		status = C.hs_bulkhead_state(bulkhead, a.key, stateOf[C.hs_bulkhead_info](a))
	case "budget.original":
		status = C.hs_budget_original(budget, a.key)
	case "budget.withdraw":
		status = C.hs_budget_withdraw(budget, a.key, &a.granted)
	case "budget.state":
		status = C.hs_budget_state(budget, a.key, stateOf[C.hs_budget_info](a))
	case "limiter.acquire":
		ticket, timeout := held(tickets, a.lines), a.number("timeout_ms")
		status = C.hs_limiter_acquire(limiter, a.key, a.narrow("cost"), timeout, a.cancel(), ticket, &a.failure)
	case "limiter.try_acquire":
		status = C.hs_limiter_try_acquire(limiter, a.key, a.narrow("cost"), held(tickets, a.lines), &a.failure)
	case "limiter.refund":
		status = C.hs_limiter_refund(limiter, a.key, held(tickets, a.lines), &a.failure)
	case "limiter.set_quota":
		limit, period, burst := a.narrow("limit"), a.number("period_ms"), a.narrow("burst")
		status = C.hs_limiter_set_quota(limiter, a.key, limit, period, burst, &a.failure)
	case "limiter.hold":
		status = C.hs_limiter_hold(limiter, a.key, a.number("ms"))
	case "limiter.learn":
		status = a.learn(limiter)
	case "limiter.state":
		status = C.hs_limiter_state(limiter, a.key, stateOf[C.hs_limiter_info](a))
	default:
		return 0, false
	}
	return status, true
}

// learn reads `header FLAGS NAME VALUE` of every field.
func (a *arguments) learn(limiter *C.hs_limiter) C.hs_status {
	headers := (*C.hs_header)(a.memory.alloc(uintptr(len(a.lines)) * unsafe.Sizeof(C.hs_header{})))
	fields, count := unsafe.Slice(headers, len(a.lines)), 0
	for _, l := range a.lines {
		if l.key == "header" {
			parts := strings.SplitN(l.value, " ", 3)
			fields[count].name, fields[count].value = a.memory.lend(decoded(parts[1])), a.memory.lend(decoded(parts[2]))
			count++
		}
	}
	var ticket *C.hs_ticket
	if _, there := valueOf(a.lines, "permit"); there {
		ticket = held(tickets, a.lines)
	}
	return C.hs_limiter_learn(limiter, a.key, ticket, a.narrow("status"), headers, C.size_t(count), &a.failure)
}
