package badgerstore

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// crashDir names the folder in which a child process keeps until it is killed.
const crashDir = "PORTERSLODGE_TEST_CRASH_DIR"

// keepUntilKilled keeps events from several senders at once, some of them in
// chunks, and prints the id of each after it was acknowledged.
func keepUntilKilled(dir string) {
	s, err := Open(Options{Path: dir})
	if err != nil {
		panic(err)
	}
	for sender := range 8 {
		go func() {
			for n := 0; ; n++ {
				id, size := fmt.Sprintf("%d-%d", sender, n), 100
				if n%20 == 19 {
					size = 1 << 20
				}
				ev := newEvent(id, size)
				if _, err := s.Keep(ctx, ev, store.Dedupe{Key: id, Window: time.Hour}); err != nil {
					panic(err)
				}
				fmt.Println(id, ev.Seq)
			}
		}()
	}
	select {}
}

func TestWhatWasAcknowledgedOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		path := filepath.Join(dir, fmt.Sprint(round))
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashDir+"="+path)
		child.Stderr = t.Output()
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		acknowledged := make(map[string]uint64)
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			var id string
			var seq uint64
			if _, err := fmt.Sscan(lines.Text(), &id, &seq); err != nil {
				break // cut off by the kill
			}
			acknowledged[id] = seq
			if n == 400 {
				must(t, child.Process.Kill())
			}
		}
		_ = child.Wait() // it was killed
		if len(acknowledged) < 400 {
			t.Fatalf("only %d were acknowledged", len(acknowledged))
		}
		checkAcknowledged(t, path, acknowledged)
	}
}

func checkAcknowledged(t *testing.T, path string, acknowledged map[string]uint64) {
	t.Helper()
	mustBeSound(t, path)
	var log logged
	s := open(t, Options{Path: path, Logger: log.logger()})
	for id, seq := range acknowledged {
		ev, err := s.Event(ctx, seq)
		if err != nil || ev.ID != id {
			t.Fatalf("event %d was acknowledged as %s and is %v, %v", seq, id, ev, err)
		}
		k, err := s.Keep(ctx, newEvent("again", 1), store.Dedupe{Key: id, Window: time.Hour})
		if err != nil || !k.Duplicate || k.ID != id {
			t.Fatalf("the key of %s is forgotten: %+v, %v", id, k, err)
		}
	}
	c, err := s.Counts(ctx)
	must(t, err)
	if n := c.Sources["knolyx"].New; n < uint64(len(acknowledged)) || n != c.Events.Waiting {
		t.Errorf("%d were acknowledged; counted %+v", len(acknowledged), c)
	}
	if strings.Contains(log.String(), "ERROR") {
		t.Errorf("logged %s", &log)
	}
}

// copyOf copies the folder of an open store: what a crash would leave.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	must(t, os.CopyFS(filepath.Join(to, "store"), os.DirFS(dir)))
	return filepath.Join(to, "store")
}

func TestACrashForgetsNoStepAndNoCount(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	for i := range 6 {
		ev := keep(t, s, fmt.Sprint(i), 10)
		if i < 4 {
			must(t, route(s, ev, "line", 10))
		}
	}
	must(t, s.Quarantine(ctx, &event.Quarantined{ID: "q", Source: "knolyx", Request: event.Request{Received: start}}, 9))
	s.Note("knolyx", store.Requests{Refused: 1})
	deliver(t, s)
	var log logged
	crashed := open(t, Options{Path: copyOf(t, dir), Logger: log.logger()})
	got, err := crashed.Counts(ctx)
	must(t, err)
	want, err := s.Counts(ctx)
	must(t, err)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after the crash %+v\nis counted, before it %+v", got, want)
	}
	if log.String() != "" {
		t.Errorf("logged %s", &log)
	}
	if d := deliver(t, crashed); d.Seq != 2 {
		t.Errorf("event %d is delivered next, want 2", d.Seq)
	}
}
