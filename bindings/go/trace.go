package sentinel

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// tracer calls the hooks of httptrace. The library tells what happened when the head of the response has come, so that is
// when all but GetConn are called, in their order; how long each phase took is in [MetricsOf].
type tracer struct {
	hooks *httptrace.ClientTrace // nil: nobody listens
	host  string
	name  string
}

func traceOf(req *http.Request) tracer {
	hooks := httptrace.ContextClientTrace(req.Context())
	if hooks == nil {
		return tracer{}
	}
	return tracer{hooks, hostPort(req.URL), req.URL.Hostname()}
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if strings.EqualFold(u.Scheme, "https") {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func (t tracer) begin(*http.Request) {
	if t.hooks != nil && t.hooks.GetConn != nil {
		t.hooks.GetConn(t.host)
	}
}

// end tells what there was until the head came. An error of Got1xxResponse ends the request.
func (t tracer) end(m *Metrics, interim []Interim) error {
	h := t.hooks
	if h == nil {
		return nil
	}
	if !m.ConnectionReused {
		t.connected(m)
	}
	if h.GotConn != nil {
		h.GotConn(httptrace.GotConnInfo{Conn: facts{m.Local, m.Peer}, Reused: m.ConnectionReused, WasIdle: m.ConnectionReused})
	}
	if h.WroteHeaders != nil {
		h.WroteHeaders()
	}
	continued := false
	for _, one := range interim {
		if one.Status == 100 && h.Got100Continue != nil {
			if !continued && h.Wait100Continue != nil {
				h.Wait100Continue()
			}
			continued = true
			h.Got100Continue()
		}
		if h.Got1xxResponse != nil {
			if err := h.Got1xxResponse(one.Status, textproto.MIMEHeader(one.Header)); err != nil {
				return err
			}
		}
	}
	if h.WroteRequest != nil {
		h.WroteRequest(httptrace.WroteRequestInfo{})
	}
	if h.GotFirstResponseByte != nil {
		h.GotFirstResponseByte()
	}
	return nil
}

func (t tracer) connected(m *Metrics) {
	h, peer := t.hooks, m.Peer.String()
	if _, err := netip.ParseAddr(t.name); err != nil {
		if h.DNSStart != nil {
			h.DNSStart(httptrace.DNSStartInfo{Host: t.name})
		}
		if h.DNSDone != nil {
			h.DNSDone(httptrace.DNSDoneInfo{Addrs: []net.IPAddr{{IP: m.Peer.Addr().AsSlice()}}})
		}
	}
	if h.ConnectStart != nil {
		h.ConnectStart("tcp", peer)
	}
	if h.ConnectDone != nil {
		h.ConnectDone("tcp", peer, nil)
	}
	if !m.Encrypted {
		return
	}
	if h.TLSHandshakeStart != nil {
		h.TLSHandshakeStart()
	}
	if h.TLSHandshakeDone != nil {
		h.TLSHandshakeDone(tls.ConnectionState{Version: m.TLSVersion, HandshakeComplete: true, DidResume: m.TLSResumed}, nil)
	}
}

// facts stand for a connection, which is the library's: its ends are known, and nobody else may use it.
type facts struct{ local, peer netip.AddrPort }

func (f facts) LocalAddr() net.Addr            { return net.TCPAddrFromAddrPort(f.local) }
func (f facts) RemoteAddr() net.Addr           { return net.TCPAddrFromAddrPort(f.peer) }
func (facts) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (facts) Write([]byte) (int, error)        { return 0, net.ErrClosed }
func (facts) Close() error                     { return nil }
func (facts) SetDeadline(time.Time) error      { return nil }
func (facts) SetReadDeadline(time.Time) error  { return nil }
func (facts) SetWriteDeadline(time.Time) error { return nil }
