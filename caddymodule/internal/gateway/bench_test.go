package gateway

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/rules"
)

// kilobyte is an event of 1 KB that Knolyx could send.
func kilobyte() []byte {
	b := []byte(`{"id":"af46ec07-de79-40b5-916c-0058b54b2d2b","type":"COURSE_COMPLETED","data":{` +
		`"user":{"id":9007199254740993,"name":"Zoë Müller","email":"zoe@example.org"},` +
		`"course":{"id":12,"name":"French A1"}},"notes":[{}`)
	for i := 0; len(b) < 1000; i++ {
		b = fmt.Appendf(b, `,{"no":%d,"by":"Zoë Müller","text":"seen and taken down by the office","done":true}`, i)
	}
	return append(b, "]}"...)
}

func BenchmarkRoute(b *testing.B) {
	for _, name := range []string{"custom", "knolyx"} {
		for _, when := range []string{"true", `original.type == "COURSE_COMPLETED"`} {
			b.Run(name+"/"+when, func(b *testing.B) { benchmarkRoute(b, name, when) })
		}
	}
}

func benchmarkRoute(b *testing.B, name, when string) {
	set, err := rules.Compile(rules.Config{Rules: []rules.Rule{{Name: "noise", When: when, Drop: true}}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := sender.New(name, sender.Options{})
	if err != nil {
		b.Fatal(err)
	}
	c := &Config{Rules: set, Sources: map[string]*Source{name: {Name: name, Sender: s}}}
	now := time.Now().UTC()
	ev := &event.Event{
		Seq: 1, ID: "af46ec07-de79-40b5-916c-0058b54b2d2b", Source: name, Sender: name, SenderType: "COURSE_COMPLETED", Time: now,
		Request: event.Request{
			Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: kilobyte(), Received: now,
		},
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := c.route(ev, now); !r.Outcome.Dropped {
			b.Fatal(r.Outcome)
		}
	}
}
