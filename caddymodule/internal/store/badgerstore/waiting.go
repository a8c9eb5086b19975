package badgerstore

import (
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// waitingBytes bounds the payloads that one call of Waiting returns, beside n.
const waitingBytes = 16 << 20

// Waiting implements store.Store.
func (s *Store) Waiting(ctx context.Context, after uint64, n int) (evs []*event.Event, err error) {
	err = s.view(ctx, func(txn *badger.Txn) error {
		size := 0
		for seq := range s.unrouted.after(after) {
			if len(evs) == n || size > waitingBytes {
				break
			}
			ev, err := s.readEvent(txn, seq)
			if errors.Is(err, errDamaged) {
				s.log.Error("an event that waits to be routed can't be read", "seq", seq, "error", err)
				ev, err = &event.Event{Seq: seq}, nil
			}
			if err != nil {
				return err
			}
			evs = append(evs, ev)
			size += len(ev.Request.Body)
		}
		return nil
	})
	return evs, err
}
