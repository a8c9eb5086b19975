package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// request builds the request of one attempt: forwarded headers first, then
// the configured ones, then ours, each winning over those before.
func (s *settings) request(ctx context.Context, ev *event.Event, body []byte, now time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errURL // its text would hold the URL
	}
	req.GetBody = resend(body)
	forward(req.Header, ev, s.Header)
	if user := s.url.User; user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
		req.URL.User = nil
	}
	for name, values := range s.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host // net/http sends this one and not the header's
		req.Header.Del("Host")
	}
	id := visible(ev.ID, "")
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Idempotency-Key", visible(ev.Source, ":")+":"+id)
	setTrace(ctx, req.Header)
	req.Header.Set(webhooks.HeaderWebhookID, id)
	req.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Del(webhooks.HeaderWebhookSignature)
	return req, s.sign(req.Header, id, now, body)
}

var errUnanswered = errors.New("the backend took the request on neither of two tries: it closed the connection, or refused the stream")

// resend gives the body once more where a connection that was used before is closed
// without an answer: the backend may have closed it just before the request came.
// Without a bound net/http would do so on one connection after the other, since the
// request has an Idempotency-Key, past the backoff and the rate.
func resend(body []byte) func() (io.ReadCloser, error) {
	given := false
	return func() (io.ReadCloser, error) {
		if given {
			return nil, errUnanswered
		}
		given = true
		return io.NopCloser(bytes.NewReader(body)), nil
	}
}

// newSigners makes a signer of each secret.
func newSigners(secrets []string) ([]*webhooks.Webhook, error) {
	var signers []*webhooks.Webhook
	for i, secret := range secrets {
		if strings.TrimPrefix(secret, "whsec_") == "" {
			return nil, fmt.Errorf("secret %d is empty; set it or remove it", i+1)
		}
		signer, err := newSigner(secret)
		if err != nil { // whose text might hold a part of it
			return nil, fmt.Errorf("secret %d is not base64 after whsec_; copy it whole, or leave out the whsec_ of a plain one", i+1)
		}
		signers = append(signers, signer)
	}
	return signers, nil
}

func newSigner(secret string) (*webhooks.Webhook, error) {
	if strings.HasPrefix(secret, "whsec_") {
		return webhooks.NewWebhook(secret)
	}
	return webhooks.NewWebhookRaw([]byte(secret))
}

// sign sets one signature for each secret, separated by spaces.
func (s *settings) sign(header http.Header, id string, now time.Time, body []byte) error {
	var signatures []string
	for _, signer := range s.signers {
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return errors.New("signing failed")
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) > 0 {
		header.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return nil
}

// visible makes a header value of any text: bytes that are not visible ASCII
// are percent-encoded, and so are % and what stands in also, so that two
// texts never become the same.
func visible(s, also string) string {
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '%' || strings.IndexByte(also, c) >= 0 {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// setTrace lets the event's trace go on; one that has none begins one.
func setTrace(ctx context.Context, header http.Header) {
	if trace.SpanContextFromContext(ctx).IsValid() {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
		return
	}
	header.Set("Traceparent", traceparent())
}

// traceparent starts a new trace (W3C Trace Context, version 00), sampled, so
// that a backend which follows its caller's choice records it.
func traceparent() string {
	var id [24]byte
	_, _ = rand.Read(id[:]) // never fails
	return fmt.Sprintf("00-%x-%x-01", id[:16], id[16:])
}

const module = "github.com/porterslodge/porterslodge"

var userAgent = "Porterslodge/" + version()

// version is that of this module in the running binary, or "dev".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "dev"
}
