package caddymodule_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
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
	for i := 0; large(fmt.Sprint("stranger-", i), "wrong") != http.StatusServiceUnavailable; i++ {
		if i == 200 {
			t.Fatal("it never fills")
		}
		for _, size := range []int{530_000, 300_000, 40_000, 20_000} {
			conn, err := net.Dial("unix", filepath.Join(s.dir, "s"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() { // what it has no room for it doesn't read
				_, _ = io.WriteString(conn, "PUT /knolyx HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000\r\n\r\n"+strings.Repeat("x", size))
			}()
		}
	}
	if status := large("genuine", "a-token"); status != http.StatusAccepted {
		t.Errorf("a genuine event got %d", status)
	}
}
