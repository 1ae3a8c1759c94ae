package main

import (
	"strings"

	sentinel "http-sentinel/bindings/go"
)

// jar is what jar blocks work on, and workers with `jar` use.
var jar *sentinel.CookieJar

// jarOperation tells `jar OP RESULT`: a text or number where it has one, else the status.
func jarOperation(key, value string) {
	first, second, _ := strings.Cut(value, " ")
	one, two := decoded(first), decoded(second)
	var told string
	var err error
	switch key {
	case "new":
		if jar != nil {
			jar.Close()
		}
		jar, err = sentinel.NewCookieJar()
	case "set": // URL LINE
		err = jar.Set(one, two)
	case "get": // URL
		told, err = jar.Get(one)
	case "export":
		told, err = jar.Export()
	case "import": // TEXT
		err = jar.Import(one)
	case "clear":
		err = jar.Clear()
	case "count":
		putNumber("jar count", jar.Len())
		return
	default:
		fail("unknown jar operation", key)
	}
	if err == nil && (key == "get" || key == "export") {
		put("jar "+key, told)
	} else {
		putOutcomeOf("jar "+key, statusOf(err))
	}
	if err != nil {
		putError(err)
	}
}
