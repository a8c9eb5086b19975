// Package badgerstore keeps everything in a Badger database in one folder. It
// holds the contract of package store on what Badger really does:
//
//   - Badger has no group commit, and a synced transaction costs two msyncs.
//     So one goroutine at a time writes, many operations in one transaction
//     (committer.go). It also makes conflicts impossible.
//   - A failed sync can't be repeated: what a second one reports is a lie. So
//     after one failed commit nothing is acknowledged any more.
//   - The value log's sync errors are only logged. So every value stays in the
//     LSM tree, and what is too big for it is split (large.go).
//   - A full disk kills the process by SIGBUS. So nothing is accepted below a
//     reserve of free space (space.go).
//   - A flipped bit in the newest log silently drops what follows it. So each
//     record has a checksum (seal.go), and counts kept beside the records are
//     compared with them at opening (check.go). Damage in older files is
//     looked for after opening (verify.go).
//   - Seeking over deleted keys is slow. So each queue remembers where its
//     first live key can be (cursor.go).
//   - Closing under a live read hangs the reader. So Close waits (open.go).
//
// keys.go is the map of the database.
package badgerstore
