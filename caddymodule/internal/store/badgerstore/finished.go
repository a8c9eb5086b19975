package badgerstore

import (
	"slices"
	"time"
)

// goner is an event that may be purged some day, and since when its age counts.
type goner struct {
	_     struct{} `cbor:",toarray"`
	Seq   uint64
	Since micro
}

// goners are those of one class that one step finished. They stand in one
// record under the time of the first of them.
type goners []goner

// mayGo puts an event into the index of those that are purged some day.
func (st *step) mayGo(c class, since time.Time, seq uint64) {
	st.goners[c] = append(st.goners[c], goner{Seq: seq, Since: microOf(since)})
}

// putGoners writes the records of all that may go since this step.
func (st *step) putGoners() {
	for c, all := range st.goners {
		if len(all) == 0 {
			continue
		}
		first := slices.MinFunc(all, func(a, b goner) int { return int(a.Since - b.Since) })
		key := finishedKey(class(c), first.Since.time(), first.Seq)
		// One that was dead, retried and dead again may have a record already,
		// in which others stand too.
		var before goners
		value, err := get(st.txn, key)
		if err == nil && value != nil {
			err = whichRecordIf(key, decode(value, &before))
		}
		if err != nil {
			st.store.log.Error("some events stay beyond their time: a record of those to be purged is damaged", "error", err)
		}
		st.putRecord(key, append(before, all...))
		st.then(func() { st.store.purgeable[c].put(key) })
	}
}

// due divides them by whether they have had their time.
func (g goners) due(now time.Time, age time.Duration) (gone, rest goners) {
	for _, one := range g {
		if now.Sub(one.Since.time()) >= age {
			gone = append(gone, one)
		} else {
			rest = append(rest, one)
		}
	}
	return gone, rest
}
