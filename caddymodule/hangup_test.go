package caddymodule_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// Senders that fire and forget close their connection once they have written,
// and some of them never send again.
func TestARequestThatArrivedWholeIsKeptThoughItsSenderHangsUp(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+"\ndefault crm", knolyxSite)
	const senders = 200
	text := func(id string) []byte {
		r := knolyx(id)
		return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: gateway\r\nX-Webhook-Security-Token: a-token\r\nContent-Length: %d\r\n\r\n%s", r.method, r.path, len(r.body), r.body)
	}
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			conn, err := s.dial()
			if err != nil {
				t.Error(err)
				return
			}
			if _, err = conn.Write(text(fmt.Sprintf("gone-%d", i))); err != nil {
				t.Error(err)
			}
			_ = conn.Close()
		})
		all.Go(func() { // it says that it will send no more, and still listens
			res, answered := s.exchange(t, text(fmt.Sprintf("listening-%d", i)))
			if !answered || res.status != http.StatusAccepted {
				t.Errorf("answered %d %s", res.status, res.body)
			}
		})
	}
	all.Wait()
	crm.wait(t, 2*senders)
}
