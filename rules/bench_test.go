package rules

import (
	"fmt"
	"testing"
)

// kilobyte is a payload of 1 KB as a payment platform sends it.
func kilobyte() []byte {
	b := []byte(`{"id":"evt_1Q2w3E4r","type":"payment.received","created":1795228019,"data":{` +
		`"student":{"id":9007199254740993,"name":"Zoë Müller","email":"zoe@example.org"},` +
		`"payment":{"amount":1000.50,"currency":"EUR","fees":[{"amount":12.5}]}},"notes":[{}`)
	for i := 0; len(b) < 1000; i++ {
		b = fmt.Appendf(b, `,{"no":%d,"by":"Zoë Müller","text":"seen and taken down by the office","done":true}`, i)
	}
	return append(b, "]}"...)
}

func BenchmarkDecode(b *testing.B) {
	for name, p := range map[string]Part{
		"all": {all: true}, "three members": {members: []string{"id", "type", "created"}},
	} {
		b.Run(name, func(b *testing.B) {
			body := kilobyte()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
