package delivery

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// leaseAhead is how many deliveries a worker holds ready for each attempt that
// may run at once: a lease searches the database, which is dear for one alone.
const leaseAhead = 8

// ready is how many deliveries are held ready at most.
func (s *settings) ready() int { return leaseAhead * s.Concurrency }

// dispatch leases what is due and starts senders for it, as many as may run
// now. It returns how long there is nothing to do unless the worker is woken.
func (w *Worker) dispatch() time.Duration {
	s := w.settings.Load()
	missing, wait := w.missing(s)
	if wait > 0 {
		return wait
	}
	rest := longestSleep // whoever takes what is ready wakes us in time
	if missing > 0 {
		ds, next := w.lease(s, missing)
		if !next.IsZero() {
			rest = min(max(next.Sub(clock.Now()), time.Millisecond), longestSleep)
		}
		w.hold(ds)
	}
	w.launch(s)
	return rest
}

// missing is how many deliveries to lease, none while many are ready; where no
// attempt is permitted, how long to wait.
func (w *Worker) missing(s *settings) (n int, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, wait = w.permitted(s, time.Now())
	if len(w.ready) > s.ready()/2 {
		return 0, wait
	}
	return n - len(w.ready), wait
}

// permitted is how many deliveries may be ready now by the breaker and the rate;
// where no attempt may begin, how long to wait.
func (w *Worker) permitted(s *settings, now time.Time) (n int, wait time.Duration) {
	if w.paused {
		return 0, longestSleep
	}
	if wait = w.breaker.wait(now); wait > 0 {
		return 0, wait
	}
	if s.Rate == rate.Inf {
		return s.ready(), 0
	}
	w.limit.SetLimitAt(now, s.Rate)
	w.limit.SetBurstAt(now, s.Burst)
	tokens := w.limit.TokensAt(now)
	if tokens < 1 {
		seconds := min((1-tokens)/float64(s.Rate), longestSleep.Seconds())
		return 0, time.Duration(seconds*float64(time.Second)) + time.Microsecond // which rounding may lose
	}
	return min(s.ready(), int(tokens)), 0
}

// lease gets up to n deliveries that are due, and when the next one is; nothing
// where the store fails for good. Once a minute it also gets what would wait too
// long, because the clock was set back.
func (w *Worker) lease(s *settings, n int) (ds []*event.Delivery, next time.Time) {
	longest := time.Duration(0)
	if time.Since(w.searched) >= longestSleep {
		longest = s.Retry.LongestWait() + longestSleep // clocks are set by little all the time
	}
	_ = w.insist("lease deliveries", func() (err error) { // which tells of it
		ds, next, err = w.queue.Lease(w.leasing, w.backend, clock.Now(), n, longest)
		return err
	})
	if longest > 0 && !anyAhead(ds, clock.Now()) { // else there may be more of them
		w.searched = time.Now()
	}
	return ds, next
}

func anyAhead(ds []*event.Delivery, now time.Time) bool {
	return slices.ContainsFunc(ds, func(d *event.Delivery) bool { return d.Due.After(now) })
}

// hold makes what was leased ready. What a pause began to hold back meanwhile goes
// back: it is leased anew after the pause, with its whole time before it.
func (w *Worker) hold(ds []*event.Delivery) {
	w.mu.Lock()
	w.ready = append(w.ready, ds...)
	paused := w.paused
	w.mu.Unlock()
	if paused {
		w.giveBack()
	}
}

// launch starts senders for what is ready, within the concurrency.
func (w *Worker) launch(s *settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range min(len(w.ready), s.Concurrency-w.senders) {
		w.senders++
		w.begin(w.send)
	}
}

// take gives a sender its next delivery; nil ends the sender. Whether another
// attempt may begin then, and when, is for dispatch to find out.
func (w *Worker) take() (s *settings, d *event.Delivery, probe bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s = w.settings.Load()
	now := time.Now()
	if w.leasing.Err() != nil || len(w.ready) == 0 || w.senders > s.Concurrency {
		w.senders--
		return nil, nil, false
	}
	if _, wait := w.permitted(s, now); wait > 0 {
		w.senders--
		w.Wake()
		return nil, nil, false
	}
	d, w.ready[0] = w.ready[0], nil
	w.ready = w.ready[1:]
	if left := len(w.ready); left == 0 || left == s.ready()/2 {
		w.Wake()
	}
	if s.Rate != rate.Inf {
		w.limit.ReserveN(now, 1)
	}
	return s, d, w.breaker.begin()
}

// giveBack returns what is ready and will not be attempted.
func (w *Worker) giveBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.ready {
		w.queue.Return(d)
	}
	w.ready = nil
}
