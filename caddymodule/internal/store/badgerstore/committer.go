package badgerstore

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

const (
	// batchOperations and batchBytes end the gathering of a batch.
	batchOperations = 256
	batchBytes      = 512 << 10
	// pace is the least time from one commit to the next, for each thing that the
	// first one wrote beyond one, up to a longest time: fewer, larger commits cost
	// less. From 4,000 things a second on commits grow to that; a single one waits
	// for nothing.
	pace = 250 * time.Microsecond
	// longestArrivals is short, since senders wait, and longestChanges is not, since
	// only deliveries do.
	longestArrivals = time.Millisecond
	longestChanges  = 5 * time.Millisecond
	// patience is how long anything waits for a disk that takes nothing, before it
	// is queued: what waits takes memory.
	patience = 10 * time.Second
)

// patient bounds a wait for the disk.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, store.ErrStalled)
}

// committer writes for many at once: with one sync for all that wait.
type committer[T any] struct {
	// commit writes a batch and gives each operation its error. It returns how
	// many things it wrote.
	commit  func([]*operation[T]) int
	failed  func(error)   // breaks the store
	longest time.Duration // from one commit to the next

	queued chan *operation[T]
	busy   chan struct{} // of capacity 1: it is held by whoever commits
	next   time.Time     // when the next commit may begin
}

// operation is something to be written as a whole.
type operation[T any] struct {
	what T
	// cost is how many bytes it adds to the batch at most.
	cost int
	err  error
	done chan error // of capacity 1
}

func newCommitter[T any](commit func([]*operation[T]) int, failed func(error), longest time.Duration) *committer[T] {
	return &committer[T]{
		commit:  commit,
		failed:  failed,
		longest: longest,
		queued:  make(chan *operation[T], batchOperations),
		busy:    make(chan struct{}, 1),
	}
}

// submit queues an operation and returns when it is on disk. Whoever finds
// nobody committing does it for all that are queued: one at a time, without a
// goroutine in between. The context counts only until the operation was queued.
func (c *committer[T]) submit(ctx context.Context, what T, cost int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	op := operation[T]{what: what, cost: cost, done: make(chan error, 1)}
	select {
	case c.queued <- &op:
	default:
		if err := c.enqueue(ctx, &op); err != nil {
			return err
		}
	}
	for {
		select {
		case err := <-op.done:
			return err
		case c.busy <- struct{}{}:
			c.commitQueued()
			<-c.busy
		}
	}
}

// enqueue waits for room in the queue.
func (c *committer[T]) enqueue(ctx context.Context, op *operation[T]) error {
	ctx, cancel := patient(ctx)
	defer cancel()
	select {
	case c.queued <- op:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// commitQueued commits what is queued, at the pace of the batch before.
func (c *committer[T]) commitQueued() {
	time.Sleep(time.Until(c.next))
	batch := c.gather()
	if len(batch) == 0 {
		return
	}
	begun := time.Now()
	n := c.commitWhole(batch)
	c.next = begun.Add(min(time.Duration(n-1)*pace, c.longest))
	for _, op := range batch {
		op.done <- op.err
	}
}

// commitWhole ends a commit that panics as one that failed: net/http goes on after
// a panic of its handler, and who waits for that commit would wait for ever.
func (c *committer[T]) commitWhole(batch []*operation[T]) (n int) {
	defer func() {
		if p := recover(); p != nil {
			c.failed(fmt.Errorf("it panicked: %v\n%s", p, debug.Stack()))
			fail(batch, store.ErrBroken)
		}
	}()
	return c.commit(batch)
}

// gather takes what is queued, without waiting; it may be nothing.
func (c *committer[T]) gather() (batch []*operation[T]) {
	for cost := 0; len(batch) < batchOperations && cost < batchBytes; {
		select {
		case op := <-c.queued:
			batch = append(batch, op)
			cost += op.cost
		default:
			return batch
		}
	}
	return batch
}

// fail gives a whole batch its error.
func fail[T any](batch []*operation[T], err error) {
	for _, op := range batch {
		op.err = err
	}
}
