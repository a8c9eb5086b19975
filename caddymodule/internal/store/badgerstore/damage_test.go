package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// alter writes past the store, as no step of it would.
func alter(t *testing.T, s *Store, f func(*badger.Txn) error) {
	t.Helper()
	txn := s.versions.begin(true)
	defer s.versions.end(txn)
	must(t, f(txn))
	must(t, s.publish(txn))
	s.recent = recent{}
}

// flip changes one bit of a record.
func flip(t *testing.T, s *Store, key []byte) {
	t.Helper()
	alter(t, s, func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		value, err := item.ValueCopy(nil)
		if err != nil {
			return err
		}
		value[len(value)/2] ^= 1
		return txn.Set(key, value)
	})
}

// flipEvent changes one bit of an event in the journal.
func flipEvent(t *testing.T, s *Store, id string) {
	t.Helper()
	span, _ := s.journal.FileOf(1)
	path := filepath.Join(s.db.Opts().Dir, "journal", fmt.Sprintf("%020d.journal", span.First))
	data, err := os.ReadFile(path)
	must(t, err)
	at := bytes.Index(data, []byte(id))
	if at < 0 {
		t.Fatalf("%s isn't in %s", id, path)
	}
	data[at] ^= 1
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(data[at:at+1], int64(at))
	must(t, errors.Join(err, f.Close()))
	s.recent = recent{}
}

func TestADamagedEventIsAnErrorAndHoldsUpNoOther(t *testing.T) {
	var log logged
	s := open(t, Options{Path: t.TempDir(), Logger: log.logger()})
	keep(t, s, "one", 100)
	keep(t, s, "two", 100)
	flipEvent(t, s, "one")
	if _, err := s.Event(ctx, 1); !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), "event 1") {
		t.Errorf("got %v, want an error that names event 1", err)
	}
	evs, err := s.Waiting(ctx, 0, 2)
	if err != nil || len(evs) != 2 || evs[0].Seq != 1 || evs[0].ID != "" || evs[1].ID != "two" {
		t.Errorf("got %v, %v; want the bare first one and the second", evs, err)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d errors, want one:\n%s", n, &log)
	}
}

func TestADamagedDeliveryIsAnErrorAndHoldsUpNoOther(t *testing.T) {
	var log logged
	s := open(t, Options{Path: t.TempDir(), Logger: log.logger()})
	for _, id := range []string{"one", "two"} {
		must(t, route(s, keep(t, s, id, 10), "", 10))
	}
	flip(t, s, outcomeKey(1))
	if _, err := s.Deliveries(ctx, 1); !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), "event 1") {
		t.Errorf("got %v, want an error that names event 1", err)
	}
	if _, _, err := s.Lease(ctx, "crm", start, 1, 0); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
	if d := deliver(t, s); d.Seq != 2 {
		t.Errorf("delivered %d, want 2", d.Seq)
	}
}

func TestAnAttemptThatCantBeRecordedKeepsItsLease(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	for _, id := range []string{"one", "two"} {
		must(t, route(s, keep(t, s, id, 10), "line", 0))
	}
	ds, _, err := s.Lease(ctx, "crm", start, 1, 0)
	must(t, err)
	flip(t, s, behindKey("crm", "line", 1))
	ds[0].State, ds[0].Finished = event.Delivered, start
	if err := s.Record(ctx, ds[0]); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
	if again, _, err := s.Lease(ctx, "crm", start, 1, 0); err != nil || len(again) != 0 {
		t.Errorf("leased %v, %v", again, err)
	}
	flip(t, s, behindKey("crm", "line", 1))
	must(t, s.Record(ctx, ds[0]))
}

func TestAMissingChunkIsDamage(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	must(t, route(s, keep(t, s, "large", 10), "", 2<<20))
	alter(t, s, func(txn *badger.Txn) error { return txn.Delete(chunkKey(outcomeKey(1), 1)) })
	if _, err := s.Deliveries(ctx, 1); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestADamagedTableStopsTheStore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	keep(t, s, "one", 100)
	must(t, s.Close())
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	must(t, err)
	if len(tables) == 0 {
		t.Fatal("no table was written")
	}
	data, err := os.ReadFile(tables[0])
	must(t, err)
	data[20] ^= 1
	must(t, os.WriteFile(tables[0], data, 0o600))
	var log logged
	s, err = Open(Options{Path: dir, Logger: log.logger()})
	if err != nil {
		return // it was seen even sooner
	}
	s.aside.Wait()
	if _, err := s.Keep(ctx, newEvent("two", 10), store.Dedupe{}); !errors.Is(err, store.ErrBroken) {
		t.Errorf("it accepts: %v", err)
	}
	if _, _, err := s.Lease(ctx, "crm", start, 1, 0); !errors.Is(err, store.ErrBroken) {
		t.Errorf("it delivers: %v", err)
	}
	if !strings.Contains(log.String(), filepath.Base(tables[0])) {
		t.Errorf("logged %s", &log)
	}
	must(t, s.Close())
}

func TestTablesWithoutDamageAreFoundSound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	for i := range 300 {
		keep(t, s, fmt.Sprint(i), 50<<10)
	}
	must(t, s.Close())
	var log logged
	s = open(t, Options{Path: dir, Logger: log.logger()})
	s.aside.Wait()
	keep(t, s, "more", 10)
	if log.String() != "" {
		t.Errorf("logged %s", &log)
	}
}

// TestCountsThatDifferFromTheRecordsAreSaidAndRepaired takes records away as
// no crash would.
func TestCountsThatDifferFromTheRecordsAreSaidAndRepaired(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	for _, id := range []string{"one", "two", "three", "four"} {
		ev := keep(t, s, id, 10)
		if id != "one" {
			must(t, route(s, ev, "line", 0))
		}
	}
	alter(t, s, func(txn *badger.Txn) error {
		return errors.Join(txn.Delete(behindKey("crm", "line", 3)), txn.Delete(outcomeKey(4)))
	})
	must(t, s.Close())
	must(t, os.RemoveAll(filepath.Join(dir, "journal")))
	var log logged
	s = open(t, Options{Path: dir, Logger: log.logger()})
	for _, want := range []string{
		"missing=4 first=1 last=4",
		"found=2 counted=1",
		"backend=crm found=2 counted=3",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("not logged: %s\n%s", want, &log)
		}
	}
	c, err := s.Counts(ctx)
	must(t, err)
	if c.Events.Waiting != 2 || c.Backends["crm"].Waiting != 2 {
		t.Errorf("counted %+v", c)
	}
	if evs, err := s.Waiting(ctx, 0, 9); err != nil || len(evs) != 2 || evs[0].ID != "" || evs[1].Seq != 4 {
		t.Errorf("%v, %v wait; want two of which only the place is known", evs, err)
	}
	if ev := keep(t, s, "five", 10); ev.Seq != 5 {
		t.Errorf("the next event has seq %d, want 5: a missing one's place isn't given again", ev.Seq)
	}
}

func TestEventsThatWerePurgedArentMissing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	must(t, route(s, keep(t, s, "one", 10), "", 0))
	deliver(t, s)
	_, err := s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1}, 9)
	must(t, err)
	must(t, s.Close())
	var log logged
	open(t, Options{Path: dir, Logger: log.logger()})
	if log.String() != "" {
		t.Errorf("logged %s", &log)
	}
}

// TestChunksWithoutTheirRecordAreDeleted fails the commit that would have
// made them visible.
func TestChunksWithoutTheirRecordAreDeleted(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 3<<20)
	for name, write := range map[string]func(*Store, *event.Event) error{
		"delivery": func(s *Store, ev *event.Event) error { return route(s, ev, "", len(large)) },
		"outcome": func(s *Store, ev *event.Event) error {
			o := event.Outcome{State: event.Invalid, Reasons: []string{string(large)}}
			return s.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: o}})
		},
		"quarantined": func(s *Store, _ *event.Event) error {
			return s.Quarantine(ctx, &event.Quarantined{Source: "a", Request: event.Request{Body: large}}, 9)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, Options{Path: dir})
			must(t, route(s, keep(t, s, "stays", 10), "", 2<<20))
			ev := keep(t, s, "new", 10)
			const spills = 7 // of two chunks each, the last of one
			commits := 0
			s.commit = func(txn *badger.Txn, version uint64) error {
				if commits++; commits > spills {
					return errSync
				}
				return commit(txn, version)
			}
			if err := write(s, ev); !errors.Is(err, store.ErrBroken) {
				t.Fatal(err)
			}
			if n := chunks(t, s); n != 9+13 {
				t.Fatalf("%d chunks are there, want 13 without their record", n)
			}
			must(t, s.Close())
			s = open(t, Options{Path: dir})
			if n := chunks(t, s); n != 9 {
				t.Errorf("%d chunks are there, want the 9 of the event that was routed", n)
			}
			if _, err := s.Deliveries(ctx, 1); err != nil {
				t.Error(err)
			}
		})
	}
}

func chunks(t *testing.T, s *Store) (n int) {
	t.Helper()
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for range keys(txn, []byte{chunkKind}) {
			n++
		}
		return nil
	}))
	return n
}
