// Package badgerstore keeps everything in one folder: events in a journal, in
// order of arrival, and all that follows from them in a Badger database. It
// holds the contract of package store on what Badger really does:
//
//   - Badger has no group commit, a synced transaction costs two msyncs, and
//     compaction rewrites what is big again and again. So an event is kept by
//     appending it to the journal, many with one sync (arrivals.go).
//   - Its dedupe key and its count go into the database with the next step,
//     whoever makes it: one goroutine at a time, many changes in one transaction
//     (index.go). That makes conflicts impossible too. Until then memory knows
//     them (ledger.go), and after a crash the journal does (check.go).
//   - A failed sync can't be repeated: what a second one reports is a lie. So
//     after one failed commit nothing is acknowledged any more.
//   - The value log's sync errors are only logged. So every value stays in the
//     LSM tree, and what is too big for it is split (large.go).
//   - A full disk kills the process by SIGBUS. So nothing is accepted below a
//     reserve of free space, and nothing written to it below half (space.go).
//   - What it does by itself fails without a word but in its log. So that is
//     listened to (log.go), and what such a failure leaves in its list of tables is
//     taken off it (undone.go).
//   - A flipped bit in the newest log silently drops what follows it. So each
//     record has a checksum (seal.go), counts kept beside the records are
//     compared with them at opening (check.go), and a log is looked through for
//     what follows its end (logs.go). A damaged table refuses to open, for it
//     makes Badger panic (tables.go). Events that can't be read any more are
//     looked for after opening (verify.go).
//   - Merging hashes, which fall anywhere, rewrites all of them again and again.
//     So dedupe keys stand by generations of events, of which the older ones are
//     never touched until they are deleted (generations.go).
//   - Looking for a key that isn't there costs a tenth of a new event. So filters
//     in memory know nearly all that were never seen (filter.go).
//   - Seeking over deleted keys is slow. So each queue remembers where its
//     first live key can be (cursor.go).
//   - Closing under a live read hangs the reader. So Close waits (open.go).
//
// A store is backed up while it works (backup.go), restored into a folder that is
// empty (restore.go), and examined when nobody has it open (doctor.go).
//
// keys.go is the map of the database.
package badgerstore
