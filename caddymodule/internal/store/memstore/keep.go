package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Keep implements store.Store.
func (s *Store) Keep(ctx context.Context, ev *event.Event, d store.Dedupe) (store.Kept, error) {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return store.Kept{}, err
	}
	remember := d.Window > 0 && d.Key != ""
	key := dedupe{ev.Source, d.Key}
	if first, ok := s.live(key, ev.Request.Received); ok && remember {
		s.count(ev.Source, store.Requests{Duplicate: 1})
		return store.Kept{ID: first.id, Duplicate: true, OtherBody: !bytes.Equal(first.body, ev.Request.Body)}, nil
	}
	ev.Seq = uint64(len(s.events) + 1)
	s.events = append(s.events, copyEvent(ev))
	s.waiting[ev.Seq] = true
	if remember {
		s.seen[key] = memory{ev.ID, ev.Request.Received.Add(d.Window), bytes.Clone(ev.Request.Body)}
	}
	s.count(ev.Source, store.Requests{New: 1})
	s.counts.Events.Waiting++
	s.committed()
	return store.Kept{ID: ev.ID}, nil
}

func (s *Store) live(key dedupe, now time.Time) (m memory, ok bool) {
	m, ok = s.seen[key]
	return m, ok && now.Before(m.expires)
}

// Quarantine implements store.Store.
func (s *Store) Quarantine(ctx context.Context, q *event.Quarantined, limit int) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if s.counts.InQuarantine[q.Source] >= limit {
		return fmt.Errorf("source %s: %w", q.Source, store.ErrQuarantineFull)
	}
	s.quarantined = append(s.quarantined, copyQuarantined(q))
	slices.SortStableFunc(s.quarantined, func(a, b *event.Quarantined) int {
		return a.Request.Received.Compare(b.Request.Received)
	})
	s.count(q.Source, store.Requests{Quarantined: 1})
	s.counts.InQuarantine[q.Source]++
	s.committed()
	return nil
}

// QuarantineFull implements store.Store.
func (s *Store) QuarantineFull(source string, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts.InQuarantine[source] >= limit
}

// Quarantined implements store.Store.
func (s *Store) Quarantined(ctx context.Context, source string, n int) (qs []*event.Quarantined, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, q := range s.quarantined {
		if q.Source == source && len(qs) < n {
			qs = append(qs, copyQuarantined(q))
		}
	}
	return qs, nil
}

// Note implements store.Store.
func (s *Store) Note(source string, n store.Requests) {
	err := s.enter(context.Background())
	defer s.mu.Unlock()
	if err == nil {
		s.count(source, n)
	}
}

func (s *Store) count(source string, d store.Requests) {
	r := s.counts.Sources[source]
	r.New += d.New
	r.Duplicate += d.Duplicate
	r.Quarantined += d.Quarantined
	r.Refused += d.Refused
	s.counts.Sources[source] = r
}
