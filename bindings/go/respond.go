package sentinel

// #include "shim.h"
import "C"

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/textproto"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

// respond makes a response of a head that has come.
func (t *Transport) respond(
	req *http.Request, p *pool, tag uint64, w *waiter, handle *C.hs_response, trace tracer,
) (*http.Response, error) {
	outcome := replies.Get().(*C.hsgo_outcome)
	defer putReply(outcome)
	reply := &outcome.reply
	C.hsgo_reply_of(handle, reply)
	metrics := metricsOf(&reply.metrics)
	fields := fieldsOf(handle, reply)
	r := &http.Response{
		StatusCode: int(reply.status), Proto: metrics.HTTPVersion.String(), Header: headerOf(fields), Request: req,
		ContentLength: -1,
	}
	r.Status = strconv.Itoa(r.StatusCode) + " " + http.StatusText(r.StatusCode)
	switch metrics.HTTPVersion {
	case HTTP10:
		r.ProtoMajor = 1
	case HTTP11:
		r.ProtoMajor, r.ProtoMinor = 1, 1
	case HTTP2:
		r.ProtoMajor = 2
	}
	if metrics.Encrypted {
		r.TLS = connectionState(req, handle, &metrics, t.core.options.TLS.KeepCertificates)
	}
	frame(r, asksForCodings(&t.core.options, req))

	body := newBody(t, p, tag, w, handle, req.Context(), metrics)
	body.told, _ = req.Context().Value(metricsKey{}).(func(Metrics))
	body.atEnd = func(_ Metrics, trailers []Field) { addTrailers(r, trailers) }
	r.Body = body
	if err := trace.end(&metrics, interimOf(handle, reply)); err != nil {
		body.Close()
		return nil, err
	}
	if !empty(r) || !body.ended() {
		body.watch()
	}
	runtime.KeepAlive(t)
	return r, nil
}

func addTrailers(r *http.Response, trailers []Field) {
	if len(trailers) == 0 {
		return
	}
	if r.Trailer == nil {
		r.Trailer = http.Header{}
	}
	for name, values := range headerOf(trailers) {
		r.Trailer[name] = values
	}
}

// frame moves what says how the body is framed from the header to where net/http has it.
func frame(r *http.Response, asked bool) {
	if codings := r.Header["Transfer-Encoding"]; len(codings) > 0 {
		if strings.EqualFold(strings.TrimSpace(codings[len(codings)-1]), "chunked") {
			r.TransferEncoding = []string{"chunked"}
		}
		delete(r.Header, "Transfer-Encoding")
		delete(r.Header, "Content-Length")
	}
	for _, value := range r.Header["Connection"] {
		for _, token := range strings.Split(value, ",") {
			r.Close = r.Close || strings.EqualFold(strings.TrimSpace(token), "close")
		}
	}
	if names := r.Header["Trailer"]; len(names) > 0 && (len(r.TransferEncoding) > 0 || r.ProtoMajor == 2) {
		r.Trailer = http.Header{}
		for _, value := range names {
			for _, name := range strings.Split(value, ",") {
				if name = strings.TrimSpace(name); name != "" {
					r.Trailer[textproto.CanonicalMIMEHeaderKey(name)] = nil
				}
			}
		}
		delete(r.Header, "Trailer")
	}
	if asked && decodes(r.Header["Content-Encoding"]) && !bodiless(r) {
		delete(r.Header, "Content-Encoding")
		delete(r.Header, "Content-Length")
		r.Uncompressed = true
		return
	}
	switch length, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64); {
	case r.StatusCode == 204 || r.StatusCode == 304 && r.Request.Method != "HEAD":
		r.ContentLength = 0
	case err == nil && len(r.TransferEncoding) == 0:
		r.ContentLength = length
	}
}

// decodes says whether the library takes these codings off.
func decodes(values []string) bool {
	some := false
	for _, value := range values {
		for _, coding := range strings.Split(value, ",") {
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip", "deflate", "br", "zstd":
				some = true
			case "", "identity":
			default:
				return false
			}
		}
	}
	return some
}

func bodiless(r *http.Response) bool {
	return r.Request.Method == "HEAD" || r.StatusCode == 204 || r.StatusCode == 304
}

func empty(r *http.Response) bool { return bodiless(r) || r.ContentLength == 0 }

// connectionState tells of a connection in TLS what the library knows of it.
func connectionState(req *http.Request, handle *C.hs_response, m *Metrics, certificates bool) *tls.ConnectionState {
	s := &tls.ConnectionState{
		Version: m.TLSVersion, HandshakeComplete: true, DidResume: m.TLSResumed, ServerName: req.URL.Hostname(),
	}
	if m.HTTPVersion == HTTP2 {
		s.NegotiatedProtocol = "h2"
	}
	s.NegotiatedProtocolIsMutual = true
	if !certificates {
		return s
	}
	given := new(C.hs_certificate)
	given.struct_size = C.uint32_t(unsafe.Sizeof(*given))
	for i := C.size_t(0); C.hs_response_certificate(handle, i, given) == C.HS_OK; i++ {
		der := C.GoBytes(unsafe.Pointer(given.der.data), C.int(given.der.len))
		if one, err := x509.ParseCertificate(der); err == nil {
			s.PeerCertificates = append(s.PeerCertificates, one)
		}
	}
	return s
}
