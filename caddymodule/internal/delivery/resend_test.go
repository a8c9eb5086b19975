package delivery

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

func TestOneAttemptIsTwoRequestsAtMost(t *testing.T) {
	const connections = 6
	var took atomic.Int64
	var arrived sync.WaitGroup
	arrived.Add(connections)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if took.Add(1) > connections {
			panic(http.ErrAbortHandler) // the connection is closed in the midst of the work
		}
		arrived.Done()
		arrived.Wait() // so that each has a connection of its own
		w.WriteHeader(http.StatusNoContent)
	}))
	defer backend.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	q := newQueue(t)
	w, _ := begin(t, q, &Backend{URL: backend.URL, Transport: transport, Retry: slow})
	q.add(connections)
	w.Wake()
	for range connections {
		if d := <-q.recorded; d.State != event.Delivered {
			t.Fatalf("%+v", d)
		}
	}
	q.add(1)
	w.Wake()
	if d := <-q.recorded; d.Count != 1 || d.State != event.Waiting {
		t.Errorf("%+v", d)
	}
	if n := took.Load() - connections; n != 2 {
		t.Errorf("one attempt was %d requests", n)
	}
}
