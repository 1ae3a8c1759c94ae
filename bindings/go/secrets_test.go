package sentinel

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestSecretsAreNotPrinted(t *testing.T) {
	const secret = "hunter2"
	values := []any{
		Field{Name: "X-Key", Value: secret, Sensitive: true}, &Field{Name: "Authorization", Value: secret},
		[]Field{{Name: "Cookie", Value: secret}}, Auth{User: "u", Password: secret, Token: secret}, &Auth{Token: secret},
		Options{
			Auth: &Auth{Password: secret}, TLS: TLSOptions{KeyPassword: secret, KeyPEM: secret},
			Proxy: ProxyOptions{Password: secret, All: "http://u:" + secret + "@p/"},
		},
		&Request{
			URL: "http://u:" + secret + "@a.test/p?token=" + secret, Header: http.Header{"Authorization": {secret}},
			Body: []byte(secret), Auth: &Auth{Token: secret},
		},
	}
	for i, value := range values {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, secret) {
				t.Errorf("%d, %s: %s", i, format, text)
			}
		}
	}

	client := newClient(t, Options{})
	_, err := client.Do(context.Background(), &Request{
		URL: "http://u:" + secret + "@127.0.0.1:1/?password=" + secret, Trace: true, MaxAttempts: 1,
		Fields: []Field{{Name: "X-Key", Value: secret, Sensitive: true}},
	})
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); err == nil || strings.Contains(text, secret) {
		t.Error(text)
	}
}
