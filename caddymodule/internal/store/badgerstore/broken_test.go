package badgerstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

var errSync = errors.New("input/output error")

func TestNothingIsAcknowledgedAfterAFailedCommit(t *testing.T) {
	dir := t.TempDir()
	var log logged
	s := open(t, Options{Path: dir, Logger: log.logger()})
	must(t, route(s, keep(t, s, "before", 10), "", 0))
	ds, _, err := s.Lease(ctx, "crm", start, 1)
	must(t, err)
	before, err := s.Counts(ctx)
	must(t, err)
	// Badger shows readers what a failed sync left in memory.
	s.commit = func(txn *badger.Txn, version uint64) error {
		if err := txn.CommitAt(version, nil); err != nil {
			t.Error(err)
		}
		return errSync
	}
	lost := store.Dedupe{Key: "lost", Window: time.Hour}
	if _, err := s.Keep(ctx, newEvent("lost", 10), lost); !errors.Is(err, store.ErrBroken) {
		t.Errorf("the failed commit: %v", err)
	}
	s.commit = commit
	ds[0].State = event.Delivered
	_, keepErr := s.Keep(ctx, newEvent("lost", 10), lost)
	_, _, leaseErr := s.Lease(ctx, "crm", start, 1)
	_, purgeErr := s.Purge(ctx, store.Policy{}, 1)
	for name, err := range map[string]error{
		"keep": keepErr, "lease": leaseErr, "purge": purgeErr,
		"record":     s.Record(ctx, ds[0]),
		"quarantine": s.Quarantine(ctx, &event.Quarantined{Source: "a"}, 9),
		"route":      route(s, &event.Event{Seq: 2}, "", 0),
	} {
		if !errors.Is(err, store.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after, err := s.Counts(ctx); err != nil || after.Sources["knolyx"] != before.Sources["knolyx"] {
		t.Errorf("counted %+v, %v; before it was %+v", after, err, before)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d errors, want one:\n%s", n, &log)
	}
}

// hold lets the committer's next commits through one by one. A commit is
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

func TestAnUnconfirmedCommitMakesNoDuplicate(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	committed, let := hold(s)
	d := store.Dedupe{Key: "new", Window: time.Hour}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if k, err := s.Keep(ctx, newEvent("new", 10), d); !errors.Is(err, store.ErrBroken) {
				t.Errorf("answered %+v, %v", k, err)
			}
		})
	}
	<-committed
	let <- errSync
	all.Wait()
}

func TestAnUnconfirmedCommitIsNotLeased(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	ev := keep(t, s, "routed", 10)
	committed, let := hold(s)
	var all sync.WaitGroup
	all.Go(func() { must(t, route(s, ev, "", 0)) })
	<-committed
	if ds, _, err := s.Lease(ctx, "crm", start, 1); err != nil || len(ds) != 0 {
		t.Errorf("leased %v, %v", ds, err)
	}
	let <- nil
	all.Wait()
	s.commit = commit
	deliver(t, s)
}

func TestWhatComesWhileTheFirstIsWrittenIsADuplicateOfIt(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	committed, let := hold(s)
	d := store.Dedupe{Key: "same", Window: time.Hour}
	var all sync.WaitGroup
	all.Go(func() { keep(t, s, "same", 10) })
	<-committed
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
	let <- nil
	all.Wait()
	s.commit = commit
	if c, _ := s.Counts(ctx); c.Sources["knolyx"] != (store.Requests{New: 1, Duplicate: 10}) {
		t.Errorf("counted %+v", c.Sources)
	}
}

func TestAContextCountsOnlyUntilAnOperationIsQueued(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	committed, let := hold(s)
	ending, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := s.Keep(ending, newEvent("taken", 10), store.Dedupe{}); err != nil {
			t.Errorf("taken before its context ended: %v", err)
		}
	})
	<-committed
	for range cap(s.operations) {
		all.Go(func() { _ = s.Quarantine(ctx, &event.Quarantined{Source: "a"}, 1) })
	}
	waitFor(t, func() bool { return len(s.operations) == cap(s.operations) })
	cancel()
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := s.Keep(soon, newEvent("late", 10), store.Dedupe{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("not taken before its context ended: %v", err)
	}
	let <- nil
	<-committed
	let <- nil
	all.Wait()
	s.commit = commit
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
		ds, _, err := s.Lease(ctx, "crm", start, 3)
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
