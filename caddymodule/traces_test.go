package caddymodule_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collect is an OpenTelemetry collector, and makes Caddy's tracing send to it.
type collect struct {
	mu    sync.Mutex
	spans []*otlp.Span
}

func newCollector(t *testing.T) *collect {
	c := new(collect)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range sent.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	return c
}

func (c *collect) all() []*otlp.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*otlp.Span(nil), c.spans...)
}

// wait returns the first spans of these names.
func (c *collect) wait(t *testing.T, names ...string) map[string]*otlp.Span {
	t.Helper()
	found := make(map[string]*otlp.Span)
	soon(t, func() bool {
		for _, s := range c.all() {
			if found[s.Name] == nil {
				found[s.Name] = s
			}
		}
		for _, name := range names {
			if found[name] == nil {
				return false
			}
		}
		return true
	}, func() string { return fmt.Sprintf("of %v only %v came", names, found) })
	return found
}

// attributes are a span's, as text.
func attributes(s *otlp.Span) map[string]string {
	out := make(map[string]string)
	for _, a := range s.Attributes {
		out[a.Key] = a.Value.GetStringValue()
		if n := a.Value.GetIntValue(); n != 0 {
			out[a.Key] = fmt.Sprint(n)
		}
	}
	return out
}

const (
	sendersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	sendersSpan  = "00f067aa0ba902b7"
	sendersTold  = "00-" + sendersTrace + "-" + sendersSpan + "-01"
)

func traced(id string) request {
	return with(knolyx(id), func(r *request) { r.header["Traceparent"] = sendersTold })
}

func TestASendersTraceGoesOnThroughKeepingRoutingAndEachAttempt(t *testing.T) {
	spans := newCollector(t)
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+"default crm", "tracing {\n span receive\n}\n"+knolyxSite)
	s.send(traced("k-1"))
	got := crm.wait(t, 1)[0].header.Get("Traceparent")
	found := spans.wait(t, "receive", "send knolyx", "process knolyx", "send crm")

	for name, want := range map[string]struct {
		parent     []byte
		kind       otlp.Span_SpanKind
		attributes map[string]string
	}{
		"receive": {mustHex(t, sendersSpan), otlp.Span_SPAN_KIND_SERVER, nil},
		"send knolyx": {found["receive"].SpanId, otlp.Span_SPAN_KIND_PRODUCER, map[string]string{
			"messaging.system": "webhook_gateway", "messaging.operation.name": "send", "messaging.operation.type": "send",
			"messaging.destination.name": "knolyx", "messaging.message.id": "k-1", "webhook_gateway.outcome": "new",
		}},
		"process knolyx": {found["send knolyx"].SpanId, otlp.Span_SPAN_KIND_CONSUMER, map[string]string{
			"messaging.system": "webhook_gateway", "messaging.operation.name": "process", "messaging.operation.type": "process",
			"messaging.destination.name": "knolyx", "messaging.message.id": "k-1", "webhook_gateway.outcome": "routed",
		}},
		"send crm": {found["send knolyx"].SpanId, otlp.Span_SPAN_KIND_PRODUCER, map[string]string{
			"messaging.system": "webhook_gateway", "messaging.operation.name": "send", "messaging.operation.type": "send",
			"messaging.destination.name": "crm", "messaging.message.id": "k-1", "webhook_gateway.outcome": "delivered",
			"http.response.status_code": "204",
		}},
	} {
		span := found[name]
		if hex.EncodeToString(span.TraceId) != sendersTrace || string(span.ParentSpanId) != string(want.parent) || span.Kind != want.kind {
			t.Errorf("%s: trace %x, parent %x, %s; want parent %x, %s", name, span.TraceId, span.ParentSpanId, span.Kind, want.parent, want.kind)
		}
		if got := attributes(span); want.attributes != nil && fmt.Sprint(got) != fmt.Sprint(want.attributes) {
			t.Errorf("%s: %v, want %v", name, got, want.attributes)
		}
	}
	if want := fmt.Sprintf("00-%s-%x-01", sendersTrace, found["send crm"].SpanId); got != want {
		t.Errorf("the backend was told %s, not %s", got, want)
	}
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEachAttemptHasASpanOfItsOwn(t *testing.T) {
	spans := newCollector(t)
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	s := serve(t, eager("crm", crm.URL)+"default crm", "tracing\n"+knolyxSite)
	s.send(knolyx("k-1"))
	soon(t, func() bool { return s.has("it will be retried") }, func() string { return "no attempt failed" })
	crm.behave(nil)
	crm.wait(t, 1)
	spans.wait(t, "send crm")
	outcomes := make(map[string]int)
	soon(t, func() bool {
		clear(outcomes)
		for _, span := range spans.all() {
			if span.Name == "send crm" {
				outcomes[fmt.Sprint(attributes(span)["webhook_gateway.outcome"], " ", span.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR)]++
			}
		}
		return outcomes["delivered false"] == 1 && outcomes["failed true"] > 0
	}, func() string { return fmt.Sprint(outcomes) })
}

func TestWithoutTracingASendersTraceparentStillReachesTheBackend(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+"default crm", knolyxSite)
	s.send(traced("k-1"))
	if got := crm.wait(t, 1)[0].header.Get("Traceparent"); got != sendersTold {
		t.Errorf("the backend was told %s", got)
	}
	s.send(with(knolyx("k-2"), func(r *request) { r.header["Traceparent"] = "00-none-of-these-01" }))
	if got := crm.wait(t, 2)[1].header.Get("Traceparent"); !strings.HasPrefix(got, "00-") || strings.Contains(got, "none") || strings.Contains(got, sendersTrace) {
		t.Errorf("after a broken traceparent the backend was told %s", got)
	}
}
