//go:build go1.24

package sentinel

import "runtime"

// onDrop arranges for a handle to be freed when nobody has its owner any more; the result calls it off.
func onDrop[T any, H any](owner *T, free func(H), handle H) (stop func()) {
	return runtime.AddCleanup(owner, free, handle).Stop
}
