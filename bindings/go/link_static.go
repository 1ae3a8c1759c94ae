//go:build hs_static && !hs_system

package sentinel

// With the build tag hs_static the library becomes part of the program.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo linux LDFLAGS: ${SRCDIR}/../../target/release/libhttp_sentinel.a -lm -ldl -lpthread
// #cgo darwin LDFLAGS: ${SRCDIR}/../../target/release/libhttp_sentinel.a -framework CoreFoundation -framework Security -framework SystemConfiguration
import "C"
