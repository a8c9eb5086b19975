package caddymodule

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// statuses are the classes of answers that attempts are counted by.
var statuses = [...]string{"none", "2xx", "3xx", "4xx", "5xx"}

func statusOf(status int) int {
	if status < 200 || status > 599 {
		return 0
	}
	return status/100 - 1
}

// backendWatch counts what becomes of one backend's deliveries, and raises an
// alarm where an operator should hear of it.
type backendWatch struct {
	name      string
	alarms    *alarms
	attempts  [len(statuses)]prometheus.Counter
	durations prometheus.Observer
	dead      prometheus.Counter
}

func (m *meterSet) backend(name string, a *alarms) *backendWatch {
	b := &backendWatch{
		name: name, alarms: a,
		durations: m.durations.WithLabelValues(name), dead: m.dead.WithLabelValues(name),
	}
	for i, label := range statuses {
		b.attempts[i] = m.attempts.WithLabelValues(name, label)
	}
	return b
}

// Attempted implements delivery.Watch.
func (b *backendWatch) Attempted(a *event.Attempt) {
	b.attempts[statusOf(a.Status)].Inc()
	b.durations.Observe(a.Duration.Seconds())
}

// Dead implements delivery.Watch.
func (b *backendWatch) Dead(d *event.Delivery) {
	b.dead.Inc()
	b.alarms.dead(d)
}

// Down implements delivery.Watch.
func (b *backendWatch) Down(failures int) { b.alarms.down(b.name, failures) }

// Up implements delivery.Watch.
func (b *backendWatch) Up(after time.Duration) { b.alarms.up(b.name, after) }

var _ delivery.Watch = (*backendWatch)(nil)
