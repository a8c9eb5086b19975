package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/table"
	"google.golang.org/protobuf/proto"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// dropUndone takes changes out of Badger's list of tables that were not carried
// out. Where the sync of the list fails, Badger removes the tables that it has
// just made, keeps what they were made of, tables or the log of a memtable, and
// leaves the change in the list; then it refuses to open. What isn't explained by
// that stays as it is: a table that is gone may be put back.
func dropUndone(folder string, log *slog.Logger) error {
	list := filepath.Join(folder, badger.ManifestFilename)
	data, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	sets, whole := changeSets(data)
	if !whole {
		return nil // cut short by a crash, or damaged: Badger tells these apart
	}
	kept, dropped := undo(sets, func(id uint64) bool {
		_, err := os.Stat(table.NewFilename(id, folder))
		return !errors.Is(err, fs.ErrNotExist)
	})
	if dropped == 0 {
		return nil
	}
	if whole, err := endInLogs(folder, kept); err != nil || !whole {
		return err
	}
	log.Error("a failed sync left tables in Badger's list that were never kept; they are taken off it",
		"tables", dropped)
	rewritten := data[:listHead:listHead]
	for _, set := range kept {
		rewritten = append(rewritten, set.bytes...)
	}
	return replaceFile(list, rewritten)
}

// endInLogs tells whether the logs go on where the tables of a list end, so that
// no step is missing.
func endInLogs(folder string, sets []changeSet) (bool, error) {
	newest, err := newestOf(folder, slices.Sorted(maps.Keys(listedBy(sets))), 0)
	if err != nil {
		return false, err
	}
	_, first, _, err := findLost(folder)
	return first > 0 && first <= newest+1, err
}

// listHead is how many bytes stand before the first change set: magic and version.
const listHead = 8

// changeSet are changes that hold together, as they stand in the list: length,
// sum, and the set itself.
type changeSet struct {
	bytes           []byte
	created, merged []uint64
}

func changeSets(data []byte) (all []changeSet, whole bool) {
	if len(data) < listHead {
		return nil, false
	}
	for rest := data[listHead:]; len(rest) > 0; {
		if len(rest) < 8 {
			return nil, false
		}
		n := uint64(binary.BigEndian.Uint32(rest)) + 8
		if n > uint64(len(rest)) || crc32.Checksum(rest[8:n], castagnoli) != binary.BigEndian.Uint32(rest[4:]) {
			return nil, false
		}
		var read pb.ManifestChangeSet
		if proto.Unmarshal(rest[8:n], &read) != nil {
			return nil, false
		}
		set := changeSet{bytes: rest[:n]}
		for _, c := range read.Changes {
			if c.Op == pb.ManifestChange_CREATE {
				set.created = append(set.created, c.Id)
			} else {
				set.merged = append(set.merged, c.Id)
			}
		}
		all, rest = append(all, set), rest[n:]
	}
	return all, true
}

// undo leaves out the sets that list tables of which none is there. It does so
// only if all that are listed then are there; else it leaves out nothing.
func undo(sets []changeSet, there func(id uint64) bool) (kept []changeSet, dropped int) {
	listed := listedBy(sets)
	for _, set := range sets {
		missing := 0
		for _, id := range set.created {
			if listed[id] && !there(id) {
				missing++
			}
		}
		if missing == 0 || missing < len(set.created) {
			kept = append(kept, set)
			continue
		}
		dropped += missing
	}
	for id := range listedBy(kept) {
		if !there(id) {
			return sets, 0
		}
	}
	return kept, dropped
}

// listedBy are the tables that a list ends with.
func listedBy(sets []changeSet) map[uint64]bool {
	listed := make(map[uint64]bool)
	for _, set := range sets {
		for _, id := range set.created {
			listed[id] = true
		}
		for _, id := range set.merged {
			delete(listed, id)
		}
	}
	return listed
}

// replaceFile makes a file hold other bytes: all of them, or after a crash those
// from before.
func replaceFile(path string, data []byte) error {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", next, err)
	}
	return errors.Join(os.Rename(next, path), journal.SyncFolder(filepath.Dir(path)))
}
