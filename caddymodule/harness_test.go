package caddymodule_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/porterslodge/porterslodge/caddymodule"
)

// server is a whole Caddy in this process, with the gateway, on a Unix socket.
type server struct {
	t      *testing.T
	dir    string
	client *http.Client
	// admin is where Caddy's admin endpoint listens, and globals are more
	// global options; both hold from the next load on.
	admin, globals string
	// memory keeps everything in the memory store of that name.
	memory string
}

// serve starts Caddy with a gateway block and the body of one site.
func serve(t *testing.T, gateway, site string) *server {
	t.Helper()
	// The path of a Unix socket is short.
	dir, err := os.MkdirTemp("", "pl")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "s"))
		},
		MaxIdleConnsPerHost: 256,
	}
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.stop()
		_ = os.RemoveAll(dir)
	})
	s.load(gateway, site)
	return s
}

// caddyfile is the whole file around a gateway block and a site's body.
func (s *server) caddyfile(gateway, site string) string {
	if !strings.Contains(gateway, "store badger") {
		gateway = "store badger " + filepath.Join(s.dir, "store") + " {\n reserve 128MiB\n}\n" + gateway
	}
	return fmt.Sprintf(`{
	admin %[4]s
	persist_config off
	auto_https off
	storage file_system %[1]s
	log default {
		output file %[1]s/log
		format json
		level DEBUG
	}
	webhook_gateway {
		%[2]s
	}
	%[5]s
}
http:// {
	bind unix/%[1]s/s
	log
	%[3]s
}
`, s.dir, gateway, site, cmp.Or(s.admin, "off"), s.globals)
}

func (s *server) load(gateway, site string) {
	s.t.Helper()
	if err := s.tryLoad(gateway, site); err != nil {
		s.t.Fatal(err)
	}
}

// tryLoad replaces the running config, as a reload does. The old server closes
// its idle connections some time after; a test must not happen to send on one,
// for the client doesn't repeat a PUT.
func (s *server) tryLoad(gateway, site string) error {
	config, err := adapt(s.caddyfile(gateway, site), filepath.Join(s.dir, "Caddyfile"))
	if err != nil {
		return err
	}
	if s.memory != "" {
		config = bytes.Replace(config, []byte(`"module":"badger"`), fmt.Appendf(nil, `"module":"memory","name":%q`, s.memory), 1)
	}
	defer s.client.CloseIdleConnections()
	return caddy.Load(config, true)
}

func adapt(text, file string) ([]byte, error) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": file})
	return config, err
}

// dial opens a connection of its own, for what no client would send.
func (s *server) dial() (net.Conn, error) { return net.Dial("unix", filepath.Join(s.dir, "s")) }

// noRoom is a store on a disk that has no room for it: no disk is so large.
func (s *server) noRoom() string {
	return "store badger " + filepath.Join(s.dir, "full") + " {\n reserve 900TiB\n}"
}

func (s *server) stop() {
	if err := caddy.Stop(); err != nil {
		s.t.Error(err)
	}
}

func (s *server) logs() string {
	b, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// request is what a test sends, with the parts that it cares about.
type request struct {
	method, path, body string
	header             map[string]string
	chunked            bool
	lines              http.Header // headers of several lines
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   string
}

// send comes again where a reload got in between, as senders do: net/http drops
// a request unanswered and unhandled that it reads while it is shutting down.
func (s *server) send(r request) response {
	s.t.Helper()
	res, err := s.trySend(r)
	for again := 0; errors.Is(err, io.EOF) && again < 5; again++ {
		res, err = s.trySend(r)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

func (s *server) trySend(r request) (response, error) {
	var body io.Reader = strings.NewReader(r.body)
	if r.chunked {
		body = struct{ io.Reader }{body}
	}
	req, err := http.NewRequest(r.method, "http://gateway"+r.path, body)
	if err != nil {
		return response{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	maps.Copy(req.Header, r.lines)
	res, err := s.client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, string(b)}, err
}

// backend is a real HTTP server that remembers what it got.
type backend struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(w http.ResponseWriter, r *http.Request)
	news   chan struct{}
}

type received struct {
	header http.Header
	event  cloudEvent
	raw    string
	at     time.Time
}

type cloudEvent struct {
	SpecVersion, ID, Source, Type, Subject, Time, SenderType, ReceivedTime string
	Data                                                                   map[string]json.RawMessage
}

// newBackend answers 204 until told otherwise.
func newBackend(t *testing.T) *backend {
	b := &backend{news: make(chan struct{}, 1)}
	b.Server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.Close)
	return b
}

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		rec := httptest.NewRecorder()
		answer(rec, r)
		if rec.Code/100 != 2 {
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(rec.Code)
			return
		}
	}
	var e cloudEvent
	_ = json.Unmarshal(raw, &e)
	b.mu.Lock()
	b.got = append(b.got, received{r.Header, e, string(raw), time.Now()})
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
	w.WriteHeader(http.StatusNoContent)
}

func (b *backend) behave(answer func(w http.ResponseWriter, r *http.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

func (b *backend) received() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]received(nil), b.got...)
}

// wait returns what the backend got as soon as that is n events.
func (b *backend) wait(t *testing.T, n int) []received {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if got := b.received(); len(got) >= n {
			return got
		}
		select {
		case <-b.news:
		case <-deadline:
			t.Fatalf("the backend got %d events, not %d", len(b.received()), n)
		}
	}
}

const knolyxSite = `receive_webhooks /knolyx knolyx {
	token a-token
}`

// knolyx is a genuine request of a course that was completed.
func knolyx(id string) request {
	return request{
		method: http.MethodPut, path: "/knolyx",
		header: map[string]string{"X-Webhook-Security-Token": "a-token"},
		body:   fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","data":{"user":{"id":9007199254740993,"email":"ana@example.org"},"course":{"id":12,"name":"Botany"}}}`, id),
	}
}
