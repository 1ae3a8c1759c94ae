//go:build !go1.24

package sentinel

import "runtime"

// anchor is what an owner alone has: finalizers do not run for what is in a cycle, as owners may be.
type anchor struct{ _ [2]uintptr }

// onDrop arranges for a handle to be freed when nobody has its owner any more, which has to keep the result; that calls it off.
func onDrop[T any, H any](_ *T, free func(H), handle H) (stop func()) {
	a := new(anchor)
	runtime.SetFinalizer(a, func(*anchor) { free(handle) })
	return func() { runtime.SetFinalizer(a, nil) }
}
