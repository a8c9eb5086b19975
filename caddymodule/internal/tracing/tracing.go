// Package tracing carries an event's trace from the request through the store
// to each attempt, by OpenTelemetry's conventions for messaging: keeping sends
// (a producer), routing processes (a consumer), an attempt sends again.
//
// It sets nothing up. Whoever traces requests leaves a span in their context,
// and the provider of the newest such span gets ours too. Until there is one
// nothing is recorded, and a sender's own traceparent still goes on to the
// backends.
package tracing

import (
	"context"
	"net/http"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

const (
	name   = "github.com/porterslodge/porterslodge"
	system = "webhook_gateway"
	// maxID bounds an event id in a span, in bytes.
	maxID = 128
)

// Tracer makes spans. It may be used from many goroutines at once; a nil one
// records nothing.
type Tracer struct {
	last atomic.Pointer[trace.TracerProvider]
}

// Keep begins the span of keeping what arrived at a source, in the trace of
// the request's own span, or else of the sender's traceparent.
func (t *Tracer) Keep(ctx context.Context, header http.Header, source string) Span {
	if around := trace.SpanFromContext(ctx); t != nil && around.SpanContext().IsValid() {
		t.learn(around.TracerProvider())
		return t.start(ctx, "send", source, trace.SpanKindProducer, semconv.MessagingOperationTypeSend)
	}
	parent := header["Traceparent"]
	if len(parent) != 1 {
		return Span{}
	}
	return resume(ctx, parent[0])
}

// Route begins the span of routing an event.
func (t *Tracer) Route(ev *event.Event) Span {
	if t == nil || t.last.Load() == nil {
		return Span{}
	}
	ctx := resume(context.Background(), ev.Trace).ctx
	return t.start(ctx, "process", ev.Source, trace.SpanKindConsumer, semconv.MessagingOperationTypeProcess).About(ev.ID)
}

// Attempt begins the span of an attempt to deliver an event to a backend.
func (t *Tracer) Attempt(ctx context.Context, ev *event.Event, backend string) Span {
	span := resume(ctx, ev.Trace)
	if t == nil || t.last.Load() == nil {
		return span
	}
	return t.start(span.ctx, "send", backend, trace.SpanKindProducer, semconv.MessagingOperationTypeSend).About(ev.ID)
}

// learn remembers who traces. Most often it is who was known before.
func (t *Tracer) learn(p trace.TracerProvider) {
	if known := t.last.Load(); known == nil || *known != p {
		t.last.Store(&p)
	}
}

func (t *Tracer) start(ctx context.Context, operation, destination string, kind trace.SpanKind, more attribute.KeyValue) Span {
	if ctx == nil {
		ctx = context.Background()
	}
	// A provider that was shut down gives a tracer that records nothing; one of
	// its former tracers would go on.
	tracer := (*t.last.Load()).Tracer(name)
	ctx, span := tracer.Start(ctx, operation+" "+destination, trace.WithSpanKind(kind), trace.WithAttributes(
		semconv.MessagingSystemKey.String(system),
		semconv.MessagingOperationName(operation),
		semconv.MessagingDestinationName(destination),
		more,
	))
	return Span{ctx, span}
}

// resume takes up a trace from a traceparent; one that is none is ignored.
func resume(ctx context.Context, parent string) Span {
	if parent == "" {
		return Span{ctx: ctx}
	}
	return Span{ctx: propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})}
}

// Span is a step of an event's way. The zero one is of no trace, and nothing
// is recorded of it.
type Span struct {
	ctx  context.Context
	span trace.Span
}

// Context holds the span, for what is done in it.
func (s Span) Context() context.Context { return s.ctx }

// Traceparent is what a later step resumes the trace from; "" without a trace.
func (s Span) Traceparent() string {
	if s.ctx == nil || !trace.SpanContextFromContext(s.ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(s.ctx, carrier)
	return carrier["traceparent"]
}

// About says which event the step is about.
func (s Span) About(id string) Span {
	if s.span != nil && s.span.IsRecording() {
		s.span.SetAttributes(semconv.MessagingMessageID(id[:min(len(id), maxID)]))
	}
	return s
}

// Answered ends an attempt with the status of the backend's answer; 0 for none.
func (s Span) Answered(status int) {
	if s.span != nil && status != 0 {
		s.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	if status >= 200 && status <= 299 {
		s.End("delivered", false)
	} else {
		s.End("failed", true)
	}
}

// End ends the step with what came of it, such as "duplicate".
func (s Span) End(outcome string, failed bool) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(attribute.String("webhook_gateway.outcome", outcome))
	if failed {
		s.span.SetStatus(codes.Error, outcome)
	}
	s.span.End()
}
