package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
)

// TestExpressionsSeeWhatTheyRead holds that an expression finds its part of a
// request, whatever the others beside it read.
func TestExpressionsSeeWhatTheyRead(t *testing.T) {
	r := &event.Request{
		Method: http.MethodPut, Path: "exam.completed", Query: url.Values{"q": {"7", "8"}},
		Header: http.Header{"X-Id": {"h-1", "h-2"}}, Body: []byte(`{"id":9007199254740993,"meta":{"at":5},"list":[{"id":1}]}`),
	}
	for _, c := range []struct {
		typ, id, at string
		want        sender.Extracted
	}{
		{"", `body.id`, ``, sender.Extracted{ID: "9007199254740993"}},
		{`path`, `headers["x-id"]`, `body.meta.at`, sender.Extracted{Type: "exam.completed", ID: "h-1, h-2", Time: int64(5)}},
		{`method`, `query.q`, `nil`, sender.Extracted{Type: "PUT", ID: "7"}},
		{`body.list[0].id`, `toJSON(body.list)`, `len(body)`, sender.Extracted{Type: "1", ID: `[{"id":1}]`, Time: 3}},
		{`body.nope`, `"id" in body ? "yes" : "no"`, `headers["nope"]`, sender.Extracted{ID: "yes", Time: ""}},
	} {
		extract, err := (&SourceConfig{EventType: c.typ, EventID: c.id, EventTime: c.at}).extract()
		if err != nil {
			t.Fatal(err)
		}
		if got := extract(r); got != c.want {
			t.Errorf("%s, %s, %s: %+v, not %+v", c.typ, c.id, c.at, got, c.want)
		}
	}
}

func TestAByteOrderMarkHidesNothingAndBrokenTextIsNoID(t *testing.T) {
	extract, err := (&SourceConfig{EventID: "body.id"}).extract()
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		"\ufeff{\"id\":\"a\"}": "a", "{\"id\":\"\xe9\"}": "", "{\"id\":\"\xe8\"}": "",
	} {
		if got := extract(&event.Request{Body: []byte(body)}).ID; got != want {
			t.Errorf("%q: %q, not %q", body, got, want)
		}
	}
}

// BenchmarkExtract reads what a custom source of payments reads of a request.
func BenchmarkExtract(b *testing.B) {
	body := []byte(`{"id":"evt_1Q2w3E4r","type":"payment.received","created":1795228019,"data":{` +
		`"student":{"id":9007199254740993,"name":"Zoë Müller","email":"zoe@example.org"}},"notes":[{}`)
	for i := 0; len(body) < 1000; i++ {
		body = fmt.Appendf(body, `,{"no":%d,"by":"Zoë Müller","text":"seen and taken down by the office","done":true}`, i)
	}
	body = append(body, "]}"...)
	c := SourceConfig{EventType: "body.type", EventID: "body.id", EventTime: "body.created"}
	extract, err := c.extract()
	if err != nil {
		b.Fatal(err)
	}
	r := &event.Request{Method: http.MethodPost, Body: body, Header: http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"payments/1.0"}, "Accept-Encoding": {"gzip"},
		"X-Signature": {"sha256=0123456789abcdef"}, "Content-Length": {"1000"},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if x := extract(r); x.ID != "evt_1Q2w3E4r" {
			b.Fatal(x)
		}
	}
}
