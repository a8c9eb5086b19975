package caddymodule

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
)

// bodyTimeout bounds how long a sender may take to send a body.
const bodyTimeout = 30 * time.Second

// hurry bounds how long a request may go on arriving. Where it is answered
// before its body came, net/http reads that body still, for as long as it takes.
func hurry(w http.ResponseWriter) {
	// Not every writer can set a deadline; Caddy's own timeouts hold then.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
}

// read reads the whole body within the limit, or answers why not.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, s *share) ([]byte, outcome, bool) {
	if r.ContentLength > h.maxBody {
		return nil, h.refuse(w, http.StatusRequestEntityTooLarge, "the body is over the limit"), false
	}
	body, err := s.readAll(http.MaxBytesReader(w, r.Body, h.maxBody), r.ContentLength, h.maxBody)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil && int64(len(body)) >= r.ContentLength: // some of Caddy's handlers read it before, and hide an error
		return body, 0, true
	case errors.Is(err, errNoRoom):
		return nil, h.crowded(w), false
	case errors.As(err, &tooLarge):
		return nil, h.refuse(w, http.StatusRequestEntityTooLarge, "the body is over the limit"), false
	}
	return nil, h.refuse(w, http.StatusRequestTimeout, "the body did not arrive whole"), false
}

// Strangers can send bodies too, slowly and many at once. Each may take up a
// little memory, and all that are larger may together take up no more than a room.
const (
	small     = 16 << 10
	roomBytes = maxMaxBody + 1<<20
)

// room is how many bytes of memory bodies that are not small take up in it now.
type room struct{ atomic.Int64 }

// Who has proven itself before the body comes, by what stands in its URL and headers,
// is in a room of its own: strangers can't fill that.
var proven, strangers room

// roomOf is where the body of a request would be.
func (h *Handler) roomOf(r *http.Request, where location) *room {
	if h.ahead == nil || r.ContentLength >= 0 && r.ContentLength < small {
		return &strangers
	}
	if _, creds := where.requests(r, nil, clock.Now()); h.ahead.Verify(creds).OK {
		return &proven
	}
	return &strangers
}

// share is what one request has of a room.
type share struct {
	of    *room
	bytes int64
}

var errNoRoom = errors.New("too many large bodies are in memory")

// grow makes the share as large as a body is about to be.
func (s *share) grow(to int) error {
	more := int64(to) - s.bytes
	if s.of.Add(more) > roomBytes {
		s.of.Add(-more)
		return errNoRoom
	}
	s.bytes = int64(to)
	return nil
}

// free is called when the request was answered.
func (s *share) free() { s.of.Add(-s.bytes) }

// readAll reads a body into memory that doubles as it comes: a size that was
// announced, -1 for none, is believed only so far as not to take more. The reader
// gives no more than longest.
func (s *share) readAll(r io.Reader, size, longest int64) ([]byte, error) {
	var body []byte
	for limit := small; ; limit *= 2 {
		if int64(len(body)) > size {
			size = -1 // something made more of it
		}
		limit = min(limit, int(longest)+1) // so that its end is seen
		if size >= 0 {
			limit = min(limit, int(size)+1)
		}
		if limit > small {
			if err := s.grow(limit); err != nil {
				return nil, err
			}
		}
		body = append(make([]byte, 0, limit), body...)
		for len(body) < limit {
			n, err := r.Read(body[len(body):limit])
			body = body[:len(body)+n]
			if err == io.EOF {
				return body, nil
			}
			if err != nil {
				return nil, err
			}
		}
	}
}
