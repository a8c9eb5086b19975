package gateway

import (
	"context"
	"errors"
	"log/slog"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/failpoint"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// Verdict is what became of a request.
type Verdict int

// The verdicts. Only Kept and Duplicate are of verified requests.
const (
	// Kept: the event is new and on disk now.
	Kept Verdict = iota
	// Duplicate: the event was on disk already.
	Duplicate
	// Quarantined: verification failed; the request is in the quarantine.
	Quarantined
	// Rejected: verification failed and nothing was kept, because the source
	// says so or its quarantine is full.
	Rejected
	// Challenged: no credentials were sent to a source with basic auth.
	Challenged
)

// Answer is what the sender is told.
type Answer struct {
	Verdict Verdict
	// ID is the event id; of a duplicate, the first one's.
	ID string
	// Secret tells which configured secret matched, from 0; -1 for none.
	Secret int
	// OtherBody tells that a duplicate's body is not the first one's: the
	// sender gave one id to two things, and only the first was kept.
	OtherBody bool
}

// Accept verifies a request and keeps it. It returns after the verdict is on
// disk; an error means that nothing was kept and the sender should come again.
// Of creds, Body and Header must be the request's own.
func (e *Engine) Accept(ctx context.Context, src *Source, r *event.Request, creds *verify.Request) (Answer, error) {
	if src.Verifier == nil {
		return Answer{}, errNoVerifier
	}
	result := src.Verifier.Verify(creds)
	if !result.OK {
		return e.turnAway(ctx, src, r, creds, result)
	}
	failpoint.Pass(failpoint.Verified)
	id, err := src.identify(r)
	if err != nil {
		return Answer{}, err
	}
	return e.keep(ctx, src, r, id, result)
}

func (e *Engine) keep(ctx context.Context, src *Source, r *event.Request, id event.Identity, result verify.Result) (Answer, error) {
	span := e.config().Tracer.Keep(ctx, r.Header, src.Name).About(id.ID)
	ev := src.event(r, id)
	ev.Trace = span.Traceparent()
	kept, err := e.store.Keep(ctx, ev, store.Dedupe{Key: id.Key, Window: id.Window})
	if err != nil {
		span.End("not_kept", true)
		return Answer{}, e.notKept(src, err)
	}
	failpoint.Pass(failpoint.Kept)
	if kept.Duplicate {
		span.End("duplicate", false)
		return e.duplicate(ctx, src, kept, result), nil
	}
	span.End("new", false)
	e.log.LogAttrs(ctx, slog.LevelDebug, "kept",
		slog.String("source", src.Name), slog.String("event_id", kept.ID),
		slog.Int("bytes", len(r.Body)), slog.Int("secret", result.Secret))
	e.wakeRouter()
	return Answer{Verdict: Kept, ID: kept.ID, Secret: result.Secret}, nil
}

func (e *Engine) duplicate(ctx context.Context, src *Source, kept store.Kept, result verify.Result) Answer {
	e.log.LogAttrs(ctx, slog.LevelDebug, "duplicate",
		slog.String("source", src.Name), slog.String("event_id", kept.ID), slog.Bool("other_body", kept.OtherBody))
	return Answer{Verdict: Duplicate, ID: kept.ID, Secret: result.Secret, OtherBody: kept.OtherBody}
}

// turnAway deals with a request that failed verification. It answers like a
// kept one unless the source's config says otherwise. What is not to be kept
// costs as little as can be: no look at the body, no write.
func (e *Engine) turnAway(ctx context.Context, src *Source, r *event.Request, creds *verify.Request, result verify.Result) (Answer, error) {
	limit := e.config().Quarantine.Limit
	switch {
	case result.Missing && src.Challenge:
		e.Refuse(src, "no credentials were sent")
		return Answer{Verdict: Challenged}, nil
	case src.Reject:
		e.Refuse(src, result.Reason)
		return Answer{Verdict: Rejected}, nil
	case e.store.QuarantineFull(src.Name, limit):
		return e.refuseFull(src, result), nil
	case !e.flood.lets(r):
		e.Refuse(src, "verification failed and more such bytes come than are kept in so short a time: "+result.Reason)
		return Answer{Verdict: Rejected}, nil
	}
	id, err := e.identifyStranger(src, r)
	if err != nil {
		return Answer{}, err
	}
	q := &event.Quarantined{
		ID:      id.ID,
		Source:  src.Name,
		Sender:  src.Sender.Name(),
		Reason:  result.Reason,
		Request: src.keepable(r, id),
	}
	if !id.Secret {
		// A release verifies again, so the headers that carry proof stay.
		q.Request.Header, q.URL, q.Token = r.Header, creds.URL, creds.Token
	}
	err = e.store.Quarantine(ctx, q, limit)
	if errors.Is(err, store.ErrQuarantineFull) {
		return e.refuseFull(src, result), nil
	}
	if err != nil {
		return Answer{}, e.notKept(src, err)
	}
	e.log.LogAttrs(ctx, slog.LevelWarn, "quarantined",
		slog.String("source", src.Name), slog.String("request_id", q.ID), slog.String("reason", result.Reason))
	return Answer{Verdict: Quarantined, ID: id.ID}, nil
}

// identifyStranger looks into an unverified body. That happens to a few at a
// time: a small one may take much memory.
func (e *Engine) identifyStranger(src *Source, r *event.Request) (event.Identity, error) {
	e.strangers <- struct{}{}
	defer func() { <-e.strangers }()
	return src.identify(r)
}

func (e *Engine) refuseFull(src *Source, result verify.Result) Answer {
	e.Refuse(src, "verification failed and the quarantine of this source is full: "+result.Reason)
	return Answer{Verdict: Rejected}
}

// Refuse counts and logs a request of which nothing is kept. The reason holds
// nothing from the request.
func (e *Engine) Refuse(src *Source, reason string) {
	e.store.Note(src.Name, store.Requests{Refused: 1})
	e.refusals.log(e.log, src.Name, reason)
}

// notKept counts and logs a request that the store could not keep.
func (e *Engine) notKept(src *Source, err error) error {
	e.store.Note(src.Name, store.Requests{Refused: 1})
	e.log.Error("not kept: the sender is asked to come again", "source", src.Name, "error", err)
	return err
}
