package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stalling answers requests on one end of a pipe at once, but for one of them,
// counted from 0.
func stalling(conn net.Conn, stalled int, stall time.Duration) {
	r := bufio.NewReader(conn)
	for i := 0; ; i++ {
		if skipRequest(r) != nil {
			return
		}
		if i == stalled {
			time.Sleep(stall)
		}
		if _, err := conn.Write(noContent); err != nil {
			return
		}
	}
}

// offered is what comes of two seconds of load over one connection, the first
// half of which are its warm-up. The request at stalled takes a second.
func offered(t *testing.T, rate float64, stalled int) (r result) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go stalling(theirs, stalled, time.Second)
		start := time.Now()
		w := window{start: start, from: start.Add(time.Second), to: start.Add(2 * time.Second)}
		l := load{conns: 1, rate: rate, bytes: kib, ids: around(0, 10), status: 204, answered: new(atomic.Int64)}
		if rate == 0 { // for ever at once is too often
			l.ids = func() (uint64, bool) { time.Sleep(100 * time.Millisecond); return 1, true }
		}
		var err error
		if r, err = l.connection(ours, 0, w); err != nil {
			t.Error(err)
		}
		if int64(r.total) != l.answered.Load() {
			t.Errorf("%d answers in all, %d counted", r.total, l.answered.Load())
		}
		_, _ = ours.Close(), theirs.Close()
		synctest.Wait()
	})
	return r
}

func milliseconds(ms ...int) (l latencies) {
	for _, n := range ms {
		l = append(l, time.Duration(n)*time.Millisecond)
	}
	return l
}

func TestInAnOpenLoopAStallCountsForAllThatItHeldUp(t *testing.T) {
	r := offered(t, 10, 13) // is due after 1.3 s and answered after 2.3 s
	want := milliseconds(0, 0, 0, 1000, 900, 800, 700, 600, 500, 400, 300)
	if !slices.Equal(r.latency, want) {
		t.Errorf("%v, want %v", r.latency, want)
	}
	if r.answers != len(want) || r.total != 10+len(want) {
		t.Errorf("%d answers measured of %d", r.answers, r.total)
	}
}

func TestAStallInTheWarmUpHoldsUpWhatIsMeasured(t *testing.T) {
	r := offered(t, 10, 5) // until 1.5 s
	want := milliseconds(500, 400, 300, 200, 100, 0, 0, 0, 0, 0, 0)
	if !slices.Equal(r.latency, want) {
		t.Errorf("%v, want %v", r.latency, want)
	}
}

func TestInAClosedLoopOnlyWhatIsAnsweredInTheWindowCounts(t *testing.T) {
	// Each request is sent 100 ms after the last answer; the stalled one would
	// be answered after the end.
	r := offered(t, 0, 13)
	if want := milliseconds(0, 0, 0, 0); !slices.Equal(r.latency, want) {
		t.Errorf("%v, want %v", r.latency, want)
	}
}

func TestConnectionsTakeTurnsInAnOpenLoop(t *testing.T) {
	start := time.Unix(0, 0)
	l := load{conns: 4, rate: 8}
	for number, want := range milliseconds(0, 125, 250, 375) {
		first, every := l.schedule(number, start)
		if first.Sub(start) != want || every != 500*time.Millisecond {
			t.Errorf("connection %d: %v, every %v", number, first.Sub(start), every)
		}
	}
}

// taking is a load for a backend, which answers 204.
func taking(n int) load {
	return load{conns: 3, bytes: kib, ids: upTo(n, around(1, n)), status: 204, answered: new(atomic.Int64)}
}

func newTestBackend(t *testing.T) *backend {
	t.Helper()
	b, err := newBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.close() })
	return b
}

func TestALoadEndsWithItsIDs(t *testing.T) {
	to := newTestBackend(t)
	r, err := taking(50).offer(t.Context(), to.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if r.answers != 50 || r.total != 50 || len(r.latency) != 50 || to.arrived.Load() != 50 {
		t.Errorf("%+v, %d arrived", r, to.arrived.Load())
	}
	if r.seconds <= 0 || !slices.IsSorted(r.latency) {
		t.Errorf("%+v", r)
	}
}

func TestAWrongAnswerEndsALoad(t *testing.T) {
	to := newTestBackend(t)
	l := taking(50)
	l.status = 202
	_, err := l.offer(t.Context(), to.listener.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "answered 204, not 202") {
		t.Errorf("%v", err)
	}
	if to.arrived.Load() > int64(l.conns) {
		t.Errorf("%d requests were sent", to.arrived.Load())
	}
}

func TestALoadEndsWhenItIsInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = io.ReadFull(conn, make([]byte, 1))
			cancel(errHopeless)
		}
	}()
	if _, err := taking(50).offer(ctx, l.Addr().String()); !errors.Is(err, errHopeless) {
		t.Errorf("%v", err)
	}
}

func TestIDsEndAndGoAround(t *testing.T) {
	var got []uint64
	for ids := upTo(5, around(7, 3)); ; {
		id, more := ids()
		if !more {
			break
		}
		got = append(got, id)
	}
	if want := []uint64{8, 9, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
