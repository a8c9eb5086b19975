package adminapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Shown is all that is known of an event. What the sender sent stands in it.
type Shown struct {
	Event
	Sent
	// Normalized is the event in the language of rules and backends.
	Normalized Normalized `json:"normalized,omitzero"`
	// RoutedAt is when it was decided what becomes of it.
	RoutedAt time.Time `json:"routed_at,omitzero"`
	Carried  []Carried `json:"carried,omitempty"`
	Today    Today     `json:"today"`
}

// ShownRequest is all that is known of a quarantined request, but for what proof
// may stand in.
type ShownRequest struct {
	Quarantined
	Sent
	// Normalized and Today are what it would be if it were released now.
	Normalized Normalized `json:"normalized,omitzero"`
	Today      Today      `json:"today"`
}

// Sent is what a sender sent, as far as kept.
type Sent struct {
	SenderType string      `json:"sender_type,omitempty"`
	Method     string      `json:"method"`
	Path       string      `json:"path,omitempty"`
	Query      url.Values  `json:"query,omitempty"`
	Headers    http.Header `json:"headers,omitempty"`
	// Original is the payload as JSON; Body is it as it came, where it is none.
	Original json.RawMessage `json:"original,omitempty"`
	Body     []byte          `json:"body,omitempty"`
}

// Normalized is an event in our one language.
type Normalized struct {
	Type     string          `json:"type"`
	Subject  string          `json:"subject,omitempty"`
	Time     time.Time       `json:"time"`
	Data     json.RawMessage `json:"data"`
	Previous json.RawMessage `json:"previous,omitempty"`
	Changed  []string        `json:"changed,omitempty"`
}

// Carried is a delivery with what came of each attempt.
type Carried struct {
	Delivery
	// Rule is the one that decided; "" for the default.
	Rule string `json:"rule,omitempty"`
	// Data is what a transform put in place of the event's.
	Data json.RawMessage `json:"data,omitempty"`
	// Since is when the time for retries began.
	Since time.Time `json:"since"`
	// Newest are the newest attempts.
	Newest []Attempt `json:"newest,omitempty"`
}

// Attempt is one try to hand an event to a backend.
type Attempt struct {
	At       time.Time `json:"at"`
	Duration float64   `json:"duration_seconds"`
	// Status is 0 where there was no answer.
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
	// RetryAfter is what the backend asked for.
	RetryAfter float64 `json:"retry_after_seconds,omitempty"`
	// Answer is the beginning of a failed answer, at most 4 KiB.
	Answer string `json:"answer,omitempty"`
}

// Today is what would become of an event by the rules in force.
type Today struct {
	State    string   `json:"state"`
	Reasons  []string `json:"reasons,omitempty"`
	Dropped  bool     `json:"dropped,omitempty"`
	Backends []string `json:"backends,omitempty"`
	Rules    []Rule   `json:"rules,omitempty"`
}

// Rule is what one rule says of an event.
type Rule struct {
	Name    string `json:"name"`
	Matched bool   `json:"matched"`
	// Error says why it failed.
	Error string `json:"error,omitempty"`
}
