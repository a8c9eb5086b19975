package adminapi

// The actions on events, each a POST of an Act that answers an Acted.
const (
	Retry     = "retry"
	Replay    = "replay"
	Reprocess = "reprocess"
	Discard   = "discard"
)

// Act says which events an action is for: those of Seqs or, without any, a page
// of those that the filter means and that stand as the action needs them.
type Act struct {
	Filter Filter   `json:"filter,omitzero"`
	Seqs   []uint64 `json:"seqs,omitempty"`
	Before uint64   `json:"before,omitempty"`
	// Count only counts.
	Count bool `json:"count,omitempty"`
	// NewKey gives each replay another id, and so another Idempotency-Key.
	NewKey bool `json:"new_key,omitempty"`
}

// Acted is what came of it.
type Acted struct {
	// Done is to how many it was done, or would be.
	Done int `json:"done"`
	// Unchanged were left as they are, because nothing of them would change, or
	// somebody else did it meanwhile.
	Unchanged int    `json:"unchanged"`
	Next      uint64 `json:"next,omitempty"`
}
