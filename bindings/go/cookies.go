package sentinel

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// CookieJar is cookies (RFC 6265bis) that clients and workers with the same jar share. It may be used by any number of
// goroutines. It is no http.CookieJar: a [Transport] leaves cookies to its http.Client.
type CookieJar struct {
	c    *C.hs_cookie_jar
	stop func()
}

// NewCookieJar makes an empty jar. It is closed with Close, or when nobody has it any more.
func NewCookieJar() (*CookieJar, error) {
	j := new(CookieJar)
	if status := C.hs_cookie_jar_new(&j.c); status != C.HS_OK {
		return nil, check(status, "hs_cookie_jar_new")
	}
	j.stop = onDrop(j, freeJar, j.c)
	return j, nil
}

func freeJar(c *C.hs_cookie_jar) { C.hs_cookie_jar_free(c) }

func (j *CookieJar) handle() *C.hs_cookie_jar {
	if j == nil {
		return nil
	}
	return j.c
}

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the jar.
func (j *CookieJar) Handle() unsafe.Pointer { return unsafe.Pointer(j.handle()) }

// Close frees it; clients that have it keep its cookies. A second one gives ErrInvalidHandle.
func (j *CookieJar) Close() error {
	j.stop()
	return check(C.hs_cookie_jar_free(j.c), "hs_cookie_jar_free")
}

// Len is how many cookies it holds that have not expired.
func (j *CookieJar) Len() int {
	defer runtime.KeepAlive(j)
	return int(C.hs_cookie_jar_count(j.c))
}

// Set puts a cookie in: line is the value of a Set-Cookie field, as the server at that URL would send it.
func (j *CookieJar) Set(url, line string) error {
	return j.with(func(a *arena, failure **C.hs_error) C.hs_status {
		return C.hs_cookie_jar_set(j.c, a.text(url), a.text(line), failure)
	})
}

// Get is the value of the Cookie field that a request for that URL would have; empty where it would have none.
func (j *CookieJar) Get(url string) (header string, err error) {
	var told *C.hs_text
	err = j.with(func(a *arena, failure **C.hs_error) C.hs_status {
		return C.hs_cookie_jar_get(j.c, a.text(url), &told, failure)
	})
	return taken(told), err
}

// Export is all cookies as a text in the format of Netscape's cookies.txt. It is as secret as they are.
func (j *CookieJar) Export() (cookies string, err error) {
	var told *C.hs_text
	err = j.with(func(a *arena, failure **C.hs_error) C.hs_status { return C.hs_cookie_jar_export(j.c, &told, failure) })
	return taken(told), err
}

// Import puts the cookies of such a text in: all of them, or none where a line is not in the format.
func (j *CookieJar) Import(cookies string) error {
	return j.with(func(a *arena, failure **C.hs_error) C.hs_status {
		return C.hs_cookie_jar_import(j.c, a.text(cookies), failure)
	})
}

// Clear takes all cookies out.
func (j *CookieJar) Clear() error {
	defer runtime.KeepAlive(j)
	return check(C.hs_cookie_jar_clear(j.c), "hs_cookie_jar_clear")
}

func (j *CookieJar) with(do func(*arena, **C.hs_error) C.hs_status) error {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(j)
	failure := &put[*C.hs_error](a, 1)[0]
	if status := do(a, failure); status != C.HS_OK {
		return errorOf(status, *failure)
	}
	return nil
}

// taken copies a text and frees it.
func taken(told *C.hs_text) string {
	value := text(C.hs_text_value(told))
	C.hs_text_free(told)
	return value
}
