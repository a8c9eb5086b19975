package delivery

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
)

// quick retries at once, so that tests over real connections need no clock.
var quick = retry.Policy{First: time.Millisecond, Longest: time.Millisecond}

// slow leaves time to look at a delivery between its attempts.
var slow = retry.Policy{First: time.Hour, Longest: time.Hour}

// post delivers one event to a real server, and returns the delivery as
// recorded after its first attempt.
func post(t *testing.T, b *Backend, handler http.HandlerFunc) (event.Delivery, *journal) {
	t.Helper()
	if b.URL == "" {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		b.URL = server.URL + "/events?token=sesame"
	}
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	b.Transport = transport
	q := newQueue(t)
	q.add(1)
	_, j := begin(t, q, b)
	return <-q.recorded, j
}

func TestA2xxIsDelivered(t *testing.T) {
	signer, _ := webhooks.NewWebhook(whsec)
	d, j := post(t, &Backend{Secrets: []string{"older", whsec}, Header: http.Header{"X-Tenant": {"school"}}},
		func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || r.Method != http.MethodPost || r.URL.String() != "/events?token=sesame" {
				t.Errorf("%s %s: %v", r.Method, r.URL, err)
			}
			if err := signer.Verify(body, r.Header); err != nil {
				t.Error(err)
			}
			if !bytes.Contains(body, []byte(payload)) || r.Header.Get("X-Tenant") != "school" {
				t.Errorf("body %s, header %v", body, r.Header)
			}
			w.WriteHeader(http.StatusAccepted)
		})
	a := d.Attempts[0]
	if d.State != event.Delivered || d.Count != 1 || a.Status != 202 || a.Error != "" || a.Answer != nil {
		t.Fatalf("%+v", d)
	}
	if !d.Finished.Equal(a.At.Add(a.Duration)) || a.Duration <= 0 || a.At.Location() != time.UTC {
		t.Fatalf("finished %s, attempt %+v", d.Finished, a)
	}
	if !j.has("level=DEBUG", "msg=delivered", "backend=crm", "source=knolyx", "event_id=af46ec07", "attempt=1", "status=202", "duration=") {
		t.Error(j)
	}
}

func TestAFailedAttemptIsKeptAndRetried(t *testing.T) {
	for name, c := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request)
		status  int
		says    string
		logs    string
	}{
		"503": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = io.WriteString(w, "the database is down")
		}, 503, "answered 503 Service Unavailable", "level=WARN"},
		"410": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, 410, "answered 410 Gone", "level=ERROR"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/events" {
				t.Error("the redirect was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, 307, "set the backend's URL to where it leads", "level=ERROR"},
		"a reset": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}, 0, "reset by peer", "level=WARN"},
		"another protocol": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "220 hunter2 ESMTP\r\n")
			_ = conn.Close()
		}, 0, "not HTTP", "level=WARN"},
	} {
		t.Run(name, func(t *testing.T) {
			d, j := post(t, &Backend{Retry: slow}, c.handler)
			a := d.Attempts[0]
			if d.State != event.Waiting || d.Count != 1 || a.Status != c.status || !strings.Contains(a.Error, c.says) {
				t.Fatalf("%+v", d)
			}
			if !d.Due.After(a.At) || !d.Finished.IsZero() {
				t.Errorf("due %s, finished %s", d.Due, d.Finished)
			}
			if strings.Contains(a.Error, "sesame") || strings.Contains(a.Error, "hunter2") {
				t.Errorf("%q tells too much", a.Error)
			}
			if !j.has(c.logs, "event_id=af46ec07", "attempt=1", "error=") {
				t.Errorf("no %s in %s", c.logs, j)
			}
		})
	}
}

func TestTheBeginningOfAFailedAnswerIsKept(t *testing.T) {
	d, j := post(t, &Backend{Retry: slow}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = io.WriteString(w, "student Zoë is unknown"+strings.Repeat("!", 9000))
	})
	if got := d.Attempts[0].Answer; len(got) != 4096 || !bytes.HasPrefix(got, []byte("student Zoë is unknown!")) {
		t.Fatalf("%d bytes: %.40s", len(got), got)
	}
	if strings.Contains(j.String(), "Zoë") {
		t.Error("the answer stands in the log")
	}
}

func TestAnAnswerThatBreaksOffStillCounts(t *testing.T) {
	broken := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	if d, _ := post(t, &Backend{}, broken(200)); d.State != event.Delivered {
		t.Errorf("200: %+v", d)
	}
	if d, _ := post(t, &Backend{Retry: slow}, broken(500)); d.Attempts[0].Status != 500 || string(d.Attempts[0].Answer) != "half" {
		t.Errorf("500: %+v", d)
	}
}

// endless writes until the client is gone, and returns how much that was.
func endless(w http.ResponseWriter, status int) (written int) {
	w.WriteHeader(status)
	for chunk := bytes.Repeat([]byte("x"), 1<<10); ; {
		n, err := w.Write(chunk)
		if err != nil {
			return written
		}
		written += n
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	for _, status := range []int{200, 500} {
		ended := make(chan int, 1)
		d, _ := post(t, &Backend{Retry: slow, Timeout: time.Minute}, func(w http.ResponseWriter, _ *http.Request) { ended <- endless(w, status) })
		if d.Attempts[0].Status != status || len(d.Attempts[0].Answer) > keptAnswer {
			t.Fatalf("%d: %+v", status, d)
		}
		if n := <-ended; n > 32<<20 { // what the sockets' buffers may take
			t.Errorf("%d: took %d bytes", status, n)
		}
	}
}

func TestABackendThatHangsIsGivenUp(t *testing.T) {
	const timeout = 50 * time.Millisecond
	for name, handler := range map[string]http.HandlerFunc{
		"before the headers": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in a body that drips": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			drip := time.NewTicker(time.Millisecond)
			defer drip.Stop()
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, ".")
				_ = http.NewResponseController(w).Flush()
				<-drip.C
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := post(t, &Backend{Retry: slow, Timeout: timeout}, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client left
				handler(w, r)
			})
			a := d.Attempts[0]
			if a.Duration < timeout || a.Duration > 5*time.Second || d.State != event.Waiting {
				t.Fatalf("%+v", d)
			}
			if a.Status == 0 && a.Error != "no answer within 50ms" {
				t.Errorf("error %q", a.Error)
			}
		})
	}
}

func TestABackendNobodyCanTrustGetsNothing(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it got the event") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake is meant to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	d, _ := post(t, &Backend{URL: server.URL, Retry: slow}, nil)
	if a := d.Attempts[0]; a.Status != 0 || !strings.Contains(a.Error, "certificate") {
		t.Fatalf("%+v", a)
	}
}

func TestABackendThatIsDownIsRetried(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	d, _ := post(t, &Backend{URL: "http://user:hunter2@" + address + "/?token=sesame", Retry: slow}, nil)
	a := d.Attempts[0]
	if d.State != event.Waiting || !strings.Contains(a.Error, "connection refused") {
		t.Fatalf("%+v", d)
	}
	if strings.Contains(a.Error, "hunter2") || strings.Contains(a.Error, "sesame") {
		t.Errorf("%q tells too much", a.Error)
	}
}

func TestEveryAttemptCarriesTheSameIdempotencyKey(t *testing.T) {
	var mu sync.Mutex
	keys, traces := make(map[string]int), make(map[string]int)
	q := newQueue(t)
	q.add(1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		keys[r.Header.Get("Idempotency-Key")]++
		traces[r.Header.Get("traceparent")]++
		if len(traces) < 4 {
			w.WriteHeader(503)
		}
	}))
	t.Cleanup(server.Close)
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	begin(t, q, &Backend{URL: server.URL, Transport: transport, Retry: quick})
	var d event.Delivery
	for range 4 {
		d = <-q.recorded
	}
	mu.Lock()
	defer mu.Unlock()
	if d.State != event.Delivered || d.Count != 4 || keys["knolyx:"+d.EventID] != 4 || len(keys) != 1 {
		t.Fatalf("%+v with keys %v", d, keys)
	}
}
