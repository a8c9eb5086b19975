package reliability

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/failpoint"
)

// crash is one end of the process in the middle of one event's way.
type crash struct {
	kind    string // new, duplicate, retry or dead
	step    string
	passing int // which passing of the step ends the process
	// repeated tells that the backend's answer was not recorded, so that it gets
	// the event a second time.
	repeated bool
}

func (c crash) String() string { return fmt.Sprintf("%s/%s:%d", c.kind, c.step, c.passing) }

// crashes are all there are. A retry and what dies pass the steps before the
// backend as every new one does.
func crashes() (all []crash) {
	for _, step := range []string{
		failpoint.Received, failpoint.Verified, failpoint.Written, failpoint.Kept, failpoint.Answered,
		failpoint.Routing, failpoint.Routed, failpoint.Sending, failpoint.Sent, failpoint.Recorded,
	} {
		all = append(all, crash{"new", step, 1, step == failpoint.Sent})
	}
	for _, step := range []string{failpoint.Received, failpoint.Verified, failpoint.Kept, failpoint.Answered} {
		all = append(all, crash{"duplicate", step, 2, false})
	}
	for _, step := range []string{failpoint.Sending, failpoint.Sent, failpoint.Recorded} {
		for passing := 1; passing <= 2; passing++ {
			all = append(all,
				crash{"retry", step, passing, step == failpoint.Sent && passing == 2},
				crash{"dead", step, passing, false})
		}
	}
	return all
}

// TestPromises1To4HoldAtEveryStep ends the process at each step of an event's
// way, starts it again, and holds both ledgers against each other.
func TestPromises1To4HoldAtEveryStep(t *testing.T) {
	choose := random(t)
	all := crashes()
	binary(t, "failpoints")
	tried := sized(6, len(all), len(all))
	var acknowledged, repeated atomic.Int32
	t.Run("steps", func(t *testing.T) {
		for _, i := range choose.Perm(len(all))[:tried] {
			t.Run(all[i].String(), func(t *testing.T) {
				t.Parallel()
				s := newStepped(t, all[i])
				s.crash()
				if len(s.ledger.acknowledged()) > 0 {
					acknowledged.Add(1)
				}
				s.recover()
				if n := len(s.crm.delivered()[theEvent]); n > 1 {
					repeated.Add(1)
				}
			})
		}
	})
	report(t, result{
		Fault: "every step", How: "exit at each step of an event that is new, a duplicate, retried, or dies; restart",
		Tried: fmt.Sprintf("%d of %d places", tried, len(all)),
		Found: fmt.Sprintf("%d events acknowledged before the exit, 0 lost, %d delivered again with the same key, each between the backend's answer and its record", acknowledged.Load(), repeated.Load()),
	})
}

const theEvent = "the-event"

// stepped is a gateway that ends at a step of the one event it gets.
type stepped struct {
	*gateway
	at     crash
	ledger senderLedger
	crm    *backendLedger
	// attempts counts what the backend was sent, mended that it works from now on.
	attempts atomic.Int32
	mended   atomic.Bool
	answered chan struct{} // closed when the sender has its answer
}

// retryFor is when an event dies whose backend fails.
const retryFor = 400 * time.Millisecond

func newStepped(t *testing.T, c crash) *stepped {
	s := &stepped{at: c, answered: make(chan struct{})}
	s.crm = newBackend(t, s.fail)
	retry := "72h"
	if c.kind == "dead" {
		retry = retryFor.String()
	}
	s.gateway = newGateway(t, fmt.Sprintf("backend crm %s {\n backoff 10ms 20ms\n retry_for %s\n}\ndefault crm", s.crm.URL, retry))
	s.tags = "failpoints"
	return s
}

// fail is the backend's failure: of a first attempt where the event is retried,
// and of all where it dies, the second one late enough to be the last. What it
// answers before the crash the sender's answer has preceded.
func (s *stepped) fail(w http.ResponseWriter, r *http.Request) bool {
	n := s.attempts.Add(1)
	select {
	case <-s.answered:
	case <-r.Context().Done():
		return true
	}
	dies := s.at.kind == "dead" && !s.mended.Load()
	if dies && n > 1 {
		time.Sleep(retryFor)
	}
	if dies || s.at.kind == "retry" && n == 1 {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	return false
}

// crash sends the event and waits for the end of the process.
func (s *stepped) crash() {
	s.t.Helper()
	s.environment = []string{fmt.Sprintf("PORTERSLODGE_FAILPOINT=%s:%d", s.at.step, s.at.passing)}
	s.start()
	status, _ := s.ledger.send(s.gateway, theEvent)
	close(s.answered)
	if s.at.kind == "duplicate" {
		s.settled()
		status, _ = s.ledger.send(s.gateway, theEvent)
	}
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the step was never passed:\n%s", tail(s.logs(), 4000))
	}
	if code := s.cmd.ProcessState.ExitCode(); code != failpoint.ExitCode {
		s.t.Fatalf("it ended by itself with %d:\n%s", code, tail(s.logs(), 4000))
	}
	s.kill() // nothing is left to be killed; the connections are closed
	switch s.at.step {
	case failpoint.Received, failpoint.Verified, failpoint.Written, failpoint.Kept:
		if status != 0 {
			s.t.Errorf("the sender was answered %d before that", status)
		}
	}
}

// recover starts the gateway again and checks the promises.
func (s *stepped) recover() {
	s.t.Helper()
	if text, err := s.doctor(); err != nil {
		s.t.Errorf("doctor: %v: %s", err, text)
	}
	s.environment = nil
	known := len(s.ledger.acknowledged()) > 0
	s.start()
	// The sender comes again, as it does without an answer and may do with one.
	status, _ := s.ledger.send(s.gateway, theEvent)
	if status/100 != 2 || known && status != http.StatusOK {
		s.t.Errorf("sent again, it was answered %d; acknowledged before: %t", status, known)
	}
	standing := s.settled()
	if s.at.kind == "dead" {
		s.revive(standing)
		standing = s.settled()
	}
	if n := standing.Backends[0]; n.Delivered != 1 || n.Dead != 0 || standing.Events.Routed != 1 || !standing.AddsUp {
		s.t.Errorf("the counts are wrong: %+v", standing)
	}
	s.deliveredAsItShould()
}

// revive retries what died by hand, once the backend is mended.
func (s *stepped) revive(standing adminapi.Status) {
	s.t.Helper()
	if n := standing.Backends[0]; n.Dead != 1 {
		s.t.Errorf("it is not dead: %+v", n)
	}
	if n := s.attempts.Load(); s.at.step == failpoint.Recorded && s.at.passing == 2 && n != 2 {
		s.t.Errorf("its end was on disk, and it was attempted %d times, not 2", n)
	}
	s.mended.Store(true)
	done, err := s.api().Act(context.Background(), adminapi.Retry, adminapi.Act{Filter: adminapi.Filter{State: string(event.Dead)}})
	if err != nil || done.Done != 1 {
		s.t.Errorf("retried by hand: %+v, %v", done, err)
	}
}

func (s *stepped) deliveredAsItShould() {
	s.t.Helper()
	keys := s.crm.delivered()[theEvent]
	want := 1
	if s.at.repeated {
		want = 2
	}
	if len(keys) != want || len(s.crm.delivered()) != 1 {
		s.t.Errorf("delivered %d times, not %d: %v", len(keys), want, s.crm.delivered())
	}
	for _, key := range keys {
		if key != "knolyx:"+theEvent {
			s.t.Errorf("delivered with the key %q", key)
		}
	}
}
