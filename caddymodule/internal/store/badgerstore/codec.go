package badgerstore

import (
	"bytes"
	"hash/crc32"
	"net/http"
	"net/url"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// The records, here and in codec_delivery.go. A field keeps its number for
// ever, and a number is never used again.

// micro is a time in microseconds since 1970. It spans every year that a
// sender can write, and the zero time.
type micro int64

func microOf(t time.Time) micro { return micro(t.UnixMicro()) }
func (m micro) time() time.Time { return time.UnixMicro(int64(m)).UTC() }

type requestRecord struct {
	Method   string      `cbor:"1,keyasint"`
	Path     string      `cbor:"2,keyasint,omitempty"`
	Query    url.Values  `cbor:"3,keyasint"`
	Header   http.Header `cbor:"4,keyasint"`
	Body     []byte      `cbor:"5,keyasint"`
	Received micro       `cbor:"6,keyasint"`
}

func recordOfRequest(r *event.Request) requestRecord {
	return requestRecord{
		Method: r.Method, Path: r.Path, Query: r.Query, Header: r.Header,
		Body: r.Body, Received: microOf(r.Received),
	}
}

func (r *requestRecord) request() event.Request {
	return event.Request{
		Method: r.Method, Path: r.Path, Query: r.Query, Header: r.Header,
		Body: r.Body, Received: r.Received.time(),
	}
}

// eventRecord is an event as it was kept, in the journal, with the dedupe key
// that the database is to remember.
type eventRecord struct {
	ID         string        `cbor:"1,keyasint"`
	Source     string        `cbor:"2,keyasint"`
	Sender     string        `cbor:"3,keyasint"`
	SenderType string        `cbor:"4,keyasint,omitempty"`
	Time       micro         `cbor:"5,keyasint"`
	Forward    []string      `cbor:"6,keyasint"`
	Request    requestRecord `cbor:"7,keyasint"`
	Key        []byte        `cbor:"8,keyasint"`
	Window     time.Duration `cbor:"9,keyasint,omitempty"` // of the key; 0: there is none
	ReplayOf   string        `cbor:"10,keyasint,omitempty"`
	// From is the place of the request that it was in the quarantine.
	From  *placeRecord `cbor:"11,keyasint,omitempty"`
	Trace string       `cbor:"12,keyasint,omitempty"`
}

func encodeArrival(b *bytes.Buffer, a *arrival) error {
	ev := a.ev
	r := eventRecord{
		ID: ev.ID, Source: ev.Source, Sender: ev.Sender, SenderType: ev.SenderType,
		Time: microOf(ev.Time), Forward: ev.Forward, Request: recordOfRequest(&ev.Request), Window: a.window,
		ReplayOf: ev.ReplayOf, From: recordOfPlace(a.from), Trace: ev.Trace,
	}
	if a.window > 0 {
		r.Key = a.key[:]
	}
	return encoding.MarshalToBuffer(r, b)
}

func decodeEvent(seq uint64, record []byte) (*event.Event, error) {
	var r eventRecord
	if err := unmarshal(record, &r); err != nil {
		return nil, err
	}
	return &event.Event{
		Seq: seq, ID: r.ID, Source: r.Source, Sender: r.Sender, SenderType: r.SenderType,
		Time: r.Time.time(), Forward: r.Forward, Request: r.Request.request(),
		ReplayOf: r.ReplayOf, Trace: r.Trace,
	}, nil
}

func decodeArrival(seq uint64, record []byte) (*arrival, error) {
	var r eventRecord
	if err := unmarshal(record, &r); err != nil {
		return nil, err
	}
	a := &arrival{
		seq: seq, source: r.Source, id: r.ID, window: r.Window, received: r.Request.Received.time(),
		body: bodySum(r.Request.Body), replay: r.ReplayOf != "", from: r.From.place(),
	}
	if copy(a.key[:], r.Key) < len(a.key) {
		a.window = 0
	}
	return a, nil
}

// outcomeRecord is what became of an event, with its deliveries as they were
// routed. It is written once, however often a delivery is tried.
type outcomeRecord struct {
	State      event.State      `cbor:"1,keyasint"`
	Reasons    []string         `cbor:"2,keyasint"`
	Dropped    bool             `cbor:"3,keyasint,omitempty"`
	At         micro            `cbor:"4,keyasint"`
	Backends   []string         `cbor:"5,keyasint"`
	Type       string           `cbor:"6,keyasint,omitempty"`
	Subject    string           `cbor:"7,keyasint,omitempty"`
	Time       micro            `cbor:"8,keyasint"`
	Data       event.Data       `cbor:"9,keyasint"`
	Previous   *event.Data      `cbor:"10,keyasint,omitempty"`
	Changed    []string         `cbor:"11,keyasint"`
	Notice     bool             `cbor:"12,keyasint,omitempty"`
	Deliveries []deliveryRecord `cbor:"13,keyasint,omitempty"`
}

func encodeRouting(r *store.Routing) ([]byte, error) {
	o, n := &r.Outcome, &r.Outcome.Normalized
	record := outcomeRecord{
		State: o.State, Reasons: o.Reasons, Dropped: o.Dropped, At: microOf(o.At), Backends: o.Backends,
		Type: n.Type, Subject: n.Subject, Time: microOf(n.Time), Data: n.Data,
		Previous: n.Previous, Changed: n.Changed, Notice: n.Notice,
	}
	for _, d := range r.Deliveries {
		record.Deliveries = append(record.Deliveries, recordOfDelivery(d, record.At))
	}
	return encode(record)
}

func (r *outcomeRecord) outcome() event.Outcome {
	return event.Outcome{
		State: r.State, Reasons: r.Reasons, Dropped: r.Dropped, At: r.At.time(), Backends: r.Backends,
		Normalized: event.Normalized{
			Type: r.Type, Subject: r.Subject, Time: r.Time.time(), Data: r.Data,
			Previous: r.Previous, Changed: r.Changed, Notice: r.Notice,
		},
	}
}

// dedupeRecord tells which event a dedupe key belongs to, and how long it counts.
type dedupeRecord struct {
	ID      string `cbor:"1,keyasint"`
	Expires micro  `cbor:"2,keyasint"`
	Body    uint32 `cbor:"3,keyasint"` // bodySum
}

// counts tells whether the key still makes a repeat of an event.
func (r *dedupeRecord) counts(now time.Time) bool { return r != nil && now.Before(r.Expires.time()) }

// bodySum tells bodies apart, to warn of an id that was used twice. Nothing is
// decided by it.
func bodySum(body []byte) uint32 { return crc32.Checksum(body, castagnoli) }

type quarantinedRecord struct {
	ID      string        `cbor:"1,keyasint"`
	Source  string        `cbor:"2,keyasint"`
	Sender  string        `cbor:"3,keyasint"`
	Reason  string        `cbor:"4,keyasint"`
	Request requestRecord `cbor:"5,keyasint"`
	URL     string        `cbor:"6,keyasint,omitempty"`
	Token   string        `cbor:"7,keyasint,omitempty"`
}

func encodeQuarantined(q *event.Quarantined) ([]byte, error) {
	return encode(quarantinedRecord{
		ID: q.ID, Source: q.Source, Sender: q.Sender, Reason: q.Reason, Request: recordOfRequest(&q.Request),
		URL: q.URL, Token: q.Token,
	})
}

func decodeQuarantined(value []byte) (*event.Quarantined, error) {
	var r quarantinedRecord
	if err := decode(value, &r); err != nil {
		return nil, err
	}
	return &event.Quarantined{
		ID: r.ID, Source: r.Source, Sender: r.Sender, Reason: r.Reason, Request: r.Request.request(),
		URL: r.URL, Token: r.Token,
	}, nil
}
