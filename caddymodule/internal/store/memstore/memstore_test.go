package memstore_test

import (
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/storetest"
)

func TestMemstoreKeepsEveryPromiseOfAStore(t *testing.T) {
	disks := make(map[string]*memstore.Store)
	storetest.Run(t, func(_ *testing.T, dir string) store.Store {
		if s, ok := disks[dir]; ok {
			disks[dir] = s.Reopen()
		} else {
			disks[dir] = memstore.New()
		}
		return disks[dir]
	})
}
