package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
	"github.com/porterslodge/porterslodge/rules"
)

var ctx = context.Background()

// act does an action to all that a filter means.
func (b *bench) act(a Action, f Filter) Done {
	b.t.Helper()
	p, err := b.Find(ctx, f, 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	if n := a.Count(f, p.Events); n == 0 && len(p.Events) > 0 {
		b.t.Logf("nothing to act on among %d events", len(p.Events))
	}
	done, err := b.Act(ctx, a, f, p.Events)
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

func TestADeadDeliveryThatIsRetriedIsDeliveredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := benchOver(t, memstore.New())
		defer b.close()
		b.crm.answer(http.StatusInternalServerError)
		detach := b.Attach(b.config())
		defer detach()
		for _, id := range []string{"k-1", "k-2"} {
			b.accept(b.source("knolyx"), "t", course(id))
		}
		time.Sleep(73 * time.Hour)
		b.crm.answer(http.StatusNoContent)
		dead := Filter{State: event.Dead, Backend: "crm"}
		without := b.config()
		without.Backends = nil
		undo := b.Attach(without)
		if done := b.act(Retry, dead); done.Done != 0 || done.Unchanged != 2 {
			t.Errorf("for a backend that isn't there it retried %+v", done)
		}
		undo()
		if done := b.act(Retry, dead); done.Done != 2 || len(done.IDs) != 2 {
			t.Errorf("retried %+v", done)
		}
		if done := b.act(Retry, dead); done.Done != 0 {
			t.Errorf("a second time it retried %+v", done)
		}
		synctest.Wait()
		got := b.crm.received()
		slices.Sort(got)
		if !slices.Equal(got, []string{"knolyx:k-1", "knolyx:k-2"}) {
			t.Errorf("the backend got %v", got)
		}
		if c := b.counts().Backends["crm"]; c != (store.Deliveries{Delivered: 2}) {
			t.Errorf("counted %+v", c)
		}
	})
}

func TestWhatIsReprocessedIsNeverSeenWaiting(t *testing.T) {
	b := newBench(t)
	defer b.close()
	detach := b.Attach(b.config(rules.Rule{Name: "none", When: `false`, To: []string{"crm"}}))
	b.accept(b.source("knolyx"), "t", course("k-1"))
	b.accept(b.source("knolyx"), "t", `{"id":"k-2"`)
	b.settle()
	for _, state := range []event.State{event.Unrouted, event.Invalid} {
		if done := b.act(Reprocess, Filter{State: state}); done.Done != 0 || done.Unchanged != 1 {
			t.Errorf("by the same rules %s became %+v", state, done)
		}
	}
	defer b.Attach(b.config())()
	detach()
	if done := b.act(Reprocess, Filter{State: event.Unrouted}); done.Done != 1 {
		t.Errorf("by rules that take it: %+v", done)
	}
	if c := b.counts().Events; c != (store.Events{Routed: 1, Invalid: 1}) {
		t.Errorf("counted %+v", c)
	}
	b.settle()
	if got := b.crm.received(); !slices.Equal(got, []string{"knolyx:k-1"}) {
		t.Errorf("the backend got %v", got)
	}
}

func TestAReplayIsMarkedAndHasTheSameKeyUnlessAskedOtherwise(t *testing.T) {
	b := newBench(t)
	defer b.close()
	defer b.Attach(b.config())()
	b.accept(b.source("knolyx"), "t", course("k-1"))
	b.settle()
	all := Filter{Source: "knolyx"}
	if done := b.act(Replay(false, false), all); done.Done != 1 {
		t.Errorf("replayed %+v", done)
	}
	b.settle()
	if done := b.act(Replay(false, false), all); done.Done != 0 {
		t.Errorf("replayed within the hour: %+v", done)
	}
	sights, err := b.Sights(ctx, []uint64{1, 1, 99})
	if err != nil || len(sights) != 1 {
		t.Fatalf("found %d, %v", len(sights), err)
	}
	if done, err := b.Act(ctx, Replay(true, true), Filter{}, sights); err != nil || done.Done != 1 {
		t.Errorf("named, it was not replayed: %+v, %v", done, err)
	}
	b.settle()
	got := b.crm.received()
	if len(got) != 3 || got[1] != got[0] || got[2] == got[0] {
		t.Errorf("the backend got %v", got)
	}
	p, err := b.Find(ctx, all, 0, 10)
	if err != nil || len(p.Events) != 3 || p.Events[0].ReplayOf != "k-1" || p.Events[1].ReplayOf != "k-1" || p.Events[2].ReplayOf != "" {
		t.Errorf("found %+v, %v", p.Events, err)
	}
	if first, again := p.Events[2].Outcome.Normalized.Time, p.Events[0].Outcome.Normalized.Time; !again.Equal(first) {
		t.Errorf("it happened at %s, and its replay says %s", first, again)
	}
}

func TestAPausedBackendsDeliveriesLoseNoTimeForRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New()
		b := benchOver(t, s)
		detach := b.Attach(b.config())
		if changed, err := b.Pause(ctx, "crm"); err != nil || !changed {
			t.Fatal(changed, err)
		}
		b.accept(b.source("knolyx"), "t", course("k-1"))
		time.Sleep(500 * time.Hour)
		synctest.Wait()
		if got := b.crm.received(); len(got) != 0 {
			t.Errorf("it was delivered in the pause: %v", got)
		}
		detach()
		b.close()
		b = benchOver(t, s.Reopen())
		defer b.close()
		defer b.Attach(b.config())()
		time.Sleep(time.Hour)
		if st, err := b.Status(ctx); err != nil || st.Paused["crm"].IsZero() || len(b.crm.received()) != 0 {
			t.Errorf("after a restart: %+v, %v", st.Paused, err)
		}
		b.crm.answer(http.StatusInternalServerError)
		if changed, err := b.Resume(ctx, "crm"); err != nil || !changed {
			t.Fatal(changed, err)
		}
		time.Sleep(71 * time.Hour)
		b.crm.answer(http.StatusNoContent)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := b.crm.received(); !slices.Equal(got, []string{"knolyx:k-1"}) {
			t.Errorf("after the pause the backend got %v, counted %+v", got, b.counts().Backends)
		}
	})
}

func TestAnUnknownBackendIsNotPaused(t *testing.T) {
	b := newBench(t)
	defer b.close()
	defer b.Attach(b.config())()
	if _, err := b.Pause(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if changed, err := b.Resume(ctx, "crm"); err != nil || changed {
		t.Errorf("resuming what isn't paused: %v, %v", changed, err)
	}
}

func TestReleasedRequestsAreVerifiedAsTheyCameAndKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := benchOver(t, memstore.New())
		defer b.close()
		c := b.config()
		src := b.source("knolyx")
		src.Verifier = recently{"new"}
		c.Sources["knolyx"] = src
		defer b.Attach(c)()
		wrong := *src
		wrong.Verifier = recently{"old"}
		for _, id := range []string{"k-1", "k-2"} {
			b.accept(&wrong, "new", course(id))
		}
		b.accept(&wrong, "forged", course("k-3"))
		time.Sleep(5 * 24 * time.Hour) // long after a timestamp's tolerance
		for _, want := range []Done{{Done: 2, Unchanged: 1}, {Unchanged: 1}} {
			qs, err := b.Quarantined(ctx, "knolyx", store.Place{}, 10)
			if err != nil {
				t.Fatal(err)
			}
			done, err := b.Release(ctx, qs, false)
			if err != nil || done.Done != want.Done || done.Unchanged != want.Unchanged {
				t.Errorf("released %+v, %v, want %+v", done, err, want)
			}
		}
		if a := b.accept(src, "new", course("k-1")); a.Verdict != Duplicate {
			t.Errorf("the sender comes again and is %+v", a)
		}
		synctest.Wait()
		got := b.crm.received()
		slices.Sort(got)
		if !slices.Equal(got, []string{"knolyx:k-1", "knolyx:k-2"}) {
			t.Errorf("the backend got %v", got)
		}
		n := b.counts().Sources["knolyx"]
		if n != (store.Requests{New: 2, Duplicate: 1, Quarantined: 1, Released: 2}) {
			t.Errorf("counted %+v", n)
		}
	})
}

// recently verifies a token that came just now, as schemes with a timestamp do.
type recently struct{ token string }

func (v recently) Verify(r *verify.Request) verify.Result {
	if r.Token != v.token {
		return verify.Result{Secret: -1, Reason: "wrong token"}
	}
	sent, err := time.Parse(time.RFC3339Nano, r.Header.Get("Sent"))
	if err != nil || r.Now.Sub(sent).Abs() > 5*time.Minute {
		return verify.Result{Secret: -1, Reason: "too old"}
	}
	return verify.Result{OK: true}
}
