package caddymodule_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A load balancer's worker hangs, and new connections go to another one. Of HTTP/2
// net/http gives up the request alone, and would send each later one to the same.
func TestABackendIsReachedThoughOneOfItsConnectionsHangs(t *testing.T) {
	type hangs struct{}
	var first atomic.Int64
	var got sync.Map // the keys that were answered
	crm := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("by %s", r.Proto)
		}
		if r.Context().Value(hangs{}) == true && first.Add(1) > 1 {
			<-r.Context().Done()
			return
		}
		got.Store(r.Header.Get("Idempotency-Key"), true)
		w.WriteHeader(http.StatusNoContent)
	}))
	var connections atomic.Int64
	crm.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, hangs{}, connections.Add(1) == 1)
	}
	crm.EnableHTTP2 = true
	crm.StartTLS()
	t.Cleanup(crm.Close)
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: crm.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, fmt.Sprintf("backend crm %s {\n timeout 100ms\n backoff 10ms 20ms\n transport http {\n tls_trust_pool file %s\n }\n}\ndefault crm", crm.URL, root), knolyxSite)
	delivered := func(n int) {
		t.Helper()
		count := func() (keys int) {
			got.Range(func(any, any) bool { keys++; return true })
			return keys
		}
		soon(t, func() bool { return count() == n }, func() string {
			return fmt.Sprintf("%d delivered, by %d connections", count(), connections.Load())
		})
	}
	s.send(knolyx("k-0"))
	delivered(1)
	for i := range 20 {
		s.send(knolyx(fmt.Sprint("k-", i+1)))
	}
	delivered(21)
	// Ten at once may fail before one is tried alone, and by then each hangs once more.
	if hung := first.Load() - 1; connections.Load() < 2 || hung > 30 {
		t.Errorf("%d requests hung, %d connections", hung, connections.Load())
	}
}

func TestWhatABackendSendsBehindItsAnswerIsNotLogged(t *testing.T) {
	const private = "ana@school.example"
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprint(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		time.Sleep(20 * time.Millisecond)
		_, _ = fmt.Fprintf(conn, `{"email":%q}`, private)
		_, _ = conn.Read(make([]byte, 1)) // until the gateway closes it
	}))
	t.Cleanup(crm.Close)
	var logged lines
	s := serve(t, "backend crm "+crm.URL+"\ndefault crm", knolyxSite)
	defer log.SetOutput(log.Writer())
	log.SetOutput(&logged) // as Caddy does for a config, be it taken or refused
	s.send(with(knolyx("k-1"), func(r *request) { r.body = `{"id":"k-1","type":"COURSE_COMPLETED","data":{}}` }))
	soon(t, func() bool { return strings.Contains(logged.String(), "sent more than its answer") }, logged.String)
	if all := logged.String() + s.logs(); strings.Contains(all, private) {
		t.Error(all)
	}
}

// lines is what the standard logger wrote.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
