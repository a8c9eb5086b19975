package badgerstore

import (
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// content counts what a backup holds, while it is written and while it is read.
type content struct {
	backup.Content
	tally    tally
	outcomes uint64
	last     uint64 // the newest event of the journal
}

// entry counts an entry of the database.
func (c *content) entry(e *entryRecord) error {
	c.Entries++
	switch e.Key[0] {
	case eventKind:
		if isOutcome(e.Key) {
			c.outcomes++
		}
	case queueKind, behindKind:
		c.Deliveries++
	case quarantineKind:
		c.Quarantined++
	case metaKind:
		if string(e.Key) == string(tallyKey) {
			return whichRecordIf(tallyKey, decode(e.Value, &c.tally))
		}
	}
	return nil
}

// file counts a file of the journal; they come in their order.
func (c *content) file(span journal.Span) {
	c.Files++
	c.last = span.End - 1
}

// sum is what was counted. What the database doesn't know of yet waits.
func (c *content) sum() backup.Content {
	sum := c.Content
	sum.Waiting = c.tally.Events.Waiting
	if c.last > c.tally.Seq {
		sum.Waiting += c.last - c.tally.Seq
	}
	sum.Events = c.outcomes + sum.Waiting
	return sum
}
