package memstore

import (
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Ready implements store.Watched.
func (s *Store) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	return nil
}

// Measure implements store.Watched. There is no disk.
func (s *Store) Measure() (m store.Measures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return m
	}
	m.Oldest = make(map[string]time.Time)
	for _, d := range s.deliveries {
		oldest, ok := m.Oldest[d.Backend]
		if d.State == event.Waiting && (!ok || d.Created.Before(oldest)) {
			m.Oldest[d.Backend] = d.Created
		}
	}
	return m
}

// OnCommit implements store.Watched. Each step is written at once and alone.
func (s *Store) OnCommit(f func(steps int, took time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit = f
}

// committed tells of a step; the caller holds mu.
func (s *Store) committed() {
	if s.commit != nil {
		s.commit(1, 0)
	}
}
