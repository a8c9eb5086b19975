package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4/table"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// backedUp returns a backup of a store.
func backedUp(t testing.TB, s *Store) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, s.Backup(ctx, &out))
	return out.Bytes()
}

// restored restores a backup and opens the store, which must say nothing.
func restored(t testing.TB, b []byte, o Options) (*Store, backup.Content) {
	t.Helper()
	var log logged
	o.Path, o.Logger = filepath.Join(t.TempDir(), "below", "store"), log.logger()
	_, c, err := Restore(ctx, bytes.NewReader(b), o)
	must(t, err)
	mustBeSound(t, o.Path)
	s := open(t, o)
	s.aside.Wait()
	if log.String() != "" {
		t.Errorf("the restored store logs %s", &log)
	}
	return s, c
}

// oneOfEach fills a store with something in every state.
func oneOfEach(t testing.TB, s *Store) {
	t.Helper()
	must(t, route(s, keep(t, s, "delivered", 10), "", 10))
	deliver(t, s)
	must(t, route(s, keep(t, s, "first", 10), "line", 600<<10))
	must(t, route(s, keep(t, s, "second", 10), "line", 10))
	must(t, s.Route(ctx, []store.Routing{
		{Seq: keep(t, s, "unrouted", 10).Seq, Outcome: event.Outcome{State: event.Unrouted, At: start}},
		{Seq: keep(t, s, "invalid", 10).Seq, Outcome: event.Outcome{State: event.Invalid, At: start}},
	}))
	keep(t, s, "waits", 10)
	must(t, s.Quarantine(ctx, &event.Quarantined{
		ID: "q", Source: "knolyx", Request: event.Request{Received: start, Body: make([]byte, 600<<10)},
	}, 9))
	must(t, s.SetPause(ctx, "crm", store.Pause{Paused: true, Since: start}))
	s.Note("knolyx", store.Requests{Refused: 3})
	must(t, s.SetPause(ctx, "mail", store.Pause{Since: start})) // which takes the note along
	keep(t, s, "only in the journal", 10)
}

func TestARestoredStoreIsTheOneThatWasBackedUp(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	oneOfEach(t, s)
	want, err := s.Counts(ctx)
	must(t, err)
	again, content := restored(t, backedUp(t, s), Options{})
	if content.Events != 7 || content.Waiting != 2 || content.Deliveries != 2 || content.Quarantined != 1 {
		t.Errorf("it says that it restored %+v", content)
	}
	got, err := again.Counts(ctx)
	must(t, err)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("restored %+v\n of      %+v", got, want)
	}
	for seq := uint64(1); seq <= 7; seq++ {
		was, err := s.Event(ctx, seq)
		must(t, err)
		is, err := again.Event(ctx, seq)
		if err != nil || is.ID != was.ID || is.Outcome.State != was.Outcome.State || !bytes.Equal(is.Request.Body, was.Request.Body) {
			t.Errorf("event %d is %+v, %v; was %+v", seq, is, err, was)
		}
		if k, err := again.Keep(ctx, newEvent("new", 1), store.Dedupe{Key: was.ID, Window: time.Hour}); err != nil || k.ID != was.ID {
			t.Errorf("the key of %s is forgotten: %+v, %v", was.ID, k, err)
		}
	}
	for _, want := range []uint64{2, 3} {
		if d := deliver(t, again); d.Seq != want {
			t.Errorf("delivered %d, want %d", d.Seq, want)
		}
	}
	if p, err := again.Pauses(ctx); err != nil || !p["crm"].Paused || p["mail"].Paused {
		t.Errorf("pauses %+v, %v", p, err)
	}
	if qs, err := again.Quarantined(ctx, "knolyx", store.Place{}, 9); err != nil || len(qs) != 1 || len(qs[0].Request.Body) != 600<<10 {
		t.Errorf("in quarantine %v, %v", qs, err)
	}
}

// TestABackupTakenUnderLoadMissesNothing backs up while eight write, deliver
// and purge, in files of the journal that are done and removed all the time.
func TestABackupTakenUnderLoadMissesNothing(t *testing.T) {
	o := Options{Path: t.TempDir(), journal: journal.Options{FileSize: 64 << 10}}
	s := open(t, o)
	var acknowledged sync.Map // id to seq
	var kept atomic.Int64
	quit := make(chan struct{})
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() { workUntil(t, s, quit, fmt.Sprintf("w%d", writer), &acknowledged, &kept) })
	}
	for round := range 3 {
		until := kept.Load() + 400
		waitFor(t, func() bool { return kept.Load() > until })
		before := make(map[string]uint64)
		acknowledged.Range(func(id, seq any) bool {
			before[id.(string)] = seq.(uint64)
			return true
		})
		again, content := restored(t, backedUp(t, s), Options{journal: o.journal})
		mustHaveAll(t, again, before, content)
		t.Logf("round %d: %d acknowledged before, %+v", round, len(before), content)
	}
	close(quit)
	all.Wait()
}

// workUntil keeps events, delivers three of four and purges those now and then.
func workUntil(t *testing.T, s *Store, quit chan struct{}, name string, acknowledged *sync.Map, kept *atomic.Int64) {
	for n := 0; ; n++ {
		select {
		case <-quit:
			return
		default:
		}
		id := fmt.Sprintf("%s-%d", name, n)
		ev := newEvent(id, 300)
		if _, err := s.Keep(ctx, ev, store.Dedupe{Key: id, Window: time.Hour}); err != nil {
			t.Error(err)
			return
		}
		acknowledged.Store(id, ev.Seq)
		kept.Add(1)
		err := route(s, ev, "", 10)
		if n%4 > 0 {
			ds, _, leaseErr := s.Lease(ctx, "crm", start, 1, 0)
			err = errors.Join(err, leaseErr)
			for _, d := range ds {
				d.State, d.Finished = event.Delivered, start
				err = errors.Join(err, s.Record(ctx, d))
			}
		}
		if n%10 == 9 {
			_, purgeErr := s.Purge(ctx, store.Policy{Now: start.Add(time.Minute), Finished: 1}, 100)
			err = errors.Join(err, purgeErr)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// mustHaveAll looks for every event, which may have been purged, and its key,
// which may not, and delivers what waits.
func mustHaveAll(t *testing.T, s *Store, before map[string]uint64, content backup.Content) {
	t.Helper()
	purged := 0
	for id, seq := range before {
		switch ev, err := s.Event(ctx, seq); {
		case errors.Is(err, store.ErrNotFound):
			purged++
		case err != nil || ev.ID != id:
			t.Fatalf("event %d was acknowledged as %s and is %v, %v", seq, id, ev, err)
		}
		if k, err := s.Keep(ctx, newEvent("new", 1), store.Dedupe{Key: id, Window: time.Hour}); err != nil || k.ID != id {
			t.Fatalf("the key of %s is forgotten: %+v, %v", id, k, err)
		}
	}
	c, err := s.Counts(ctx)
	must(t, err)
	sent := c.Sources["knolyx"].New
	if sent < uint64(len(before)) || sent != c.Events.Waiting+c.Events.Routed || purged >= len(before) ||
		c.Events.Waiting != content.Waiting || c.Backends["crm"].Waiting != content.Deliveries {
		t.Errorf("%d were acknowledged, %d purged; counted %+v; restored %+v", len(before), purged, c, content)
	}
	for range content.Deliveries {
		deliver(t, s)
	}
}

// gate is a writer that lets one write through at a time.
type gate struct {
	bytes.Buffer
	reached, let chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	g.reached <- struct{}{}
	<-g.let
	return g.Buffer.Write(p)
}

func TestNoFileIsRemovedWhileABackupReadsIt(t *testing.T) {
	s := open(t, Options{Path: t.TempDir(), journal: journal.Options{FileSize: 4 << 10}})
	for i := range 20 {
		must(t, route(s, keep(t, s, fmt.Sprint(i), 1000), "", 0))
	}
	before, _ := files(t, s)
	g := &gate{reached: make(chan struct{}), let: make(chan struct{})}
	var all sync.WaitGroup
	all.Go(func() { must(t, s.Backup(ctx, g)) })
	<-g.reached
	for range 20 {
		deliver(t, s)
	}
	p, err := s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1}, 99)
	if err != nil || p.Finished != 20 {
		t.Fatalf("purged %+v, %v", p, err)
	}
	if now, _ := files(t, s); now != before {
		t.Errorf("%d of %d files are left while a backup reads them", now, before)
	}
	go func() {
		for range g.reached {
			g.let <- struct{}{}
		}
	}()
	g.let <- struct{}{}
	all.Wait()
	close(g.reached)

	again, content := restored(t, g.Bytes(), Options{})
	if content.Events != 20 || content.Deliveries != 20 {
		t.Errorf("restored %+v", content)
	}
	for range 20 {
		deliver(t, again)
	}
	must(t, route(s, keep(t, s, "last", 10), "", 0))
	deliver(t, s)
	_, err = s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1}, 99)
	must(t, err)
	if now, _ := files(t, s); now > 1 {
		t.Errorf("%d files are left behind it", now)
	}
}

func TestABackupEndsWithItsStoreAndWithItsCaller(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(*Store, context.CancelFunc)
		want error
	}{
		"store":  {func(s *Store, _ context.CancelFunc) { s.closing.Store(true) }, store.ErrClosed},
		"caller": {func(_ *Store, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"broken": {func(s *Store, _ context.CancelFunc) { s.broken.Store(true) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			caller, cancel := context.WithCancel(ctx)
			defer cancel()
			s := open(t, Options{Path: t.TempDir()})
			oneOfEach(t, s)
			g := &gate{reached: make(chan struct{}), let: make(chan struct{})}
			done := make(chan error)
			go func() { done <- s.Backup(caller, g) }()
			<-g.reached
			end.do(s, cancel)
			g.let <- struct{}{}
			for {
				select {
				case <-g.reached:
					g.let <- struct{}{}
					continue
				case err := <-done:
					if !errors.Is(err, end.want) {
						t.Errorf("got %v, want %v", err, end.want)
					}
				}
				break
			}
			s.closing.Store(false)
		})
	}
}

func TestABrokenOrDamagedStoreIsNotBackedUp(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	s.broken.Store(true)
	var out bytes.Buffer
	if err := s.Backup(ctx, &out); !errors.Is(err, store.ErrBroken) || out.Len() > 0 {
		t.Errorf("got %d bytes, %v", out.Len(), err)
	}
}

func TestABackupBreaksNoStoreThatIsSound(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Path: dir})
	must(t, err)
	must(t, route(s, keep(t, s, "before", 10), "", 0))
	must(t, s.Close())
	s = open(t, Options{Path: dir})
	s.aside.Wait()
	name := filepath.Join(dir, table.IDToFilename(s.db.Tables()[0].ID))

	const merged = 1 << 20 // Badger empties a table that it merged, then removes it
	must(t, os.WriteFile(filepath.Join(dir, table.IDToFilename(merged)), nil, 0o600))
	if err := s.verifyOne(merged); err != nil {
		t.Errorf("a table that was merged: %v", err)
	}
	must(t, os.Rename(name, name+".aside"))
	must(t, os.Mkdir(name, 0o700))
	if err := s.Backup(ctx, io.Discard); err == nil || errors.Is(err, store.ErrBroken) {
		t.Errorf("a table that can't be read now: %v", err)
	}
	must(t, os.Remove(name))
	must(t, os.Rename(name+".aside", name))
	mustTakeMore(t, s)
	must(t, s.Backup(ctx, io.Discard))
}

func TestARestoreThatFailsLeavesNothingBehind(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	oneOfEach(t, s)
	whole := backedUp(t, s)
	cut := func(n int) io.Reader { return bytes.NewReader(whole[:n]) }
	flipped := func(at int) io.Reader {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return bytes.NewReader(b)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for name, c := range map[string]struct {
		from io.Reader
		o    Options
		ctx  context.Context
		want error
	}{
		"empty":         {from: cut(0), want: backup.ErrNotOurs},
		"cut early":     {from: cut(60), want: backup.ErrCut},
		"cut in half":   {from: cut(len(whole) / 2), want: backup.ErrCut},
		"cut at end":    {from: cut(len(whole) - 1), want: backup.ErrCut},
		"flipped early": {from: flipped(30), want: backup.ErrDamaged},
		"flipped":       {from: flipped(len(whole) / 2), want: backup.ErrDamaged},
		"flipped late":  {from: flipped(len(whole) - 1), want: backup.ErrDamaged},
		"interrupted":   {from: cut(len(whole)), ctx: ended, want: context.Canceled},
		"no room": {from: cut(len(whole)), want: store.ErrLowSpace, o: Options{
			FreeSpace: func(string) (int64, error) { return defaultReserve - 1, nil },
		}},
	} {
		t.Run(name, func(t *testing.T) {
			above := t.TempDir()
			c.o.Path = filepath.Join(above, "store")
			if c.ctx == nil {
				c.ctx = ctx
			}
			if _, _, err := Restore(c.ctx, c.from, c.o); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if left, err := os.ReadDir(above); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

func TestARestoreTouchesNoFolderThatHoldsAnything(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	whole := backedUp(t, s)
	again := func() error {
		_, _, err := Restore(ctx, bytes.NewReader(whole), Options{Path: dir})
		return err
	}
	if err := again(); !errors.Is(err, store.ErrLocked) {
		t.Errorf("while it is open: %v", err)
	}
	must(t, s.Close())
	if err := again(); err == nil || !strings.Contains(err.Error(), "isn't empty") {
		t.Errorf("while it holds a store: %v", err)
	}
	must(t, os.RemoveAll(dir))
	must(t, os.Mkdir(dir+restoring, 0o700))
	if err := again(); err == nil || !strings.Contains(err.Error(), dir+restoring) {
		t.Errorf("while another restores: %v", err)
	}
	must(t, os.Remove(dir+restoring))
	must(t, os.Mkdir(dir, 0o755))
	must(t, again())
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder is %v, %v; want it for its owner only", info.Mode(), err)
	}
}

func TestABackupOfAnotherFormatIsRefused(t *testing.T) {
	var out bytes.Buffer
	b, err := backup.NewWriter(&out)
	must(t, err)
	must(t, b.JSON(backup.HeaderKind, backup.Header{Format: format + 1}))
	_, _, err = Restore(ctx, &out, Options{Path: filepath.Join(t.TempDir(), "store")})
	if err == nil || !strings.Contains(err.Error(), "use the version that wrote it") {
		t.Errorf("got %v", err)
	}
}
