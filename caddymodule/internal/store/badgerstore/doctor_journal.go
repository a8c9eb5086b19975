package badgerstore

import (
	"fmt"
	"path/filepath"
	"sort"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// openJournal finds the journal's files and, in the one that a crash left open,
// its end.
func (x *examination) openJournal() error {
	j, problems, err := journal.Inspect(filepath.Join(x.path, journalFolder))
	if err != nil {
		return err
	}
	x.journal, x.spans = j, j.Spans()
	x.Files = len(x.spans)
	x.damage(problems)
	return nil
}

// damage notes what is wrong with the journal's files.
func (x *examination) damage(problems []journal.Problem) {
	for _, p := range problems {
		if p.First == 0 {
			x.find("a file of the journal is damaged", "%s: %s", p.File, p.What)
			continue
		}
		x.findMany(p.Last-p.First+1, "events can't be read from the journal", "%s: %d to %d", p.File, p.First, p.Last)
	}
}

// readJournal reads every event, and looks for its dedupe key.
func (x *examination) readJournal() error {
	now := time.Now()
	for _, span := range x.spans {
		if err := x.about(fmt.Sprintf("the journal from event %d", span.First)); err != nil {
			return err
		}
		problems, err := x.journal.Each(span.First, func(seq uint64, record []byte) error {
			a, err := decodeArrival(seq, record)
			if err != nil {
				x.find("events can't be read from the journal", "event %d", seq)
				return nil
			}
			return x.arrived(a, now)
		})
		if err != nil {
			return err
		}
		x.damage(problems)
	}
	return nil
}

// arrived looks for the dedupe key of an event that the database knows.
func (x *examination) arrived(a *arrival, now time.Time) error {
	if x.txn == nil || a.window == 0 || a.seq > x.tally.Seq || !now.Before(a.expires()) {
		return nil
	}
	known, err := has(x.txn, dedupeKey(generationOf(a.seq), a.key))
	if err == nil && !known {
		x.find("the dedupe key of an event is missing: it could be kept twice", "event %d", a.seq)
	}
	return err
}

// last is the newest event of the journal.
func (x *examination) last() uint64 {
	if len(x.spans) == 0 {
		return 0
	}
	return x.spans[len(x.spans)-1].End - 1
}

// fileOf is the index of the file that holds an event; -1 if there is none.
func (x *examination) fileOf(seq uint64) int {
	i := sort.Search(len(x.spans), func(i int) bool { return x.spans[i].End > seq })
	if i < len(x.spans) && x.spans[i].First <= seq {
		return i
	}
	return -1
}

// files holds the journal's files against what the database knows of them:
// events that it neither has an outcome of, nor purged, nor lets wait.
func (x *examination) files() {
	for key := range keys(x.txn, []byte{fileKind}) {
		first := seqOf(key)
		value, err := get(x.txn, key)
		var r fileRecord
		if err == nil {
			r, err = unsealFile(value)
		}
		if err != nil {
			x.find("a record is damaged", "%v", whichRecord(key, err))
			continue
		}
		x.file(first, r)
	}
	for _, span := range x.spans {
		if !x.known[span.First] && span.First <= x.tally.Seq {
			x.findMany(span.End-span.First, "the database knows nothing of a file of the journal", "from event %d", span.First)
		}
	}
}

func (x *examination) file(first uint64, r fileRecord) {
	x.known[first] = true
	i := x.fileOf(first)
	if i < 0 || x.spans[i].First != first {
		if r.purged < r.events {
			x.findMany(r.events-r.purged, "events are missing from the journal", "%d to %d", first, first+r.events-1)
		}
		return
	}
	if held := x.spans[i].End - first; held < r.events {
		x.findMany(r.events-max(held, r.purged), "events are missing from the journal", "%d to %d", first+held, first+r.events-1)
	}
	waiting := uint64(0) // those that have no outcome because they wait
	for seq := max(first, x.tally.RoutedTo+1); seq < first+r.events && seq <= x.tally.Seq; seq++ {
		if !x.ahead[seq] {
			waiting++
		}
	}
	switch there := x.outcomesIn[i] + waiting + r.purged; {
	case there < r.events:
		x.findMany(r.events-there, "the outcome of an event is missing", "among %d to %d", first, first+r.events-1)
	case there > r.events:
		x.findMany(there-r.events, "events count as purged that are there", "among %d to %d", first, first+r.events-1)
	}
}
