package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// TestNoAnswerIsLostWhenAConfigGoes ends a transport's config while its backend is
// answering, again and again: each request that the backend took has its answer.
func TestNoAnswerIsLostWhenAConfigGoes(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	defer backend.Close()
	for range 200 {
		inner := &http.Transport{MaxIdleConnsPerHost: 8}
		unloaded := 0
		l := &lasting{RoundTripper: inner, idle: inner.CloseIdleConnections, unload: func() {
			unloaded++
			inner.CloseIdleConnections()
		}}
		var senders sync.WaitGroup
		for sender := range 8 {
			senders.Go(func() {
				for n := range 10 {
					if sender == n {
						l.retire()
					}
					req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, backend.URL, http.NoBody)
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Idempotency-Key", "one")
					res, err := l.RoundTrip(req)
					if err != nil {
						t.Error(err)
						return
					}
					_ = res.Body.Close()
				}
			})
		}
		senders.Wait()
		if unloaded != 1 {
			t.Fatalf("unloaded %d times", unloaded)
		}
	}
}
