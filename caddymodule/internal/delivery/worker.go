package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Queue is what a worker needs of the store; store.Store says what each does.
type Queue interface {
	Lease(ctx context.Context, backend string, now time.Time, n int) (ds []*event.Delivery, next time.Time, err error)
	Return(d *event.Delivery)
	Record(ctx context.Context, d *event.Delivery) error
	Event(ctx context.Context, seq uint64) (*event.Event, error)
}

// longestSleep is how long a worker rests without looking at the queue. It
// bounds what a jump of the clock can delay.
const longestSleep = time.Minute

// Worker delivers one backend's events. A single goroutine leases and each
// attempt has its own, so it holds no more leases than attempts may run.
type Worker struct {
	queue    Queue
	backend  string
	original func(*event.Event) json.RawMessage
	log      *slog.Logger

	settings atomic.Pointer[settings]
	limit    *rate.Limiter
	active   atomic.Int64 // attempts in flight
	wake     chan struct{}

	leasing, sending         context.Context // leasing ends when Stop begins, sending when it may wait no longer
	stopLeasing, stopSending context.CancelFunc
	running                  sync.WaitGroup
}

// Start starts a worker. original gives the payload of an event as JSON; it
// may be nil.
func Start(q Queue, b *Backend, original func(*event.Event) json.RawMessage, log *slog.Logger) *Worker {
	w := &Worker{
		queue: q, backend: b.Name, original: original, log: log.With("backend", b.Name),
		limit: rate.NewLimiter(b.Rate, max(b.Burst, 1)), wake: make(chan struct{}, 1),
	}
	w.leasing, w.stopLeasing = context.WithCancel(context.Background())
	w.sending, w.stopSending = context.WithCancel(context.Background())
	w.Update(b)
	w.running.Go(w.run)
	return w
}

// Wake tells the worker that deliveries may have become due. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Update gives the worker new settings of the same backend, from the next
// attempt on. Attempts in flight go on with the old ones.
func (w *Worker) Update(b *Backend) {
	w.settings.Store(newSettings(b))
	w.Wake()
}

// Stop ends the worker and returns when nothing of it runs any more. It leases
// nothing from here on. Attempts in flight may finish until ctx ends; then
// they are cut short and their deliveries returned, not counted as tried. A
// second call does no harm.
func (w *Worker) Stop(ctx context.Context) {
	w.stopLeasing()
	defer context.AfterFunc(ctx, w.stopSending)()
	w.running.Wait()
	w.stopSending()
}

func (w *Worker) run() {
	for w.leasing.Err() == nil {
		rest := time.NewTimer(w.dispatch())
		select {
		case <-w.leasing.Done():
		case <-w.wake:
		case <-rest.C:
		}
		rest.Stop()
	}
}

// dispatch starts the attempts that may start now, and returns how long there
// is nothing to do unless the worker is woken.
func (w *Worker) dispatch() time.Duration {
	n, wait := w.room(w.settings.Load())
	if n == 0 {
		return wait
	}
	ds, next, err := w.lease(n)
	if err != nil {
		return longestSleep
	}
	w.limit.ReserveN(time.Now(), len(ds))
	for _, d := range ds {
		w.active.Add(1)
		w.running.Go(func() {
			defer w.Wake()
			defer w.active.Add(-1)
			w.attempt(w.settings.Load(), d)
		})
	}
	switch {
	case len(ds) > 0:
		return 0 // there may be more
	case next.IsZero():
		return longestSleep
	}
	return min(max(time.Until(next), time.Millisecond), longestSleep)
}

// room is how many attempts may start now; where none may, how long to wait.
func (w *Worker) room(s *settings) (n int, wait time.Duration) {
	now := time.Now()
	w.limit.SetLimitAt(now, s.Rate)
	w.limit.SetBurstAt(now, s.Burst)
	n = s.Concurrency - int(w.active.Load())
	if n <= 0 {
		return 0, longestSleep // the end of an attempt wakes us
	}
	if s.Rate == rate.Inf {
		return n, 0
	}
	tokens := w.limit.TokensAt(now)
	if tokens < 1 {
		seconds := min((1-tokens)/float64(s.Rate), longestSleep.Seconds())
		return 0, time.Duration(seconds*float64(time.Second)) + time.Microsecond // which rounding may lose
	}
	return min(n, int(tokens)), 0
}

func (w *Worker) lease(n int) (ds []*event.Delivery, next time.Time, err error) {
	err = w.insist("lease deliveries", func() (err error) {
		ds, next, err = w.queue.Lease(w.leasing, w.backend, time.Now(), n)
		return err
	})
	if w.leasing.Err() != nil {
		for _, d := range ds {
			w.queue.Return(d)
		}
		return nil, time.Time{}, context.Cause(w.leasing)
	}
	return ds, next, err
}

// The pauses between tries at a failing store double from the first on.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// insist repeats a step of the store until it succeeds or no repeat can help.
// Once the worker is being stopped it tries one last time.
func (w *Worker) insist(step string, do func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := do()
		if err == nil || w.leasing.Err() != nil || errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrNotFound) {
			return err
		}
		w.log.Error("the store fails; trying again", "step", step, "wait", pause, "error", err)
		select {
		case <-w.leasing.Done():
		case <-time.After(pause):
		}
	}
}
