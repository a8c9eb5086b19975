package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// Quarantined returns up to n quarantined requests of a source, oldest first,
// those behind a place.
func (e *Engine) Quarantined(ctx context.Context, source string, after store.Place, n int) ([]*event.Quarantined, error) {
	return e.store.Quarantined(ctx, source, after, n)
}

// Passes tells whether a quarantined request passes verification today. Its
// timestamp is held against the time when it came, for only the secret is
// another since then.
func (e *Engine) Passes(q *event.Quarantined) error {
	src, err := e.sourceOf(q)
	if err != nil {
		return err
	}
	if src.Verifier == nil {
		return errNoVerifier
	}
	result := src.Verifier.Verify(&verify.Request{
		Method: q.Request.Method, URL: q.URL, Header: q.Request.Header, Token: q.Token,
		Body: q.Request.Body, Now: q.Request.Received,
	})
	if !result.OK {
		return fmt.Errorf("%w: %s", errUnverified, result.Reason)
	}
	return nil
}

// ErrNoSource tells that the source of a quarantined request isn't configured.
var ErrNoSource = errors.New("there is none of that name and sender in the config in force")

var errUnverified = errors.New("verification fails")

func (e *Engine) sourceOf(q *event.Quarantined) (*Source, error) {
	src, ok := e.config().Sources[q.Source]
	if !ok || src.Sender.Name() != q.Sender {
		return nil, fmt.Errorf("source %s: %w", q.Source, ErrNoSource)
	}
	return src, nil
}

// Release keeps quarantined requests that pass verification today as if they
// came now; the others stay. With force none is verified.
func (e *Engine) Release(ctx context.Context, qs []*event.Quarantined, force bool) (done Done, err error) {
	for _, q := range qs {
		if ctx.Err() != nil { // to verify again may cost a second each
			return done, ctx.Err()
		}
		changed, failed := e.release(ctx, q, force)
		done.add(q.ID, changed, failed, &err)
	}
	return done, err
}

func (e *Engine) release(ctx context.Context, q *event.Quarantined, force bool) (bool, error) {
	src, err := e.sourceOf(q)
	if err != nil {
		return false, nil //nolint:nilerr // it stays
	}
	if !force && e.Passes(q) != nil {
		return false, nil
	}
	ev, id, err := e.letIn(src, q)
	if err != nil {
		return false, err
	}
	ev.Request.Received = now().Truncate(time.Millisecond)
	kept, err := e.store.Release(ctx, q, ev, store.Dedupe{Key: id.Key, Window: id.Window})
	e.wakeRouter() // also where only the step behind the event failed
	if err != nil {
		return false, err
	}
	e.log.Info("released", "source", q.Source, "event_id", kept.ID, "duplicate", kept.Duplicate, "forced", force)
	return true, nil
}

// letIn returns the event that a quarantined request is if it is let in, without
// what proof may stand in.
func (e *Engine) letIn(src *Source, q *event.Quarantined) (*event.Event, event.Identity, error) {
	id, err := e.identifyStranger(src, &q.Request)
	if err != nil {
		return nil, id, err
	}
	ev := src.event(&q.Request, id)
	ev.ID = q.ID
	if ev.Time.IsZero() {
		ev.Time = q.Request.Received
	}
	return ev, id, nil
}

// DiscardQuarantined deletes quarantined requests.
func (e *Engine) DiscardQuarantined(ctx context.Context, qs []*event.Quarantined) (done Done, err error) {
	for _, q := range qs {
		failed := e.store.DiscardQuarantined(ctx, q)
		done.add(q.ID, failed == nil, failed, &err)
	}
	return done, err
}
