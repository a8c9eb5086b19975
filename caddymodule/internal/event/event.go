// Package event holds what travels through Porterslodge: an event, its
// deliveries, their attempts, and the states they may be in. It imports
// nothing of ours, so every other package can speak its language.
package event

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Request is what arrived over HTTP, read whole and within the body limit.
type Request struct {
	Method string
	// Path is what stands below the source's own path, without slashes at
	// either end and without a URL token: "" or "exam.completed".
	Path string
	// Query is the parsed query string, without a URL token.
	Query url.Values
	// Header holds every header while a request is verified and identified.
	// A kept event holds only those the sender needs and the allow-listed.
	Header http.Header
	Body   []byte
	// Received is when the request had been read, in UTC, whole milliseconds.
	Received time.Time
}

// Identity is what the gateway must know of a request before it answers.
type Identity struct {
	// ID is the sender's own event id; "" where it has none.
	ID string
	// SenderType is the sender's own name of the event; "" when unknown.
	SenderType string
	// Time is when the sender says it happened; zero when it doesn't say.
	Time time.Time
	// Key makes two requests the same event. It is never empty.
	Key string
	// Window is how long Key is remembered; 0 means that nothing is a duplicate.
	Window time.Duration
	// Secret marks a body that may not be kept: only the fact that it came is.
	Secret bool
}

// Event is a request that passed verification and was kept.
type Event struct {
	// Seq is the place in the order of arrival, from 1, given by the store.
	Seq uint64
	// ID is the event id: the sender's own, or a UUIDv7 given at acceptance.
	ID string
	// Source is the name of the source that received it, Sender its platform.
	Source, Sender string
	// SenderType and Time are as in Identity.
	SenderType string
	Time       time.Time
	Request    Request
	// Trace is the trace that it belongs to, as a W3C traceparent; "" for none.
	Trace string
	// ReplayOf is the id of the event that this one repeats; "" for one that a
	// sender sent.
	ReplayOf string
	// Forward names the allow-listed headers of Request that backends get.
	Forward []string
	// Outcome is the zero value until the event was routed.
	Outcome Outcome
}

// Outcome is what became of an event when it was normalized and routed.
type Outcome struct {
	State State
	// Reasons say why an event is unrouted or invalid, one sentence each,
	// without any value from the payload.
	Reasons []string
	// Dropped tells that a rule ended the event on purpose.
	Dropped bool
	// Normalized is the event in our one language; zero for an invalid event.
	Normalized Normalized
	// At is when it was routed.
	At time.Time
	// Backends are those it was sent to, in the order of the rules.
	Backends []string
}

// Normalized is an event in the one language that rules and backends know.
type Normalized struct {
	// Type is "<entity>.<what happened>", such as "course.completed".
	Type string
	// Subject is "<entity>/<id>", or "" when the event names neither.
	Subject string
	// Time is the sender's time of the event, else when it was received.
	Time time.Time
	Data Data
	// Previous is the state before an update; nil when the sender gives none.
	Previous *Data
	// Changed names the fields that differ between Previous and Data.
	Changed []string
	// Notice marks an event that is of no interest to a backend unless a rule
	// names it, such as a ping: where no rule does, it is done, not unrouted.
	Notice bool
}

// Data holds the entities an event speaks of; absent ones are nil.
type Data struct {
	Student    *Person    `json:"student,omitempty"`
	Teacher    *Person    `json:"teacher,omitempty"`
	School     *Named     `json:"school,omitempty"`
	Course     *Named     `json:"course,omitempty"`
	Bundle     *Named     `json:"bundle,omitempty"`
	Group      *Named     `json:"group,omitempty"`
	Exam       *Named     `json:"exam,omitempty"`
	Test       *Named     `json:"test,omitempty"`
	Assignment *Named     `json:"assignment,omitempty"`
	Document   *Named     `json:"document,omitempty"`
	Survey     *Named     `json:"survey,omitempty"`
	Meeting    *Named     `json:"meeting,omitempty"`
	Product    *Named     `json:"product,omitempty"`
	Attempt    *Attempted `json:"attempt,omitempty"`
	Order      *Order     `json:"order,omitempty"`
	Payment    *Payment   `json:"payment,omitempty"`
	Enrollment *Entity    `json:"enrollment,omitempty"`
	Offering   *Entity    `json:"offering,omitempty"`
	Quote      *Entity    `json:"quote,omitempty"`
	Promotion  *Entity    `json:"promotion,omitempty"`
}

// Person is a student or a teacher.
type Person struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Named is an entity with an id and a name.
type Named struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Entity is one of which only the id is common to all senders.
type Entity struct {
	ID string `json:"id,omitempty"`
}

// Attempted is a student's attempt at a test or an exam.
type Attempted struct {
	ID string `json:"id,omitempty"`
	// Score is a JSON number as the sender wrote it.
	Score  json.Number `json:"score,omitempty"`
	Status string      `json:"status,omitempty"`
}

// Order is an order in a shop.
type Order struct {
	ID      string `json:"id,omitempty"`
	Status  string `json:"status,omitempty"`
	Created string `json:"created,omitempty"`
}

// Payment is money that was received.
type Payment struct {
	// Amount is a decimal string such as "1000.50".
	Amount   string `json:"amount,omitempty"`
	Currency string `json:"currency,omitempty"`
	Method   string `json:"method,omitempty"`
}
