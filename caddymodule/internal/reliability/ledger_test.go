package reliability

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// senderLedger is what the sender knows: the id of each event and how it was
// answered, 0 for no answer.
type senderLedger struct {
	mu      sync.Mutex
	answers map[string][]int
	// deaf: no answer is heard any more, as where the power is gone.
	deaf atomic.Bool
}

// send sends one genuine event and writes down the answer; the header tells more.
func (l *senderLedger) send(g *gateway, id string) (status int, header http.Header) {
	status, header = post(g, id)
	if l.deaf.Load() {
		status = 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answers == nil {
		l.answers = make(map[string][]int)
	}
	l.answers[id] = append(l.answers[id], status)
	return status, header
}

// post sends a genuine Knolyx event; it answers 0 where nothing came back.
func post(g *gateway, id string) (int, http.Header) {
	return g.put(completed(id), genuine)
}

// completed is an event of Knolyx.
func completed(id string) string {
	return fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","data":{"user":{"id":9007199254740993,"email":"ana@example.org"},"course":{"id":12,"name":"Botany"}}}`, id)
}

// put sends a body as Knolyx would; it answers 0 where nothing came back.
func (g *gateway) put(body, token string) (int, http.Header) {
	req, err := http.NewRequest(http.MethodPut, "http://gateway/knolyx", strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Webhook-Security-Token", token)
	res, err := g.site.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header
}

// acknowledged are the ids that got a 2xx at least once.
func (l *senderLedger) acknowledged() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make(map[string]bool)
	for id, answers := range l.answers {
		for _, status := range answers {
			if status/100 == 2 {
				ids[id] = true
			}
		}
	}
	return ids
}

// answersOf are the answers to an event; none of one that was never sent.
func (l *senderLedger) answersOf(id string) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers[id]
}

// backendLedger is what a backend knows: of each event the Idempotency-Key of
// each delivery, in their order.
type backendLedger struct {
	*httptest.Server
	mu     sync.Mutex
	keys   map[string][]string
	answer func(w http.ResponseWriter, r *http.Request) bool
}

// newBackend answers 204, unless answer has answered, and then it counts nothing.
func newBackend(t *testing.T, answer func(w http.ResponseWriter, r *http.Request) bool) *backendLedger {
	b := &backendLedger{keys: make(map[string][]string), answer: answer}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *backendLedger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.answer != nil && b.answer(w, r) {
		return
	}
	id, err := eventID(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	b.keys[id] = append(b.keys[id], r.Header.Get("Idempotency-Key"))
	b.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// eventID reads an event as far as its id, and lets the rest pass: decoding a payload
// of 1 MB would take as much of the machine here as it does in the gateway.
func eventID(body io.Reader) (id string, err error) {
	tokens := json.NewDecoder(body)
	if _, err := tokens.Token(); err != nil { // {
		return "", err
	}
	for tokens.More() {
		name, err := tokens.Token()
		if err != nil {
			return "", err
		}
		if name == "id" {
			if err := tokens.Decode(&id); err != nil {
				return "", err
			}
			_, err = io.Copy(io.Discard, body)
			return id, err
		}
		if err := tokens.Decode(new(json.RawMessage)); err != nil {
			return "", err
		}
	}
	return "", errors.New("an event without an id")
}

// delivered is a copy of the ledger.
func (b *backendLedger) delivered() map[string][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(map[string][]string, len(b.keys))
	for id, keys := range b.keys {
		c[id] = append([]string(nil), keys...)
	}
	return c
}

// take takes out of ids what was delivered.
func (b *backendLedger) take(ids map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(ids, func(id string, _ bool) bool { return len(b.keys[id]) > 0 })
}

// everythingArrives waits until each acknowledged event is at the backend, and
// says how many were delivered more than once. It fails the test for an event that
// never arrives, when atMost went by without another one, for one that nobody sent,
// and for a repeat with another Idempotency-Key.
func everythingArrives(t *testing.T, l *senderLedger, b *backendLedger, atMost time.Duration) (repeated int) {
	t.Helper()
	missing := l.acknowledged()
	all, arrival := len(missing), time.Now()
	for len(missing) > 0 {
		before, begun := len(missing), time.Now()
		b.take(missing)
		if len(missing) < before {
			arrival = time.Now()
		} else if time.Since(arrival) > atMost {
			t.Errorf("%d of %d acknowledged events never arrived", len(missing), all)
			break
		}
		time.Sleep(20*time.Millisecond + 4*time.Since(begun)) // a million take long to look at
	}
	for id, keys := range b.delivered() {
		if len(l.answersOf(id)) == 0 {
			t.Errorf("%s was delivered and never sent", id)
		}
		for _, key := range keys[1:] {
			if key != keys[0] || key == "" {
				t.Errorf("%s came with the keys %q and %q", id, keys[0], key)
			}
		}
		if len(keys) > 1 {
			if repeated++; repeated <= 5 {
				t.Logf("%s was delivered %d times and answered %v", id, len(keys), l.answersOf(id))
			}
		}
	}
	return repeated
}
