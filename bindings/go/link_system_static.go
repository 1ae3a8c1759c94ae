//go:build hs_system && hs_static

package sentinel

// With both tags the installed library becomes part of the program. pkg-config names the shared one too, which is then of no use.

// #cgo LDFLAGS: -l:libhttp_sentinel.a -Wl,--as-needed
// #cgo pkg-config: --static http_sentinel
import "C"
