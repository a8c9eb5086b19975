// Package listen is a backend for trying out: an HTTP handler that prints the
// events which are delivered to it.
package listen

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// Options are what a backend is tried out with.
type Options struct {
	// Secret verifies the signature of each delivery; "" believes them all.
	Secret string
	// Status answers an event that is genuine.
	Status int
	// Count is after how many events it has had enough; 0 is never.
	Count int
	// JSON prints each event whole.
	JSON bool
}

// Backend prints what is delivered to it.
type Backend struct {
	Options
	screen *show.Screen
	signer *webhooks.Webhook

	mu   sync.Mutex // one line at a time
	left int
	done chan struct{}
}

// New returns a backend that prints on a screen.
func New(screen *show.Screen, o Options) (*Backend, error) {
	if o.Status < 200 || o.Status > 599 {
		return nil, fmt.Errorf("the status is from 200 to 599, not %d", o.Status)
	}
	b := &Backend{Options: o, screen: screen, left: o.Count, done: make(chan struct{})}
	if o.Secret == "" {
		return b, nil
	}
	var err error
	if b.signer, err = newSigner(o.Secret); err != nil {
		return nil, errors.New("the secret is not base64 after whsec_; copy it whole")
	}
	return b, nil
}

// newSigner takes a secret without whsec_ as the key itself, as backends do.
func newSigner(secret string) (*webhooks.Webhook, error) {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return webhooks.NewWebhookRaw([]byte(secret))
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	return webhooks.NewWebhookRaw(key)
}

// Done is closed when the backend has had enough.
func (b *Backend) Done() <-chan struct{} { return b.done }

// maxBody is beyond what a gateway delivers.
const maxBody = 64 << 20

// delivered is what is printed of an event, in CloudEvents' words.
type delivered struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subject string `json:"subject"`
	Source  string `json:"source"`
}

// ServeHTTP takes one delivery.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var ev delivered
	status := b.Status
	switch {
	case r.Method != http.MethodPost || json.Unmarshal(body, &ev) != nil || ev.Type == "":
		status = http.StatusUnprocessableEntity
		b.complain("this is no event: %s %s", r.Method, r.URL.Path)
	case b.signer != nil && b.signer.Verify(body, r.Header) != nil:
		status = http.StatusUnauthorized
		b.complain("the signature is wrong or missing: %s %s", ev.Type, ev.ID)
	default:
		b.print(ev, body)
	}
	w.WriteHeader(status)
}

// complain prints what is wrong with a request. In JSON there are only events.
func (b *Backend) complain(format string, args ...any) {
	if b.JSON {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.screen.Line(show.Bad, format, args...)
}

func (b *Backend) print(ev delivered, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.JSON {
		_ = b.screen.JSONLine(json.RawMessage(body))
	} else {
		b.screen.Fields(show.In(show.Dim, time.Now().Format(time.TimeOnly)), show.In(b.style(), fmt.Sprintf("%-26s", ev.Type)),
			show.In(show.Plain, fmt.Sprintf("%-24s", ev.Subject)), show.In(show.Plain, ev.ID), show.In(show.Dim, ev.Source))
	}
	if b.left--; b.left == 0 {
		close(b.done)
	}
}

// style tells an event that is taken from one that is refused on purpose.
func (b *Backend) style() show.Style {
	if b.Status/100 == 2 {
		return show.Good
	}
	return show.Bad
}
