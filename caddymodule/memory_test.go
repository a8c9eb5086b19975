package caddymodule

import (
	"context"
	"log/slog"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
)

func init() { caddy.RegisterModule(MemoryStore{}) }

// MemoryStore lets a test say what trouble a store is in, which a real disk
// doesn't get into when it is told to.
type MemoryStore struct {
	Name string `json:"name"`
	// Path and Reserve are Badger's and mean nothing here.
	Path    string `json:"path"`
	Reserve int64  `json:"reserve"`
}

func (MemoryStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "webhook_gateway.stores.memory", New: func() caddy.Module { return new(MemoryStore) }}
}

func (m *MemoryStore) identity() string { return "memory:" + m.Name }

func (m *MemoryStore) open(*slog.Logger) (store.Store, error) {
	s := &Troubled{Store: memstore.New()}
	Memories.Store(m.Name, s)
	return s, nil
}

// Memories are the open memory stores by name.
var Memories sync.Map

// Troubled is a store in memory whose disk does what a test says.
type Troubled struct {
	*memstore.Store
	mu   sync.Mutex
	err  error
	room store.Measures
}

// Trouble sets why nothing is kept, nil where it is, and the space on the disk.
func (s *Troubled) Trouble(err error, room store.Measures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.room = err, room
}

func (s *Troubled) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return s.Store.Ready()
}

func (s *Troubled) Keep(ctx context.Context, ev *event.Event, d store.Dedupe) (store.Kept, error) {
	if err := s.Ready(); err != nil {
		return store.Kept{}, err
	}
	return s.Store.Keep(ctx, ev, d)
}

func (s *Troubled) Measure() store.Measures {
	m := s.Store.Measure()
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Size, m.Free, m.Reserve = s.room.Size, s.room.Free, s.room.Reserve
	return m
}

var _ storeModule = (*MemoryStore)(nil)
