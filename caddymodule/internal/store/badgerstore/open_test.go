package badgerstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func TestAStoreIsOpenedOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	if _, err := Open(Options{Path: dir}); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrLocked with the path", err)
	}
	keep(t, s, "one", 10)
	must(t, s.Close())
	open(t, Options{Path: dir})
}

func TestALogThatAKillLeftEmptyIsNoObstacle(t *testing.T) {
	for _, name := range []string{"00077.mem", "000077.vlog"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, Options{Path: dir})
			keep(t, s, "one", 10)
			crashed := copyOf(t, dir)
			must(t, os.WriteFile(filepath.Join(crashed, name), nil, 0o600))
			if said := examined(t, crashed).said(); said != "" {
				t.Errorf("the doctor says %s", said)
			}
			s = open(t, Options{Path: crashed})
			if ev, err := s.Event(ctx, 1); err != nil || ev.ID != "one" {
				t.Errorf("got %v, %v", ev, err)
			}
			keep(t, s, "two", 10)
		})
	}
}

// TestNoCommitCanEscapeTheSync holds the two settings on which everything
// rests: only the log of the LSM tree returns the error of its sync.
func TestNoCommitCanEscapeTheSync(t *testing.T) {
	o := open(t, Options{Path: t.TempDir()}).db.Opts()
	if !o.SyncWrites || o.ValueThreshold <= chunkBytes {
		t.Errorf("sync %v, values above %d bytes go to the value log", o.SyncWrites, o.ValueThreshold)
	}
}

func TestTheFolderIsTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	open(t, Options{Path: dir})
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("its mode is %v", info.Mode())
	}
}

func TestAnotherDatabaseOrFormatIsRefused(t *testing.T) {
	for name, entry := range map[string][2][]byte{
		"not ours":         {[]byte("key"), []byte("value")},
		"has format 99":    {formatKey, sealSeq(99)},
		"damaged on disk":  {formatKey, []byte("value")},
		"counts or format": {formatKey, seal(formRecord, nil)},
	} {
		dir := t.TempDir()
		db, err := badger.OpenManaged(badgerOptions(dir, (&logged{}).logger()))
		must(t, err)
		txn := db.NewTransactionAt(1, true)
		must(t, txn.Set(entry[0], entry[1]))
		must(t, txn.CommitAt(1, nil))
		must(t, db.Close())
		quiet := (&logged{}).logger()
		want := strings.Replace(name, "not ours", "isn't a store of Porterslodge", 1)
		if _, err := Open(Options{Path: dir, Logger: quiet}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBelowTheReserveNothingIsAcceptedButAllIsFinished(t *testing.T) {
	dir := t.TempDir()
	var free atomic.Int64
	free.Store(1 << 40)
	o := Options{Path: dir, Reserve: 1 << 30, FreeSpace: func(string) (int64, error) { return free.Load(), nil }}
	s := open(t, o)
	first, second := keep(t, s, "one", 10), keep(t, s, "two", 10)
	must(t, route(s, first, "", 0))
	free.Store(1<<30 + 100)
	d := store.Dedupe{Key: "new", Window: time.Hour}
	q := &event.Quarantined{ID: "q", Source: "a", Request: event.Request{Received: start, Body: make([]byte, 1000)}}
	for range 2 {
		if _, err := s.Keep(ctx, newEvent("new", 1000), d); !errors.Is(err, store.ErrLowSpace) {
			t.Errorf("keep: %v", err)
		}
		if err := s.Quarantine(ctx, q, 9); !errors.Is(err, store.ErrLowSpace) {
			t.Errorf("quarantine: %v", err)
		}
		k, err := s.Keep(ctx, newEvent("again", 10), store.Dedupe{Key: "one", Window: time.Hour})
		if err != nil || !k.Duplicate {
			t.Errorf("a duplicate: %+v, %v", k, err)
		}
		free.Store(1<<29 - 1)
	}
	if err := route(s, second, "", 0); !errors.Is(err, store.ErrLowSpace) {
		t.Errorf("route below half of the reserve: %v", err)
	}
	free.Store(1 << 29)
	must(t, route(s, second, "", 0))
	deliver(t, s)
	deliver(t, s)
	p, err := s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1}, 9)
	if err != nil || p.Finished != 2 {
		t.Errorf("purge: %+v, %v", p, err)
	}
	free.Store(1 << 40)
	keep(t, s, "new", 1000)
	must(t, s.Close())
	free.Store(1 << 29) // it opens, to deliver and to purge
	s = open(t, o)
	if _, err := s.Keep(ctx, newEvent("newer", 1000), store.Dedupe{}); !errors.Is(err, store.ErrLowSpace) {
		t.Errorf("keep after opening: %v", err)
	}
	must(t, s.Close())
	free.Store(1<<29 - 1)
	if _, err := Open(o); !errors.Is(err, store.ErrLowSpace) || !strings.Contains(err.Error(), "511 MiB of 512 MiB") {
		t.Errorf("open: %v", err)
	}
}

func TestUnknownFreeSpaceIsNoSpace(t *testing.T) {
	o := Options{Path: t.TempDir(), FreeSpace: func(string) (int64, error) { return 0, errors.ErrUnsupported }}
	if _, err := Open(o); !errors.Is(err, store.ErrLowSpace) || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
