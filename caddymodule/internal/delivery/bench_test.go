package delivery

import (
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// BenchmarkRequest is what one attempt costs before anything is sent.
func BenchmarkRequest(b *testing.B) {
	ev := newEvent()
	text := strings.Repeat("École de Porterslodge, ", 40) // some 1 KiB
	payload := original(`{"id":9007199254740993,"units":[{"n":1,"score":17.5}],"text":"` + text + `"}`)
	s := newSettings(&Backend{Name: "crm", URL: "http://crm.internal/events"})
	b.ReportAllocs()
	for b.Loop() {
		body, err := Envelope(ev, &event.Delivery{}, payload)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.request(b.Context(), ev, body, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
