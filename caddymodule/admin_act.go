package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// actPage is how many events one call acts on at most: an answer comes soon,
// and whoever asks may stop in between.
const actPage = 200

func always(a gateway.Action) func(adminapi.Act) gateway.Action {
	return func(adminapi.Act) gateway.Action { return a }
}

func replayAction(a adminapi.Act) gateway.Action { return gateway.Replay(a.NewKey, len(a.Seqs) > 0) }

// adminAct does an action to the events that a request names, or to a page of
// those that its filter means, which are in one of the states that it is for.
func adminAct(what string, choose func(adminapi.Act) gateway.Action, states ...event.State) adminHandler {
	return func(r *adminRequest) (any, error) {
		var a adminapi.Act
		if err := r.read(&a); err != nil {
			return nil, err
		}
		action, f := choose(a), filterOf(a.Filter)
		if len(states) == 1 && f.State == "" {
			f.State = states[0]
		}
		if len(states) > 0 && len(a.Seqs) == 0 && !slices.Contains(states, f.State) {
			return nil, refusal(fmt.Sprintf("this is for events in a state of %s; name it", states))
		}
		page, err := r.meant(a, f)
		if err != nil {
			return nil, err
		}
		out := adminapi.Acted{Next: page.Next}
		if a.Count {
			out.Done = action.Count(f, page.Events)
			return out, nil
		}
		done, err := r.engine.Act(r.Context(), action, f, page.Events)
		if done.Done > 0 {
			r.did(what, "done", done.Done, "unchanged", done.Unchanged, "event_ids", done.IDs)
		}
		out.Done, out.Unchanged = done.Done, done.Unchanged
		return out, err
	}
}

func (r *adminRequest) meant(a adminapi.Act, f gateway.Filter) (gateway.Page, error) {
	if len(a.Seqs) > actPage {
		return gateway.Page{}, refusal("these are too many events for one call")
	}
	if len(a.Seqs) > 0 {
		sights, err := r.engine.Sights(r.Context(), a.Seqs)
		return gateway.Page{Events: sights}, err
	}
	return r.engine.Find(r.Context(), f, a.Before, actPage)
}

func adminPause(what string, do func(*gateway.Engine, context.Context, string) (bool, error)) adminHandler {
	return func(r *adminRequest) (any, error) {
		var named adminapi.Named
		if err := r.read(&named); err != nil {
			return nil, err
		}
		changed, err := do(r.engine, r.Context(), named.Backend)
		if errors.Is(err, store.ErrNotFound) {
			return nil, missing(fmt.Sprintf("there is no backend %q; `caddy webhooks status` lists them", named.Backend))
		}
		if changed {
			r.did(what, "backend", named.Backend)
		}
		return adminapi.Changed{Changed: changed}, err
	}
}
