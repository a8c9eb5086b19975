package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// Options say where a store is and how careful it is with the disk.
type Options struct {
	// Path is the store's folder; it is made, for its owner only, if it isn't there.
	Path string
	// Reserve is how many bytes of the disk must stay free; 0 means 256 MiB.
	Reserve int64
	// Logger gets warnings and errors; nil means slog.Default.
	Logger *slog.Logger
	// FreeSpace tells how many bytes are free at a path; nil asks the system.
	FreeSpace func(path string) (int64, error)

	journal journal.Options
}

// journalFolder is where the journal stands in a store's folder.
const journalFolder = "journal"

// Store is a store.Store in a Badger database.
type Store struct {
	releasing sync.Mutex // one request leaves the quarantine at a time

	db      *badger.DB
	journal *journal.Journal
	log     *slog.Logger
	space   space
	ledger  ledger

	arrivals *committer[*arrival] // into the journal
	changes  *committer[change]   // into the database
	commit   func(txn *badger.Txn, version uint64) error
	versions *versions
	broken   atomic.Bool
	onCommit func(steps int, took time.Duration)
	size     folderSize

	// Of whoever makes a step: the journal's files, and the removed ones that
	// the database still knows of.
	files map[uint64]fileRecord
	gone  map[uint64]bool
	// removing is held to remove files, and read-held while none may go.
	removing sync.RWMutex

	keys        claims
	generations generations
	unrouted    unrouted
	recent      recent
	queues      queues
	purgeable   [classes]cursor

	running   sync.RWMutex   // read-held by each method, so that Close can wait
	aside     sync.WaitGroup // what runs beside them, which Close ends
	closing   atomic.Bool
	closeOnce sync.Once
}

var _ store.Store = (*Store)(nil)

// Open opens the store at a path and compares its counts with its records. It
// returns ErrLocked while somebody else holds it, ErrLowSpace below half of the reserve.
func Open(o Options) (*Store, error) {
	o = o.withDefaults()
	s := &Store{
		log:    o.Logger,
		space:  space{path: o.Path, reserve: o.Reserve, free: o.FreeSpace},
		commit: commit,
		files:  make(map[uint64]fileRecord),
		gone:   make(map[uint64]bool),
	}
	s.arrivals, s.changes = newCommitter(s.arrive, s.fail, longestArrivals), newCommitter(s.perform, s.fail, longestChanges)
	if err := s.open(o.Path, o.journal); err != nil {
		return nil, fmt.Errorf("open the store at %s: %w", o.Path, err)
	}
	s.aside.Go(func() {
		s.fillFilters()
		s.verifyJournal()
	})
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.FreeSpace == nil {
		o.FreeSpace = freeSpace
	}
	return o
}

func (s *Store) open(path string, o journal.Options) error {
	if err := makeFolder(path); err != nil {
		return err
	}
	if err := s.space.checkWork(); err != nil {
		return err
	}
	lost, err := checkDatabase(path, s.log)
	if err != nil {
		return err
	}
	options := badgerOptions(path, s.log).WithLogger(badgerLog{log: s.log, broke: s.fail})
	db, err := badger.OpenManaged(options)
	if err != nil {
		// Badger has no error value for this.
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return store.ErrLocked
		}
		return err
	}
	s.reportLost(lost)
	s.db, s.versions = db, newVersions(db)
	if err := s.inspect(filepath.Join(path, journalFolder), o); err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// makeFolder makes the folder and its entry in the one above it last. One that
// is there already is closed to others: payloads stand in it.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil {
		switch {
		case !info.IsDir():
			return errors.New("that is a file; a store is a folder")
		case info.Mode().Perm()&0o077 == 0:
			return nil
		}
		return os.Chmod(path, 0o700)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return journal.SyncFolder(filepath.Dir(filepath.Clean(path)))
}

const memtableBytes = 4 << 20

// badgerOptions trade a little speed for durability, bounded memory and few
// bytes written: package doc. Memtables and tables are small because a sync costs
// by the size of the map, and because Badger builds up to thirteen tables at once
// in buffers that grow by doubling; ten of them in the first level make merges,
// which hold up whoever waits for a core, half as frequent as five do.
func badgerOptions(path string, log *slog.Logger) badger.Options {
	o := badger.LSMOnlyOptions(path)
	o.SyncWrites = !journal.Unsynced
	o.DetectConflicts = false                           // there is one writer
	o.ChecksumVerificationMode = options.NoVerification // tables.go does it
	o.MemTableSize = memtableBytes
	o.NumMemtables = 2
	o.BaseTableSize = 1 << 20
	o.ValueThreshold = 2 * chunkBytes // no value reaches it
	o.BlockCacheSize = 16 << 20
	o.IndexCacheSize = 8 << 20
	o.NumCompactors = 2
	o.BaseLevelSize = 64 << 20    // few levels: each one writes an entry again
	o.ValueLogFileSize = 16 << 20 // nothing is written to it
	o.Compression = options.Snappy
	o.NumLevelZeroTables = 10
	o.NumLevelZeroTablesStall = 20
	o.MetricsEnabled = false // they are global
	o.Logger = badgerLog{log: log}
	return o
}

// enter begins a method; leave ends it. Between them the database stays open.
func (s *Store) enter() error {
	if s.closing.Load() {
		return store.ErrClosed
	}
	s.running.RLock()
	if s.closing.Load() {
		s.running.RUnlock()
		return store.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.running.RUnlock() }

// Close takes nothing more, waits for what runs and closes the database. After
// heavy load that takes seconds. Only the first call does anything.
func (s *Store) Close() (err error) {
	s.closeOnce.Do(func() {
		s.closing.Store(true)
		s.running.Lock()
		defer s.running.Unlock()
		s.aside.Wait()
		err = s.flush()
		err = errors.Join(err, s.close())
	})
	return err
}

func (s *Store) close() (err error) {
	if s.journal != nil {
		err = s.journal.Close()
	}
	return errors.Join(err, s.db.Close())
}

// flush writes notes and arrivals that no step took along.
func (s *Store) flush() error {
	if !s.ledger.hasUnsaved() || s.broken.Load() || s.space.checkWork() != nil {
		return nil
	}
	for behind := true; behind; {
		st := s.newStep()
		behind = st.behind
		err := s.finish(st)
		s.versions.end(st.txn)
		if err != nil {
			return fmt.Errorf("write the last counts: %w", err)
		}
	}
	return nil
}
