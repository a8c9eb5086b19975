package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// withAll fills a store with everything that can be wrong: what oneOfEach has,
// as event 8 one that is dead for crm and waits for mail, as event 9 one whose
// key counts today, and as event 10 one that was discarded.
func withAll(t *testing.T, s *Store) {
	t.Helper()
	oneOfEach(t, s)
	both := keep(t, s, "both", 10)
	must(t, s.Route(ctx, []store.Routing{{
		Seq: both.Seq, Outcome: event.Outcome{State: event.Routed, At: start, Backends: []string{"both", "mail"}},
		Deliveries: []*event.Delivery{
			{Seq: both.Seq, Backend: "both", State: event.Waiting}, {Seq: both.Seq, Backend: "mail", State: event.Waiting},
		},
	}}))
	ds, _, err := s.Lease(ctx, "both", start, 1, 0)
	must(t, err)
	ds[0].State, ds[0].Finished, ds[0].Count = event.Dead, start, 1
	must(t, s.Record(ctx, ds[0]))
	today := newEvent("today", 10)
	today.Request.Received = time.Now()
	_, err = s.Keep(ctx, today, store.Dedupe{Key: "today", Window: time.Hour})
	must(t, err)
	gone := keep(t, s, "gone", 10)
	must(t, s.Route(ctx, []store.Routing{{Seq: gone.Seq, Outcome: event.Outcome{State: event.Unrouted, At: start}}}))
	must(t, s.Discard(ctx, gone.Seq, "", start))
}

// keyOf finds the first key with a prefix.
func keyOf(t *testing.T, s *Store, prefix []byte) []byte {
	t.Helper()
	var found []byte
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for key := range keys(txn, prefix) {
			found = bytes.Clone(key)
			break
		}
		return nil
	}))
	if found == nil {
		t.Fatalf("no key begins with %q", prefix)
	}
	return found
}

func TestEachFaultIsFound(t *testing.T) {
	remove := func(key func(*testing.T, *Store) []byte) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			k := key(t, s)
			alter(t, s, func(txn *badger.Txn) error {
				if _, err := txn.Get(k); err != nil {
					return err
				}
				return txn.Delete(k)
			})
		}
	}
	set := func(key, value []byte) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			alter(t, s, func(txn *badger.Txn) error { return txn.Set(key, value) })
		}
	}
	flipped := func(key func(*testing.T, *Store) []byte) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) { flip(t, s, key(t, s)) }
	}
	is := func(key []byte) func(*testing.T, *Store) []byte {
		return func(*testing.T, *Store) []byte { return key }
	}
	begins := func(prefix []byte) func(*testing.T, *Store) []byte {
		return func(t *testing.T, s *Store) []byte { return keyOf(t, s, prefix) }
	}
	record := func(v any) []byte {
		value, err := encode(v)
		must(t, err)
		return value
	}
	counted := func(change func(*tally)) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			s.ledger.mu.Lock()
			change(&s.ledger.now)
			s.ledger.mu.Unlock()
			must(t, s.catchUp(ctx))
			must(t, s.SetPause(ctx, "crm", store.Pause{}))
		}
	}
	for name, c := range map[string]struct {
		plant func(*testing.T, *Store)
		want  string
	}{
		"no outcome":               {remove(is(outcomeKey(1))), "the outcome of an event is missing (among 1 to 10)"},
		"outcome without event":    {set(outcomeKey(99), record(outcomeRecord{State: event.Routed})), "the outcome of an event that isn't in the journal (event 99)"},
		"damaged outcome":          {flipped(is(outcomeKey(1))), "outcome of event 1: damaged on disk"},
		"attempts without outcome": {set(progressKey(99, "crm"), record(progressRecord{})), "the attempts of a delivery that isn't there (event 99 to crm)"},
		"attempts elsewhere":       {set(progressKey(1, "mail"), record(progressRecord{})), "the attempts of a delivery that isn't there (event 1 to mail)"},
		"damaged attempts":         {flipped(is(progressKey(1, "crm"))), "attempts of event 1: damaged on disk"},
		"no queue":                 {remove(begins(namePrefix(queueKind, "crm"))), "a waiting delivery stands in no queue (event 2 to crm)"},
		"queue without delivery":   {set(queueKey("crm", start, 1), nil), "something waits that is no waiting delivery (event 1 to crm)"},
		"queue without outcome":    {set(queueKey("crm", start, 99), nil), "something waits that is no waiting delivery (event 99 to crm)"},
		"twice in queue":           {set(queueKey("crm", start.Add(time.Second), 2), nil), "a delivery waits twice (event 2 to crm)"},
		"behind nobody":            {set(behindKey("crm", "line", 99), sealSeq(3)), "a delivery waits behind one that doesn't wait (event 3 to crm)"},
		"behind whom":              {remove(is(behindKey("crm", "line", 2))), "a waiting delivery stands in no queue (event 3 to crm)"},
		"damaged line":             {flipped(is(behindKey("crm", "line", 2))), "order behind event 2: damaged on disk"},
		"line without end":         {remove(is(tailKey("crm", "line"))), "a line has no end (event 2 to crm; event 3 to crm)"},
		"end without line":         {set(tailKey("crm", "other"), sealSeq(1)), "the last of a line doesn't wait (event 1 to crm)"},
		"chunk without record":     {set(chunkKey(outcomeKey(1), 0), []byte("x")), "a piece of a large record that isn't there (outcome of event 1)"},
		"chunk too many":           {set(chunkKey(outcomeKey(2), 7), []byte("x")), "a piece of a large record that isn't there (outcome of event 2)"},
		"chunk missing":            {remove(is(chunkKey(outcomeKey(2), 1))), "outcome of event 2: damaged on disk"},
		"not stuck":                {set(stuckKey(classDead, 1, "crm"), nil), "the index of stuck events has one that isn't stuck (event 1)"},
		"stuck":                    {remove(is(stuckKey(classUnrouted, 4, ""))), "the index of stuck events lacks one (event 4)"},
		"dead":                     {remove(is(stuckKey(classDead, 8, "both"))), "the index of stuck events lacks one (event 8)"},
		"never purged":             {remove(begins([]byte{finishedKind, byte(classFinished)})), "an event is never purged (event 1)"},
		"purged twice":             {set(finishedKey(classFinished, start, 99), record(goners{{Seq: 99}})), "an event would be purged that isn't there (event 99)"},
		"no progress":              {remove(is(seqKey(unfinishedKind, 8))), "the progress of an event is wrong (event 8)"},
		"wrong progress":           {set(seqKey(unfinishedKind, 8), record(unfinishedRecord{Waiting: 2})), "the progress of an event is wrong (event 8)"},
		"progress of nothing":      {set(seqKey(unfinishedKind, 99), record(unfinishedRecord{Waiting: 1})), "the progress of an event has no waiting delivery (event 99)"},
		"forgotten key":            {remove(is(dedupeKey(generationOf(9), hashKey("knolyx", "today")))), "the dedupe key of an event is missing: it could be kept twice (event 9)"},
		"damaged key":              {flipped(is(dedupeKey(generationOf(9), hashKey("knolyx", "today")))), "dedupe key: damaged on disk"},
		"no age of keys":           {remove(is(generationKey(generationOf(9)))), "dedupe keys would be forgotten too early (events 8 to 15)"},
		"damaged request":          {flipped(begins([]byte{quarantineKind})), "quarantined request 0: damaged on disk"},
		"damaged file record":      {flipped(is(seqKey(fileKind, 1))), "journal from event 1: damaged on disk"},
		"unknown file":             {remove(is(seqKey(fileKind, 1))), "the database knows nothing of a file of the journal (from event 1)"},
		"purged and there":         {set(seqKey(fileKind, 1), fileRecord{10, 3}.seal()), "3x events count as purged that are there (among 1 to 10)"},
		"damaged counts":           {flipped(is(tallyKey)), "the counts of the store can't be read"},
		"damaged pause":            {flipped(is(pauseKey("crm"))), "counts or format of the store: damaged on disk"},
		"of nobody":                {set([]byte("?"), []byte("x")), `a record of a kind that isn't ours ('?')`},
		"waiting":                  {counted(func(t *tally) { t.backend("crm", store.Deliveries{Waiting: 1}) }), "deliveries that wait for crm: counted 3, found 2"},
		"retrying":                 {counted(func(t *tally) { t.backend("crm", store.Deliveries{Retrying: 1}) }), "deliveries to crm that are tried again: counted 1, found 0"},
		"dead count":               {counted(func(t *tally) { t.backend("both", store.Deliveries{Dead: 1}) }), "dead deliveries to both: counted 2, found 1"},
		"unrouted":                 {counted(func(t *tally) { t.events(store.Events{Unrouted: 1}) }), "unrouted events: counted 2, found 1"},
		"invalid":                  {counted(func(t *tally) { t.events(store.Events{Invalid: 1}) }), "invalid events: counted 2, found 1"},
		"events":                   {counted(func(t *tally) { t.events(store.Events{Waiting: 1}) }), "events that wait to be routed: counted 4, found 3"},
		"sum":                      {counted(func(t *tally) { t.source("knolyx", store.Requests{New: 1}) }), "the counts do not add up (11 events came, 10 are accounted for)"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, Options{Path: dir})
			withAll(t, s)
			c.plant(t, s)
			must(t, s.Close())
			if said := examined(t, dir).said(); !strings.Contains(said, c.want) {
				t.Errorf("want %q; found\n%s", c.want, said)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, Options{Path: dir})
		withAll(t, s)
		crashed := copyOf(t, dir)
		must(t, s.Close())
		mustBeSound(t, dir)
		mustBeSound(t, crashed)
	})
}

// flipIn changes one bit of the first file that matches.
func flipIn(t *testing.T, pattern string, at func(data []byte) int) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	must(t, err)
	if len(names) == 0 {
		t.Fatalf("there is no %s", pattern)
	}
	data, err := os.ReadFile(names[0])
	must(t, err)
	data[at(data)] ^= 1
	must(t, os.WriteFile(names[0], data, 0o600))
	return filepath.Base(names[0])
}

func TestDamageOfFilesIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		crashed bool
		plant   func(t *testing.T, dir string)
		want    []string
	}{
		"table": {plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "*.sst"), func([]byte) int { return 20 })
		}, want: []string{"a table is damaged (0000", "the database was not examined"}},
		"end of a table": {plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "*.sst"), func(data []byte) int { return len(data) - 30 })
		}, want: []string{"a table is damaged (0000"}},
		"missing table": {plant: func(t *testing.T, dir string) {
			names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			must(t, errors.Join(err, os.Remove(names[0])))
		}, want: []string{"a table is damaged (0000"}},
		"list of tables": {plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "MANIFEST"), func([]byte) int { return 3 })
		}, want: []string{"the list of tables is damaged"}},
		"event": {plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "journal", "*"), func(data []byte) int { return bytes.Index(data, []byte("second")) })
		}, want: []string{"1x events can't be read from the journal (00000000000000000001.journal: 3 to 3)"}},
		"head of the journal": {plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "journal", "*"), func([]byte) int { return 0 })
		}, want: []string{"a file of the journal is damaged (00000000000000000001.journal: its first bytes are damaged)"}},
		"journal": {plant: func(t *testing.T, dir string) {
			must(t, os.RemoveAll(filepath.Join(dir, "journal")))
		}, want: []string{"10x events are missing from the journal (1 to 10)"}},
		"log of the database": {crashed: true, plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "*.mem"), func(data []byte) int { return bytes.Index(data, outcomeKey(1)) })
		}, want: []string{"steps are lost: the log of the database is damaged before its end (0000"}},
		"event after a crash": {crashed: true, plant: func(t *testing.T, dir string) {
			flipIn(t, filepath.Join(dir, "journal", "*"), func(data []byte) int { return bytes.Index(data, []byte("second")) })
		}, want: []string{"1x events can't be read from the journal (00000000000000000001.journal: 3 to 3)"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, Options{Path: dir})
			withAll(t, s)
			if c.crashed {
				dir = copyOf(t, dir)
			} else {
				must(t, s.Close())
			}
			c.plant(t, dir)
			said := examined(t, dir).said()
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("want %q; found\n%s", want, said)
				}
			}
		})
	}
}

func TestADatabaseThatLostItsNewestStepsIsFound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	must(t, s.Close())
	old := copyOf(t, dir)
	s = open(t, Options{Path: dir})
	for i := range 2*unindexed + 1 {
		keep(t, s, fmt.Sprint(i), 1)
	}
	must(t, os.RemoveAll(filepath.Join(old, "journal")))
	must(t, os.CopyFS(filepath.Join(old, "journal"), os.DirFS(filepath.Join(dir, "journal"))))
	if said := examined(t, old).said(); !strings.Contains(said, "the database has lost its newest steps") {
		t.Errorf("found\n%s", said)
	}
}

func TestWhoIsntThereOrOpenIsNotExamined(t *testing.T) {
	dir := t.TempDir()
	examine := func(dir string) error {
		_, err := Examine(ctx, dir, nil, func(string) {})
		return err
	}
	if err := examine(dir); err == nil || !strings.Contains(err.Error(), "there is no store in that folder") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := examine(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	s := open(t, Options{Path: dir})
	if err := examine(dir); !errors.Is(err, store.ErrLocked) {
		t.Errorf("an open store: %v", err)
	}
	must(t, s.Close())
	db, err := badger.Open(badgerOptions(filepath.Join(dir, "other"), nil).WithLogger(nil))
	must(t, err)
	must(t, db.Update(func(txn *badger.Txn) error { return txn.Set([]byte("x"), []byte("y")) }))
	must(t, db.Close())
	if err := examine(filepath.Join(dir, "other")); err == nil || !strings.Contains(err.Error(), "isn't a store of Porterslodge") {
		t.Errorf("another database: %v", err)
	}
}

// A log may hold anything after a crash.
func FuzzTheLogOfADatabaseIsReadWhateverItHolds(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xc0}, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		if found := readLog(data); found.end > len(data) || found.first > found.last {
			t.Errorf("read %+v of %d bytes", found, len(data))
		}
	})
}
