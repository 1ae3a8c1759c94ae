package sentinel

import (
	"net/url"
	"strings"
)

// What is printed of structs that hold secrets: %v, %+v and %#v go through these.

const hidden = "***"

// String is the field, without the value where that is a secret.
func (f Field) String() string {
	if f.Sensitive || isSecret(f.Name) {
		return f.Name + ": " + hidden
	}
	return f.Name + ": " + f.Value
}

// GoString is String.
func (f Field) GoString() string { return f.String() }

func isSecret(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "set-cookie":
		return true
	}
	return false
}

// String is the method and the URL, without user, password and query.
func (r Request) String() string {
	address := "a URL that cannot be read"
	if u, err := url.Parse(r.URL); err == nil {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		address = u.String()
	}
	method := r.Method
	if method == "" {
		method = "GET"
	}
	return method + " " + address
}

// GoString is String.
func (r Request) GoString() string { return r.String() }

// String says where the credentials go, and nothing else of them.
func (a Auth) String() string { return "credentials for " + a.Origin }

// GoString is String.
func (a Auth) GoString() string { return a.String() }

// String says nothing of what is in them.
func (o TLSOptions) String() string { return "TLS options" }

// GoString is String.
func (o TLSOptions) GoString() string { return o.String() }

// String says nothing of what is in them.
func (o ProxyOptions) String() string { return "proxy options" }

// GoString is String.
func (o ProxyOptions) GoString() string { return o.String() }
