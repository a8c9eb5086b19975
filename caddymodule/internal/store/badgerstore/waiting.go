package badgerstore

import (
	"context"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// waitingBytes bounds the payloads that one call of Waiting returns, beside n.
const waitingBytes = 16 << 20

// Waiting implements store.Store.
func (s *Store) Waiting(ctx context.Context, after uint64, n int) (evs []*event.Event, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	return s.waiting(after, n), ctx.Err()
}

func (s *Store) waiting(after uint64, n int) (evs []*event.Event) {
	size := 0
	for seq := range s.unrouted.after(after) {
		if len(evs) == n || size > waitingBytes {
			break
		}
		ev, err := s.readEvent(seq)
		if err != nil {
			s.log.Error("an event that waits to be routed can't be read", "seq", seq, "error", err)
			ev = &event.Event{Seq: seq}
		}
		evs = append(evs, ev)
		size += len(ev.Request.Body)
	}
	return evs
}
