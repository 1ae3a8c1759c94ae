package sentinel

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// upload is a request's body on its way out. One that is at hand and small is handed over as bytes; any other is written
// into a pipe by a goroutine of its own.
type upload struct {
	bytes  []byte
	buffer *[]byte // where bytes are, to be used again

	body   io.ReadCloser // nil where there is no pipe
	pipe   *C.hs_pipe
	length int64 // -1: not known
	first  chan struct{}
	empty  bool         // there is a body, and nothing in it
	probed bool         // the first read says that there is nothing
	holds  atomic.Int32 // who still needs the pipe's handle: who writes, and who submits
	once   sync.Once

	room chan struct{} // there may be room in the pipe
	over chan struct{} // closed when there will be none
	end  sync.Once

	mu  sync.Mutex
	err error // what the body's reader said
}

// closedOnce is a body that whoever is done with it may close, whether or not another one has done so.
type closedOnce struct {
	io.ReadCloser
	once sync.Once
	err  error
}

func (c *closedOnce) Close() error {
	c.once.Do(func() { c.err = c.ReadCloser.Close() })
	return c.err
}

const (
	mostLent  = 1 << 20  // a longer body is written into a pipe
	pieceSize = 32 << 10 // what is read at once
	pipeSize  = 256 << 10
	probeTime = 200 * time.Millisecond
)

var pieces = sync.Pool{New: func() any {
	piece := make([]byte, pieceSize)
	return &piece
}}

// outgoing looks at a request's body, of which it becomes the owner.
func outgoing(req *http.Request, body io.ReadCloser) (*upload, error) {
	u := &upload{length: req.ContentLength}
	if body == nil || body == http.NoBody {
		return u, nil
	}
	if u.length == 0 {
		u.length = -1
	}
	// Only what was made from memory has GetBody by itself, so that reading it does not wait.
	if req.GetBody != nil && u.length >= 0 && u.length <= mostLent {
		return u, u.readAll(body)
	}
	if status := C.hs_pipe_new(pipeSize, &u.pipe, nil); status != C.HS_OK {
		body.Close()
		return nil, check(status, "hs_pipe_new")
	}
	u.body, u.first = &closedOnce{ReadCloser: body}, make(chan struct{})
	u.room, u.over = make(chan struct{}, 1), make(chan struct{})
	u.holds.Store(2)
	if u.length < 0 && mostlyBodiless(req.Method) {
		u.probe()
	}
	return u, nil
}

func mostlyBodiless(method string) bool {
	switch method {
	case "", "GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "SEARCH":
		return true
	}
	return false
}

func (u *upload) readAll(body io.ReadCloser) error {
	defer body.Close()
	u.buffer = pieces.Get().(*[]byte)
	if int64(len(*u.buffer)) < u.length {
		*u.buffer = make([]byte, u.length)
	}
	u.bytes = (*u.buffer)[:u.length]
	n, err := io.ReadFull(body, u.bytes)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return wrongLength(u.length, int64(n))
	case err != nil:
		return err
	}
	if n, _ := body.Read(make([]byte, 1)); n > 0 {
		return wrongLength(u.length, u.length+1)
	}
	return nil
}

func wrongLength(said, is int64) error {
	return fmt.Errorf("sentinel: ContentLength=%d with a body of length %d", said, is)
}

// probe finds out whether a body of unknown length is one at all, as net/http does for methods that mostly have none.
func (u *upload) probe() {
	u.start()
	timer := time.NewTimer(probeTime)
	defer timer.Stop()
	select {
	case <-u.first:
		u.empty = u.probed
	case <-timer.C:
	}
}

// encode gives what the library is told of a pipe; nil where there is none.
func (u *upload) encode(a *arena) *C.hs_upload {
	if u.body == nil || u.empty {
		return nil
	}
	c := sized[C.hs_upload](a)
	c.pipe = u.pipe
	if u.length > 0 {
		c.length = C.uint64_t(u.length)
	}
	return c
}

// submitted begins to write, if that was not begun already. What was lent has been copied by now.
func (u *upload) submitted() {
	if u.buffer != nil {
		pieces.Put(u.buffer)
		u.buffer, u.bytes = nil, nil
	}
	if u.body != nil {
		u.start()
		u.let()
	}
}

func (u *upload) start() { u.once.Do(func() { go u.write() }) }

// let says that somebody does not need the pipe's handle any more.
func (u *upload) let() {
	if u.holds.Add(-1) == 0 {
		C.hs_pipe_free(u.pipe)
	}
}

// refused is for a request that was not accepted: nobody takes the body.
func (u *upload) refused() {
	if u.body == nil {
		return
	}
	u.ended()
	C.hs_pipe_abort(u.pipe)
	u.once.Do(u.let) // Nobody has begun to write, and nobody will.
	u.let()
	u.body.Close()
}

// failed is for a request that failed: nothing of the body is needed any more. It closes it, which may end a read that
// waits, and joins what its reader has said to the error.
func (u *upload) failed(err error) error {
	if u.body == nil {
		return err
	}
	u.body.Close()
	u.mu.Lock()
	defer u.mu.Unlock()
	var e *Error
	if u.err != nil && errors.As(err, &e) && (e.Status == ErrPipeAborted || e.Status == ErrInvalidBody) {
		e.causes = append(e.causes, u.err)
	}
	return err
}

func (u *upload) fail(err error) {
	u.mu.Lock()
	u.err = err
	u.mu.Unlock()
}

// write moves the body into the pipe until its end, or until nobody takes it any more.
func (u *upload) write() {
	pipe := u.pipe
	defer u.body.Close()
	defer u.let()
	defer C.hs_pipe_abort(pipe) // Of one that was closed this is nothing.
	piece := pieces.Get().(*[]byte)
	defer pieces.Put(piece)
	for sent, first := int64(0), true; ; first = false {
		n, err := u.body.Read(*piece)
		if first {
			u.probed = n == 0 && err == io.EOF
			close(u.first)
		}
		sent += int64(n)
		if u.length >= 0 && sent > u.length {
			u.fail(wrongLength(u.length, sent))
			return
		}
		if n > 0 && !u.writeAll((*piece)[:n]) {
			return
		}
		if err == io.EOF && u.length >= 0 && sent < u.length {
			err = wrongLength(u.length, sent)
		}
		if err != nil {
			if err != io.EOF {
				u.fail(err)
				return
			}
			C.hs_pipe_close(pipe)
			return
		}
	}
}

// writeAll waits, where the pipe is full, until it is told that there is room or that nobody reads it any more.
func (u *upload) writeAll(data []byte) bool {
	for {
		var written C.size_t
		at, length := bytesOf(data)
		status := C.hs_pipe_try_write(u.pipe, at, length, &written, nil)
		data = data[written:]
		switch status {
		case C.HS_OK:
			return true
		case C.HS_ERR_WOULD_BLOCK:
		default:
			return false
		}
		select {
		case <-u.room:
		case <-u.over:
			return false
		}
	}
}

// hasRoom is the library's word for who waits to write; more of them than he took are one.
func (u *upload) hasRoom() {
	select {
	case u.room <- struct{}{}:
	default:
	}
}

// ended is for when nobody hears the library's words any more: the request has ended, or was never accepted.
func (u *upload) ended() {
	if u.body != nil {
		u.end.Do(func() { close(u.over) })
	}
}
