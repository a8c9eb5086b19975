package sender

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

func TestEverySenderIsWhatTheConfigurationCallsIt(t *testing.T) {
	want := map[string]struct {
		methods   string
		pathTypes bool
		words     int
	}{
		"edvisor":  {"POST", false, 18 + 9},
		"edusign":  {"POST", false, 29},
		"synap":    {"POST", true, 14 + 3},
		"knolyx":   {"PUT POST", false, 5},
		"softbook": {"POST PUT", true, 1},
		"custom":   {"POST", true, 0},
	}
	if len(Names()) != len(want) {
		t.Errorf("the senders are %v", Names())
	}
	for _, name := range Names() {
		s := sender(t, name, Options{})
		if s.Name() != name {
			t.Errorf("%s calls itself %s", name, s.Name())
		}
		if got := strings.Join(s.Methods(), " "); got != want[name].methods {
			t.Errorf("%s uses %s", name, got)
		}
		if s.PathTypes() != want[name].pathTypes {
			t.Errorf("%s: a path may name an event: %v", name, s.PathTypes())
		}
		if got := len(s.Vocabulary()); got != want[name].words {
			t.Errorf("%s has %d words", name, got)
		}
		for _, h := range s.Headers() {
			if h != http.CanonicalHeaderKey(h) {
				t.Errorf("%s: the header %s is not canonical", name, h)
			}
		}
	}
}

func TestAWordStandsOnceAndIsOfOurLanguage(t *testing.T) {
	for _, name := range Names() {
		var sent []string
		for _, w := range sender(t, name, Options{}).Vocabulary() {
			if slices.Contains(sent, w.Sends) {
				t.Errorf("%s sends %s twice", name, w.Sends)
			}
			sent = append(sent, w.Sends)
			entity, what, dotted := strings.Cut(w.Becomes, ".")
			if w.Becomes != "ping" && (!dotted || slug(entity) != entity || slug(what) != what) {
				t.Errorf("%s %s becomes %q", name, w.Sends, w.Becomes)
			}
		}
	}
}

func TestAWrongConfigurationSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     Options
		wants []string
	}{
		{"knolix", Options{}, []string{`"knolix"`, "did you mean knolyx?", "edvisor, edusign, synap, knolyx, softbook, custom"}},
		{"", Options{}, []string{"unknown sender"}},
		{"softbook", Options{Fields: map[string]string{"oder_id": "body.id"}}, []string{"oder_id", "did you mean order_id?"}},
		{"softbook", Options{Fields: map[string]string{"order_id": "order.id"}}, []string{"field order_id", `"body.order.id"`}},
		{"softbook", Options{Fields: map[string]string{"order_id": "body"}}, []string{"field order_id"}},
		{"softbook", Options{Trigger: "body..x"}, []string{"field trigger"}},
		{"softbook", Options{Trigger: "body.a", Fields: map[string]string{"trigger": "body.b"}}, []string{"twice"}},
		{"softbook", Options{Extract: func(*event.Request) Extracted { return Extracted{} }}, []string{"only custom"}},
		{"custom", Options{Trigger: "body.a"}, []string{"only softbook"}},
		{"synap", Options{Fields: map[string]string{"order_id": "body.id"}}, []string{"only softbook"}},
	} {
		s, err := New(c.name, c.o)
		if err == nil || s != nil {
			t.Errorf("New(%q, %+v) is no error", c.name, c.o)
			continue
		}
		for _, want := range c.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q doesn't say %q", err, want)
			}
		}
	}
}
