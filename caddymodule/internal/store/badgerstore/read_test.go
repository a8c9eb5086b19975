package badgerstore

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func TestAnEventIsThereWhileItIsRouted(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	s.aside.Wait()
	for i := range 1000 {
		ev := keep(t, s, fmt.Sprint(i), 10)
		var all sync.WaitGroup
		var routed atomic.Bool
		for name, look := range map[string]func() error{
			"Event":      func() error { _, err := s.Event(ctx, ev.Seq); return err },
			"Deliveries": func() error { _, err := s.Deliveries(ctx, ev.Seq); return err },
			"Find": func() error {
				found, err := s.Find(ctx, store.Query{Before: ev.Seq + 1, Look: 1})
				if err == nil && len(found.Seqs) == 0 {
					err = store.ErrNotFound
				}
				return err
			},
		} {
			all.Go(func() {
				for !routed.Load() {
					if err := look(); err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
		must(t, route(s, ev, "", 10))
		routed.Store(true)
		all.Wait()
	}
}
