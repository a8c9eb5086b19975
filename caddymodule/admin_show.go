package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func adminShow(r *adminRequest) (any, error) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		return nil, refusal("an event is named by its number; POST events finds it by its id")
	}
	x, err := r.engine.Explain(r.Context(), seq)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing(fmt.Sprintf("there is no event %d", seq))
	}
	if err != nil {
		return nil, err
	}
	return shown(&x)
}

func shown(x *gateway.Explained) (adminapi.Shown, error) {
	out := adminapi.Shown{Event: inList(&x.Sight), Sent: sent(x), RoutedAt: x.Outcome.At, Today: today(x)}
	for _, d := range x.Deliveries {
		out.Carried = append(out.Carried, history(d))
	}
	var err error
	out.Normalized, err = normalized(&x.Outcome.Normalized)
	return out, err
}

// adminShowRequest shows what is in the quarantine to who has to decide about it.
func adminShowRequest(r *adminRequest) (any, error) {
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	if err != nil {
		return nil, refusal("a quarantined request is named by its source and its number")
	}
	qs, _, err := r.selected(adminapi.Select{Source: r.PathValue("source"), Number: &number})
	if err != nil {
		return nil, err
	}
	x, err := r.engine.ExplainQuarantined(qs[0])
	if err != nil {
		return nil, err
	}
	out := adminapi.ShownRequest{Quarantined: r.inQuarantine(qs[0]), Sent: sent(&x), Today: today(&x)}
	out.Normalized, err = normalized(&x.Today.Normalized)
	return out, err
}

func sent(x *gateway.Explained) adminapi.Sent {
	out := adminapi.Sent{
		SenderType: x.SenderType, Original: x.Original,
		Method: x.Request.Method, Path: x.Request.Path, Query: x.Request.Query, Headers: x.Request.Header,
	}
	if !json.Valid(x.Original) || bytes.Equal(x.Original, []byte("null")) {
		out.Original, out.Body = nil, x.Request.Body
	}
	return out
}

// normalized is the zero value where nothing could be made of an event.
func normalized(n *event.Normalized) (out adminapi.Normalized, err error) {
	if n.Type == "" {
		return out, nil
	}
	out = adminapi.Normalized{Type: n.Type, Subject: n.Subject, Time: n.Time, Changed: n.Changed}
	if out.Data, err = json.Marshal(n.Data); err != nil {
		return out, err
	}
	if n.Previous != nil {
		out.Previous, err = json.Marshal(n.Previous)
	}
	return out, err
}

func history(d *event.Delivery) adminapi.Carried {
	out := adminapi.Carried{Delivery: carried(d), Rule: d.Rule, Data: d.Data, Since: d.Since}
	for _, a := range d.Attempts {
		out.Newest = append(out.Newest, attempted(a))
	}
	return out
}

func attempted(a event.Attempt) adminapi.Attempt {
	return adminapi.Attempt{
		At: a.At, Duration: a.Duration.Seconds(), Status: a.Status, Error: a.Error,
		RetryAfter: a.RetryAfter.Seconds(), Answer: strings.ToValidUTF8(string(a.Answer), "\uFFFD"),
	}
}

func today(x *gateway.Explained) adminapi.Today {
	t := adminapi.Today{
		State: string(x.Today.State), Reasons: x.Today.Reasons, Dropped: x.Today.Dropped, Backends: x.Today.Backends,
	}
	for _, v := range x.Verdicts {
		r := adminapi.Rule{Name: v.Rule, Matched: v.Matched}
		if v.Err != nil {
			r.Error = v.Err.Error()
		}
		t.Rules = append(t.Rules, r)
	}
	return t
}
