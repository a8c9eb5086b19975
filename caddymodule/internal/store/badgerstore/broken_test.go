package badgerstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

var errSync = errors.New("input/output error")

// failing is a disk whose syncs of the journal fail on demand, or wait.
type failing struct {
	now     atomic.Bool
	reached chan struct{} // where it isn't nil, each sync waits for let
	let     chan error
}

func (d *failing) sync(f *os.File) error {
	if d.now.Load() {
		return errSync
	}
	if d.reached != nil {
		d.reached <- struct{}{}
		if err := <-d.let; err != nil {
			return err
		}
	}
	return f.Sync()
}

// onHeldDisk opens a store whose syncs of the journal are let through one by one.
func onHeldDisk(t *testing.T) (*Store, *failing) {
	disk := &failing{reached: make(chan struct{}), let: make(chan error)}
	return open(t, Options{Path: t.TempDir(), journal: journal.Options{Sync: disk.sync}}), disk
}

func TestNothingIsAcknowledgedAfterAFailedWrite(t *testing.T) {
	for name, write := range map[string]func(*Store, *failing) error{
		"journal": func(s *Store, disk *failing) error {
			disk.now.Store(true)
			defer disk.now.Store(false)
			_, err := s.Keep(ctx, newEvent("lost", 10), store.Dedupe{Key: "lost", Window: time.Hour})
			return err
		},
		"database": func(s *Store, _ *failing) error {
			defer func() { s.commit = commit }()
			// Badger shows readers what a failed sync left in memory.
			s.commit = func(txn *badger.Txn, version uint64) error {
				if err := txn.CommitAt(version, nil); err != nil {
					t.Error(err)
				}
				return errSync
			}
			return route(s, &event.Event{Seq: 2}, "", 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log logged
			var disk failing
			s := open(t, Options{Path: t.TempDir(), Logger: log.logger(), journal: journal.Options{Sync: disk.sync}})
			must(t, route(s, keep(t, s, "before", 10), "", 0))
			keep(t, s, "waits", 10)
			ds, _, err := s.Lease(ctx, "crm", start, 1, 0)
			must(t, err)
			before, err := s.Counts(ctx)
			must(t, err)
			if err := write(s, &disk); !errors.Is(err, store.ErrBroken) {
				t.Errorf("the write that failed: %v", err)
			}
			mustAllBeBroken(t, s, ds[0])
			if after, err := s.Counts(ctx); err != nil || fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("counted %+v, %v; before it was %+v", after, err, before)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
				t.Errorf("logged %d errors, want one:\n%s", n, &log)
			}
		})
	}
}

func mustAllBeBroken(t *testing.T, s *Store, d *event.Delivery) {
	t.Helper()
	d.State = event.Delivered
	_, keepErr := s.Keep(ctx, newEvent("lost", 10), store.Dedupe{Key: "lost", Window: time.Hour})
	_, repeatErr := s.Keep(ctx, newEvent("before", 10), store.Dedupe{Key: "before", Window: time.Hour})
	_, _, leaseErr := s.Lease(ctx, "crm", start, 1, 0)
	_, purgeErr := s.Purge(ctx, store.Policy{}, 1)
	for name, err := range map[string]error{
		"keep": keepErr, "keep again": repeatErr, "lease": leaseErr, "purge": purgeErr,
		"record":     s.Record(ctx, d),
		"quarantine": s.Quarantine(ctx, &event.Quarantined{Source: "a"}, 9),
		"route":      route(s, &event.Event{Seq: 2}, "", 0),
	} {
		if !errors.Is(err, store.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hold lets the next commits to the database through one by one. A commit is
// visible to Badger's readers before it is let through.
func hold(s *Store) (committed <-chan struct{}, let chan<- error) {
	c, l := make(chan struct{}), make(chan error)
	s.commit = func(txn *badger.Txn, version uint64) error {
		if err := txn.CommitAt(version, nil); err != nil {
			return err
		}
		c <- struct{}{}
		return <-l
	}
	return c, l
}

func TestAnUnconfirmedWriteMakesNoDuplicate(t *testing.T) {
	s, disk := onHeldDisk(t)
	d := store.Dedupe{Key: "new", Window: time.Hour}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if k, err := s.Keep(ctx, newEvent("new", 10), d); !errors.Is(err, store.ErrBroken) {
				t.Errorf("answered %+v, %v", k, err)
			}
		})
	}
	<-disk.reached
	disk.let <- errSync
	all.Wait()
}

func TestAnUnconfirmedCommitIsNotLeased(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	ev := keep(t, s, "routed", 10)
	committed, let := hold(s)
	var all sync.WaitGroup
	all.Go(func() { must(t, route(s, ev, "", 0)) })
	<-committed
	if ds, _, err := s.Lease(ctx, "crm", start, 1, 0); err != nil || len(ds) != 0 {
		t.Errorf("leased %v, %v", ds, err)
	}
	let <- nil
	all.Wait()
	s.commit = commit
	deliver(t, s)
}

func TestWhatComesWhileTheFirstIsWrittenIsADuplicateOfIt(t *testing.T) {
	s, disk := onHeldDisk(t)
	d := store.Dedupe{Key: "same", Window: time.Hour}
	var all sync.WaitGroup
	all.Go(func() { keep(t, s, "same", 10) })
	<-disk.reached
	for range 10 {
		all.Go(func() {
			if k, err := s.Keep(ctx, newEvent("other", 10), d); err != nil || !k.Duplicate || k.ID != "same" {
				t.Errorf("answered %+v, %v", k, err)
			}
		})
	}
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if k, err := s.Keep(soon, newEvent("other", 10), d); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("answered %+v, %v before the first was on disk", k, err)
	}
	disk.let <- nil
	all.Wait()
	if c, _ := s.Counts(ctx); c.Sources["knolyx"] != (store.Requests{New: 1, Duplicate: 10}) {
		t.Errorf("counted %+v", c.Sources)
	}
}

func TestAContextCountsOnlyUntilAnOperationIsQueued(t *testing.T) {
	s, disk := onHeldDisk(t)
	ending, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := s.Keep(ending, newEvent("taken", 10), store.Dedupe{}); err != nil {
			t.Errorf("taken before its context ended: %v", err)
		}
	})
	<-disk.reached
	for range cap(s.arrivals.queued) {
		all.Go(func() { keep(t, s, rand.Text(), 10) })
	}
	waitFor(t, func() bool { return len(s.arrivals.queued) == cap(s.arrivals.queued) })
	cancel()
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := s.Keep(soon, newEvent("late", 10), store.Dedupe{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("not taken before its context ended: %v", err)
	}
	disk.let <- nil
	<-disk.reached
	disk.let <- nil
	all.Wait()
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to pass")
		}
	}
}

func TestCloseWaitsForAllThatRuns(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	for range 50 {
		must(t, route(s, keep(t, s, time.Now().String(), 2000), "", 10))
	}
	var all sync.WaitGroup
	started := make(chan struct{}, 40)
	storm := func(call func() error) {
		for range 4 {
			all.Go(func() {
				for n := 0; ; n++ {
					if n == 5 {
						started <- struct{}{}
					}
					if err := call(); errors.Is(err, store.ErrClosed) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	storm(func() error { _, err := s.Waiting(ctx, 0, 10); return err })
	storm(func() error { _, err := s.Event(ctx, 7); return err })
	storm(func() error { _, err := s.Deliveries(ctx, 7); return err })
	storm(func() error { _, err := s.Keep(ctx, newEvent("x", 10), store.Dedupe{}); return err })
	storm(func() error {
		ds, _, err := s.Lease(ctx, "crm", start, 3, 0)
		for _, d := range ds {
			s.Return(d)
		}
		return err
	})
	for range 20 {
		<-started
	}
	must(t, s.Close())
	all.Wait()
}
