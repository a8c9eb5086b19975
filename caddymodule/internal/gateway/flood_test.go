package gateway

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

func TestStrangersBytesAreKeptOnlySoFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlood()
		megabyte := &event.Request{Body: make([]byte, 1<<20-2), Header: http.Header{"A": {"b"}}}
		for i := range strangeBytesAtOnce >> 20 {
			if !f.lets(megabyte) {
				t.Fatalf("number %d is not let in", i)
			}
		}
		if f.lets(megabyte) || f.lets(&event.Request{Header: megabyte.Header, Body: make([]byte, 1)}) {
			t.Error("more is let in than may be at once")
		}
		time.Sleep(time.Second) // of synctest's clock
		if !f.lets(megabyte) || f.lets(megabyte) {
			t.Error("a second later it is not one megabyte more")
		}
		time.Sleep(time.Hour)
		if !f.lets(&event.Request{Body: make([]byte, 32<<20)}) {
			t.Error("the largest request is never let in")
		}
	})
}
