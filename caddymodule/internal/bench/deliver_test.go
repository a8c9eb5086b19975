package main

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// growingBy are backlogs that grow by so many events from one look to the next.
func growingBy(each int) (backlogs []int) {
	for look := range flowLooks {
		backlogs = append(backlogs, 1000+each*look)
	}
	return backlogs
}

func TestABacklogThatGrowsIsTold(t *testing.T) {
	wave := growingBy(0)
	for i := range wave {
		wave[i] += i % 5 * 200
	}
	for name, c := range map[string]struct {
		flow flow
		want bool
	}{
		"none":                {flow{backlogs: make([]int, flowLooks)}, false},
		"the same":            {flow{backlogs: growingBy(0)}, false},
		"it goes up and down": {flow{backlogs: wave}, false},
		"it shrinks":          {flow{backlogs: growingBy(-10)}, false},
		"by a 200th":          {flow{backlogs: growingBy(25)}, false},
		"by a 50th":           {flow{backlogs: growingBy(100)}, true},
		"it was given up":     {flow{backlogs: growingBy(0), hopeless: true}, true},
		"it had no time":      {flow{}, true},
	} {
		c.flow.offered, c.flow.lasted = 5000, time.Minute
		if got := c.flow.growing(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDeliveriesAreCountedForAsLongAsWasLooked(t *testing.T) {
	f := flow{lasted: time.Minute, arrived: 30_000, backlogs: make([]int, flowLooks/2)}
	if got := f.perSecond(); got != 1000 {
		t.Errorf("%v", got)
	}
}

func TestAFlowIsWatchedUntilItIsHopeless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{scale: scale{warm: time.Second}, progress: quietProgress()}
		to := new(backend)
		f := flow{offered: 1000, lasted: time.Minute}
		defer time.Sleep(time.Minute) // until the last event
		go func() {                   // 1,000 accepted and 600 delivered a second
			for range 120 {
				time.Sleep(500 * time.Millisecond)
				b.answered.Add(500)
				to.arrived.Add(300)
			}
		}()
		var why error
		f.watch(t.Context(), b, to, 0, func(err error) { why = err })
		if !errors.Is(why, errHopeless) {
			t.Fatalf("%v after %d looks", why, len(f.backlogs))
		}
		// It was given up when over 5,000 waited, after 12.5 s or the look after it.
		if n := len(f.backlogs); n < 11 || n > 13 {
			t.Errorf("%d looks: %v", n, f.backlogs)
		}
		if got := f.perSecond(); got < 550 || got > 650 {
			t.Errorf("%v/s arrived", got)
		}
	})
}

func TestABackendTakesWhatTheGatewaySends(t *testing.T) {
	to := newTestBackend(t)
	for range 3 {
		r, err := http.Post(to.url(), "application/cloudevents+json", bytes.NewReader(make([]byte, 5000)))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Body.Close(); err != nil || r.StatusCode != http.StatusNoContent {
			t.Errorf("%v, %v", r.Status, err)
		}
	}
	if got := to.arrived.Load(); got != 3 {
		t.Errorf("%d arrived", got)
	}
}

func TestWhatWasPurgedIsSummedUpFromAGrowingLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	f := follower{lines: bufio.NewReader(in)}
	const line = `{"level":"info","msg":"purged finished events after their retention","events":500}` + "\n"
	for _, step := range []struct {
		written string
		want    int
	}{
		{"", 0},
		{`{"level":"info","msg":"delivered","events":7}` + "\n", 0},
		{line + line, 1000},
		{line[:40], 1000},
		{line[40:], 1500},
		{line[:len(line)-1], 1500},
		{"\n" + line, 2500},
	} {
		if _, err := out.WriteString(step.written); err != nil {
			t.Fatal(err)
		}
		if got, err := f.follow(); err != nil || got != step.want {
			t.Errorf("after %q: %d, %v, want %d", step.written, got, err, step.want)
		}
	}
}

func TestWaitingIsGivenUpWhenNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{scale: scale{look: time.Second}, progress: quietProgress()}
		begun, n := time.Now(), 0
		err := b.await(t.Context(), "delivered", 100, func() (int, error) {
			n = min(n+1, 60)
			return n, nil
		})
		if err == nil || !strings.Contains(err.Error(), "only 60 of 100 events were delivered") {
			t.Errorf("%v", err)
		}
		if took := time.Since(begun).Round(time.Minute); took != time.Minute+stalled {
			t.Errorf("given up after %v", took)
		}
		if err := b.await(t.Context(), "delivered", 60, func() (int, error) { return 60, nil }); err != nil {
			t.Error(err)
		}
	})
}
