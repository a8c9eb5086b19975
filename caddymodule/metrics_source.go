package caddymodule

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
)

// outcome is what became of a request, as it is counted.
type outcome int

const (
	isNew outcome = iota
	isDuplicate
	isQuarantined
	isRefused
	isNotKept
)

// outcomes are their labels.
var outcomes = [...]string{"new", "duplicate", "quarantined", "refused", "not_kept"}

func outcomeOf(v gateway.Verdict) outcome {
	switch v {
	case gateway.Kept:
		return isNew
	case gateway.Duplicate:
		return isDuplicate
	case gateway.Quarantined:
		return isQuarantined
	}
	return isRefused
}

// sourceMeter counts one source's requests. What it counts in is looked up
// when the config is provisioned, so that a request pays for the counting alone.
type sourceMeter struct {
	requests [len(outcomes)]prometheus.Counter
	answers  prometheus.Observer
	reused   prometheus.Counter
	matched  []prometheus.Gauge // by the position of the secret
}

func (m *meterSet) source(name string, secrets int) sourceMeter {
	s := sourceMeter{answers: m.answers.WithLabelValues(name), reused: m.reused.WithLabelValues(name)}
	for i, label := range outcomes {
		s.requests[i] = m.requests.WithLabelValues(name, label)
	}
	for i := range secrets {
		s.matched = append(s.matched, m.matched.WithLabelValues(name, strconv.Itoa(i+1)))
	}
	return s
}

// answered counts a request that was answered.
func (s *sourceMeter) answered(o outcome, took time.Duration) {
	s.requests[o].Inc()
	s.answers.Observe(took.Seconds())
}

// verified notes which secret matched.
func (s *sourceMeter) verified(secret int, now time.Time) {
	if secret >= 0 && secret < len(s.matched) {
		s.matched[secret].Set(float64(now.UnixMilli()) / 1e3)
	}
}

// note tells those who watch of what is more than a number.
func (h *Handler) note(a gateway.Answer, now time.Time) {
	switch a.Verdict {
	case gateway.Kept, gateway.Duplicate:
		h.meter.verified(a.Secret, now)
	case gateway.Quarantined:
		if n := h.growing.add(now); n > 0 {
			h.app.alarms.quarantined(h.source.Name, n)
		}
	}
	if a.OtherBody {
		h.meter.reused.Inc()
		if n := h.again.add(now); n > 0 {
			h.app.alarms.reused(h.source.Name, a.ID, n)
		}
	}
}

// positions is how many secrets, tokens or accounts the longest list has. What
// matched is told by its position in the list that it stands in.
func (p *Proof) positions() int {
	return max(len(p.Secrets), len(p.Tokens), len(p.URLTokens), len(p.BasicAuth))
}
