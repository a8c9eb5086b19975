package delivery

import "time"

// idle is how long a goroutine waits for more to do.
const idle = time.Second

// hands takes what is to be done to a goroutine that has nothing to do: one that
// were begun for each attempt and each record would grow its stack anew each time.
type hands chan func()

// begin has a goroutine of the worker do something.
func (w *Worker) begin(do func()) {
	select {
	case w.hands <- do:
	default:
		w.running.Go(func() {
			for ; do != nil; do = w.next() {
				do()
			}
		})
	}
}

// next is what else there is to do, nil if nothing comes or the worker stops.
func (w *Worker) next() func() {
	rest := time.NewTimer(idle)
	defer rest.Stop()
	select {
	case do := <-w.hands:
		return do
	case <-rest.C:
	case <-w.leasing.Done():
	}
	return nil
}
