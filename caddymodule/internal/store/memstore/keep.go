package memstore

import (
	"bytes"
	"cmp"
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
	return s.keep(ev, d), nil
}

func (s *Store) keep(ev *event.Event, d store.Dedupe) store.Kept {
	remember := d.Window > 0 && d.Key != ""
	key := dedupe{ev.Source, d.Key}
	if first, ok := s.live(key, ev.Request.Received); ok && remember {
		if ev.ReplayOf == "" {
			s.count(ev.Source, store.Requests{Duplicate: 1})
		}
		return store.Kept{ID: first.id, Duplicate: true, OtherBody: !bytes.Equal(first.body, ev.Request.Body)}
	}
	ev.Seq = uint64(len(s.events) + 1)
	s.events = append(s.events, copyEvent(ev))
	s.waiting[ev.Seq] = true
	if remember {
		s.seen[key] = memory{ev.ID, ev.Request.Received.Add(d.Window), bytes.Clone(ev.Request.Body)}
	}
	if ev.ReplayOf == "" {
		s.count(ev.Source, store.Requests{New: 1})
	} else {
		s.count(ev.Source, store.Requests{Replayed: 1})
	}
	s.counts.Events.Waiting++
	s.committed()
	return store.Kept{ID: ev.ID}
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
	r := s.counts.Sources[q.Source]
	q.Number = r.Quarantined + r.Released // how many there ever were
	s.quarantined = append(s.quarantined, copyQuarantined(q))
	slices.SortFunc(s.quarantined, func(a, b *event.Quarantined) int {
		return comparePlaces(store.PlaceOf(a), store.PlaceOf(b))
	})
	s.count(q.Source, store.Requests{Quarantined: 1})
	s.counts.InQuarantine[q.Source]++
	s.committed()
	return nil
}

func comparePlaces(a, b store.Place) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	return cmp.Compare(a.Number, b.Number)
}

// QuarantineFull implements store.Store.
func (s *Store) QuarantineFull(source string, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts.InQuarantine[source] >= limit
}

// Quarantined implements store.Store.
func (s *Store) Quarantined(ctx context.Context, source string, after store.Place, n int) (qs []*event.Quarantined, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, q := range s.quarantined {
		behind := after == store.Place{} || comparePlaces(store.PlaceOf(q), after) > 0
		if q.Source == source && behind && len(qs) < n {
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
	r.Replayed += d.Replayed
	r.Released += d.Released
	s.counts.Sources[source] = r
}
