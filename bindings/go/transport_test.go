package sentinel

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// newTransport makes a transport that ends with its test.
func newTransport(t testing.TB, o Options) *Transport {
	t.Helper()
	transport, err := NewTransport(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Close() })
	return transport
}

func newServer(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func readAll(t testing.TB, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// longEnough gives limits of time that become longer, until one was long enough for what has to come before its end.
func longEnough(t testing.TB, try func(limit time.Duration) bool) {
	t.Helper()
	for limit := 50 * time.Millisecond; !try(limit); limit *= 2 {
		if limit > time.Minute {
			t.Fatal("nothing came within ", limit)
		}
	}
}

func TestGetAndPost(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		io.WriteString(w, strings.ToUpper(string(body))+"!")
	})
	client := &http.Client{Transport: newTransport(t, Options{})}
	response, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if text := readAll(t, response); text != "!" || response.StatusCode != 200 || response.Header.Get("X-Method") != "GET" {
		t.Errorf("%q %+v", text, response)
	}
	response, err = client.Post(server.URL, "text/plain", strings.NewReader("order"))
	if err != nil {
		t.Fatal(err)
	}
	if text := readAll(t, response); text != "ORDER!" || response.ContentLength != 6 {
		t.Errorf("%q %+v", text, response)
	}
	response, err = client.Post(server.URL, "text/plain", io.MultiReader(strings.NewReader("or"), strings.NewReader("der")))
	if err != nil {
		t.Fatal(err)
	}
	if text := readAll(t, response); text != "ORDER!" {
		t.Errorf("%q", text)
	}
}
