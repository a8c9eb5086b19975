package main

import (
	"context"
	"errors"
	"time"
)

// fill stores so many more events. What they cost on the way is a curve of
// growth. The sample is of all of them.
func (b *bench) fill(ctx context.Context, p *process, more, bytes int, c curve) (sample, error) {
	l := b.batch(more)
	l.bytes = bytes
	w := watch{bench: b, process: p, all: p.kept + more, kept: p.kept, slice: more / b.slices, curve: c}
	stop := w.start()
	s, err := b.offer(ctx, p, l)
	if err = errors.Join(err, stop()); err != nil {
		return s, err
	}
	return s, b.grew(w.curve)
}

// watch looks on while a process is filled.
type watch struct {
	bench   *bench
	process *process
	all     int // events in the end
	kept    int // events at its start
	slice   int // events from one point to the next
	curve   curve

	begun, last mark
}

// mark is how far a process was at a time.
type mark struct {
	at       time.Time
	answered int
	cpu      time.Duration
}

// start begins to watch, until stop is called.
func (w *watch) start() (stop func() error) {
	done, failed := make(chan struct{}), make(chan error)
	go func() { failed <- w.until(done) }()
	return func() error { close(done); return <-failed }
}

func (w *watch) until(done chan struct{}) (err error) {
	if w.begun, err = w.look(); err != nil {
		return err
	}
	w.last = w.begun
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		over := false
		select {
		case <-tick.C:
		case <-done:
			over = true
		}
		now, err := w.look()
		if err != nil {
			return err
		}
		w.report(now)
		fresh := now.answered - w.last.answered
		// What is left in the end was followed by rest, unless it is all.
		if fresh >= w.slice || over && len(w.curve.Points) == 0 {
			w.curve.add(w.point(now))
			w.last = now
		}
		if over {
			return nil
		}
	}
}

func (w *watch) look() (mark, error) {
	u, err := w.process.usage()
	return mark{time.Now(), int(w.bench.answered.Load()), u.cpu}, err
}

func (w *watch) report(now mark) {
	done := now.answered - w.begun.answered
	rate := float64(done) / now.at.Sub(w.begun.at).Seconds()
	w.bench.progress.say("storing: %s of %s events, %s/s", commas(w.kept+done), commas(w.all), count(rate))
}

// point is what one event cost since the last one.
func (w *watch) point(now mark) point {
	events := float64(now.answered - w.last.answered)
	return point{
		X:    float64(w.kept + now.answered - w.begun.answered),
		Rate: events / now.at.Sub(w.last.at).Seconds(),
		CPU:  (now.cpu - w.last.cpu).Seconds() / events * 1000,
	}
}
