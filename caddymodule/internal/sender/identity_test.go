package sender

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// post is a request with a body, at a path below its source.
func post(path, body string, header ...string) event.Request {
	r := event.Request{Method: "POST", Path: path, Header: http.Header{}, Body: []byte(body), Received: received}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

const attemptBody = `{"user":{"id":"u1"},"attempt":{"id":"a1"},"exam":{"id":"e1"},"meta":{"timestamp":"2026-11-21T02:26:04.417Z"}}`

func TestTwoDifferentEventsNeverShareAKey(t *testing.T) {
	later := post("", `{"type":"cron_midnight","schoolId":"s"}`)
	later.Received = received.Add(day)
	for _, c := range []struct {
		name, sender string
		requests     []event.Request
	}{
		{"edits that differ by created alone", "edvisor", []event.Request{
			post("", `{"type":"student:update","created":"2026-11-21T02:26:04.417Z","data":{"object":{"studentId":1}}}`),
			post("", `{"type":"student:update","created":"2026-11-21T02:26:04.418Z","data":{"object":{"studentId":1}}}`),
		}},
		{"the events of one attempt, their bodies equal", "synap", []event.Request{
			post("attempt.submitted", attemptBody), post("attempt.completed", attemptBody),
			post("exam.submitted", attemptBody), post("exam.completed", attemptBody),
		}},
		{"the same without a timestamp", "synap", []event.Request{
			post("attempt.submitted", `{"user":{"id":"u1"}}`), post("exam.submitted", `{"user":{"id":"u1"}}`),
		}},
		{"two students with one exam at one instant", "synap", []event.Request{
			post("exam.submitted", attemptBody),
			post("exam.submitted", strings.Replace(attemptBody, "u1", "u2", 1)),
		}},
		{"two flags of one student at one instant", "synap", []event.Request{
			post("flag.planted", `{"user":{"id":"u1"},"question":{"id":1},"meta":{"timestamp":1795228019}}`),
			post("flag.planted", `{"user":{"id":"u1"},"question":{"id":2},"meta":{"timestamp":1795228019}}`),
		}},
		{"events with a timestamp and no id", "synap", []event.Request{
			post("invite.sent", `{"email":"a@example.org","meta":{"timestamp":1795228019431}}`),
			post("invite.sent", `{"email":"b@example.org","meta":{"timestamp":1795228019431}}`),
		}},
		{"a timestamp that is none", "synap", []event.Request{
			post("flag.planted", `{"user":{"id":"u1"},"n":1,"meta":{"timestamp":"n/a"}}`),
			post("flag.planted", `{"user":{"id":"u1"},"n":2,"meta":{"timestamp":"n/a"}}`),
		}},
		{"events without an id", "knolyx", []event.Request{
			post("", `{"type":"COURSE_STARTED","data":{"user":{"id":1}}}`),
			post("", `{"type":"COURSE_STARTED","data":{"user":{"id":2}}}`),
			post("", `{"id":null,"type":"COURSE_STARTED","data":{"user":{"id":3}}}`),
			post("", `{"id":"","type":"COURSE_STARTED","data":{"user":{"id":4}}}`),
		}},
		{"ids in other fields than id", "knolyx", []event.Request{
			post("", `{"ID":"x","type":"PING","n":1}`), post("", `{"ID":"x","type":"PING","n":2}`),
		}},
		{"ids beyond 2^53 that are one float64", "knolyx", []event.Request{
			post("", `{"id":9007199254740993,"type":"PING"}`), post("", `{"id":9007199254740992,"type":"PING"}`),
		}},
		{"orders without an id", "softbook", []event.Request{
			post("", `{"trigger":"New Order","status":"paid","email":"a@example.org"}`),
			post("", `{"trigger":"New Order","status":"paid","email":"b@example.org"}`),
		}},
		{"changes of an order without a status", "softbook", []event.Request{
			post("", `{"trigger":"Order Changed","order_id":1,"amount":5}`),
			post("", `{"trigger":"Order Changed","order_id":1,"amount":6}`),
		}},
		{"triggers without a name", "softbook", []event.Request{
			post("", `{"order_id":1,"status":"paid","x":1}`), post("", `{"order_id":1,"status":"paid","x":2}`),
		}},
		{"parts that could run into each other", "softbook", []event.Request{
			post("", `{"trigger":"t","order_id":"12","status":"3"}`), post("", `{"trigger":"t","order_id":"1","status":"23"}`),
			post("", `{"trigger":"t1","order_id":"2","status":"3"}`),
		}},
		{"two nights", "edusign", []event.Request{post("", `{"type":"cron_midnight","schoolId":"s"}`), later}},
		{"two schools' nights", "edusign", []event.Request{
			post("", `{"type":"cron_midnight"}`, edusignSchool, "s1"), post("", `{"type":"cron_midnight"}`, edusignSchool, "s2"),
		}},
		{"nights that the body dates", "edusign", []event.Request{
			post("", `{"type":"cron_midnight","schoolId":"s","date":"2026-11-20"}`),
			post("", `{"type":"cron_midnight","schoolId":"s","date":"2026-11-21"}`),
		}},
		{"schools and types without a body", "edusign", []event.Request{
			post("", "", edusignType, "a", edusignSchool, "bc"), post("", "", edusignType, "ab", edusignSchool, "c"),
		}},
		{"bodies that aren't JSON", "edvisor", []event.Request{post("", "{"), post("", "["), post("", "")}},
		{"custom events without an id", "custom", []event.Request{post("", `{"n":1}`), post("", `{"n":2}`)}},
	} {
		t.Run(c.sender+": "+c.name, func(t *testing.T) {
			s, seen := sender(t, c.sender, Options{}), map[string]bool{}
			for _, r := range c.requests {
				id := s.Identify(&r)
				if seen[id.Key] {
					t.Errorf("%s %s has the key of another event", r.Path, r.Body)
				}
				seen[id.Key] = true
			}
		})
	}
}

func TestARetrySharesItsKeyForAsLongAsTheSenderRetries(t *testing.T) {
	hour := func(n int) time.Duration { return time.Duration(n) * time.Hour }
	extract := func(r *event.Request) Extracted { return Extracted{ID: r.Header.Get("X-Id")} }
	for _, c := range []struct {
		name, sender string
		first, again event.Request
		window       time.Duration
	}{
		{"an edit", "edvisor",
			post("", `{"type":"student:update","created":1795228019431,"data":{}}`),
			post("", `{"type":"student:update","created":1795228019431,"data":{}}`), 7 * day},
		{"an edit without created", "edvisor",
			post("", `{"type":"student:update","data":{}}`), post("", `{"type":"student:update","data":{}}`), 10 * time.Minute},
		{"a double send", "edusign",
			post("", `{"type":"on_student_sign"}`, edusignSchool, "s"), post("", `{"type":"on_student_sign"}`, edusignSchool, "s"), time.Minute},
		{"a night, whatever else the body holds", "edusign",
			post("", `{"type":"cron_midnight","schoolId":"s","n":1}`), post("", `{"type":"cron_midnight","schoolId":"s","n":2}`), hour(20)},
		{"an attempt, marked meanwhile", "synap",
			post("attempt.completed", attemptBody), post("attempt.completed", strings.Replace(attemptBody, `"a1"`, `"a1","score":9`, 1)), 3 * day},
		{"without a timestamp", "synap", post("invite.sent", `{"user":{"id":"u"}}`), post("invite.sent", `{"user":{"id":"u"}}`), 10 * time.Minute},
		{"the same id with another body", "knolyx",
			post("", `{"id":"a-1","type":"PING"}`), post("", `{ "type":"PING", "id":"a-1" }`), 7 * day},
		{"no id", "knolyx", post("", `{"type":"PING"}`), post("", `{"type":"PING"}`), 10 * time.Minute},
		{"an order", "softbook",
			post("", `{"trigger":"Paid","order_id":7,"status":"paid"}`), post("", `{"trigger":"Paid","order_id":"7","status":"paid","n":1}`), day},
		{"a new order without a status", "softbook",
			post("new_order", `{"order_id":7}`), post("new_order", `{"order_id":7,"n":1}`), day},
		{"no order", "softbook", post("lead", `{"n":1}`), post("lead", `{"n":1}`), time.Hour},
		{"an extracted id", "custom", post("", `1`, "X-Id", "a b"), post("", `2`, "X-Id", "a b"), 7 * day},
		{"none", "custom", post("", `1`), post("", `1`), 10 * time.Minute},
		{"not JSON", "knolyx", post("", `oops`), post("", `oops`), 10 * time.Minute},
		{"not JSON", "edusign", post("", `oops`), post("", `oops`), time.Minute},
	} {
		t.Run(c.sender+": "+c.name, func(t *testing.T) {
			o := Options{}
			if c.sender == "custom" {
				o.Extract = extract
			}
			s := sender(t, c.sender, o)
			first, again := s.Identify(&c.first), s.Identify(&c.again)
			if first.Key != again.Key || first.Key == "" {
				t.Errorf("keys differ: %s and %s", first.Key, again.Key)
			}
			if first.Window != c.window {
				t.Errorf("window is %s, not %s", first.Window, c.window)
			}
		})
	}
}

func TestOnlyASafeIDOfTheSenderBecomesTheEventID(t *testing.T) {
	for id, want := range map[string]string{
		"af46ec07-de79-40b5-916c-0058b54b2d2b": "af46ec07-de79-40b5-916c-0058b54b2d2b",
		"a b":                                  "",
		"a\r\nX-Injected: 1":                   "",
		"identité":                             "",
		strings.Repeat("x", 200):               strings.Repeat("x", 200),
		strings.Repeat("x", 201):               "",
	} {
		s := sender(t, "custom", Options{Extract: func(*event.Request) Extracted { return Extracted{ID: id} }})
		r := post("", "{}")
		got := s.Identify(&r)
		if got.ID != want || got.Window != 7*day {
			t.Errorf("%q gives the id %q for %s", id, got.ID, got.Window)
		}
	}
}

func TestMidnightIsTheSchoolsLocalDate(t *testing.T) {
	tokyo := newEdusign()
	tokyo.zone = time.FixedZone("Tokyo", 9*3600)
	evening, night := post("", `{"type":"cron_midnight","schoolId":"s"}`), post("", `{"type":"cron_midnight","schoolId":"s"}`)
	evening.Received = time.Date(2026, 11, 20, 14, 59, 59, 0, time.UTC)
	night.Received = time.Date(2026, 11, 20, 15, 0, 1, 0, time.UTC)
	if tokyo.Identify(&evening).Key == tokyo.Identify(&night).Key {
		t.Error("two dates in Tokyo are one")
	}
	utc := sender(t, "edusign", Options{})
	if utc.Identify(&evening).Key != utc.Identify(&night).Key {
		t.Error("one date in UTC is two")
	}
}

func TestAKeyShowsNothingOfThePayload(t *testing.T) {
	for _, f := range fixtures(t) {
		id := sender(t, f.sender, Options{}).Identify(&f.request)
		if len(id.Key) != 64 || strings.Trim(id.Key, "0123456789abcdef") != "" {
			t.Errorf("%s has the key %q", f.file, id.Key)
		}
	}
}
