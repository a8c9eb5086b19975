package badgerstore

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// logBytes is the size that Badger makes a log with. After a crash it cuts the
// log to its last whole transaction before it writes a table of it.
const logBytes = 2 * memtableBytes

// loss is how many steps a log lost, at least, if the newest step before it is
// known. A crash may cut short the last transaction, but leaves the file as long
// as it was made.
func (f *logFound) loss(data []byte, before uint64) uint64 {
	lost := f.lost
	if before > 0 && f.first > before+1 { // a log goes on where the one before it ends
		lost += f.first - before - 1
	}
	to := f.written(data)
	if lost == 0 && to > f.end && (len(data) < logBytes || f.damaged(data, to, max(f.last, before)+1)) {
		return 1
	}
	return lost
}

// lostLog is a log that lost steps.
type lostLog struct {
	name  string
	steps uint64
}

// findLost reads the logs that Badger is about to read: it takes damage in the
// middle of one for its end, and says nothing. It returns the oldest and the newest
// step in them too, 0 where there are none.
func findLost(folder string) (all []lostLog, oldest, newest uint64, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.mem"))
	if err != nil {
		return nil, 0, 0, err
	}
	slices.Sort(paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, 0, 0, err
		}
		found := readLog(data)
		if steps := found.loss(data, newest); steps > 0 {
			all = append(all, lostLog{filepath.Base(path), steps})
		}
		oldest, newest = cmp.Or(oldest, found.first), max(newest, found.last)
	}
	return all, oldest, newest, nil
}

// removeEmptyLogs deletes the empty log of a memtable or of values that a kill
// may leave: Badger had made the file and not yet given it its size, and would
// refuse to open. Whoever has the store open may just be making such a file.
func removeEmptyLogs(folder string) error {
	files, err := os.ReadDir(folder)
	for _, file := range files {
		ext := filepath.Ext(file.Name())
		if info, statErr := file.Info(); statErr == nil && info.Size() == 0 && (ext == ".mem" || ext == ".vlog") {
			err = errors.Join(err, os.Remove(filepath.Join(folder, file.Name())))
		}
	}
	return err
}

// reportLost says what is gone with the steps: events are not, they stand in the
// journal.
func (s *Store) reportLost(logs []lostLog) {
	for _, l := range logs {
		s.log.Error("the log of the database is damaged and its newest steps are lost, at least so many; deliveries that they recorded are made again, quarantined requests and what was done by hand in them are missing",
			"file", l.name, "steps", l.steps)
	}
}
