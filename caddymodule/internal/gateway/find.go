package gateway

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

const (
	// lookAt and lookFor bound the work for one page: it comes back short then,
	// with where to go on. Of lookStep places at a time the store is asked.
	lookAt   = 5000
	lookFor  = 500 * time.Millisecond
	lookStep = 500
)

// Sight is an event with how it stands.
type Sight struct {
	*event.Event
	Deliveries []*event.Delivery
}

// State is the event's state.
func (s *Sight) State() event.State {
	if s.Outcome.State == "" {
		return event.Waiting
	}
	return s.Outcome.State
}

// to are its deliveries in a state, to one backend or to any.
func (s *Sight) to(backend string, state event.State) (ds []*event.Delivery) {
	for _, d := range s.Deliveries {
		if d.State == state && (backend == "" || d.Backend == backend) {
			ds = append(ds, d)
		}
	}
	return ds
}

// Page is a part of what was found, newest first.
type Page struct {
	Events []Sight
	// Next is where to go on; 0 when there is no more.
	Next uint64
	// Untold is of how many others it can't be told whether the condition holds.
	Untold int
	// Damaged are those that can't be read any more, whether or not they would fit.
	Damaged []uint64
}

// Find returns up to n events, those with a Seq below before; 0 begins with
// the newest. A page may be short, and even empty, while there is more.
func (e *Engine) Find(ctx context.Context, f Filter, before uint64, n int) (p Page, err error) {
	s, err := e.search(ctx, f, before)
	if err != nil {
		return p, err
	}
	for looked, began := 0, time.Now(); ; {
		found, err := e.store.Find(ctx, s.query)
		if err != nil {
			return p, err
		}
		for _, seq := range found.Seqs {
			if len(p.Events) == n || looked == lookAt || time.Since(began) > lookFor {
				p.Next = seq + 1
				return p, nil
			}
			looked++
			if err := s.look(ctx, seq, &p); err != nil {
				return p, err
			}
		}
		if found.Next == 0 || s.past {
			return p, nil
		}
		s.query.Before = found.Next
	}
}

// search is one call of Find.
type search struct {
	*judged
	engine *Engine
	query  store.Query
	// past: the last one looked at was received before what is searched for. A
	// whole step is looked at even so: the clock may have been wrong for a few.
	past bool
}

func (e *Engine) search(ctx context.Context, f Filter, before uint64) (*search, error) {
	j, err := e.config().filter(f)
	if err != nil {
		return nil, err
	}
	s := &search{judged: j, engine: e, query: store.Query{Backend: f.Backend, Before: before, Look: lookStep}}
	switch f.State {
	case event.Waiting, event.Dead, event.Unrouted, event.Invalid:
		s.query.State = f.State
	}
	if !j.until.IsZero() {
		end, err := e.seqAt(ctx, j.until.Add(unordered))
		if err != nil {
			return nil, err
		}
		if before == 0 || end < before {
			s.query.Before = max(end, 1)
		}
	}
	return s, nil
}

// look adds an event to the page if it fits.
func (s *search) look(ctx context.Context, seq uint64, p *Page) error {
	sight, err := s.engine.sight(ctx, seq)
	var damaged *store.DamagedError
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // it was purged meanwhile
	case errors.Is(err, store.ErrClosed), errors.Is(err, store.ErrBroken), ctx.Err() != nil:
		return err
	case errors.As(err, &damaged):
		p.Damaged = append(p.Damaged, seq)
		return nil
	case err != nil:
		s.engine.log.Error("an event can't be read", "seq", seq, "error", err)
		return nil
	}
	if s.past = s.since.After(sight.Request.Received.Add(unordered)); s.past {
		return nil
	}
	switch fits, told := s.fits(&sight); {
	case !told:
		p.Untold++
	case fits:
		p.Events = append(p.Events, sight)
	}
	return nil
}

// sight reads an event with its deliveries.
func (e *Engine) sight(ctx context.Context, seq uint64) (s Sight, err error) {
	if s.Event, err = e.store.Event(ctx, seq); err != nil {
		return s, err
	}
	if len(s.Outcome.Backends) > 0 {
		s.Deliveries, err = e.store.Deliveries(ctx, seq)
	}
	return s, err
}

// unordered is how far the order of arrival may differ from that of the times
// at which requests were received.
const unordered = time.Minute

// seqAt is about the first event received after a time: a search by halves.
func (e *Engine) seqAt(ctx context.Context, at time.Time) (uint64, error) {
	newest, err := e.store.Find(ctx, store.Query{Look: 1})
	if err != nil || len(newest.Seqs) == 0 {
		return 1, err
	}
	low, high := uint64(1), newest.Seqs[0]+1
	for low < high {
		middle := low + (high-low)/2
		ev, err := e.store.Event(ctx, middle)
		if err != nil && ctx.Err() != nil {
			return 0, err
		}
		// What isn't there any more is older than what is.
		if err != nil || !ev.Request.Received.After(at) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// Sights reads events by their places; those that aren't there are left out.
func (e *Engine) Sights(ctx context.Context, seqs []uint64) (all []Sight, err error) {
	for _, seq := range slices.Compact(slices.Sorted(slices.Values(seqs))) {
		s, err := e.sight(ctx, seq)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
