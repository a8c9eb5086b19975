package adminapi

import "time"

// QuarantinePage is a part of a source's quarantine, oldest first.
type QuarantinePage struct {
	Requests []Quarantined `json:"requests"`
	Next     *Place        `json:"next,omitempty"`
}

// Quarantined is a request that failed verification.
type Quarantined struct {
	Source string `json:"source"`
	Number uint64 `json:"number"`
	// ID is what its sender was told; a stranger may have chosen it.
	ID       string    `json:"id"`
	Received time.Time `json:"received"`
	Reason   string    `json:"reason"`
	// Passes tells that it would be released now.
	Passes bool `json:"passes"`
}

// Place is where to go on in a quarantine.
type Place struct {
	At     time.Time `json:"at"`
	Number uint64    `json:"number"`
}

// The actions on quarantined requests, each a POST of a Select that answers a
// Selected.
const (
	Release            = "quarantine/release"
	DiscardQuarantined = "quarantine/discard"
)

// Select says which requests of a source are meant: a page of all, or one.
type Select struct {
	Source string  `json:"source"`
	Number *uint64 `json:"number,omitempty"`
	After  *Place  `json:"after,omitempty"`
	Count  bool    `json:"count,omitempty"`
	// Force releases one without verifying it.
	Force bool `json:"force,omitempty"`
}

// Selected is what came of it.
type Selected struct {
	// Done is how many were released or discarded, or would be; the others stay.
	Done      int    `json:"done"`
	Unchanged int    `json:"unchanged"`
	Next      *Place `json:"next,omitempty"`
}
