package rules

import "time"

// Env is one event as an expression sees it. The names in the expr tags are
// those of the rule language.
type Env struct {
	// Type is "<entity>.<what happened>"; Sender and Source name where the
	// event came from; SenderType is the sender's own name of it.
	Type       string `expr:"type"`
	Sender     string `expr:"sender"`
	Source     string `expr:"source"`
	SenderType string `expr:"sender_type"`
	// ID is the event id, Subject "<entity>/<id>" or "".
	ID      string `expr:"id"`
	Subject string `expr:"subject"`
	// Time is when it happened, Received when the request had been read.
	Time     time.Time `expr:"time"`
	Received time.Time `expr:"received"`
	// Data holds the entities; Previous those before an update, zero when the
	// sender gives none; Changed names the fields that differ.
	Data     Data     `expr:"data"`
	Previous Data     `expr:"previous"`
	Changed  []string `expr:"changed"`
	// Original is the sender's payload as Decode gives it.
	Original any `expr:"original"`
	// Headers are the allow-listed ones.
	Headers Headers `expr:"headers"`
}

// Request is a raw request as an Extract sees it.
type Request struct {
	// Body is the payload as Decode gives it; nil when it isn't JSON.
	Body    any               `expr:"body"`
	Headers Headers           `expr:"headers"`
	Query   map[string]string `expr:"query"`
	Path    string            `expr:"path"`
	Method  string            `expr:"method"`
}

// Headers are looked up whatever the case of a name; a missing one is "".
type Headers map[string]string

// Data holds an event's entities. They are values, not pointers: an entity or
// a field that the event lacks reads as empty or zero, never as a failure.
type Data struct {
	Student    Person  `expr:"student" json:"student,omitzero"`
	Teacher    Person  `expr:"teacher" json:"teacher,omitzero"`
	School     Named   `expr:"school" json:"school,omitzero"`
	Course     Named   `expr:"course" json:"course,omitzero"`
	Bundle     Named   `expr:"bundle" json:"bundle,omitzero"`
	Group      Named   `expr:"group" json:"group,omitzero"`
	Exam       Named   `expr:"exam" json:"exam,omitzero"`
	Test       Named   `expr:"test" json:"test,omitzero"`
	Assignment Named   `expr:"assignment" json:"assignment,omitzero"`
	Document   Named   `expr:"document" json:"document,omitzero"`
	Survey     Named   `expr:"survey" json:"survey,omitzero"`
	Meeting    Named   `expr:"meeting" json:"meeting,omitzero"`
	Product    Named   `expr:"product" json:"product,omitzero"`
	Attempt    Attempt `expr:"attempt" json:"attempt,omitzero"`
	Order      Order   `expr:"order" json:"order,omitzero"`
	Payment    Payment `expr:"payment" json:"payment,omitzero"`
	Enrollment Entity  `expr:"enrollment" json:"enrollment,omitzero"`
	Offering   Entity  `expr:"offering" json:"offering,omitzero"`
	Quote      Entity  `expr:"quote" json:"quote,omitzero"`
	Promotion  Entity  `expr:"promotion" json:"promotion,omitzero"`
}

// Person is a student or a teacher.
type Person struct {
	ID    string `expr:"id" json:"id,omitempty"`
	Name  string `expr:"name" json:"name,omitempty"`
	Email string `expr:"email" json:"email,omitempty"`
}

// Named is an entity with an id and a name.
type Named struct {
	ID   string `expr:"id" json:"id,omitempty"`
	Name string `expr:"name" json:"name,omitempty"`
}

// Entity is one of which only the id is known.
type Entity struct {
	ID string `expr:"id" json:"id,omitempty"`
}

// Attempt is a student's attempt at a test or an exam.
type Attempt struct {
	ID     string  `expr:"id" json:"id,omitempty"`
	Score  float64 `expr:"score" json:"score,omitempty"`
	Status string  `expr:"status" json:"status,omitempty"`
}

// Order is an order in a shop. Created is as the sender wrote it.
type Order struct {
	ID      string `expr:"id" json:"id,omitempty"`
	Status  string `expr:"status" json:"status,omitempty"`
	Created string `expr:"created" json:"created,omitempty"`
}

// Payment is money that was received.
type Payment struct {
	// Amount is in units of Currency, 1000.5 for "1000.50".
	Amount   float64 `expr:"amount" json:"amount,omitempty"`
	Currency string  `expr:"currency" json:"currency,omitempty"`
	Method   string  `expr:"method" json:"method,omitempty"`
}

// eventScope and requestScope are what expr is given: by value, because
// reading a field of an addressable struct would allocate a copy of it.
type eventScope struct {
	Env `expr:"-"`
	Run *run `expr:"#run"`
}

type requestScope struct {
	Request `expr:"-"`
	Run     *run `expr:"#run"`
}

// scope boxes an event for a run. The monotonic clock reading is no part of
// the event, so it is taken off.
func (e *Env) scope(r *run) any {
	s := eventScope{Env: *e, Run: r}
	s.Time, s.Received = e.Time.Round(0), e.Received.Round(0)
	return s
}
