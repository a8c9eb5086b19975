package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/failpoint"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// Handler is a source: it receives one sender's webhooks, verifies them, keeps
// them and answers at once. It always answers; nothing comes after it.
type Handler struct {
	SourceConfig

	app    *App
	source *gateway.Source
	ahead  verify.Verifier // nil where only the body tells whose a request is
	access accessLog
	meter  sourceMeter
	// growing and again keep alarms about the quarantine and about reused event
	// ids from being raised for each request.
	growing, again *flurry
	// methods, maxBody and respond are SourceConfig's with defaults applied.
	methods []string
	maxBody int64
	respond int
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.receive_webhooks",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision compiles the source and makes it known to the app.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App(appName)
	if err != nil {
		return fmt.Errorf("the webhook_gateway app: %w", err)
	}
	h.app = app.(*App)
	config, err := json.Marshal(h.SourceConfig)
	if err != nil {
		return err
	}
	source, err := h.compile()
	if err == nil {
		h.ahead, err = h.Proof.ahead(h.Sender)
	}
	if err != nil {
		return fmt.Errorf("source %s: %w", h.label(), err)
	}
	h.methods, h.maxBody, h.respond = h.limits(source)
	h.access = newAccessLog(ctx, h.app.private)
	h.meter = meters.source(source.Name, h.positions())
	h.growing, h.again = new(flurry), new(flurry)
	h.source, err = h.app.register(source, &h.Proof, string(config))
	return err
}

// ServeHTTP answers every request itself: to an error, Caddy would log the
// request's URL, in which there may be a token.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	begun := time.Now()
	h.meter.answered(h.serve(w, r), time.Since(begun))
	return nil
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) outcome {
	hurry(w)
	where, ok := h.locate(r)
	w, done := h.access.watch(w, r, where.hidden)
	defer done()
	if !ok {
		return h.refuse(w, http.StatusNotFound, "unknown path below the source")
	}
	if status, reason := h.unfit(r); status != 0 {
		return h.refuse(w, status, reason)
	}
	// Some senders hang up without waiting, and never send again.
	ctx := context.WithoutCancel(r.Context())
	engine, leave, ok := h.enter(ctx)
	if !ok {
		unavailable(w)
		return isNotKept
	}
	defer leave()
	memory := share{of: h.roomOf(r, where)}
	defer memory.free()
	body, refused, ok := h.read(w, r, &memory)
	if !ok {
		return refused
	}
	failpoint.Pass(failpoint.Received)
	request, creds := where.requests(r, body, clock.Now())
	answer, err := engine.Accept(ctx, h.source, request, creds)
	if err != nil {
		unavailable(w)
		return isNotKept
	}
	h.tell(w, answer)
	failpoint.Pass(failpoint.Answered)
	h.note(answer, time.Now())
	return outcomeOf(answer.Verdict)
}

// unfit tells why a request is refused before its body is read; status is 0 where it isn't.
func (h *Handler) unfit(r *http.Request) (status int, reason string) {
	switch {
	case !slices.Contains(h.methods, r.Method):
		return http.StatusMethodNotAllowed, "method not allowed"
	case encoded(r.Header):
		return http.StatusUnsupportedMediaType, "the body has a content encoding"
	case !r.ProtoAtLeast(1, 1) && r.Header.Get("Content-Length") == "":
		// net/http takes the body for empty, also one in chunks.
		return http.StatusLengthRequired, "HTTP/1.0 without a Content-Length"
	case r.TLS != nil && !r.TLS.HandshakeComplete:
		// By HTTP/3 whoever overheard it can send it again (RFC 8470).
		return http.StatusTooEarly, "it came as early data"
	}
	return 0, ""
}

// encoded tells a body that is not as it was signed or meant.
func encoded(h http.Header) bool {
	return slices.ContainsFunc(h.Values("Content-Encoding"), func(e string) bool {
		return e != "" && !strings.EqualFold(e, "identity")
	})
}

// enter finds the engine to keep the request in and holds it open. After a
// reload that changed the store, a request that the old server took goes to
// the config now running.
func (h *Handler) enter(ctx context.Context) (*gateway.Engine, func(), bool) {
	if engine := h.app.started(ctx); engine != nil {
		if leave, ok := engine.Enter(); ok {
			return engine, leave, true
		}
	}
	app, err := caddy.ActiveContext().AppIfConfigured(appName)
	if err != nil {
		return nil, nil, false
	}
	engine := app.(*App).running()
	if engine == nil {
		return nil, nil, false
	}
	leave, ok := engine.Enter()
	return engine, leave, ok
}

// refuse answers a request of which nothing is kept, and has it counted.
func (h *Handler) refuse(w http.ResponseWriter, status int, reason string) outcome {
	h.count(reason)
	if status == http.StatusMethodNotAllowed {
		allow(w, h.methods)
	}
	problem(w, status)
	return isRefused
}

// crowded answers a body for which there is no memory now.
func (h *Handler) crowded(w http.ResponseWriter) outcome {
	h.count("too many large bodies arrive at once")
	unavailable(w)
	return isNotKept
}

// count has a request counted of which nothing is kept.
func (h *Handler) count(reason string) {
	if engine := h.app.running(); engine != nil {
		if leave, ok := engine.Enter(); ok {
			engine.Refuse(h.source, reason)
			leave()
		}
	}
}

// requests makes of an HTTP request what is kept, and what is verified.
func (l location) requests(r *http.Request, body []byte, now time.Time) (*event.Request, *verify.Request) {
	request := &event.Request{
		Method:   r.Method,
		Path:     l.path,
		Query:    l.query,
		Header:   r.Header,
		Body:     body,
		Received: now.UTC().Truncate(time.Millisecond),
	}
	creds := &verify.Request{
		Method: r.Method,
		URL:    calledURL(r),
		Header: r.Header,
		Token:  l.token,
		Body:   body,
		Now:    now,
	}
	return request, creds
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
