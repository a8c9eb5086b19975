package caddymodule

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/tracing"
)

func TestWatchingARequestAllocatesNothing(t *testing.T) {
	now := time.Now()
	tracer := new(tracing.Tracer)
	source := meters.source("cheap", 2)
	backend := meters.backend("cheap", nil)
	attempt := &event.Attempt{Status: http.StatusNoContent, Duration: time.Millisecond}
	header := http.Header{"Content-Type": {"application/json"}}
	for what, do := range map[string]func(){
		"counting a request":     func() { source.answered(isNew, time.Millisecond) },
		"noting a secret":        func() { source.verified(1, now) },
		"counting an attempt":    func() { backend.Attempted(attempt) },
		"no trace where keeping": func() { tracer.Keep(context.Background(), header, "cheap").About("k-1").End("new", false) },
		"no trace where routing": func() { tracer.Route(&event.Event{}).End("routed", false) },
		"no trace in an attempt": func() { tracer.Attempt(context.Background(), &event.Event{}, "cheap").Answered(204) },
	} {
		if n := testing.AllocsPerRun(100, do); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
}

func BenchmarkWatchARequest(b *testing.B) {
	tracer := new(tracing.Tracer)
	source := meters.source("cheap", 2)
	header := http.Header{"Content-Type": {"application/json"}}
	b.ReportAllocs()
	for b.Loop() {
		begun := time.Now()
		span := tracer.Keep(context.Background(), header, "cheap").About("k-1")
		_ = span.Traceparent()
		span.End("new", false)
		source.verified(0, begun)
		source.answered(isNew, time.Since(begun))
	}
}
