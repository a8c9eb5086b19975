package caddymodule

import (
	"net/http"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/porterslodge/porterslodge/caddymodule/internal/tracing"
)

// tracer is of the process, as Caddy's own tracing is.
var tracer = new(tracing.Tracer)

// hideInTrace takes what may be a token out of the span that Caddy's tracing
// made of a request, whose path it wrote down before any handler ran.
func hideInTrace(r *http.Request, p *private, mayBeTokens []string) {
	span := trace.SpanFromContext(r.Context())
	if !span.IsRecording() {
		return
	}
	hidden := p.hides(mayBeTokens)
	segments := strings.Split(r.URL.Path, "/")
	for i, s := range segments {
		if hidden(s) {
			segments[i] = redacted
		}
	}
	span.SetAttributes(semconv.URLPath(strings.Join(segments, "/")))
}
