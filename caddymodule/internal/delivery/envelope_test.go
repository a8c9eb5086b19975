package delivery

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// payload has what JSON libraries like to change: a number beyond 2^53, one
// with zeros, HTML, an escape, a key twice.
const payload = `{"id":9007199254740993,"amount":1000.50,"tiny":1e-7,"html":"<b>&</b>","esc":"\u00e9\/","k":1,"k":2}`

func newEvent() *event.Event {
	received := time.Date(2026, 11, 21, 2, 27, 0, 120e6, time.UTC)
	return &event.Event{
		Seq: 1, ID: "af46ec07-de79-40b5-916c-0058b54b2d2b", Source: "knolyx", Sender: "knolyx", SenderType: "COURSE_COMPLETED",
		Request: event.Request{Received: received, Header: http.Header{"X-Lang": {"fr"}}},
		Outcome: event.Outcome{State: event.Routed, Normalized: event.Normalized{
			Type: "course.completed", Subject: "student/9007199254740993", Time: received.Add(-120 * time.Millisecond),
			Data: event.Data{
				Student: &event.Person{ID: "9007199254740993", Name: "Zoë <z@y> & Co"},
				Attempt: &event.Attempted{ID: "7", Score: "12345678901234567890.10"},
			},
		}},
	}
}

// original gives every event the same payload.
func original(payload string) func(*event.Event) json.RawMessage {
	return func(*event.Event) json.RawMessage { return json.RawMessage(payload) }
}

func envelope(t *testing.T, ev *event.Event, d *event.Delivery) string {
	t.Helper()
	body, err := Envelope(ev, d, original(payload))
	if err != nil {
		t.Fatal(err)
	}
	var parsed cloudevents.Event
	if err := json.Unmarshal(body, &parsed); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if err := parsed.Validate(); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return string(body)
}

func attribute(t *testing.T, body, name string) any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatal(err)
	}
	return all[name]
}

func TestAnEventIsWrittenTokenForToken(t *testing.T) {
	got := envelope(t, newEvent(), &event.Delivery{})
	want := `{"specversion":"1.0","id":"af46ec07-de79-40b5-916c-0058b54b2d2b","source":"/webhooks/knolyx",` +
		`"type":"course.completed","subject":"student/9007199254740993","datacontenttype":"application/json",` +
		`"data":{"student":{"id":"9007199254740993","name":"Zoë <z@y> & Co"},` +
		`"attempt":{"id":"7","score":12345678901234567890.10},"original":` + payload + `},` +
		`"receivedtime":"2026-11-21T02:27:00.120Z","sendertype":"COURSE_COMPLETED","time":"2026-11-21T02:27:00.000Z"}`
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestAnEventWithoutEntitiesHasItsOriginalAlone(t *testing.T) {
	ev := newEvent()
	ev.Outcome.Normalized.Data = event.Data{}
	if got := envelope(t, ev, &event.Delivery{}); !strings.Contains(got, `"data":{"original":`+payload+`},`) {
		t.Fatal(got)
	}
}

func TestAnUpdateCarriesBothSides(t *testing.T) {
	ev := newEvent()
	ev.Outcome.Normalized.Previous = &event.Data{Student: &event.Person{Name: "Zoe"}}
	ev.Outcome.Normalized.Changed = []string{"student.name"}
	got := envelope(t, ev, &event.Delivery{})
	if want := `,"previous":{"student":{"name":"Zoe"}},"changed":["student.name"],"original":`; !strings.Contains(got, want) {
		t.Fatalf("%s lacks %s", got, want)
	}
}

func TestATransformsResultReplacesTheData(t *testing.T) {
	const result = `{"amount":9007199254740993.00,"a":"<&>"}`
	got := envelope(t, newEvent(), &event.Delivery{Data: json.RawMessage(result)})
	if !strings.Contains(got, `"data":`+result+`,`) || strings.Contains(got, "original") {
		t.Fatal(got)
	}
}

func TestTheOriginalIsThatOfTheEvent(t *testing.T) {
	ev := newEvent()
	body, err := Envelope(ev, &event.Delivery{}, nil)
	if err != nil || !strings.Contains(string(body), `"original":null}`) {
		t.Errorf("without a way to derive it: %s, %v", body, err)
	}
	body, err = Envelope(ev, &event.Delivery{}, func(got *event.Event) json.RawMessage {
		if got != ev {
			t.Error("asked for another event")
		}
		return json.RawMessage(payload)
	})
	if err != nil || !strings.Contains(string(body), `"original":`+payload+`}`) {
		t.Fatalf("%s, %v", body, err)
	}
}

func TestAttributesAreWhatCloudEventsAllow(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*event.Event)
		attribute string
		want      any
	}{
		"no subject":             {func(ev *event.Event) { ev.Outcome.Normalized.Subject = "" }, "subject", nil},
		"no sender type":         {func(ev *event.Event) { ev.SenderType = "" }, "sendertype", nil},
		"control characters":     {func(ev *event.Event) { ev.SenderType = "A\nB\x7fC\uFFFEé" }, "sendertype", "A\uFFFDB\uFFFDC\uFFFDé"},
		"bytes that are no text": {func(ev *event.Event) { ev.SenderType = "A\xff" }, "sendertype", "A\uFFFD"},
		"quotes":                 {func(ev *event.Event) { ev.ID = `a"b\<` }, "id", `a"b\<`},
		"a source with a space":  {func(ev *event.Event) { ev.Source = "a b/é?#%" }, "source", "/webhooks/a%20b%2F%C3%A9%3F%23%25"},
		"a plain source":         {func(ev *event.Event) { ev.Source = "my-pay_1.x" }, "source", "/webhooks/my-pay_1.x"},
		"another zone": {func(ev *event.Event) {
			ev.Outcome.Normalized.Time = time.Date(2026, 1, 1, 1, 0, 0, 999999999, time.FixedZone("", 3600))
		}, "time", "2026-01-01T00:00:00.999Z"},
		"no time":                {func(ev *event.Event) { ev.Outcome.Normalized.Time = time.Time{} }, "time", "2026-11-21T02:27:00.120Z"},
		"a time beyond RFC 3339": {func(ev *event.Event) { ev.Outcome.Normalized.Time = time.Unix(1e12, 0) }, "time", "2026-11-21T02:27:00.120Z"},
	} {
		t.Run(name, func(t *testing.T) {
			ev := newEvent()
			c.change(ev)
			body := envelope(t, ev, &event.Delivery{})
			if got := attribute(t, body, c.attribute); got != c.want {
				t.Fatalf("%s is %q, want %q", c.attribute, got, c.want)
			}
		})
	}
}

func TestABrokenEventIsAnErrorThatQuotesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*event.Event)
		original string
		data     string
	}{
		"no type":          {func(ev *event.Event) { ev.Outcome.Normalized.Type = "" }, payload, ""},
		"no id":            {func(ev *event.Event) { ev.ID = "" }, payload, ""},
		"a broken payload": {func(*event.Event) {}, `{"secret`, ""},
		"a broken number":  {func(ev *event.Event) { ev.Outcome.Normalized.Data.Attempt.Score = "secret" }, payload, ""},
		"a broken result":  {func(*event.Event) {}, payload, `{"secret":`},
		"two results":      {func(*event.Event) {}, payload, `{},"secret":1`},
	} {
		t.Run(name, func(t *testing.T) {
			ev := newEvent()
			c.change(ev)
			body, err := Envelope(ev, &event.Delivery{Data: json.RawMessage(c.data)}, original(c.original))
			if err == nil {
				t.Fatalf("no error, but %s", body)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Fatalf("%q quotes the payload", err)
			}
		})
	}
}
