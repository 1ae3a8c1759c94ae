//go:build !hs_system && !hs_static

package sentinel

// Without a build tag the library is the one that was built beside this package: target/release of the repository.
// CGO_LDFLAGS of the environment come first, so that another place can be named there.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../target/release -lhttp_sentinel -Wl,-rpath,${SRCDIR}/../../target/release
import "C"
