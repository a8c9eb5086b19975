package badgerstore

import (
	"fmt"
	"slices"
)

// Report is what an examination found.
type Report struct {
	Events      uint64 `json:"events"`      // all that weren't purged
	Waiting     uint64 `json:"waiting"`     // of them, those that wait to be routed
	Deliveries  uint64 `json:"deliveries"`  // that wait
	Dead        uint64 `json:"dead"`        // deliveries
	Quarantined uint64 `json:"quarantined"` // requests in the quarantine
	Tables      int    `json:"tables"`      // of the database
	Files       int    `json:"files"`       // of the journal

	Findings []*Finding `json:"findings"`
}

// Sound tells that nothing is wrong.
func (r *Report) Sound() bool { return len(r.Findings) == 0 }

// Finding is something that is wrong, however often it is.
type Finding struct {
	What  string `json:"what"`
	Count uint64 `json:"count"`
	// Where are the first few places.
	Where []string `json:"where,omitempty"`
}

// fewPlaces is how many places of a finding are told.
const fewPlaces = 5

// find notes that something is wrong somewhere; where may be "".
func (r *Report) find(what, where string, args ...any) { r.findMany(1, what, where, args...) }

func (r *Report) findMany(n uint64, what, where string, args ...any) {
	i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.What == what })
	if i < 0 {
		i = len(r.Findings)
		r.Findings = append(r.Findings, &Finding{What: what})
	}
	f := r.Findings[i]
	f.Count += n
	if where != "" && len(f.Where) < fewPlaces {
		f.Where = append(f.Where, fmt.Sprintf(where, args...))
	}
}

// deliveryPlace is how a place names a delivery.
const deliveryPlace = "event %d to %s"
