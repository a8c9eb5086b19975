package badgerstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
)

// TestEventsWhoseDatabaseIsLostAreNotTakenForNewOnes removes what a database
// can lose, and opens the store: it must not begin anew, for all events would
// be delivered again.
func TestEventsWhoseDatabaseIsLostAreNotTakenForNewOnes(t *testing.T) {
	for name, lose := range map[string]func(dir string){
		"the list of its tables": func(dir string) { must(t, os.Remove(filepath.Join(dir, badger.ManifestFilename))) },
		"all of its files": func(dir string) {
			entries, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range entries {
				if !e.IsDir() {
					must(t, os.Remove(filepath.Join(dir, e.Name())))
				}
			}
		},
		"all that its files hold": func(dir string) {
			must(t, os.Rename(filepath.Join(dir, journalFolder), filepath.Join(dir, "aside")))
			for _, pattern := range []string{badger.ManifestFilename, "*.sst", "*.mem", "*.vlog", "DISCARD", "KEYREGISTRY"} {
				files, err := filepath.Glob(filepath.Join(dir, pattern))
				must(t, err)
				for _, file := range files {
					must(t, os.Remove(file))
				}
			}
			db, err := badger.OpenManaged(badger.LSMOnlyOptions(dir).WithLogger(nil))
			must(t, err)
			must(t, db.Close())
			must(t, os.Rename(filepath.Join(dir, "aside"), filepath.Join(dir, journalFolder)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, Options{Path: dir})
			keep(t, s, "kept", 10)
			must(t, s.Close())
			lose(dir)
			before := fingerprint(t, dir)
			if _, err := Examine(ctx, dir, nil, func(string) {}); err == nil {
				t.Error("doctor finds nothing")
			}
			if after := fingerprint(t, dir); after != before {
				t.Error("doctor changed it")
			}
			again, err := Open(Options{Path: dir})
			if err == nil {
				must(t, again.Close())
			}
			if !errors.Is(err, errLost) {
				t.Errorf("it was opened: %v", err)
			}
			if fingerprint(t, dir) != before && !strings.HasPrefix(name, "all that") {
				t.Error("opening it changed what was left")
			}
		})
	}
}

// TestATableThatIsGoneCanBePutBack removes a table, as somebody may who copies a store's
// folder in parts: opening it must not take the table off the list.
func TestATableThatIsGoneCanBePutBack(t *testing.T) {
	for name, more := range map[string]int{"and nothing came after it": 0, "and a log goes on after it": 3} {
		t.Run(name, func(t *testing.T) {
			dir, aside := t.TempDir(), t.TempDir()
			s := open(t, Options{Path: dir})
			keep(t, s, "before", 10)
			must(t, s.Close())
			if more > 0 {
				s = open(t, Options{Path: dir})
				for i := range more {
					must(t, route(s, keep(t, s, string(rune('a'+i)), 10), "", 10))
				}
				dir = copyOf(t, dir) // as a crash leaves it
			}
			tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			if err != nil || len(tables) == 0 {
				t.Fatalf("no table: %v", err)
			}
			for _, path := range tables {
				must(t, os.Rename(path, filepath.Join(aside, filepath.Base(path))))
			}
			before := fingerprint(t, dir)
			if again, err := Open(Options{Path: dir}); !errors.Is(err, errTables) {
				t.Errorf("it was opened: %v, %v", again, err)
			}
			if fingerprint(t, dir) != before {
				t.Error("opening it changed what was left")
			}
			for _, path := range tables {
				must(t, os.Rename(filepath.Join(aside, filepath.Base(path)), path))
			}
			again := open(t, Options{Path: dir})
			counts, err := again.Counts(ctx)
			must(t, err)
			if n := counts.Events.Waiting; n != 1 {
				t.Errorf("%d events wait to be routed, not 1", n)
			}
		})
	}
}
