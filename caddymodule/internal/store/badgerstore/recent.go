package badgerstore

import (
	"sync"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// recentBytes bounds the events that are kept in memory too.
const recentBytes = 8 << 20

// recent are the newest events, so that routing them and their first attempts
// need not read back what was only just written. What falls out at the other
// end is read from disk.
type recent struct {
	mu     sync.Mutex
	events map[uint64]recentEvent
	order  []uint64 // oldest first; what was forgotten may still stand here
	bytes  int
}

// recentEvent is an event as it was kept, which never changes, and its outcome.
type recentEvent struct {
	*event.Event
	outcome *event.Outcome
}

// get returns an event, with its outcome if it has one; nil if it isn't there.
func (r *recent) get(seq uint64) *event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	ev := r.events[seq]
	if ev.outcome == nil {
		return ev.Event
	}
	routed := *ev.Event
	routed.Outcome = *ev.outcome
	return &routed
}

func (r *recent) add(ev *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events == nil {
		r.events = make(map[uint64]recentEvent)
	}
	r.events[ev.Seq] = recentEvent{Event: ev}
	r.order = append(r.order, ev.Seq)
	r.bytes += weight(ev)
	for r.bytes > recentBytes {
		r.drop(r.order[0])
		r.order = r.order[1:]
	}
}

// route gives an event its outcome.
func (r *recent) route(seq uint64, o *event.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ev, ok := r.events[seq]; ok {
		r.events[seq] = recentEvent{ev.Event, o}
	}
}

func (r *recent) forget(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(seq)
}

func (r *recent) drop(seq uint64) {
	if ev, ok := r.events[seq]; ok {
		r.bytes -= weight(ev.Event)
		delete(r.events, seq)
	}
}

// weight is about what an event takes in memory.
func weight(ev *event.Event) int { return 1<<10 + cap(ev.Request.Body) }
