package delivery

import (
	"bytes"
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

func TestAGoroutineWithNothingToDoIsUsedAgainAndThenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Worker{hands: make(hands), leasing: context.Background()}
		var who [3][]byte
		note := func(n int) func() { return func() { who[n], _, _ = bytes.Cut(debug.Stack(), []byte("[")) } }
		w.begin(note(0))
		synctest.Wait()
		w.begin(note(1))
		synctest.Wait()
		if !bytes.Equal(who[0], who[1]) {
			t.Errorf("%s did the first and %sthe second", who[0], who[1])
		}
		w.running.Wait() // which takes for ever unless it ends by itself
		w.begin(note(2))
		w.running.Wait()
		if bytes.Equal(who[0], who[2]) {
			t.Errorf("%sdid all three", who[0])
		}
	})
}

func TestAGoroutineWithNothingToDoEndsWithItsWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopping, stop := context.WithCancel(context.Background())
		w := &Worker{hands: make(hands), leasing: stopping}
		w.begin(func() {})
		synctest.Wait()
		stop()
		synctest.Wait()
		select {
		case w.hands <- func() {}:
			t.Error("it still waits for more")
		default:
		}
	})
}
