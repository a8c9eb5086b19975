package badgerstore

import (
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func TestNothingIsLeftOfWhatWasPurged(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	for i, size := range []int{10, 2 << 20, 10, 3 << 20} {
		must(t, route(s, keep(t, s, string(rune('a'+i)), size), "line", size))
	}
	for range 4 {
		deliver(t, s)
	}
	both := keep(t, s, "both", 10)
	must(t, s.Route(ctx, []store.Routing{{
		Seq: both.Seq, Outcome: event.Outcome{State: event.Routed, At: start, Backends: []string{"crm", "mail"}},
		Deliveries: []*event.Delivery{
			{Seq: both.Seq, Backend: "crm", State: event.Waiting}, {Seq: both.Seq, Backend: "mail", State: event.Waiting},
		},
	}}))
	deliver(t, s)
	ds, _, err := s.Lease(ctx, "mail", start, 1)
	must(t, err)
	ds[0].State, ds[0].Finished = event.Dead, start
	must(t, s.Record(ctx, ds[0]))
	must(t, s.Quarantine(ctx, &event.Quarantined{
		Source: "a", Request: event.Request{Received: start, Body: make([]byte, 2<<20)},
	}, 9))

	p, err := s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1, Stuck: 1, Quarantine: 1}, 99)
	if err != nil || p != (store.Purged{Finished: 4, Dead: 1, Quarantined: 1}) {
		t.Fatalf("purged %+v, %v", p, err)
	}
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for key := range keys(txn, nil) {
			if key[0] != metaKind && key[0] != dedupeKind {
				t.Errorf("left: a record of kind %c", key[0])
			}
		}
		return nil
	}))
}
