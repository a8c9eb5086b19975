package sender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// typical are a fixture of each sender, which the benchmarks fill up to 1 KB.
var typical = map[string]string{
	"edvisor":  "testdata/edvisor/student_update.json",
	"edusign":  "testdata/edusign/on_student_sign_nested.json",
	"synap":    "testdata/synap/attempt_completed.json",
	"knolyx":   "testdata/knolyx/course_completed.json",
	"softbook": "testdata/softbook/new_order.json",
	"custom":   "testdata/knolyx/course_completed.json",
}

// kilobyte is a body with a list of notes added, so that it has 1 KB or a little more.
func kilobyte(b *testing.B, body []byte) []byte {
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		b.Fatal(err)
	}
	full := bytes.TrimSuffix(compact.Bytes(), []byte("}"))
	full = append(full, `,"notes":[{}`...)
	for i := 0; len(full) < 1000; i++ {
		full = fmt.Appendf(full, `,{"no":%d,"by":"Zoë Müller","text":"seen and taken down by the office","done":true}`, i)
	}
	return append(full, "]}"...)
}

// eachSender runs f with a sender and a request of 1 KB.
func eachSender(b *testing.B, f func(b *testing.B, s Sender, r event.Request)) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			var o Options
			if name == "custom" {
				o.Extract = func(*event.Request) Extracted { return Extracted{ID: "evt_1", Type: "paid", Time: int64(1795228019)} }
			}
			r := readRequest(b, typical[name])
			r.Body = kilobyte(b, r.Body)
			b.ReportAllocs()
			f(b, sender(b, name, o), r)
		})
	}
}

func BenchmarkIdentify(b *testing.B) {
	eachSender(b, func(b *testing.B, s Sender, r event.Request) {
		for b.Loop() {
			s.Identify(&r)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	eachSender(b, func(b *testing.B, s Sender, r event.Request) {
		_, ev := keep(s, r)
		for b.Loop() {
			if _, reasons := s.Normalize(ev); reasons != nil {
				b.Fatal(reasons)
			}
		}
	})
}
