package delivery

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// queue is a small Queue that holds workers to its contract.
type queue struct {
	t  *testing.T
	mu sync.Mutex

	events     map[uint64]*event.Event
	deliveries []*event.Delivery // as last recorded
	leased     map[uint64]bool
	mostLeased int
	returned   int
	asked      int                     // how often Lease was called
	searched   int                     // and how often for what would wait too long
	fail       func(step string) error // makes a step fail; nil doesn't
	recorded   chan event.Delivery     // gets each recorded delivery
}

func newQueue(t *testing.T) *queue {
	return &queue{
		t: t, events: make(map[uint64]*event.Event), leased: make(map[uint64]bool),
		recorded: make(chan event.Delivery, 10000),
	}
}

// add puts n events with a delivery each into the queue, due now.
func (q *queue) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range n {
		ev := newEvent()
		ev.Seq = uint64(len(q.deliveries) + 1)
		now := time.Now().UTC().Round(0)
		q.events[ev.Seq] = ev
		q.deliveries = append(q.deliveries, &event.Delivery{
			Seq: ev.Seq, Backend: "crm", EventID: ev.ID, Source: ev.Source,
			State: event.Waiting, Created: now, Since: now, Due: now,
		})
	}
}

func (q *queue) trouble(step string) error {
	if q.fail == nil {
		return nil
	}
	return q.fail(step)
}

func (q *queue) Lease(_ context.Context, backend string, now time.Time, n int, longest time.Duration) ([]*event.Delivery, time.Time, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	if longest > 0 {
		q.searched++
	}
	if err := q.trouble("lease"); err != nil {
		return nil, time.Time{}, err
	}
	if backend != "crm" || n < 1 {
		q.t.Errorf("leased %d for %q", n, backend)
	}
	var ds []*event.Delivery
	var next time.Time
	earliest := slices.Clone(q.deliveries)
	slices.SortStableFunc(earliest, func(a, b *event.Delivery) int { return a.Due.Compare(b.Due) })
	for _, d := range earliest {
		if d.State != event.Waiting || q.leased[d.Seq] || q.inLine(d) {
			continue
		}
		if len(ds) < n && !d.Due.After(now) {
			lent := *d
			q.leased[d.Seq] = true
			ds = append(ds, &lent)
		} else if next.IsZero() || d.Due.Before(next) {
			next = d.Due
		}
	}
	q.mostLeased = max(q.mostLeased, len(q.leased))
	return ds, next, nil
}

// inLine tells whether one with the same key is to be finished before.
func (q *queue) inLine(d *event.Delivery) bool {
	return d.OrderKey != "" && slices.ContainsFunc(q.deliveries[:d.Seq-1], func(before *event.Delivery) bool {
		return before.OrderKey == d.OrderKey && before.State == event.Waiting
	})
}

func (q *queue) end(d *event.Delivery) {
	if !q.leased[d.Seq] {
		q.t.Errorf("delivery %d was not leased", d.Seq)
	}
	delete(q.leased, d.Seq)
}

func (q *queue) Return(d *event.Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(d)
	q.returned++
	if now := q.deliveries[d.Seq-1]; d.Count != now.Count || d.State != now.State || !d.Due.Equal(now.Due) {
		q.t.Errorf("delivery %d was returned changed", d.Seq)
	}
}

func (q *queue) Record(_ context.Context, d *event.Delivery) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.trouble("record"); err != nil {
		return err
	}
	q.end(d)
	before := q.deliveries[d.Seq-1]
	if !before.State.DeliveryMayBecome(d.State) || d.Count != before.Count+1 {
		q.t.Errorf("delivery %d went from %s %d to %s %d", d.Seq, before.State, before.Count, d.State, d.Count)
	}
	kept := *d
	q.deliveries[d.Seq-1] = &kept
	q.recorded <- kept
	return nil
}

func (q *queue) Event(ctx context.Context, seq uint64) (*event.Event, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.trouble("event"); err != nil {
		return nil, err
	}
	if ev, ok := q.events[seq]; ok {
		return ev, ctx.Err()
	}
	return nil, store.ErrNotFound
}

// delivery returns the delivery of the event with that place, as last recorded.
func (q *queue) delivery(seq int) event.Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.deliveries[seq-1]
}

// idle tells whether no lease is held.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.leased) == 0
}

func (q *queue) setFail(fail func(step string) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail = fail
}
