package gateway

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// What strangers send is kept as fast as these allow, over all sources. A
// quarantine holds many large requests, and to write them all at once would take
// the store's memory and the disk's time from genuine ones.
const (
	strangeBytesPerSecond = 1 << 20
	strangeBytesAtOnce    = 16 << 20
)

// flood bounds how fast unverified bytes are kept.
type flood struct{ left *rate.Limiter }

func newFlood() flood {
	return flood{rate.NewLimiter(strangeBytesPerSecond, strangeBytesAtOnce)}
}

// lets tells whether a request may be kept, and counts it then.
func (f flood) lets(r *event.Request) bool {
	n := len(r.Body)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return f.left.AllowN(time.Now(), min(n, strangeBytesAtOnce))
}
