package memstore

import (
	"context"
	"maps"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// SetPause implements store.Store.
func (s *Store) SetPause(ctx context.Context, backend string, p store.Pause) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err == nil {
		s.pauses[backend] = p
	}
	return err
}

// Pauses implements store.Store.
func (s *Store) Pauses(ctx context.Context) (map[string]store.Pause, error) {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return maps.Clone(s.pauses), nil
}
