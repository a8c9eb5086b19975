// Package journal is a folder of files to which numbered records are appended,
// many with one sync. It holds what came in, in order of arrival:
//
//  1. What Append returned without an error is on disk. A sync that failed is
//     final: nothing is appended any more (a repeated sync would report a lie).
//  2. Numbers have no gaps. A record that can't be read any more is an error of
//     its own and hides none of those behind it.
//  3. A crash in the middle of an Append leaves all of it, or a part that nobody
//     was told of, and never a part of a record.
//
// A file holds the records from the number in its name on. It is given its
// full size when it is made, so that a sync writes nothing but the records, and
// is cut to what it holds when it is done; then a table of where each record
// begins stands at its end. After a crash that table is made anew. A file is
// written by one process, once, and is removed as a whole.
//
// The mapped log that Badger writes would cost two syncs, and would have to be
// copied into tables that are merged again and again.
package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Errors that callers tell apart.
var (
	// ErrFailed: a sync failed, so nothing can be appended any more.
	ErrFailed = errors.New("a write to the journal failed; nothing is appended until it is reopened")
	// ErrDamaged: the record, or the file that held it, isn't as it was written.
	ErrDamaged = errors.New("damaged on disk")
	// ErrNotFound: there is no such record, or it was removed.
	ErrNotFound = errors.New("not found")
)

// DefaultFileSize is how big a file is made: some 30,000 records of 1 KB.
const DefaultFileSize = 32 << 20

// syncByDefault is replaced in a build without syncs.
var syncByDefault = syncData

// Options change how a journal works.
type Options struct {
	// FileSize is how big a file is made; 0 means DefaultFileSize. A record that
	// is larger gets a file of its own size.
	FileSize int64
	// Sync makes what was written to a file durable; nil means fdatasync.
	Sync func(*os.File) error
}

// Journal is open for one writer at a time and for many readers.
type Journal struct {
	folder string
	size   int64
	sync   func(*os.File) error

	mu     sync.RWMutex // guards files, and the end of the last one
	files  []*file      // oldest first
	next   uint64       // the number of the next record
	failed error

	// Of the one writer:
	writing *file // nil until the first Append, and after a write that failed
	buffer  []byte
}

// Open opens the journal in a folder, which is made if it isn't there. Numbers
// go on behind the newest record, and at least behind newest, which is the last
// one that the caller knows of. Problems tell of what a crash doesn't explain.
func Open(folder string, newest uint64, o Options) (j *Journal, problems []Problem, err error) {
	j = &Journal{folder: folder, size: o.FileSize, sync: o.Sync}
	if j.size == 0 {
		j.size = DefaultFileSize
	}
	if j.sync == nil {
		j.sync = syncByDefault
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, err
	}
	empty, problems, err := j.load((*file).recover)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range empty {
		if err := os.Remove(f.path); err != nil {
			return nil, nil, err
		}
	}
	j.next = max(j.next, newest+1)
	return j, problems, errors.Join(SyncFolder(folder), SyncFolder(filepath.Dir(folder)))
}

// load opens the files in the folder. Those that weren't sealed are given to
// mend; those that hold no record are left out.
func (j *Journal) load(mend func(*file, *[]Problem) error) (empty []*file, problems []Problem, err error) {
	names, err := filepath.Glob(filepath.Join(j.folder, "*"+extension))
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(names)
	j.next = 1
	for _, name := range names {
		f, found, err := openFile(name, mend)
		if err != nil {
			return nil, nil, fmt.Errorf("journal: %w", err)
		}
		problems = append(problems, found...)
		if f.count() == 0 {
			empty = append(empty, f)
			continue
		}
		j.files = append(j.files, f)
		j.next = max(j.next, f.end())
	}
	return empty, problems, nil
}

// Problem is damage that was found while opening.
type Problem struct {
	File string
	// First and Last are the records that are lost; zero when it isn't known
	// whether any are.
	First, Last uint64
	What        string
}

// Next is the number that the next record gets.
func (j *Journal) Next() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.next
}

// Read returns a record, whose memory is the caller's.
func (j *Journal) Read(number uint64) ([]byte, error) {
	f, from, to, err := j.find(number)
	if err != nil {
		return nil, err
	}
	data, err := f.read(number, from, to)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound // removed in the meantime
	}
	return data, err
}

// find tells where a record stands; to is 0 where that isn't in memory.
func (j *Journal) find(number uint64) (f *file, from, to int64, err error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	i, exact := slices.BinarySearchFunc(j.files, number, func(f *file, n uint64) int {
		switch {
		case f.first > n:
			return 1
		case f.end() <= n:
			return -1
		}
		return 0
	})
	if !exact {
		return nil, 0, 0, ErrNotFound
	}
	f = j.files[i]
	if f.sealed {
		return f, 0, 0, nil
	}
	from, to = f.place(number)
	return f, from, to, nil
}

// Span is a file's first record and the one behind its last.
type Span struct{ First, End uint64 }

// FileOf tells which file holds a record.
func (j *Journal) FileOf(number uint64) (Span, bool) {
	f, _, _, err := j.find(number)
	if err != nil {
		return Span{}, false
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	return Span{f.first, f.end()}, true
}

// Files are all that no record is appended to any more, oldest first.
func (j *Journal) Files() (all []Span) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, f := range j.files {
		if f.sealed {
			all = append(all, Span{f.first, f.end()})
		}
	}
	return all
}

// Remove removes the file that begins with a record, unless it is still
// written to.
func (j *Journal) Remove(first uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.files, func(f *file) bool { return f.first == first && f.sealed })
	if i < 0 {
		return ErrNotFound
	}
	if err := os.Remove(j.files[i].path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	j.files = slices.Delete(j.files, i, i+1)
	return nil
}

// Close ends the file that is written to. The journal must not be used again.
func (j *Journal) Close() error {
	if j.writing == nil {
		return nil
	}
	return j.seal()
}
