// Package clocktest is a clock that a test sets, while time itself goes on evenly.
package clocktest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
)

// Clock is the clock of the whole process until the test ends.
type Clock struct{ ahead atomic.Int64 }

// New is a clock that is right.
func New(t testing.TB) *Clock {
	c, before := new(Clock), clock.Now
	clock.Now = func() time.Time { return time.Now().UTC().Round(0).Add(c.Ahead()) }
	t.Cleanup(func() { clock.Now = before })
	return c
}

// Ahead is by how much it is wrong.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Set makes it wrong.
func (c *Clock) Set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }
