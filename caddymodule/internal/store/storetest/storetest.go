// Package storetest is the suite that every store passes: each sentence of the
// contract in package store is a test here, named after what it promises.
package storetest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Run tests a store. Opening the same folder again after Close must give back
// what was in it; the suite closes what it opens.
func Run(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	run(t, open, promises)
}

func run(t *testing.T, open func(t *testing.T, dir string) store.Store, promises map[string]func(*bench)) {
	for name, test := range promises {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, open: open, dir: t.TempDir()}
			b.Store = open(t, b.dir)
			defer func() { b.must(b.Close()) }()
			test(b)
		})
	}
}

var promises = map[string]func(*bench){
	"a key sent 64 times at once is kept once under one id":     oneKeyIsKeptOnce,
	"a duplicate is told the first id":                          duplicatesLearnTheFirstID,
	"a key counts until its window has passed and not longer":   windowsEnd,
	"a window of 0 remembers nothing":                           noWindowRemembersNothing,
	"an empty key remembers nothing":                            emptyKeysAreNoDuplicates,
	"a key is scoped by its source":                             keysAreScoped,
	"keys and events outlive a restart":                         keysOutliveARestart,
	"an event comes back as it was kept":                        eventsComeBackWhole,
	"bodies of every size come back after a restart":            bodiesComeBackWhole,
	"events wait in the order of arrival":                       eventsWaitInOrder,
	"routing is skipped where the event doesn't wait":           routingHappensOnce,
	"an outcome comes back as it was routed":                    outcomesComeBack,
	"a routing that breaks the contract is refused":             badRoutingsAreRefused,
	"deliveries come in the order of the backends":              deliveriesFollowTheBackends,
	"what doesn't exist isn't found":                            unknownThingsAreNotFound,
	"a delivery comes back as it was routed and recorded":       deliveriesComeBackWhole,
	"a delivery with a large transform comes back":              largeTransformsComeBack,
	"deliveries are leased when due and earliest first":         leasesFollowDueTimes,
	"what would wait too long is leased":                        whatWaitsTooLongIsDue,
	"nothing is leased twice at once":                           leasesAreExclusive,
	"a returned delivery may be leased again":                   returnedDeliveriesComeBack,
	"leases end with the process":                               leasesEndWithTheProcess,
	"a retry waits until it is due":                             retriesWait,
	"an attempt without a lease is refused":                     attemptsNeedALease,
	"an attempt that leads nowhere is refused":                  attemptsFollowTheEdges,
	"a backend's queue is its own":                              queuesAreApart,
	"deliveries of one value go one at a time":                  linesAreKept,
	"lines outlive a restart":                                   linesOutliveARestart,
	"a dead delivery makes way":                                 theDeadMakeWay,
	"finished events go exactly at their age":                   finishedEventsGo,
	"each event goes at its own age, whenever it was recorded":  eachAtItsAge,
	"stuck events go exactly at their age and by their class":   stuckEventsGo,
	"an age of 0 keeps for ever":                                noAgeKeepsForEver,
	"nothing that waits is purged":                              waitingThingsStay,
	"a purge goes in steps":                                     purgesGoInSteps,
	"a purged key still makes a duplicate":                      purgedEventsAreRemembered,
	"the quarantine holds up to its limit for each source":      quarantineHasALimit,
	"quarantined requests come back oldest first":               quarantineComesBack,
	"quarantined requests go at their age":                      quarantineAges,
	"a quarantined request is never a duplicate nor makes one":  quarantineIsNotSeen,
	"find gives every event of a state, newest first":           findGivesThemAll,
	"find goes on where it stopped":                             findGoesOn,
	"a dead delivery that is retried has all before it again":   retriesStartAnew,
	"a retried delivery goes to the end of its line":            retriesLineUp,
	"only what is dead is retried, and once":                    onlyTheDeadAreRetried,
	"a retried delivery isn't purged for its former death":      retriesAreNotPurged,
	"a stuck event gets another outcome in one step":            stuckEventsAreRerouted,
	"a large outcome replaces a large one":                      largeOutcomesAreReplaced,
	"only what is stuck is rerouted, and by the contract":       onlyTheStuckAreRerouted,
	"what is discarded is gone and counted":                     discardedThingsGo,
	"only what is stuck or dead is discarded, and once":         onlyTheStuckAreDiscarded,
	"a released request is kept and out, once":                  releasesHappenOnce,
	"a released request may be a duplicate":                     releasesMayBeDuplicates,
	"a discarded request leaves the quarantine":                 quarantineIsDiscarded,
	"numbers tell quarantined requests apart":                   quarantineIsNumbered,
	"the quarantine is read in pages":                           quarantineIsPaged,
	"a replay is counted apart and says of what":                replaysAreCounted,
	"retrying deliveries are counted":                           retryingIsCounted,
	"pauses outlive a restart":                                  pausesOutliveARestart,
	"notes are counted and outlive Close":                       notesOutliveClose,
	"a closed store refuses everything and may be closed again": closedStoresRefuse,
	"an operation whose context has ended is not begun":         endedContextsStopOperations,
	"any sequence leads where it leads the simplest store":      likeTheSimplest,
}

// start is when the tests begin; a store must not need the clock.
var start = time.Date(2026, 11, 21, 2, 27, 0, 123e6, time.UTC)

var ctx = context.Background()

// bench is a store under test and what the tests say about it.
type bench struct {
	*testing.T
	store.Store
	open func(*testing.T, string) store.Store
	dir  string
	n    int
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// restart closes the store and opens it again.
func (b *bench) restart() {
	b.Helper()
	b.must(b.Close())
	b.Store = b.open(b.T, b.dir)
}

// event makes an event of source knolyx that nobody has seen.
func (b *bench) event(at time.Time) *event.Event {
	b.n++
	return &event.Event{
		ID: fmt.Sprintf("id-%d", b.n), Source: "knolyx", Sender: "knolyx", SenderType: "COURSE_COMPLETED",
		Time: at.Add(-time.Second),
		Request: event.Request{
			Method: http.MethodPost, Path: "exam", Query: url.Values{"a": {"1", "2"}},
			Header: http.Header{"X-Kind": {"x"}}, Body: fmt.Appendf(nil, `{"n":%d}`, b.n), Received: at,
		},
		Forward: []string{"X-Kind"},
	}
}

// kept keeps a new event and returns it.
func (b *bench) kept(at time.Time) *event.Event {
	b.Helper()
	ev := b.event(at)
	if k := b.keep(ev, store.Dedupe{Key: ev.ID, Window: time.Hour}); k.Duplicate {
		b.Fatalf("%s is new but became a duplicate of %s", ev.ID, k.ID)
	}
	return ev
}

func (b *bench) keep(ev *event.Event, d store.Dedupe) store.Kept {
	b.Helper()
	k, err := b.Keep(ctx, ev, d)
	b.must(err)
	return k
}

// routing sends an event to backends, ordered by a value or by none.
func routing(ev *event.Event, at time.Time, order string, backends ...string) store.Routing {
	r := store.Routing{Seq: ev.Seq, Outcome: event.Outcome{State: event.Routed, At: at, Backends: backends}}
	for _, name := range backends {
		r.Deliveries = append(r.Deliveries, &event.Delivery{
			Seq: ev.Seq, Backend: name, EventID: ev.ID, Source: ev.Source, Rule: "rule",
			State: event.Waiting, OrderKey: order, Created: at, Due: at, Since: at,
		})
	}
	return r
}

// routed keeps an event and routes it to backends.
func (b *bench) routed(at time.Time, order string, backends ...string) *event.Event {
	b.Helper()
	ev := b.kept(at)
	b.must(b.Route(ctx, []store.Routing{routing(ev, at, order, backends...)}))
	return ev
}

// lease leases one delivery that must be due.
func (b *bench) lease(backend string, at time.Time) *event.Delivery {
	b.Helper()
	ds, _, err := b.Lease(ctx, backend, at, 1, 0)
	b.must(err)
	if len(ds) != 1 {
		b.Fatalf("leased %d deliveries of %s, want 1", len(ds), backend)
	}
	return ds[0]
}

// nothingDue checks that nothing can be leased, and what falls due next.
func (b *bench) nothingDue(backend string, at, next time.Time) {
	b.Helper()
	ds, got, err := b.Lease(ctx, backend, at, 10, 0)
	b.must(err)
	if len(ds) != 0 || !got.Equal(next) {
		b.Fatalf("leased %d deliveries of %s, next due at %v; want none and %v", len(ds), backend, got, next)
	}
}

// finish records an attempt that ends a leased delivery.
func (b *bench) finish(d *event.Delivery, at time.Time, state event.State) {
	b.Helper()
	d.Add(event.Attempt{At: at, Status: http.StatusOK})
	d.State, d.Finished = state, at
	b.must(b.Record(ctx, d))
}

func (b *bench) counts() store.Counts {
	b.Helper()
	c, err := b.Counts(ctx)
	b.must(err)
	return c
}

func (b *bench) purge(p store.Policy) store.Purged {
	b.Helper()
	got, err := b.Purge(ctx, p, 1000)
	b.must(err)
	return got
}
