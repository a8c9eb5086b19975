package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// secret signs all requests of a run; forged ones carry a wrong signature.
const secret = "a secret of the benchmark, 32 bytes"

// idBytes is the length of each event id.
const idBytes = len("evt_") + 16

// writer makes requests of one connection into the same buffers, so that
// offering load costs as little as it can.
type writer struct {
	request, body []byte
	mac           hash.Hash
	sum           [sha256.Size]byte
	size          int
	filler        string
}

// newWriter makes requests with bodies of the given size, which is at least
// the 256 bytes that the fields take.
func newWriter(bodyBytes int) *writer {
	return &writer{
		mac:    hmac.New(sha256.New, []byte(secret)),
		size:   bodyBytes,
		filler: filler(bodyBytes + fillerStarts),
	}
}

// fillerStarts is how many places of the filler a note may begin at.
const fillerStarts = 64

// filler is text that compresses about as well as what platforms send.
func filler(n int) string {
	var text strings.Builder
	for i := uint64(1); text.Len() < n; i++ {
		fmt.Fprintf(&text, "lesson %d of %x: ", i, i*0x9e3779b97f4a7c15)
	}
	return text.String()[:n]
}

// event is one signed request with the given event id; a forged one has a
// signature of the right form that is wrong. It holds until the next call.
func (w *writer) event(id uint64, forged bool) []byte {
	w.fill(id)
	w.mac.Reset()
	w.mac.Write(w.body)
	sum := w.mac.Sum(w.sum[:0])
	if forged {
		sum[0] ^= 1
	}
	r := w.request[:0]
	r = append(r, "POST /bench HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Signature: "...)
	r = hex.AppendEncode(r, sum)
	r = append(r, "\r\nContent-Length: "...)
	r = strconv.AppendInt(r, int64(len(w.body)), 10)
	r = append(r, "\r\n\r\n"...)
	r = append(r, w.body...)
	w.request = r
	return r
}

// fill writes the body: a finished course, with a note as long as it takes.
func (w *writer) fill(id uint64) {
	b := w.body[:0]
	b = append(b, `{"id":"evt_`...)
	b = appendID(b, id)
	b = append(b, `","type":"course.completed","created":1790000000,"student":{"id":`...)
	b = strconv.AppendUint(b, 9007199254740993+id, 10)
	b = append(b, `,"email":"ada.`...)
	b = strconv.AppendUint(b, id, 10)
	b = append(b, `@school.example"},"course":{"id":12},"note":"`...)
	if w.size >= 1<<10 {
		b = append(b, `École de Porterslodge","units":[{"n":1,"score":17.5},{"n":2,"score":12},{"n":3,"score":19.25}],`...)
		b = append(b, `"student_name":"Ada Lovelace","groups":["B2","evening"],"certified":true,"text":"`...)
	}
	if room := w.size - len(b) - len(`"}`); room > 0 {
		start := int(id % fillerStarts)
		b = append(b, w.filler[start:start+room]...)
	}
	b = append(b, `"}`...)
	w.body = b
}

// appendID spreads ids over the key space, as the uuids of a platform do.
func appendID(b []byte, id uint64) []byte {
	const digits = "0123456789abcdef"
	mixed := (id + 1) * 0x9e3779b97f4a7c15
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[mixed>>shift&15])
	}
	return b
}
