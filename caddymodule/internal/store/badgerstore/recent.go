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
	events map[uint64]*event.Event
	order  []uint64 // oldest first; what was forgotten may still stand here
	bytes  int
}

func (r *recent) get(seq uint64) *event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[seq]
}

func (r *recent) add(ev *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events == nil {
		r.events = make(map[uint64]*event.Event)
	}
	r.events[ev.Seq] = ev
	r.order = append(r.order, ev.Seq)
	r.bytes += weight(ev)
	for r.bytes > recentBytes {
		r.drop(r.order[0])
		r.order = r.order[1:]
	}
}

// route gives an event its outcome. Readers may hold the one without.
func (r *recent) route(seq uint64, o event.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ev := r.events[seq]; ev != nil {
		routed := *ev
		routed.Outcome = o
		r.events[seq] = &routed
	}
}

func (r *recent) forget(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(seq)
}

func (r *recent) drop(seq uint64) {
	if ev := r.events[seq]; ev != nil {
		r.bytes -= weight(ev)
		delete(r.events, seq)
	}
}

// weight is about what an event takes in memory.
func weight(ev *event.Event) int { return 1<<10 + cap(ev.Request.Body) }
