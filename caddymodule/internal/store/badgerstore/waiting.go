package badgerstore

import (
	"context"
	"errors"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// waitingBytes bounds the payloads that one call of Waiting returns, beside n.
const waitingBytes = 16 << 20

// Waiting implements store.Store.
func (s *Store) Waiting(ctx context.Context, after uint64, n int) (evs []*event.Event, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	if evs, err = s.waiting(after, n); err == nil {
		err = ctx.Err()
	}
	return evs, err
}

// waiting gives the bare place of an event that is lost. What can't be read just now,
// for want of a free file descriptor say, is an error.
func (s *Store) waiting(after uint64, n int) (evs []*event.Event, err error) {
	size := 0
	for seq := range s.unrouted.after(after) {
		if len(evs) == n || size > waitingBytes {
			break
		}
		ev, err := s.readEvent(seq)
		switch {
		case err == nil:
		case isLost(err):
			s.log.Error("an event that waits to be routed can't be read", "seq", seq, "error", err)
			ev = &event.Event{Seq: seq}
		default:
			return nil, err
		}
		evs = append(evs, ev)
		size += len(ev.Request.Body)
	}
	return evs, nil
}

// isLost tells what can't be read from what can't be read at the moment.
func isLost(err error) bool {
	return errors.Is(err, errDamaged) || errors.Is(err, journal.ErrNotFound) || errors.Is(err, store.ErrNotFound)
}
