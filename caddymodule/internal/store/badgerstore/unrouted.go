package badgerstore

import (
	"iter"
	"sync"
)

// unrouted are the events that wait to be routed. As that happens in the order
// of arrival, they are those above the highest one up to which all were
// routed, but for the few that were routed ahead of their turn.
type unrouted struct {
	mu     sync.Mutex
	to     uint64 // all events up to this one were routed
	newest uint64
	ahead  map[uint64]bool
}

func (u *unrouted) has(seq uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return seq > u.to && seq <= u.newest && !u.ahead[seq]
}

// add makes the next event wait.
func (u *unrouted) add(seq uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.newest = seq
}

func (u *unrouted) newestOne() uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.newest
}

func (u *unrouted) remove(seq uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if seq != u.to+1 {
		if u.ahead == nil {
			u.ahead = make(map[uint64]bool)
		}
		u.ahead[seq] = true
		return
	}
	u.to = seq
	for u.ahead[u.to+1] {
		u.to++
		delete(u.ahead, u.to)
	}
}

// after goes through those above one, oldest first.
func (u *unrouted) after(seq uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for seq := u.next(seq); seq != 0 && yield(seq); {
			seq = u.next(seq)
		}
	}
}

// next is the first one above seq, 0 if there is none.
func (u *unrouted) next(seq uint64) uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	for seq = max(seq, u.to); seq < u.newest; {
		if seq++; !u.ahead[seq] {
			return seq
		}
	}
	return 0
}

func (u *unrouted) routedTo() uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.to
}
