//go:build hs_system && !hs_static

package sentinel

// With the build tag hs_system the library is one that is installed, found by pkg-config.

// #cgo pkg-config: http_sentinel
import "C"
