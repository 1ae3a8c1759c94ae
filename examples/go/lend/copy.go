//go:build !go1.22

package lend

// #include <stdlib.h>
import "C"

import "unsafe"

// Copies in C memory.
type lent struct{ copies []unsafe.Pointer }

func (l *lent) lend(text string) unsafe.Pointer {
	copied := C.CBytes([]byte(text))
	l.copies = append(l.copies, copied)
	return copied
}

func (l *lent) giveBack() {
	for _, copied := range l.copies {
		C.free(copied)
	}
	l.copies = nil
}
