package caddymodule_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestStrangersTakeNoMemoryFromWhoProvesItselfAhead fills the memory for large bodies
// with some that never end, until there is none for a stranger's own.
func TestStrangersTakeNoMemoryFromWhoProvesItselfAhead(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+"default crm", knolyxSite)
	large := func(id, token string) int {
		r := knolyx(id)
		r.header["X-Webhook-Security-Token"] = token
		r.body = strings.TrimSuffix(r.body, "}") + `,"pad":"` + strings.Repeat("x", 20_000) + `"}`
		return s.send(r).status
	}
	begun := time.Now()
	for i := 0; large(fmt.Sprint("stranger-", i), "wrong") != http.StatusServiceUnavailable; i++ {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("it never fills")
		}
		if i >= 100 {
			time.Sleep(20 * time.Millisecond) // what they sent is read some time
		}
		// The last takes up less than the stranger's own needs, so that none is left over.
		for _, body := range []struct{ length, sent int }{{1_000_000, 530_000}, {1_000_000, 300_000}, {1_000_000, 40_000}, {17_000, 16_900}} {
			conn, err := s.dial()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() { // what it has no room for it doesn't read
				_, _ = io.WriteString(conn, fmt.Sprintf("PUT /knolyx HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n", body.length)+strings.Repeat("x", body.sent))
			}()
		}
	}
	if status := large("genuine", "a-token"); status != http.StatusAccepted {
		t.Errorf("a genuine event got %d", status)
	}
}
