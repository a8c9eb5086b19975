package sender

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// seed gives a fuzz target every fixture.
func seed(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.request.Body, x.request.Header.Get("Content-Type"), x.request.Path, x.request.Header.Get(edusignType))
	}
}

// arrive makes a request of what a stranger may send.
func arrive(body []byte, contentType, path, name string) event.Request {
	r := post(path, string(body), "Content-Type", contentType, edusignType, name, edusignSchool, name)
	return r
}

func FuzzIdentify(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType, path, name string) {
		for _, s := range all(t) {
			r := arrive(body, contentType, path, name)
			id := s.Identify(&r)
			if len(id.Key) != 64 || id.Window <= 0 {
				t.Errorf("%s: key %q for %s", s.Name(), id.Key, id.Window)
			}
			if id.ID != token(id.ID) || id.SenderType != label(id.SenderType) {
				t.Errorf("%s: id %q, type %q", s.Name(), id.ID, id.SenderType)
			}
			if again := s.Identify(&r); !reflect.DeepEqual(again, id) || !bytes.Equal(r.Body, body) {
				t.Errorf("%s: identified twice, it differs", s.Name())
			}
		}
	})
}

var plainType = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)?$`)

func FuzzNormalize(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType, path, name string) {
		for _, s := range all(t) {
			id, ev := keep(s, arrive(body, contentType, path, name))
			n, reasons := s.Normalize(ev)
			if reasons != nil {
				if !reflect.DeepEqual(n, event.Normalized{}) {
					t.Errorf("%s: an invalid event is normalized", s.Name())
				}
				continue
			}
			if !plainType.MatchString(n.Type) || len(n.Type) > maxType {
				t.Errorf("%s: type %q", s.Name(), n.Type)
			}
			if original := s.Original(ev); !json.Valid(original) || !utf8.Valid(original) {
				t.Errorf("%s: original %q", s.Name(), original)
			}
			if _, err := json.Marshal(n); err != nil {
				t.Errorf("%s: %v", s.Name(), err)
			}
			for _, c := range n.Subject {
				if unicode.IsControl(c) {
					t.Errorf("%s: subject %q", s.Name(), n.Subject)
				}
			}
			if !id.Time.IsZero() && !n.Time.Equal(id.Time) {
				t.Errorf("%s: identified at %s, normalized at %s", s.Name(), id.Time, n.Time)
			}
		}
	})
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=1&a=2", "a=%zz", "%ff=1", "=&&==", "a;b", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decodeForm(body)
		if err != nil {
			return
		}
		written := formJSON(o)
		read, err := decodeObject(written, nil)
		if err != nil || !reflect.DeepEqual(read, o) {
			t.Errorf("%q is written as %s and read as %v, %v", body, written, read, err)
		}
	})
}

// all returns every sender, the custom one with an extraction.
func all(t *testing.T) []Sender {
	var senders []Sender
	for _, name := range Names() {
		o := Options{}
		if name == "custom" {
			o.Extract = func(r *event.Request) Extracted {
				return Extracted{ID: string(r.Body), Type: r.Path, Time: string(r.Body)}
			}
		}
		senders = append(senders, sender(t, name, o))
	}
	return senders
}
