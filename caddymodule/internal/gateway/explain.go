package gateway

import (
	"context"
	"encoding/json"

	"github.com/porterslodge/porterslodge/rules"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// Explained is all that is known of an event.
type Explained struct {
	Sight
	// Original is the sender's payload as JSON; nil where it has none.
	Original json.RawMessage
	// Today is what the rules of the config in force would make of it, Verdicts
	// what each of them says.
	Today    event.Outcome
	Verdicts []rules.Verdict
}

// Explain returns an event with all that is known of it, else store.ErrNotFound.
func (e *Engine) Explain(ctx context.Context, seq uint64) (x Explained, err error) {
	if x.Sight, err = e.sight(ctx, seq); err != nil {
		return x, err
	}
	e.explain(&x)
	return x, nil
}

// ExplainQuarantined returns what a quarantined request holds, but for its proof,
// and what would become of it if it were released now.
func (e *Engine) ExplainQuarantined(q *event.Quarantined) (x Explained, err error) {
	src, err := e.sourceOf(q)
	if err != nil {
		return x, err
	}
	if x.Event, _, err = e.letIn(src, q); err == nil {
		e.explain(&x)
	}
	return x, err
}

func (e *Engine) explain(x *Explained) {
	today, verdicts := e.config().judge(x.Event, now())
	x.Original, x.Today, x.Verdicts = e.original(x.Event), today.Outcome, verdicts
}
