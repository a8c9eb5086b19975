package gateway

import (
	"log/slog"
	"sync"
	"time"
)

// refusals keep a flood of refused requests from becoming a flood of lines:
// the first one is logged at once, those that follow once a second, together.
type refusals struct {
	mu    sync.Mutex
	kinds map[refusal]*lull
}

// refusal is a kind of them. Reasons hold nothing from a request, so there are
// few kinds.
type refusal struct{ source, reason string }

// lull is the time after a line in which its kind is only counted.
type lull struct {
	until time.Time
	times int
}

const lullTime = time.Second

func (r *refusals) log(log *slog.Logger, source, reason string) {
	kind := refusal{source, reason}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.kinds[kind]
	if l == nil {
		if r.kinds == nil {
			r.kinds = make(map[refusal]*lull)
		}
		l = &lull{}
		r.kinds[kind] = l
	}
	if now.Before(l.until) {
		if l.times++; l.times == 1 {
			time.AfterFunc(l.until.Sub(now), func() { r.sum(log, kind) })
		}
		return
	}
	l.until = now.Add(lullTime)
	log.Warn("refused", "source", source, "reason", reason)
}

// sum logs what was counted in a lull.
func (r *refusals) sum(log *slog.Logger, kind refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.kinds[kind]
	log.Warn("refused", "source", kind.source, "reason", kind.reason, "times", l.times)
	l.times, l.until = 0, time.Now().Add(lullTime)
}
