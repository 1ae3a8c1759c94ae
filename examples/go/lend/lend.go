// Package lend hands Go strings to C for the length of a call.
//
// C may only follow a pointer into Go memory that is pinned when that pointer lies inside a struct, as it does in
// hs_request_options. Pinning is for Go 1.22 and later; before, the text is copied into C memory.
package lend

import "unsafe"

// Strings are strings that C may read until Return. The zero value is ready to use.
type Strings struct{ lent }

// Pointer gives the address of the string's bytes: len(text) of them, without a NUL.
func (s *Strings) Pointer(text string) unsafe.Pointer {
	if text == "" {
		return nil
	}
	return s.lend(text)
}

// Return ends the loan: C must be done with all of them.
func (s *Strings) Return() { s.giveBack() }
