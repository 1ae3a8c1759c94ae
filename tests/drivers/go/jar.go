package main

// #include <http_sentinel.h>
import "C"

import "strings"

// jar is what jar blocks work on, and workers with `jar` use.
var jar *C.hs_cookie_jar

// jarOperation tells `jar OP RESULT`: a text or number where it has one, else the status.
func jarOperation(key, value string) {
	var memory arena
	defer memory.free()
	first, second, _ := strings.Cut(value, " ")
	one, two := memory.lend(decoded(first)), memory.lend(decoded(second))
	var failure *C.hs_error
	var told *C.hs_text
	var status C.hs_status
	switch key {
	case "new":
		C.hs_cookie_jar_free(jar)
		status = C.hs_cookie_jar_new(&jar)
	case "set": // URL LINE
		status = C.hs_cookie_jar_set(jar, one, two, &failure)
	case "get": // URL
		status = C.hs_cookie_jar_get(jar, one, &told, &failure)
	case "export":
		status = C.hs_cookie_jar_export(jar, &told, &failure)
	case "import": // TEXT
		status = C.hs_cookie_jar_import(jar, one, &failure)
	case "clear":
		status = C.hs_cookie_jar_clear(jar)
	case "count":
		putNumber("jar count", int64(C.hs_cookie_jar_count(jar)))
		return
	default:
		fail("unknown jar operation", key)
	}
	if told == nil {
		putStatus("jar "+key, status)
	} else {
		put("jar "+key, text(C.hs_text_value(told)))
	}
	if failure != nil {
		putError(failure)
	}
	C.hs_text_free(told)
}
