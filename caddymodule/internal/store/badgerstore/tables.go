package badgerstore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"golang.org/x/sync/errgroup"
)

// errTables tells that the database can't be trusted, and what to do.
var errTables = errors.New("the database is damaged on disk: keep a copy of the folder, then restore a backup")

// checkDatabase looks at the files of a database, which nobody may have open:
// their list is only mended, and only means what it says, while it is at rest.
func checkDatabase(folder string, log *slog.Logger) (lost []lostLog, err error) {
	unlock, err := lock(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := errors.Join(removeEmptyLogs(folder), checkLost(folder), dropUndone(folder, log)); err != nil {
		return nil, err
	}
	lost, _, newest, err := findLost(folder)
	if err != nil {
		return nil, err
	}
	return lost, checkTables(folder, newest)
}

// checkTables reads every table before Badger does, and compares its checksums.
// Badger doesn't, as it is set, and a damaged table makes it panic, or read on
// from the wrong place and find less. It also removes tables that its list doesn't
// name, so a list that was cut would lose them. The newest step that the logs
// have is given.
func checkTables(folder string, newest uint64) error {
	listed, err := listTables(folder)
	if err != nil {
		return err
	}
	if newest, err = newestOf(folder, listed, newest); err != nil {
		return err
	}
	return checkUnlisted(folder, listed, newest)
}

// listTables reads the list of tables; it is empty where there is none.
func listTables(folder string) ([]uint64, error) {
	f, err := os.Open(filepath.Join(folder, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	manifest, _, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(folder).WithLogger(nil))
	_ = f.Close()
	if err != nil {
		return nil, fmt.Errorf("%w: its list of tables: %w", errTables, err)
	}
	return slices.Sorted(maps.Keys(manifest.Tables)), nil
}

// newestOf verifies tables, and returns the newest step in them, or the given one.
func newestOf(folder string, tables []uint64, newest uint64) (uint64, error) {
	versions := make([]uint64, len(tables))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, id := range tables {
		group.Go(func() (err error) {
			if versions[i], err = verifyTable(folder, id); err != nil {
				return fmt.Errorf("%w: its table %s: %w", errTables, table.IDToFilename(id), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return slices.Max(append(versions, newest)), nil
}

// checkUnlisted refuses a table that isn't listed and has steps that stand nowhere
// else. Those that a crash leaves are repetitions.
func checkUnlisted(folder string, listed []uint64, newest uint64) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.sst"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		id, ok := table.ParseFileID(path)
		if !ok || slices.Contains(listed, id) {
			continue
		}
		if version, err := verifyTable(folder, id); err == nil && version > newest {
			return fmt.Errorf("%w: its list of tables was cut, for %s isn't in it", errTables, filepath.Base(path))
		}
	}
	return nil
}

// verifyTable compares all checksums of a table, and returns the newest step in it.
// A damaged one may make Badger panic.
func verifyTable(folder string, id uint64) (newest uint64, err error) {
	data, err := os.ReadFile(table.NewFilename(id, folder))
	if err != nil {
		return 0, err
	}
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	o := badgerOptions(folder, nil)
	t, err := table.OpenInMemoryTable(data, id, &table.Options{
		BlockSize: o.BlockSize, Compression: o.Compression, ChkMode: options.NoVerification,
	})
	if err != nil {
		return 0, err
	}
	return t.MaxVersion(), t.VerifyChecksum()
}
