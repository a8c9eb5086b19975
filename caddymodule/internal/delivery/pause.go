package delivery

import "github.com/porterslodge/porterslodge/caddymodule/internal/event"

// Pause lets no attempt begin until Resume. Attempts under way may end.
func (w *Worker) Pause() { w.setPaused(true) }

// Resume ends a pause.
func (w *Worker) Resume() { w.setPaused(false) }

func (w *Worker) setPaused(paused bool) {
	w.mu.Lock()
	w.paused = paused
	w.mu.Unlock()
	if paused {
		w.giveBack()
	}
	w.Wake()
}

// Last is the attempt that ended last; the zero value before the first one.
func (w *Worker) Last() event.Attempt {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
