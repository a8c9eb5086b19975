package gateway

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/rules"
)

func compiled(t testing.TB, when string) *rules.Set {
	t.Helper()
	set, err := rules.Compile(rules.Config{
		Rules: []rules.Rule{{Name: "a", When: when, To: []string{"crm"}}}, Backends: []string{"crm"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// FuzzSendersAndRulesReadTheSamePayloads holds that a payload that a sender
// normalizes is one that rules can read: otherwise an event would be invalid
// or not depending on whether a rule asks for its payload.
func FuzzSendersAndRulesReadTheSamePayloads(f *testing.F) {
	deep := func(n int) string {
		return `{"id":1,"type":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
	}
	for _, body := range []string{
		course("k-1"), "", " ", "null", "7", "[1]", "{", `{"a":1} x`, "\xef\xbb\xbf {}\n", "\xff", "{\"a\":\"\xc3\"}",
		`"\ud800"`, `{"a":1,"a":2}`, `1e999`, strings.Repeat("9", 500), deep(999), deep(1000), deep(1001), deep(10_001),
		strings.Repeat(`{"a":`, 1001), "a=1&b=2", "a=%ff", "a=%zz", "&",
	} {
		f.Add([]byte(body), true)
		f.Add([]byte(body), false)
	}
	silent, asking := &Config{Rules: compiled(f, `true`)}, &Config{Rules: compiled(f, `original == nil || true`)}
	f.Fuzz(func(t *testing.T, body []byte, form bool) {
		header := http.Header{"Content-Type": {"application/json"}}
		if form {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, name := range sender.Names() {
			ev := &event.Event{Sender: name, Request: event.Request{Header: header, Body: body}}
			want, got := silent.route(ev, time.Time{}), asking.route(ev, time.Time{})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s %q: a rule that asks for the payload makes it %+v, not %+v", name, body, got, want)
			}
		}
	})
}

func TestARuleSeesThePayloadAndTheHeadersItAsksFor(t *testing.T) {
	orderBy, err := rules.CompileValue("order_by", `original.data.course.id`, rules.Position{})
	if err != nil {
		t.Fatal(err)
	}
	ev := &event.Event{Sender: "knolyx", Request: event.Request{
		Header: http.Header{"X-Lang": {"fr", "de"}}, Body: []byte(course("k-1")),
	}}
	for when, want := range map[string]bool{
		`type == "course.completed"`:                              true,
		`original.id == "k-1"`:                                    true,
		`original.data.user.id == 7 && headers["x-lang"] != ""`:   true,
		`headers["X-Lang"] == "fr, de" && len(headers) == 1`:      true,
		`len(original) == 3 && "type" in original`:                true,
		`original.nope != nil || original.data.course.nope != ""`: true,
		`original.id == nil`:                                      false,
		`headers["x-other"] != ""`:                                false,
	} {
		c := &Config{Rules: compiled(t, when), Backends: []*Backend{{Backend: &delivery.Backend{Name: "crm"}, OrderBy: orderBy}}}
		r := c.route(ev, time.Time{})
		if matched := len(r.Deliveries) == 1; matched != want {
			t.Errorf("%s: %+v", when, r.Outcome)
		} else if matched && r.Deliveries[0].OrderKey != "12" {
			t.Errorf("%s: ordered by %q", when, r.Deliveries[0].OrderKey)
		}
	}
}
