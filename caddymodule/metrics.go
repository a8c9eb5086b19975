package caddymodule

import (
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	metricsNamespace = "caddy"
	metricsSubsystem = "webhook_gateway"
)

// meters count from the start of the process. Each config has a registry of
// its own, but a counter that began again with every reload would tell little:
// so these are made once and registered again and again.
//
// Their labels are what the config names, and a handful of fixed words. An id,
// a path or an address is none: strangers could make as many as they like.
var meters = newMeters()

type meterSet struct {
	requests   *prometheus.CounterVec   // source, outcome
	answers    *prometheus.HistogramVec // source
	reused     *prometheus.CounterVec   // source
	matched    *prometheus.GaugeVec     // source, position
	attempts   *prometheus.CounterVec   // backend, status
	durations  *prometheus.HistogramVec // backend
	dead       *prometheus.CounterVec   // backend
	commits    prometheus.Histogram
	batchSteps prometheus.Histogram
}

func newMeters() *meterSet {
	return &meterSet{
		requests: counters("requests_total", "Requests to a source by what became of them: new, duplicate, quarantined, refused or not_kept.", "source", "outcome"),
		answers: histograms("answer_duration_seconds", "Time from the arrival of a request to its answer.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}, "source"),
		reused: counters("event_ids_reused_total", "Duplicates whose body was not that of the first request.", "source"),
		matched: prometheus.NewGaugeVec(prometheus.GaugeOpts(metric("secret_last_matched_timestamp_seconds",
			"When the secret, token or account at this position of the config matched last; 0 for not since the start.")), []string{"source", "position"}),
		attempts: counters("attempts_total", "Attempts to deliver by the class of the backend's answer; none for no answer.", "backend", "status"),
		durations: histograms("attempt_duration_seconds", "Duration of attempts to deliver, the backend's answer included.",
			[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "backend"),
		dead: counters("dead_letters_total", "Deliveries that were given up.", "backend"),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "commit_duration_seconds",
			Help:    "Duration of synced writes to the store.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}),
		batchSteps: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "commit_batch_steps",
			Help:    "Steps, such as events or attempts, that shared one synced write.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
	}
}

func metric(name, help string) prometheus.Opts {
	return prometheus.Opts{Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: name, Help: help}
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(metric(name, help)), labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: name, Help: help, Buckets: buckets,
	}, labels)
}

// register puts everything into a config's registry. It may be called more
// than once for one config.
func (m *meterSet) register(ctx caddy.Context) error {
	registry := ctx.GetMetricsRegistry()
	if registry == nil {
		return errors.New("the config has no metrics registry; this is a bug in Porterslodge")
	}
	for _, c := range []prometheus.Collector{
		m.requests, m.answers, m.reused, m.matched, m.attempts, m.durations, m.dead, m.commits, m.batchSteps, standing{},
	} {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return err
		}
	}
	return nil
}

// committed counts a synced write of the store.
func (m *meterSet) committed(steps int, took time.Duration) {
	m.batchSteps.Observe(float64(steps))
	m.commits.Observe(took.Seconds())
}
