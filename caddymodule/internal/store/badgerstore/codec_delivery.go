package badgerstore

import (
	"encoding/json"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// deliveryRecord is a delivery as it was routed, in its event's outcomeRecord.
// Its times are relative to when that was, for mostly they are the same.
type deliveryRecord struct {
	Backend  string          `cbor:"1,keyasint"`
	EventID  string          `cbor:"2,keyasint"`
	Source   string          `cbor:"3,keyasint"`
	Rule     string          `cbor:"4,keyasint,omitempty"`
	Data     json.RawMessage `cbor:"5,keyasint,omitempty"`
	OrderKey string          `cbor:"6,keyasint,omitempty"`
	Created  micro           `cbor:"7,keyasint,omitempty"`
	Due      micro           `cbor:"8,keyasint,omitempty"`
	Since    micro           `cbor:"9,keyasint,omitempty"`
}

// progressRecord is how a delivery stands since its first attempt, or since it
// was called up in its line.
type progressRecord struct {
	State    event.State     `cbor:"1,keyasint"`
	Due      micro           `cbor:"2,keyasint"`
	Since    *micro          `cbor:"3,keyasint"` // nil: as it was routed
	Count    int             `cbor:"4,keyasint"`
	Attempts []attemptRecord `cbor:"5,keyasint"`
	Finished micro           `cbor:"6,keyasint"`
}

type attemptRecord struct {
	At         micro         `cbor:"1,keyasint"`
	Duration   time.Duration `cbor:"2,keyasint,omitempty"`
	Status     int           `cbor:"3,keyasint,omitempty"`
	Error      string        `cbor:"4,keyasint,omitempty"`
	RetryAfter time.Duration `cbor:"5,keyasint,omitempty"`
	Answer     []byte        `cbor:"6,keyasint"`
}

func recordOfDelivery(d *event.Delivery, routed micro) deliveryRecord {
	return deliveryRecord{
		Backend: d.Backend, EventID: d.EventID, Source: d.Source, Rule: d.Rule, Data: d.Data, OrderKey: d.OrderKey,
		Created: microOf(d.Created) - routed, Due: microOf(d.Due) - routed, Since: microOf(d.Since) - routed,
	}
}

func (r *deliveryRecord) delivery(seq uint64, routed micro) *event.Delivery {
	return &event.Delivery{
		Seq: seq, Backend: r.Backend, EventID: r.EventID, Source: r.Source, Rule: r.Rule,
		State: event.Waiting, Data: r.Data, OrderKey: r.OrderKey,
		Created: (routed + r.Created).time(), Due: (routed + r.Due).time(), Since: (routed + r.Since).time(),
	}
}

func encodeProgress(d *event.Delivery) ([]byte, error) {
	since := microOf(d.Since)
	r := progressRecord{
		State: d.State, Due: microOf(d.Due), Since: &since,
		Count: d.Count, Finished: microOf(d.Finished),
	}
	for _, a := range d.Attempts {
		r.Attempts = append(r.Attempts, attemptRecord{
			At: microOf(a.At), Duration: a.Duration, Status: a.Status,
			Error: a.Error, RetryAfter: a.RetryAfter, Answer: a.Answer,
		})
	}
	return encode(r)
}

// decodeProgress brings a delivery up to date.
func decodeProgress(d *event.Delivery, value []byte) error {
	var r progressRecord
	if err := decode(value, &r); err != nil {
		return err
	}
	if r.Since != nil {
		d.Since = r.Since.time()
	}
	d.State, d.Due = r.State, r.Due.time()
	d.Count, d.Finished = r.Count, r.Finished.time()
	for _, a := range r.Attempts {
		d.Attempts = append(d.Attempts, event.Attempt{
			At: a.At.time(), Duration: a.Duration, Status: a.Status,
			Error: a.Error, RetryAfter: a.RetryAfter, Answer: a.Answer,
		})
	}
	return nil
}

// unfinishedRecord counts the deliveries of an event that has several.
type unfinishedRecord struct {
	Waiting int `cbor:"1,keyasint"`
	Dead    int `cbor:"2,keyasint,omitempty"`
}
