package badgerstore

import (
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// TestAReaderNeverChangesARecentEvent looks at an event whose outcome is on
// disk and not yet in memory, as it is for a moment after each commit.
func TestAReaderNeverChangesARecentEvent(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	kept := keep(t, s, "one", 10)
	value, err := encodeRouting(&store.Routing{Seq: 1, Outcome: event.Outcome{State: event.Routed, At: start}})
	must(t, err)
	txn := s.versions.begin(true)
	defer s.versions.end(txn)
	must(t, txn.Set(outcomeKey(1), value))
	must(t, s.publish(txn))
	read, err := s.Event(ctx, 1)
	must(t, err)
	if read.Outcome.State != event.Routed {
		t.Errorf("it reads as %q", read.Outcome.State)
	}
	if kept.Outcome.State != "" {
		t.Error("the event that others hold was changed")
	}
}
