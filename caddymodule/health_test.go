package caddymodule_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// onAdmin asks Caddy's admin endpoint, which must be on the socket a.
func (s *server) onAdmin(path string) response {
	s.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(s.dir, "a"))
	}}
	res, err := (&http.Client{Transport: transport}).Get("http://127.0.0.1" + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(b)}
}

const healthSite = knolyxSite + "\nwebhook_health /healthz\nwebhook_health /livez live"

// healthy holds both checks, on the site and on the admin endpoint.
func (s *server) healthy(live, ready int) {
	s.t.Helper()
	get := func(path string) response { return s.send(request{method: http.MethodGet, path: path}) }
	for what, res := range map[string]response{
		"live in the site": get("/livez"), "live on the admin endpoint": s.onAdmin("/webhook_gateway/health/live"),
	} {
		if res.status != live {
			s.t.Errorf("%s: answered %d, not %d", what, res.status, live)
		}
	}
	for what, res := range map[string]response{
		"ready in the site": get("/healthz"), "ready on the admin endpoint": s.onAdmin("/webhook_gateway/health/ready"),
	} {
		if res.status != ready {
			s.t.Errorf("%s: answered %d, not %d", what, res.status, ready)
		}
		if ready != http.StatusOK && (res.header.Get("Retry-After") == "" || res.body != `{"title":"Service Unavailable","status":503}`) {
			s.t.Errorf("%s: answered %v %s", what, res.header, res.body)
		}
	}
}

func TestReadyIsFalseWhileNothingWouldBeKept(t *testing.T) {
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	gateway := eager("crm", crm.URL) + "default crm"
	s := serve(t, gateway, knolyxSite)
	s.admin, s.memory = "unix/"+s.dir+"/a", "health"
	s.load(gateway, healthSite)
	s.healthy(200, 200)

	// A backlog and a backend that is down are no reason.
	for _, id := range []string{"k-1", "k-2", "k-3"} {
		s.send(knolyx(id))
	}
	soon(t, func() bool { return s.has("the backend fails") }, func() string { return "the breaker never opened" })
	s.healthy(200, 200)

	for _, trouble := range []error{store.ErrLowSpace, store.ErrBroken} {
		memory(t, "health").Trouble(trouble, store.Measures{})
		s.healthy(200, 503)
	}
	memory(t, "health").Trouble(nil, store.Measures{})
	s.healthy(200, 200)

	if err := s.tryLoad(gateway, healthSite+"\nreverse_proxy {\n transport no_such\n}"); err == nil {
		t.Fatal("the bad config was taken")
	}
	s.healthy(200, 200)
}

func TestReadyIsFalseWhileTheStoreIsNotOpen(t *testing.T) {
	s := serve(t, "", knolyxSite)
	s.admin = "unix/" + s.dir + "/a"
	s.stop() // a reload would be refused
	s.load(s.noRoom(), healthSite)
	s.healthy(200, 503)
}

func TestHealthIsOnlyRead(t *testing.T) {
	s := serve(t, "", healthSite)
	res := s.send(request{method: http.MethodPost, path: "/healthz"})
	if res.status != http.StatusMethodNotAllowed || res.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("a POST is answered %d %v", res.status, res.header)
	}
	res = s.send(request{method: http.MethodGet, path: "/healthz"})
	if res.body != `{"status":"ready"}` || res.header.Get("Content-Type") != "application/json" || res.header.Get("Cache-Control") != "no-store" {
		t.Errorf("ready is answered %v %s", res.header, res.body)
	}
}

// has tells whether the log has a line with a text.
func (s *server) has(text string) bool { return strings.Contains(s.logs(), text) }
