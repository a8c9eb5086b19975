package badgerstore

import (
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Ready implements store.Watched.
func (s *Store) Ready() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if s.broken.Load() {
		return store.ErrBroken
	}
	return s.space.check(0)
}

// OnCommit implements store.Watched.
func (s *Store) OnCommit(f func(steps int, took time.Duration)) { s.onCommit = f }

// committed tells of a write that began at a time.
func (s *Store) committed(steps int, begun time.Time) {
	if s.onCommit != nil {
		s.onCommit(steps, time.Since(begun))
	}
}

// Measure implements store.Watched.
func (s *Store) Measure() (m store.Measures) {
	if s.enter() != nil {
		return m
	}
	defer s.leave()
	m = store.Measures{Size: s.size.of(s.space.path), Reserve: s.space.reserve, Oldest: make(map[string]time.Time)}
	m.Free, _ = s.space.free(s.space.path) // 0 where nobody knows
	_ = s.versions.view(func(txn *badger.Txn) error {
		for backend, seq := range s.queues.oldest() {
			if at, ok := createdAt(txn, seq, backend); ok {
				m.Oldest[backend] = at
			}
		}
		return nil
	})
	return m
}

// createdAt is when a delivery was made. One that can't be read has none.
func createdAt(txn *badger.Txn, seq uint64, backend string) (at time.Time, ok bool) {
	o, err := readOutcome(txn, seq)
	if err != nil {
		return at, false
	}
	i := slices.IndexFunc(o.Deliveries, func(r deliveryRecord) bool { return r.Backend == backend })
	if i < 0 {
		return at, false
	}
	return (o.At + o.Deliveries[i].Created).time(), true
}

// folderSize is what a folder takes, looked up once a minute.
type folderSize struct {
	mu    sync.Mutex
	bytes int64
	at    time.Time
}

func (f *folderSize) of(folder string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.at.IsZero() && time.Since(f.at) < time.Minute {
		return f.bytes
	}
	f.bytes, f.at = 0, time.Now()
	_ = filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // it was removed meanwhile
		}
		if info, err := e.Info(); err == nil {
			f.bytes += taken(info)
		}
		return nil
	})
	return f.bytes
}
