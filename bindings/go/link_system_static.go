//go:build hs_system && hs_static

package sentinel

// With both tags the installed library becomes part of the program.

// #cgo pkg-config: --static http_sentinel
import "C"
