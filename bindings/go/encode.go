package sentinel

// #include "shim.h"
import "C"

import (
	"crypto/tls"
	"net/netip"
	"unsafe"
)

// sized makes a struct of the library's whose first field is its size.
func sized[T any](a *arena) *T {
	made := &put[T](a, 1)[0]
	*(*C.uint32_t)(unsafe.Pointer(made)) = C.uint32_t(unsafe.Sizeof(*made))
	return made
}

func flag(on bool, bit C.uint32_t) C.uint32_t {
	if on {
		return bit
	}
	return 0
}

func count(n int) C.uint32_t {
	if n < 0 || n > 1<<31 {
		return 1<<32 - 1 // The library refuses it, with its name.
	}
	return C.uint32_t(n)
}

func bytesLimit(n int64) C.uint64_t {
	if n < 0 {
		return C.HS_INFINITE
	}
	return C.uint64_t(n)
}

func (o *Options) encode(a *arena) *C.hs_worker_options {
	c := sized[C.hs_worker_options](a)
	c.flags = flag(o.AllowDowngrade, C.HS_ALLOW_DOWNGRADE) | flag(o.RawBody, C.HS_RAW_BODY) |
		flag(o.Cookies, C.HS_COOKIES) | flag(o.Trace, C.HS_TRACE)
	c.timeout_ms, c.attempt_timeout_ms = millis(o.Timeout), millis(o.AttemptTimeout)
	c.connect_timeout_ms, c.idle_timeout_ms = millis(o.ConnectTimeout), millis(o.IdleTimeout)
	c.max_body_bytes = bytesLimit(o.MaxBodyBytes)
	c.max_header_bytes, c.max_header_count = count(o.MaxHeaderBytes), count(o.MaxHeaderCount)
	c.idle_connection_ms, c.connection_life_ms = millis(o.IdleConnTimeout), millis(o.ConnLifetime)
	c.max_idle_connections = count(o.MaxIdleConns)
	c.http_version, c.min_http_version = C.uint32_t(o.HTTPVersion), C.uint32_t(o.MinHTTPVersion)
	c.user_agent = a.text(o.UserAgent)
	c.redirects, c.max_redirects = C.uint32_t(o.Redirects), count(o.MaxRedirects)
	c.ca_file, c.ca_pem = a.text(o.TLS.CAFile), a.text(o.TLS.CAPEM)
	c.tls, c.proxy, c.network = o.TLS.encode(a), o.Proxy.encode(a), o.Network.encode(a)
	c.dns, c.addresses = o.DNS.encode(a), o.Addresses.encode(a)
	c.auth, c.cookies, c.mock = o.Auth.encode(a), o.Jar.handle(), o.Mock.handle()
	c.policies = o.Policies.encode(a)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	return c
}

func (o *TLSOptions) encode(a *arena) *C.hs_tls_options {
	c := sized[C.hs_tls_options](a)
	c.flags = flag(o.AddCA, C.HS_TLS_ADD_CA) | flag(o.InsecureSkipVerify, C.HS_TLS_INSECURE_SKIP_VERIFY) |
		flag(o.InsecureSkipHostname, C.HS_TLS_INSECURE_SKIP_HOSTNAME) | flag(o.NoResumption, C.HS_TLS_NO_RESUMPTION) |
		flag(o.RequireStapling, C.HS_TLS_REQUIRE_STAPLING) | flag(o.KeepCertificates, C.HS_TLS_KEEP_CERTIFICATES)
	c.ca_dir = a.text(o.CADir)
	c.certificate_file, c.certificate_pem = a.text(o.CertFile), a.text(o.CertPEM)
	c.key_file, c.key_pem, c.key_password = a.text(o.KeyFile), a.text(o.KeyPEM), a.text(o.KeyPassword)
	c.pins, c.pin_count = a.texts(o.Pins)
	c.min_version, c.max_version = tlsNumber(o.MinVersion), tlsNumber(o.MaxVersion)
	c.server_name, c.crl_file = a.text(o.ServerName), a.text(o.CRLFile)
	return c
}

// tlsNumber leaves a version that the library does not know to the library to refuse.
func tlsNumber(version uint16) C.uint32_t {
	switch version {
	case 0:
		return 0
	case tls.VersionTLS10:
		return C.HS_TLS_1_0
	case tls.VersionTLS11:
		return C.HS_TLS_1_1
	case tls.VersionTLS12:
		return C.HS_TLS_1_2
	case tls.VersionTLS13:
		return C.HS_TLS_1_3
	}
	return C.uint32_t(version)
}

func (o *ProxyOptions) encode(a *arena) *C.hs_proxy_options {
	if *o == (ProxyOptions{}) {
		return nil
	}
	c := sized[C.hs_proxy_options](a)
	c.flags = flag(o.Tunnel, C.HS_PROXY_TUNNEL) | flag(o.FromEnvironment, C.HS_PROXY_FROM_ENVIRONMENT)
	c.all, c.http_proxy, c.https_proxy = a.text(o.All), a.text(o.HTTP), a.text(o.HTTPS)
	c.no_proxy, c.user, c.password = a.text(o.NoProxy), a.text(o.User), a.text(o.Password)
	return c
}

func (o *NetworkOptions) encode(a *arena) *C.hs_network_options {
	c := sized[C.hs_network_options](a)
	c.flags = flag(o.SendDelay, C.HS_SEND_DELAY)
	if o.KeepAliveIdle < 0 {
		c.flags |= C.HS_NO_KEEP_ALIVE
	} else {
		c.keep_alive_idle_ms, c.keep_alive_interval_ms = millis(o.KeepAliveIdle), millis(o.KeepAliveInterval)
	}
	c.unix_socket, c.abstract_socket = a.text(o.UnixSocket), a.text(o.AbstractSocket)
	c.local_interface, c.local_address = a.text(o.LocalInterface), a.text(o.LocalAddress)
	switch {
	case o.IPv4Only && o.IPv6Only:
		c.family = 1<<32 - 1
	case o.IPv4Only:
		c.family = C.HS_FAMILY_IPV4
	case o.IPv6Only:
		c.family = C.HS_FAMILY_IPV6
	}
	if entries := put[C.hs_connect_to](a, len(o.ConnectTo)); entries != nil {
		for i, one := range o.ConnectTo {
			entries[i] = C.hs_connect_to{
				host: a.text(one.Host), connect_host: a.text(one.ToHost),
				port: C.uint32_t(one.Port), connect_port: C.uint32_t(one.ToPort),
			}
		}
		c.connect_to, c.connect_to_count = &entries[0], C.size_t(len(entries))
	}
	return c
}

func (o *DNSOptions) encode(a *arena) *C.hs_dns_options {
	c := sized[C.hs_dns_options](a)
	c.flags, c.cache_ms = flag(o.NoCache, C.HS_DNS_NO_CACHE), millis(o.CacheFor)
	if pins := put[C.hs_dns_pin](a, len(o.Pins)); pins != nil {
		for i, one := range o.Pins {
			pins[i].host, pins[i].port = a.text(one.Host), C.uint32_t(one.Port)
			pins[i].addresses, pins[i].address_count = a.texts(spelled(one.Addresses))
		}
		c.pins, c.pin_count = &pins[0], C.size_t(len(pins))
	}
	return c
}

func spelled(addresses []netip.Addr) []string {
	all := make([]string, len(addresses))
	for i, one := range addresses {
		all[i] = one.String()
	}
	return all
}

func (o *AddressRule) encode(a *arena) *C.hs_address_rule {
	if !o.PublicOnly && !o.ListedOnly && len(o.Allow) == 0 && len(o.Deny) == 0 {
		return nil
	}
	c := sized[C.hs_address_rule](a)
	switch {
	case o.PublicOnly && o.ListedOnly:
		c.mode = 1<<32 - 1
	case o.PublicOnly:
		c.mode = C.HS_ADDRESS_PUBLIC
	case o.ListedOnly:
		c.mode = C.HS_ADDRESS_LISTED
	}
	c.allow, c.allow_count = a.texts(o.Allow)
	c.deny, c.deny_count = a.texts(o.Deny)
	return c
}

func (o *Auth) encode(a *arena) *C.hs_auth {
	if o == nil {
		return nil
	}
	c := sized[C.hs_auth](a)
	c.scheme = C.uint32_t(o.Scheme)
	c.user, c.password, c.token, c.origin = a.text(o.User), a.text(o.Password), a.text(o.Token), a.text(o.Origin)
	return c
}

func (o *PoolOptions) encode(a *arena, worker *C.hs_worker_options) *C.hs_pool_options {
	c := sized[C.hs_pool_options](a)
	c.worker = worker
	c.max_threads, c.min_threads = count(o.MaxThreads), count(o.MinThreads)
	c.max_in_flight, c.max_in_flight_per_origin = count(o.MaxInFlight), count(o.MaxInFlightPerOrigin)
	c.max_queued, c.max_idle_connections = count(o.MaxQueued), count(o.MaxIdleConns)
	c.submit_timeout_ms, c.idle_thread_ms = millis(o.SubmitTimeout), millis(o.IdleThread)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	return c
}
