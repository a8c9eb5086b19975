package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Action is what an operator does to events, by hand.
type Action struct {
	// targets are what it would be done to, of one event.
	targets func(s *Sight, f Filter) []target
	// do does it to one. False tells that nothing changed.
	do func(ctx context.Context, e *Engine, t target) (bool, error)
}

// target is an event, or one delivery of it.
type target struct {
	*event.Event
	backend string
}

// Done is what came of an action.
type Done struct {
	// Done is to how many it was done, Unchanged how many it left as they were.
	Done, Unchanged int
	// IDs are the ids of the events to which it was done.
	IDs []string
}

// Count tells to how many of these the action would be done.
func (a Action) Count(f Filter, sights []Sight) (n int) {
	for i := range sights {
		n += len(a.targets(&sights[i], f))
	}
	return n
}

// atOnce is how many steps of an action run side by side, to share commits.
const atOnce = 64

// Act does it to what stands as it must; the rest is left as it is. So it may
// be interrupted and repeated.
func (e *Engine) Act(ctx context.Context, a Action, f Filter, sights []Sight) (done Done, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	turns := make(chan struct{}, atOnce)
	for i := range sights {
		for _, t := range a.targets(&sights[i], f) {
			turns <- struct{}{}
			all.Go(func() {
				changed, failed := a.do(ctx, e, t)
				<-turns
				mu.Lock()
				defer mu.Unlock()
				done.add(t.ID, changed, failed, &err)
			})
		}
	}
	all.Wait()
	return done, err
}

func (d *Done) add(id string, changed bool, failed error, first *error) {
	switch {
	case errors.Is(failed, store.ErrState), errors.Is(failed, store.ErrNotFound), failed == nil && !changed:
		d.Unchanged++
	case failed == nil:
		d.Done++
		d.IDs = append(d.IDs, id)
	case *first == nil:
		*first = failed
	}
}

func deadOnes(s *Sight, f Filter) (ts []target) {
	for _, d := range s.to(f.Backend, event.Dead) {
		ts = append(ts, target{s.Event, d.Backend})
	}
	return ts
}

func stuckOnes(s *Sight, _ Filter) []target {
	if state := s.State(); state == event.Unrouted || state == event.Invalid {
		return []target{{Event: s.Event}}
	}
	return nil
}

// Retry lets dead deliveries wait again.
var Retry = Action{
	targets: deadOnes,
	do: func(ctx context.Context, e *Engine, t target) (bool, error) {
		if e.config().backend(t.backend) == nil {
			return false, nil // it would wait for ever, and could not be discarded any more
		}
		if err := e.store.Retry(ctx, t.Seq, t.backend, now()); err != nil {
			return false, err
		}
		e.crew.wake(map[string]bool{t.backend: true})
		return true, nil
	},
}

// Discard gives up dead deliveries, and unrouted and invalid events.
var Discard = Action{
	targets: func(s *Sight, f Filter) []target { return append(stuckOnes(s, f), deadOnes(s, f)...) },
	do: func(ctx context.Context, e *Engine, t target) (bool, error) {
		err := e.store.Discard(ctx, t.Seq, t.backend, now())
		return err == nil, err
	},
}

// Reprocess routes unrouted and invalid events again, by the rules and sources
// in force. It changes nothing where that leads to where they are.
var Reprocess = Action{
	targets: stuckOnes,
	do: func(ctx context.Context, e *Engine, t target) (bool, error) {
		r := e.config().route(t.Event, now())
		if r.Outcome.State == t.Outcome.State && slices.Equal(r.Outcome.Reasons, t.Outcome.Reasons) {
			return false, nil
		}
		if err := e.store.Reroute(ctx, r); err != nil {
			return false, err
		}
		e.logRouted(t.Event, r.Outcome)
		woken := make(map[string]bool)
		for _, d := range r.Deliveries {
			woken[d.Backend] = true
		}
		e.crew.wake(woken)
		return r.Outcome.State == event.Routed, nil
	},
}

// replayedFor is how long an event that was replayed isn't again, unless it is
// asked for by its name: so that replaying many can be interrupted and repeated.
const replayedFor = time.Hour

// Replay sends events once more through the rules in force, as new ones that
// are marked. newKey gives each another id, and so another Idempotency-Key;
// again lets one that was replayed just now be so again.
func Replay(newKey, again bool) Action {
	return Action{
		targets: func(s *Sight, _ Filter) []target {
			if s.State() == event.Waiting || s.ReplayOf != "" && !again {
				return nil
			}
			return []target{{Event: s.Event}}
		},
		do: func(ctx context.Context, e *Engine, t target) (bool, error) {
			return e.replay(ctx, t.Event, newKey, again)
		},
	}
}

func (e *Engine) replay(ctx context.Context, first *event.Event, newKey, again bool) (bool, error) {
	ev := *first
	ev.Seq, ev.Outcome, ev.ReplayOf = 0, event.Outcome{}, cmp.Or(first.ReplayOf, first.ID)
	if ev.Time.IsZero() {
		ev.Time = ev.Request.Received // for that one is another now
	}
	ev.Request.Received = now().Truncate(time.Millisecond)
	if newKey {
		fresh, err := uuid.NewV7()
		if err != nil {
			return false, err
		}
		ev.ID = fresh.String()
	}
	var d store.Dedupe
	if !again {
		d = store.Dedupe{Key: fmt.Sprintf("\x00replay of event %d", first.Seq), Window: replayedFor}
	}
	kept, err := e.store.Keep(ctx, &ev, d)
	if err != nil || kept.Duplicate {
		return false, err
	}
	e.wakeRouter()
	return true, nil
}

// now is as exact as a store keeps it.
func now() time.Time { return clock.Now().Truncate(time.Microsecond) }
