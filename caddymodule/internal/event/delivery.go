package event

import (
	"encoding/json"
	"time"
)

// KeptAttempts is how many attempts of one delivery are remembered: the
// newest ones, so that history stays bounded however long a backend is down.
const KeptAttempts = 10

// Delivery is one event on its way to one backend.
type Delivery struct {
	Seq     uint64 // the event's place in the order of arrival
	Backend string
	EventID string
	Source  string
	// Rule is the one that decided the transform; "" for the default.
	Rule  string
	State State
	// Data replaces the event's data where the rule has a transform.
	Data json.RawMessage
	// OrderKey is the value of the backend's order_by; "" is not ordered.
	OrderKey string
	// Created is when the event was routed, Due when the next attempt may start.
	Created, Due time.Time
	// Since is when the time for retries began: Created, or when the delivery
	// before it in its order was done, or when it was retried by hand.
	Since time.Time
	// Count is the number of attempts so far, Attempts the newest of them.
	Count    int
	Attempts []Attempt
	// Finished is when it was delivered, given up or discarded.
	Finished time.Time
}

// Attempt is one try to hand an event to a backend.
type Attempt struct {
	At       time.Time
	Duration time.Duration
	// Status is the HTTP status; 0 when there was no answer.
	Status int
	// Error says what went wrong, without secrets; "" for a 2xx.
	Error string
	// RetryAfter is what the backend asked for; 0 when it didn't.
	RetryAfter time.Duration
	// Answer is the beginning of a failed answer's body, at most 4 KiB.
	Answer []byte
}

// Add appends an attempt and forgets the oldest beyond KeptAttempts.
func (d *Delivery) Add(a Attempt) {
	d.Count++
	d.Attempts = append(d.Attempts, a)
	if n := len(d.Attempts) - KeptAttempts; n > 0 {
		d.Attempts = append([]Attempt(nil), d.Attempts[n:]...)
	}
}

// Quarantined is a request that failed verification. It is never routed and
// never counts as seen.
type Quarantined struct {
	// Number tells it from the others of its source; it is given by the store.
	// A stranger chooses the ID, so that one isn't unique.
	Number         uint64
	ID             string
	Source, Sender string
	// Reason is why verification failed, without any secret.
	Reason string
	// URL and Token are what else proof may stand in: the URL as the sender
	// called it, and the token in it, "" where there was none.
	URL, Token string
	Request    Request
}
