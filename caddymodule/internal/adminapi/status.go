package adminapi

import "time"

// Status is how the gateway stands.
type Status struct {
	Sources  []Source  `json:"sources"`
	Events   States    `json:"events"`
	Backends []Backend `json:"backends"`
	// AddsUp tells that as many events came in as are accounted for.
	AddsUp bool `json:"adds_up"`
}

// Source counts what arrived at one, since its store was made.
type Source struct {
	Name        string `json:"name"`
	Received    uint64 `json:"received"`
	New         uint64 `json:"new"`
	Duplicate   uint64 `json:"duplicate"`
	Quarantined uint64 `json:"quarantined"`
	Refused     uint64 `json:"refused"`
	// Replayed and Released are what an operator repeated, and let out of the
	// quarantine.
	Replayed uint64 `json:"replayed"`
	Released uint64 `json:"released"`
	// InQuarantine is how many requests the quarantine holds now.
	InQuarantine int `json:"in_quarantine"`
}

// States counts kept events by state.
type States struct {
	Waiting   uint64 `json:"waiting"`
	Routed    uint64 `json:"routed"`
	Unrouted  uint64 `json:"unrouted"`
	Invalid   uint64 `json:"invalid"`
	Discarded uint64 `json:"discarded"`
}

// Backend counts one's deliveries by state, and tells how it does.
type Backend struct {
	Name string `json:"name"`
	// Configured is false for one that left the config.
	Configured bool   `json:"configured"`
	Waiting    uint64 `json:"waiting"`
	Retrying   uint64 `json:"retrying"`
	Delivered  uint64 `json:"delivered"`
	Dead       uint64 `json:"dead"`
	Discarded  uint64 `json:"discarded"`
	// Oldest is since when the oldest waiting delivery does.
	Oldest time.Time `json:"oldest,omitzero"`
	// Last is the attempt that ended last since the server was started.
	Last *Attempt `json:"last,omitempty"`
	// Down tells that it failed so often that one delivery at a time is tried.
	Down bool `json:"down"`
	// Paused is since when an operator paused it.
	Paused time.Time `json:"paused,omitzero"`
}
