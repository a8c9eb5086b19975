package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// load is what is offered to a server.
type load struct {
	conns int
	// warm is how long it is applied before it is measured for as long as
	// measured says; where that is 0, until there are no more ids.
	warm, measured time.Duration
	// rate is how many requests a second are due, whatever the answers take
	// (an open loop); 0 sends the next one when the last was answered.
	rate float64
	// bytes is the size of a body.
	bytes int
	// ids gives each request its event id, from many goroutines, until there
	// are no more.
	ids func() (id uint64, more bool)
	// forged signs wrongly.
	forged bool
	// status is the answer that counts; any other one is a failure.
	status int
	// answered counts all answers while they come.
	answered *atomic.Int64
}

// result is what came of a load.
type result struct {
	// answers are those that were measured, total also those of the warm-up.
	answers, total int
	seconds        float64
	latency        latencies
}

func (r result) perSecond() float64 { return float64(r.answers) / r.seconds }

// offer applies a load to a server. The first wrong answer ends it.
func (l load) offer(ctx context.Context, address string) (result, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	w := window{start: time.Now()}
	w.from = w.start.Add(l.warm)
	if l.measured > 0 {
		w.to = w.from.Add(l.measured)
	}
	results := make([]result, l.conns)
	var all sync.WaitGroup
	for i := range l.conns {
		all.Go(func() {
			var err error
			if results[i], err = l.connect(ctx, address, i, w); err != nil {
				fail(err)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return result{}, context.Cause(ctx)
	}
	total := result{seconds: l.measured.Seconds()}
	if l.measured == 0 {
		total.seconds = time.Since(w.from).Seconds()
	}
	for _, r := range results {
		total.answers += r.answers
		total.total += r.total
		total.latency = append(total.latency, r.latency...)
	}
	total.latency.sort()
	return total, nil
}

func (l load) connect(ctx context.Context, address string, number int, w window) (result, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = conn.Close() }() // all that mattered was read
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return l.connection(conn, number, w)
}

// connection sends requests one after the other. In an open loop a request's
// time begins when it was due, also where the one before it was late: so a
// stall counts for all that it held up (coordinated omission).
func (l load) connection(conn net.Conn, number int, w window) (r result, err error) {
	requests, answers := newWriter(l.bytes), bufio.NewReader(conn)
	patience := patience{conn: conn}
	due, every := l.schedule(number, w.start)
	for {
		id, more := l.ids()
		if !more {
			return r, nil
		}
		request := requests.event(id, l.forged)
		if every > 0 {
			time.Sleep(time.Until(due))
		} else {
			due = time.Now()
		}
		if w.over(due) {
			return r, nil
		}
		patience.renew(time.Now())
		if _, err := conn.Write(request); err != nil {
			return r, err
		}
		if err := readAnswer(answers, l.status); err != nil {
			return r, fmt.Errorf("connection %d: %w", number, err)
		}
		done := time.Now()
		r.total++
		l.answered.Add(1)
		if w.holds(due, done, every > 0) {
			r.answers++
			r.latency = append(r.latency, done.Sub(due))
		}
		due = due.Add(every)
	}
}

// schedule is when a connection's first request is due and how long after it
// each next one; in a closed loop the latter is 0. The connections take turns.
func (l load) schedule(number int, start time.Time) (first time.Time, every time.Duration) {
	if l.rate <= 0 {
		return start, 0
	}
	every = time.Duration(float64(l.conns) / l.rate * float64(time.Second))
	return start.Add(every * time.Duration(number) / time.Duration(l.conns)), every
}

// window is when a load starts, and when it is measured. Without to it ends
// with the ids.
type window struct{ start, from, to time.Time }

func (w window) over(due time.Time) bool { return !w.to.IsZero() && due.After(w.to) }

// holds tells whether a request is measured: in an open loop each that was due
// in the window, however late; else those that were sent and answered in it.
func (w window) holds(due, done time.Time, open bool) bool {
	return !due.Before(w.from) && (open || !w.over(done))
}

// patience bounds how long an answer may take, at little cost for each.
type patience struct {
	conn net.Conn
	next time.Time
}

const longestAnswer = time.Minute

func (p *patience) renew(now time.Time) {
	if now.After(p.next) {
		_ = p.conn.SetDeadline(now.Add(2 * longestAnswer)) // fails where writing fails
		p.next = now.Add(longestAnswer)
	}
}
