// Package memstore keeps everything in plain maps and slices behind one mutex.
// It is for tests, and the plainest statement of what a store does: every
// method says its sentence of the contract in the most direct way, at whatever
// cost.
package memstore

import (
	"context"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Store is a store.Store in memory.
type Store struct {
	mu     sync.Mutex
	closed bool
	leased map[id]bool
	commit func(int, time.Duration)
	*content
}

// content is what outlives a Store: its "disk".
type content struct {
	events      []*event.Event // by Seq-1; nil when purged
	waiting     map[uint64]bool
	deliveries  []*event.Delivery // in the order of routing
	finished    []*event.Delivery // in the order of recording
	seen        map[dedupe]memory
	quarantined []*event.Quarantined
	counts      store.Counts
	pauses      map[string]store.Pause
}

type id struct {
	seq     uint64
	backend string
}

type dedupe struct{ source, key string }

type memory struct {
	id      string
	expires time.Time
	body    []byte
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watched = (*Store)(nil)
)

// New makes an empty store.
func New() *Store {
	return &Store{leased: make(map[id]bool), content: &content{
		waiting: make(map[uint64]bool),
		seen:    make(map[dedupe]memory),
		pauses:  make(map[string]store.Pause),
		counts: store.Counts{
			Sources:      make(map[string]store.Requests),
			Backends:     make(map[string]store.Deliveries),
			InQuarantine: make(map[string]int),
		},
	}}
}

// Reopen returns a store with what a closed one held, as after a restart.
func (s *Store) Reopen() *Store {
	return &Store{leased: make(map[id]bool), content: s.content}
}

// enter locks the store for one method; the method defers the unlock.
func (s *Store) enter(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		return store.ErrClosed
	}
	return ctx.Err()
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
