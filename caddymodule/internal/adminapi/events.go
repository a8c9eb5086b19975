package adminapi

import "time"

// Events is a POST of a Query that answers a Page. It changes nothing; but a
// condition may name a person, and Caddy logs the URLs of its admin API.
const Events = "events"

// Filter says which events are meant. What is empty doesn't narrow.
type Filter struct {
	Source  string    `json:"source,omitempty"`
	Type    string    `json:"type,omitempty"`
	State   string    `json:"state,omitempty"`
	Backend string    `json:"backend,omitempty"`
	ID      string    `json:"id,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Where   string    `json:"where,omitempty"`
}

// Query asks for a page of events: those below Before, the newest if it is 0.
type Query struct {
	Filter
	Before uint64 `json:"before,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// Page is a part of the events that were asked for, newest first.
type Page struct {
	Events []Event `json:"events"`
	Next   uint64  `json:"next,omitempty"`
	// Untold is of how many others it can't be told whether Where holds: it fails
	// for them, or their source isn't in the config any more.
	Untold int `json:"untold,omitempty"`
	// Damaged are those that can't be read any more: whether they would be among
	// the events can't be told either.
	Damaged []uint64 `json:"damaged,omitempty"`
}

// Event is an event in a list. Nothing personal stands in it.
type Event struct {
	Seq      uint64    `json:"seq"`
	ID       string    `json:"id"`
	Source   string    `json:"source"`
	Sender   string    `json:"sender"`
	Type     string    `json:"type,omitempty"`
	State    string    `json:"state"`
	Received time.Time `json:"received"`
	ReplayOf string    `json:"replay_of,omitempty"`
	// Reasons say why it is unrouted or invalid.
	Reasons    []string   `json:"reasons,omitempty"`
	Dropped    bool       `json:"dropped,omitempty"`
	Deliveries []Delivery `json:"deliveries,omitempty"`
}

// Delivery is how an event stands with one backend.
type Delivery struct {
	Backend  string `json:"backend"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	// Due is when a waiting one is tried next, Finished when it ended.
	Due      time.Time `json:"due,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}
