package adminapi

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

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
	Before uint64
	Limit  int
}

// Values are a query as it stands in a URL.
func (q Query) Values() url.Values {
	v := make(url.Values)
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("source", q.Source)
	set("type", q.Type)
	set("state", q.State)
	set("backend", q.Backend)
	set("id", q.ID)
	set("where", q.Where)
	if !q.Since.IsZero() {
		set("since", q.Since.Format(time.RFC3339Nano))
	}
	if !q.Until.IsZero() {
		set("until", q.Until.Format(time.RFC3339Nano))
	}
	if q.Before > 0 {
		set("before", strconv.FormatUint(q.Before, 10))
	}
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// ParseQuery reads what Values wrote. It takes nothing that it doesn't know,
// for a filter that is misspelt would mean more than it should.
func ParseQuery(v url.Values) (q Query, err error) {
	for name, values := range v {
		value := values[0]
		switch name {
		case "source":
			q.Source = value
		case "type":
			q.Type = value
		case "state":
			q.State = value
		case "backend":
			q.Backend = value
		case "id":
			q.ID = value
		case "where":
			q.Where = value
		case "since":
			q.Since, err = time.Parse(time.RFC3339Nano, value)
		case "until":
			q.Until, err = time.Parse(time.RFC3339Nano, value)
		case "before":
			q.Before, err = strconv.ParseUint(value, 10, 64)
		case "limit":
			q.Limit, err = strconv.Atoi(value)
		default:
			return q, fmt.Errorf("there is no parameter %q", name)
		}
		if err != nil {
			return q, fmt.Errorf("the parameter %s can't be read", name)
		}
	}
	return q, nil
}

// Page is a part of the events that were asked for, newest first.
type Page struct {
	Events []Event `json:"events"`
	Next   uint64  `json:"next,omitempty"`
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
