package badgerstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func TestWhileTheDiskStallsWhatCantBeQueuedIsToldSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken, stalled := make(chan struct{}), make(chan struct{})
		c := newCommitter(func(batch []*operation[int]) int {
			close(taken)
			<-stalled
			return len(batch)
		}, nil, time.Millisecond)
		for range 1 + batchOperations {
			go func() { _ = c.submit(ctx, 0, batchBytes) }()
			synctest.Wait() // so that the first is taken alone, and the others wait
		}
		<-taken
		begun := time.Now()
		if err := c.submit(ctx, 0, 1); !errors.Is(err, store.ErrStalled) || time.Since(begun) != patience {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		left, leave := context.WithTimeout(ctx, time.Second)
		defer leave()
		if err := c.submit(left, 0, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whoever leaves is told %v", err)
		}
		c.commit = func(batch []*operation[int]) int { return len(batch) }
		close(stalled)
		synctest.Wait()
		if err := c.submit(ctx, 0, 1); err != nil {
			t.Errorf("the disk takes writes again, and one fails: %v", err)
		}
	})
}

func TestWhileTheDiskStallsARepeatIsToldSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c claims
		must(t, c.claim(ctx, dedupeHash{}))
		if err := c.claim(ctx, dedupeHash{}); !errors.Is(err, store.ErrStalled) {
			t.Error(err)
		}
		c.release(dedupeHash{})
		must(t, c.claim(ctx, dedupeHash{}))
	})
}

func TestAPanicInAWriteBreaksTheStoreInsteadOfStoppingIt(t *testing.T) {
	var log logged
	s := open(t, Options{Path: t.TempDir(), Logger: log.logger()})
	s.aside.Wait()
	panics := change{apply: func(*step) error { panic("a damaged table") }}
	queuedTogether(t, s, func() {
		if err := s.submit(ctx, panics, 10); !errors.Is(err, store.ErrBroken) {
			t.Error(err)
		}
	}, func() {
		err := s.Quarantine(ctx, &event.Quarantined{ID: "q", Source: "a", Request: event.Request{Received: start}}, 9)
		if !errors.Is(err, store.ErrBroken) {
			t.Errorf("what was written with it: %v", err)
		}
	})
	if _, err := s.Keep(ctx, newEvent("later", 10), store.Dedupe{}); !errors.Is(err, store.ErrBroken) {
		t.Errorf("what came after it: %v", err)
	}
	if !strings.Contains(log.String(), "a damaged table") {
		t.Errorf("the log doesn't say why: %s", log.String())
	}
}
