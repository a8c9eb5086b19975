package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/failpoint"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
)

// send makes one attempt after the other until none may begin. One that was cut
// short by Stop is not counted.
func (w *Worker) send() {
	for {
		s, d, probe := w.take()
		if d == nil {
			return
		}
		a, h := w.try(s, d)
		if a.Status == 0 && w.sending.Err() != nil {
			w.queue.Return(d)
			continue
		}
		failpoint.Pass(failpoint.Sent)
		w.watch().Attempted(&a)
		quiet := w.judge(s, a, h, probe)
		w.recording <- struct{}{}
		w.begin(func() {
			w.record(s, d, a, quiet)
			<-w.recording
		})
	}
}

// watch is that of the settings in force: those that an attempt began with may be
// of a config that is gone, and nobody listens there any more.
func (w *Worker) watch() Watch { return w.settings.Load().Watch }

// judge tells the breaker what an attempt says of the backend. While the
// breaker is open nobody needs to hear of each failure: those are quiet.
func (w *Worker) judge(s *settings, a event.Attempt, h health, probe bool) (quiet bool) {
	w.mu.Lock()
	w.last = a
	since := w.breaker.since
	changed := w.breaker.end(h, probe, time.Now(), s.Retry.First)
	open := w.breaker.open()
	w.mu.Unlock()
	if changed || probe {
		w.Wake()
	}
	switch {
	case changed && open:
		w.log.Error("the backend fails; mend it: until it answers, one delivery at a time is tried",
			"failures", tolerated, "status", a.Status, "error", a.Error)
		w.watch().Down(tolerated)
	case changed:
		w.log.Info("the backend answers again", "duration", time.Since(since))
		w.watch().Up(time.Since(since))
	}
	return open && !changed && h == failing
}

// try makes the attempt. A panic on the way, in a transport or in reading a
// payload, fails this attempt and no other: the event is kept, so a crash
// would come again with each start.
func (w *Worker) try(s *settings, d *event.Delivery) (a event.Attempt, h health) {
	start, at := time.Now(), clock.Now()
	defer func() {
		if p := recover(); p != nil {
			a.Error = "the attempt panicked; the log has the stack"
			w.log.Error("an attempt panicked", "event_id", d.EventID, "stack", string(debug.Stack()))
		}
		a.At, a.Duration = at, time.Since(start)
	}()
	if s.broken != nil {
		return event.Attempt{Error: s.broken.Error()}, failing
	}
	ev, err := w.queue.Event(w.sending, d.Seq)
	if err != nil {
		return event.Attempt{Error: fmt.Sprintf("the store does not give the event: %v", err)}, unknown
	}
	body, err := Envelope(ev, d, w.original)
	if err != nil {
		return event.Attempt{Error: s.explain(err)}, unknown
	}
	span := s.Tracer.Attempt(w.sending, ev, w.backend)
	defer func() { span.Answered(a.Status) }()
	a = s.send(span.Context(), ev, body, at)
	return a, healthOf(a)
}

// send posts the body and reads the answer, all within the timeout. It calls
// the transport itself, because an http.Client would follow redirects.
func (s *settings) send(ctx context.Context, ev *event.Event, body []byte, now time.Time) (a event.Attempt) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	req, err := s.request(ctx, ev, body, now)
	if err != nil {
		return event.Attempt{Error: s.explain(err)}
	}
	failpoint.Pass(failpoint.Sending)
	res, err := s.Transport.RoundTrip(req)
	if err != nil {
		return event.Attempt{Error: s.explain(err)}
	}
	defer func() { _ = res.Body.Close() }() // nothing depends on it
	a.Status = res.StatusCode
	if a.Status >= 200 && a.Status <= 299 {
		readDelivered(res, cancel)
	} else {
		readFailed(&a, res)
	}
	return a
}

// record writes what became of the delivery. Where that fails for good the
// lease is returned as it was.
func (w *Worker) record(s *settings, d *event.Delivery, a event.Attempt, quiet bool) {
	next := *d
	next.Since = w.retrying(d.Since)
	next = settle(next, a, s.Retry)
	w.report(&next, a, quiet)
	err := w.insist("record an attempt", func() error {
		return w.queue.Record(context.WithoutCancel(w.sending), &next)
	})
	failpoint.Pass(failpoint.Recorded)
	if err != nil {
		w.log.Error("an attempt was not recorded; it may be repeated with the same Idempotency-Key",
			"source", d.Source, "event_id", d.EventID, "attempt", next.Count, "error", err)
		w.queue.Return(d)
	} else if next.State == event.Dead {
		w.watch().Dead(&next)
	}
	if err != nil || next.State == event.Waiting || d.OrderKey != "" {
		w.Wake() // there is one more to be leased, now or later
	}
}

// retrying is when the time for retries began. One that began before the clock
// was set begins again: nothing is dead because a clock was wrong for a moment.
func (w *Worker) retrying(since time.Time) time.Time {
	now, set := w.clock.Look()
	switch {
	case since.Before(set):
		return set
	case since.After(now):
		return now
	}
	return since
}

// settle returns the delivery as it stands after an attempt.
func settle(d event.Delivery, a event.Attempt, policy retry.Policy) event.Delivery {
	d.Add(a)
	end := a.At.Add(a.Duration)
	answer := retry.Answer{Status: a.Status, RetryAfter: a.RetryAfter}
	verdict, due := policy.Next(end, d.Since, tries(&d), answer, rand.Float64)
	switch verdict {
	case retry.Delivered:
		d.State, d.Finished = event.Delivered, end
	case retry.Dead:
		d.State, d.Finished = event.Dead, end
	default:
		d.State, d.Due = event.Waiting, due
	}
	return d
}

// tries counts the attempts since retrying began: one retried by hand starts
// again with short waits, though its count goes on.
func tries(d *event.Delivery) int {
	n := 0
	for _, a := range d.Attempts {
		if !a.At.Before(d.Since) {
			n++
		}
	}
	if n == len(d.Attempts) {
		return d.Count // older ones may be forgotten
	}
	return n
}

// report logs an attempt, as loud as an operator should hear of it; a quiet one
// only where it is the last.
func (w *Worker) report(d *event.Delivery, a event.Attempt, quiet bool) {
	level, message := slog.LevelWarn, "delivery failed; it will be retried"
	switch {
	case quiet && d.State == event.Waiting:
		level = slog.LevelDebug
	case d.State == event.Delivered:
		level, message = slog.LevelDebug, "delivered"
	case d.State == event.Dead:
		level, message = slog.LevelError, "delivery is dead; mend the backend, then retry it by hand"
	case retry.Alarming(a.Status):
		level, message = slog.LevelError, "the backend refuses the event; mend the backend: it will be retried until then"
	case redirects(a.Status):
		level, message = slog.LevelError, "the backend redirects; mend its url: the event will be retried until then"
	}
	attrs := []slog.Attr{
		slog.String("source", d.Source), slog.String("event_id", d.EventID),
		slog.Int("attempt", d.Count), slog.Int("status", a.Status), slog.Duration("duration", a.Duration),
	}
	if a.Error != "" {
		attrs = append(attrs, slog.String("error", a.Error))
	}
	if d.State == event.Waiting {
		attrs = append(attrs, slog.Time("due", d.Due))
	}
	w.log.LogAttrs(context.Background(), level, message, attrs...)
}
