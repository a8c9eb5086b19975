package delivery

import (
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// Watch hears what becomes of one backend's deliveries. A worker waits until
// it has heard, so it must return at once.
type Watch interface {
	// Attempted: an attempt was made, whatever came of it. It isn't on disk yet.
	Attempted(a *event.Attempt)
	// Dead: a delivery was given up, and that is on disk.
	Dead(d *event.Delivery)
	// Down: the backend failed so many times in a row that it is spared now.
	Down(failures int)
	// Up: it answers again.
	Up(after time.Duration)
}

// unwatched is for a backend that nobody watches.
type unwatched struct{}

func (unwatched) Attempted(*event.Attempt) {}
func (unwatched) Dead(*event.Delivery)     {}
func (unwatched) Down(int)                 {}
func (unwatched) Up(time.Duration)         {}

// Down tells whether the backend failed so often that it is spared now.
func (w *Worker) Down() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.breaker.open()
}
