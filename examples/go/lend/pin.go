//go:build go1.22

package lend

import (
	"runtime"
	"unsafe"
)

// The strings' own memory, held in its place.
type lent struct{ pins runtime.Pinner }

func (l *lent) lend(text string) unsafe.Pointer {
	data := unsafe.StringData(text)
	l.pins.Pin(data)
	return unsafe.Pointer(data)
}

func (l *lent) giveBack() { l.pins.Unpin() }
