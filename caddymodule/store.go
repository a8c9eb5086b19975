package caddymodule

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/badgerstore"
)

// storeModule is what a module in the namespace webhook_gateway.stores offers.
// It is provisioned for each config, and opened once for all that share it.
type storeModule interface {
	// identity tells stores apart: the same one is never opened twice.
	identity() string
	open(*slog.Logger) (store.Store, error)
}

// BadgerStore keeps everything in a Badger database in a folder of this
// machine. Every acknowledged event was written with a sync.
type BadgerStore struct {
	// The folder of the database. It is made if it isn't there. A relative
	// path is below the folder in which Caddy was started. Default:
	// `webhook_gateway` below Caddy's data directory.
	Path string `json:"path,omitempty"`

	// How many bytes of the disk must stay free. Below it, requests are
	// answered 503 until there is space again, because a full disk would kill
	// the whole server. At least 128 MiB. Default: 256 MiB.
	Reserve int64 `json:"reserve,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (BadgerStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "webhook_gateway.stores.badger",
		New: func() caddy.Module { return new(BadgerStore) },
	}
}

// Provision resolves the path, so that two spellings of it are one store.
func (b *BadgerStore) Provision(caddy.Context) error {
	path, err := resolve("store badger", b.Path)
	if err != nil {
		return err
	}
	if path == "" {
		path = filepath.Join(caddy.AppDataDir(), appName)
	}
	b.Path, err = canonical(path)
	if err != nil {
		return fmt.Errorf("store badger: %w", err)
	}
	return b.check()
}

// minReserve is what Badger may write behind an accepted request: memtables,
// their logs, and a compaction. With less, a full disk kills the process.
const minReserve = 128 << 20

func (b *BadgerStore) check() error {
	if b.Reserve != 0 && b.Reserve < minReserve {
		return errors.New("store badger: the reserve is at least 128MiB, for a disk that runs full kills the server")
	}
	return nil
}

// canonical is the one spelling of a path that may not exist yet: symbolic
// links are followed as far as there is something to follow.
func canonical(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for dir, rest := path, ""; ; {
		if there, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(there, rest), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return path, nil
		}
		dir, rest = parent, filepath.Join(filepath.Base(dir), rest)
	}
}

func (b *BadgerStore) identity() string { return "badger:" + b.Path }

func (b *BadgerStore) open(log *slog.Logger) (store.Store, error) {
	s, err := badgerstore.Open(badgerstore.Options{Path: b.Path, Reserve: b.Reserve, Logger: log})
	if err != nil {
		return nil, err
	}
	return s, nil
}

var (
	_ caddy.Provisioner = (*BadgerStore)(nil)
	_ storeModule       = (*BadgerStore)(nil)
)
