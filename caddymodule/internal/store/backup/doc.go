// Package backup is the file format of a backup: frames, of which none can
// change, go missing or change places unnoticed.
//
//	magic
//	frame...      kind, length, CRC-32C of the frame and its number, data
//	end           a frame with the SHA-256 of all bytes before it
//
// The checksum of a frame is looked at before anything is done with it, the one
// of the whole at the end. So whoever reads a backup undoes what he did with it
// unless he got to io.EOF.
package backup

import (
	"errors"
	"time"
)

// Errors that readers tell apart.
var (
	// ErrNotOurs: the file doesn't begin as a backup does.
	ErrNotOurs = errors.New("that is no backup of Porterslodge")
	// ErrCut: the file ends before its end.
	ErrCut = errors.New("the backup is cut short")
	// ErrDamaged: a checksum is wrong, or something stands behind the end.
	ErrDamaged = errors.New("the backup is damaged")
)

// Kind is what a frame holds.
type Kind byte

// The kinds. A kind keeps its number for ever.
const (
	end Kind = iota
	// HeaderKind: a Header, the first frame.
	HeaderKind
	// EntriesKind: entries of the database.
	EntriesKind
	// FileKind: the numbers of a file of the journal, whose bytes follow.
	FileKind
	// BytesKind: bytes of that file.
	BytesKind
	// ContentKind: a Content, the last frame before the end.
	ContentKind
)

// Header says what is backed up, in JSON.
type Header struct {
	// Format is the store's.
	Format uint64    `json:"format"`
	Taken  time.Time `json:"taken"`
}

// Content is what a backup holds, in JSON.
type Content struct {
	Events      uint64 `json:"events"`      // all that weren't purged
	Waiting     uint64 `json:"waiting"`     // of them, those that wait to be routed
	Deliveries  uint64 `json:"deliveries"`  // that wait
	Quarantined uint64 `json:"quarantined"` // requests in the quarantine
	Entries     uint64 `json:"entries"`     // of the database
	Files       uint64 `json:"files"`       // of the journal
}
