package delivery

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal is a log that a test reads.
type journal struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.String()
}

// has tells whether one line holds all of the words.
func (j *journal) has(words ...string) bool {
	for line := range strings.Lines(j.String()) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			return true
		}
	}
	return false
}

// begin starts a worker that is stopped at the end of the test.
func begin(t *testing.T, q Queue, b *Backend) (*Worker, *journal) {
	j := new(journal)
	b.Name = "crm"
	if b.URL == "" {
		b.URL = "http://crm.internal/events"
	}
	w := Start(q, b, original(payload), slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { w.Stop(context.Background()) })
	return w, j
}

// tripper is a transport made of a function.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader("an answer"))}
}

// answering is a transport that gives the same answer to everything.
func answering(status int) tripper {
	return func(*http.Request) (*http.Response, error) { return answer(status), nil }
}

// hang waits as a transport does for a backend that doesn't answer.
func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}
