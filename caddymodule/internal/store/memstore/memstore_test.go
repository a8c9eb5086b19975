package memstore_test

import (
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/storetest"
)

func TestMemstoreKeepsEveryPromiseOfAStore(t *testing.T) {
	storetest.Run(t, reopening())
}

func TestMemstoreTellsThoseWhoWatchIt(t *testing.T) {
	storetest.RunWatched(t, reopening())
}

// reopening gives each folder a store, and what that held when asked again.
func reopening() func(*testing.T, string) store.Store {
	disks := make(map[string]*memstore.Store)
	return func(_ *testing.T, dir string) store.Store {
		if s, ok := disks[dir]; ok {
			disks[dir] = s.Reopen()
		} else {
			disks[dir] = memstore.New()
		}
		return disks[dir]
	}
}
