package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// contentType is that of a CloudEvent in structured mode.
const contentType = cloudevents.ApplicationCloudEventsJSON

// timeLayout is RFC 3339 in UTC with milliseconds, always three digits.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Envelope returns the event as CloudEvents 1.0 structured JSON. original
// gives the sender's payload as JSON; it may be nil.
func Envelope(ev *event.Event, d *event.Delivery, original func(*event.Event) json.RawMessage) ([]byte, error) {
	data, err := data(ev, d, original)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	envelope := cloudevents.Event{Context: attributes(ev), DataEncoded: data}
	if err := envelope.Validate(); err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	return writeJSON(envelope, occurred(ev))
}

// writeJSON writes the time as an extension, because for its own time
// attribute the SDK drops trailing zeros, and a date written in two ways
// breaks receivers that parse it with a fixed layout.
func writeJSON(envelope cloudevents.Event, at time.Time) ([]byte, error) {
	envelope.Context.(*cloudevents.EventContextV1).Extensions["time"] = at.UTC().Format(timeLayout)
	var body bytes.Buffer
	body.Grow(len(envelope.DataEncoded) + 512)
	if err := cloudevents.WriteJson(&envelope, &body); err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	return body.Bytes(), nil
}

func attributes(ev *event.Event) *cloudevents.EventContextV1 {
	source := url.URL{Path: "/webhooks/" + ev.Source, RawPath: "/webhooks/" + url.PathEscape(ev.Source)}
	jsonType := cloudevents.ApplicationJSON
	attributes := &cloudevents.EventContextV1{
		ID:              text(ev.ID),
		Source:          types.URIRef{URL: source},
		Type:            text(ev.Outcome.Normalized.Type),
		DataContentType: &jsonType,
		Extensions: map[string]any{
			"receivedtime": ev.Request.Received.UTC().Format(timeLayout),
		},
	}
	if subject := text(ev.Outcome.Normalized.Subject); subject != "" {
		attributes.Subject = &subject
	}
	if first := text(ev.ReplayOf); first != "" {
		attributes.Extensions["replayof"] = first
	}
	if senderType := text(ev.SenderType); senderType != "" {
		attributes.Extensions["sendertype"] = senderType
	}
	return attributes
}

// occurred is the event's time, or when it was received where the sender's
// time cannot be written in RFC 3339.
func occurred(ev *event.Event) time.Time {
	at := ev.Outcome.Normalized.Time.UTC()
	if at.IsZero() || at.Year() < 0 || at.Year() > 9999 {
		return ev.Request.Received
	}
	return at
}

// text replaces what a CloudEvents string may not hold: control characters
// and noncharacters, and bytes that are not UTF-8.
func text(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// The encoder's own errors quote values of the payload.
var (
	errNoJSON  = errors.New("the transform's result is not JSON")
	errEncoder = errors.New("the normalized event or its payload cannot be written as JSON")
)

// data returns the transform's result, or else the normalized entities with
// the sender's payload beside them, every token of it as it was written.
func data(ev *event.Event, d *event.Delivery, original func(*event.Event) json.RawMessage) ([]byte, error) {
	if len(d.Data) > 0 {
		if !json.Valid(d.Data) { // the SDK would write it as it is
			return nil, errNoJSON
		}
		return d.Data, nil
	}
	payload := json.RawMessage("null")
	if original != nil {
		if found := original(ev); found != nil {
			payload = found
		}
	}
	n := &ev.Outcome.Normalized
	entities, err := encode(struct {
		event.Data
		Previous *event.Data `json:"previous,omitempty"`
		Changed  []string    `json:"changed,omitempty"`
	}{n.Data, n.Previous, n.Changed}, len(payload))
	if err != nil || !valid(payload) {
		return nil, errEncoder
	}
	return beside(entities, payload), nil
}

// encode returns an object as JSON, with room for what is put beside it.
func encode(object any, room int) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(512 + room)
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return bytes.TrimSpace(out.Bytes()), err
}

// beside adds the payload to the entities as it is, for the encoder would read
// and copy each byte of it.
func beside(entities []byte, payload json.RawMessage) []byte {
	object := bytes.TrimSuffix(entities, []byte("}"))
	if len(object) > len("{") {
		object = append(object, ',')
	}
	object = append(object, `"original":`...)
	object = append(object, payload...)
	return append(object, '}')
}

// valid tells whether it is JSON, whatever its names and bytes that are not
// UTF-8: it goes on as the sender wrote it.
func valid(payload json.RawMessage) bool {
	return jsontext.Value(payload).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
