package sentinel

// #include "shim.h"
import "C"

// Version is that of the library, for instance "0.1.0".
func Version() string { return text(C.hs_library_version()) }

// ABIVersion is the version of the library's binary interface: its major version, and how far it has grown since.
func ABIVersion() (major, minor int) {
	v := C.hs_abi_version()
	return int(v >> 16), int(v & 0xffff)
}

// Capability is something that a build of the library can do.
type Capability uint64

// What a build can do.
const (
	CapabilityHTTP2       Capability = C.HS_CAPABILITY_HTTP2        // HTTP/2
	CapabilityBundledCurl Capability = C.HS_CAPABILITY_BUNDLED_CURL // libcurl and its TLS library are linked in
)

// Capabilities are those of the library.
func Capabilities() Capability { return Capability(C.hs_capabilities()) }

// FlushDNS forgets the addresses of all names, for the whole process.
func FlushDNS() { C.hs_dns_flush() }

func nameInLibrary(s Status) string { return text(C.hs_status_name(C.hs_status(s))) }

func phaseInLibrary(p Phase) string { return text(C.hs_phase_name(C.hs_phase(p))) }
