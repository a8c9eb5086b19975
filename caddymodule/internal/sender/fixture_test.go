package sender

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// Each fixture is a body, <name>.json or <name>.form, with what else its
// request had in <name>.request.json and what becomes of it in <name>.want.json.

var update = flag.Bool("update", false, "write what the fixtures become to their .want.json files")

var received = time.Date(2026, 11, 21, 2, 27, 0, 123_000_000, time.UTC)

// fixture is one request of testdata.
type fixture struct {
	sender, file string
	request      event.Request
}

func (f fixture) want() string { return beside(f.file, ".want.json") }

// beside is the name of a file that belongs to a fixture's body.
func beside(file, ending string) string {
	return strings.TrimSuffix(file, filepath.Ext(file)) + ending
}

func isBody(file string) bool {
	return !strings.HasSuffix(file, ".want.json") && !strings.HasSuffix(file, ".request.json")
}

// result is what a .want file holds.
type result struct {
	Identity   event.Identity
	Normalized struct {
		event.Normalized
		Original json.RawMessage
	}
	Reasons []string `json:",omitempty"`
}

// sender returns one whose days begin in UTC, whatever the machine's zone.
func sender(t testing.TB, name string, o Options) Sender {
	t.Helper()
	s, err := New(name, o)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := s.(edusign); ok {
		e.zone = time.UTC
		return e
	}
	return s
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	var all []fixture
	for _, name := range Names() {
		for _, pattern := range []string{"*.json", "*.form"} {
			files, err := filepath.Glob(filepath.Join("testdata", name, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				if isBody(file) {
					all = append(all, fixture{name, file, readRequest(t, file)})
				}
			}
		}
	}
	return all
}

func readRequest(t testing.TB, file string) event.Request {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rest struct {
		Path   string
		Header map[string]string
	}
	if b, err := os.ReadFile(beside(file, ".request.json")); err == nil {
		if err := json.Unmarshal(b, &rest); err != nil {
			t.Fatal(err)
		}
	}
	r := event.Request{Method: "POST", Path: rest.Path, Header: http.Header{}, Body: body, Received: received}
	for name, value := range rest.Header {
		r.Header.Set(name, value)
	}
	return r
}

// keep does to a request what the gateway does when it keeps one.
func keep(s Sender, r event.Request) (event.Identity, *event.Event) {
	id := s.Identify(&r)
	header := http.Header{}
	for _, name := range s.Headers() {
		if v := r.Header.Values(name); len(v) > 0 {
			header[name] = v
		}
	}
	if r.Header = header; id.Secret {
		r.Body = nil
	}
	return id, &event.Event{ID: id.ID, Sender: s.Name(), SenderType: id.SenderType, Time: id.Time, Request: r}
}

func TestEveryFixtureBecomesWhatItShould(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(strings.TrimPrefix(f.file, "testdata/"), func(t *testing.T) {
			s := sender(t, f.sender, Options{})
			var got result
			var ev *event.Event
			got.Identity, ev = keep(s, f.request)
			got.Normalized.Normalized, got.Reasons = s.Normalize(ev)
			got.Normalized.Original = s.Original(ev)
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(got); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(f.want(), b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(f.want())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%s has\n%s\nbut the fixture became\n%s", f.want(), want, b.Bytes())
			}
		})
	}
}

func TestEveryWordOfTheVocabularyHasAFixture(t *testing.T) {
	became := map[string]string{}
	for _, f := range fixtures(t) {
		s := sender(t, f.sender, Options{})
		id, ev := keep(s, f.request)
		n, reasons := s.Normalize(ev)
		if reasons != nil {
			t.Errorf("%s is invalid: %v", f.file, reasons)
		}
		became[f.sender+" "+id.SenderType] = n.Type
	}
	for _, name := range Names() {
		for _, w := range sender(t, name, Options{}).Vocabulary() {
			if got := became[name+" "+w.Sends]; got != w.Becomes {
				t.Errorf("%s %s becomes %q in the fixtures, not %q", name, w.Sends, got, w.Becomes)
			}
		}
	}
}

func TestTheOriginalKeepsEveryTokenOfTheBody(t *testing.T) {
	for _, f := range fixtures(t) {
		if filepath.Ext(f.file) != ".json" || len(f.request.Body) == 0 {
			continue
		}
		s := sender(t, f.sender, Options{})
		_, ev := keep(s, f.request)
		var want bytes.Buffer
		if err := json.Compact(&want, f.request.Body); err != nil {
			t.Fatal(err)
		}
		if got := s.Original(ev); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: original is %s", f.file, got)
		}
	}
}
