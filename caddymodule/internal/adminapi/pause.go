package adminapi

// Pause and Resume are each a POST of a Backend's name that answers a Changed.
const (
	Pause  = "pause"
	Resume = "resume"
)

// Named names a backend.
type Named struct {
	Backend string `json:"backend"`
}

// Changed tells whether it wasn't so already.
type Changed struct {
	Changed bool `json:"changed"`
}
