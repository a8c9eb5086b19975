package reliability

import (
	"testing"
	"time"
)

// progress tells who watches a long run how far it is, every ten seconds.
type progress struct {
	t     *testing.T
	total int
	what  string
	next  time.Time
}

const progressEvery = 10 * time.Second

func newProgress(t *testing.T, total int, what string) *progress {
	return &progress{t, total, what, time.Now().Add(progressEvery)}
}

func (p *progress) reached(n int) {
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(progressEvery)
		p.t.Logf("%d of %d %s", n, p.total, p.what)
	}
}
