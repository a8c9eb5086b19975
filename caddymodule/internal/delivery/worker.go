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

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Queue is what a worker needs of the store; store.Store says what each does.
type Queue interface {
	Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) (ds []*event.Delivery, next time.Time, err error)
	Return(d *event.Delivery)
	Record(ctx context.Context, d *event.Delivery) error
	Event(ctx context.Context, seq uint64) (*event.Event, error)
}

// longestSleep is how long a worker rests without looking at the queue, and how
// long it takes to see that the clock was set.
const longestSleep = time.Minute

// unrecorded is how many attempts of a worker may wait to be recorded: a crash
// repeats those and the ones under way.
const unrecorded = 128

// Worker delivers one backend's events. One goroutine leases some ahead, as many
// as attempts may run send them, and each answer has one that records it: so
// the store writes many at once, while the backend gets the next.
type Worker struct {
	queue    Queue
	backend  string
	original func(*event.Event) json.RawMessage
	log      *slog.Logger
	complain rate.Sometimes // of the store, for all that it fails
	clock    clock.Watch
	searched time.Time // when nothing in the queue would wait too long

	settings atomic.Pointer[settings]
	limit    *rate.Limiter
	wake     chan struct{}
	// recording has an entry for each attempt that is being recorded.
	recording chan struct{}
	hands     hands

	mu      sync.Mutex        // guards what follows
	ready   []*event.Delivery // leased and not yet attempted, earliest first
	senders int               // each with one attempt at most
	breaker breaker
	paused  bool
	last    event.Attempt // that ended

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
		recording: make(chan struct{}, unrecorded), hands: make(hands), complain: rate.Sometimes{Interval: time.Second},
	}
	w.leasing, w.stopLeasing = context.WithCancel(context.Background())
	w.sending, w.stopSending = context.WithCancel(context.Background())
	w.Update(b)
	w.clock.Look()
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
// attempt on, which a backend that was down gets at once. Attempts in flight go
// on with the old ones.
func (w *Worker) Update(b *Backend) {
	w.mu.Lock()
	w.settings.Store(newSettings(b))
	w.breaker.hurry()
	w.mu.Unlock()
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
	defer w.giveBack()
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
		w.complain.Do(func() {
			w.log.Error("the store fails; trying again", "step", step, "wait", pause, "error", err)
		})
		select {
		case <-w.leasing.Done():
		case <-time.After(pause):
		}
	}
}
