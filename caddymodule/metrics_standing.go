package caddymodule

import (
	"context"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// standing tells, when it is asked, how the gateway of the running config
// stands. It reads what the store counts anyway. It holds no app: after a
// reload that failed, Caddy's endpoint has the registry of the config that
// never ran, and the old one goes on.
type standing struct{}

func describing(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(metricsNamespace, metricsSubsystem, name), help, labels, nil)
}

var (
	readyDesc       = describing("ready", "Whether a request would be kept now: 1 if so.")
	eventsDesc      = describing("events", "Events since the store was made, purged ones included, by state.", "state")
	deliveriesDesc  = describing("deliveries", "Deliveries since the store was made, purged ones included, by state. Those waiting are the backend's queue.", "backend", "state")
	oldestDesc      = describing("oldest_waiting_delivery_age_seconds", "Age of the oldest delivery that waits; 0 where none does.", "backend")
	upDesc          = describing("backend_up", "Whether the backend answers: 0 while it failed so often in a row that it is tried with one delivery at a time.", "backend")
	quarantinedDesc = describing("quarantined_requests", "Requests in the quarantine of a source.", "source")
	limitDesc       = describing("quarantine_limit_requests", "How many requests the quarantine of a source holds.")
	sizeDesc        = describing("store_size_bytes", "What the store takes on its disk.")
	freeDesc        = describing("store_free_bytes", "What is free on the disk of the store.")
	reserveDesc     = describing("store_reserve_bytes", "What must stay free on that disk; below it nothing is kept.")

	descs = []*prometheus.Desc{
		readyDesc, eventsDesc, deliveriesDesc, oldestDesc, upDesc, quarantinedDesc, limitDesc, sizeDesc, freeDesc, reserveDesc,
	}
)

// Describe implements prometheus.Collector.
func (standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (standing) Collect(to chan<- prometheus.Metric) {
	app := activeApp()
	if app == nil {
		return
	}
	r := reading{to}
	ready := 0
	if app.ready() == nil {
		ready = 1
	}
	r.gauge(readyDesc, float64(ready))
	engine := app.running()
	if engine == nil {
		return
	}
	leave, ok := engine.Enter()
	if !ok {
		return
	}
	defer leave()
	if s, err := engine.Status(context.Background()); err == nil {
		r.status(&s)
	}
}

// activeApp is the gateway of the running config; nil where that has none.
func activeApp() *App {
	app, err := caddy.ActiveContext().AppIfConfigured(appName)
	if err != nil {
		return nil
	}
	return app.(*App)
}

// reading is one answer to whoever asks.
type reading struct{ to chan<- prometheus.Metric }

func (r reading) gauge(d *prometheus.Desc, v float64, labels ...string) {
	r.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (r reading) status(s *gateway.Status) {
	e := s.Counts.Events
	for state, n := range map[string]uint64{"waiting": e.Waiting, "routed": e.Routed, "unrouted": e.Unrouted, "invalid": e.Invalid, "discarded": e.Discarded} {
		r.gauge(eventsDesc, float64(n), state)
	}
	r.backends(s)
	for source := range s.Counts.Sources {
		r.gauge(quarantinedDesc, float64(s.Counts.InQuarantine[source]), source)
	}
	r.gauge(limitDesc, float64(s.QuarantineLimit))
	if m := s.Measures; m != nil && m.Size+m.Free+m.Reserve > 0 {
		r.gauge(sizeDesc, float64(m.Size))
		r.gauge(freeDesc, float64(m.Free))
		r.gauge(reserveDesc, float64(m.Reserve))
	}
}

func (r reading) backends(s *gateway.Status) {
	all := s.Counts.Backends
	for name, down := range s.Down {
		if _, ok := all[name]; !ok {
			all[name] = store.Deliveries{} // so that it is there before its first delivery
		}
		up := 1.0
		if down {
			up = 0
		}
		r.gauge(upDesc, up, name)
	}
	now := time.Now()
	for name, d := range all {
		for state, n := range map[string]uint64{"waiting": d.Waiting, "delivered": d.Delivered, "dead": d.Dead, "discarded": d.Discarded} {
			r.gauge(deliveriesDesc, float64(n), name, state)
		}
		if s.Measures != nil {
			r.gauge(oldestDesc, age(s.Measures, name, now), name)
		}
	}
}

// age is that of a backend's oldest waiting delivery, in seconds.
func age(m *store.Measures, backend string, now time.Time) float64 {
	oldest, ok := m.Oldest[backend]
	if !ok {
		return 0
	}
	return max(0, now.Sub(oldest).Seconds())
}
