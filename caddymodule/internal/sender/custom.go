package sender

import (
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// customProfile: any sender that the gateway doesn't know.
var customProfile = profile{name: "custom", methods: []string{"POST"}, pathTypes: true}

type custom struct {
	profile
	extract func(*event.Request) Extracted
}

func newCustom(o Options) (Sender, error) {
	if err := o.noFields(); err != nil {
		return nil, err
	}
	if o.Extract == nil {
		o.Extract = func(*event.Request) Extracted { return Extracted{} }
	}
	return custom{customProfile, o.Extract}, nil
}

func (c custom) Identify(r *event.Request) event.Identity {
	x := c.extract(r)
	var id event.Identity
	if x.ID != "" {
		id = byID(x.ID, label(x.Type))
	} else {
		id = byBody(r, label(x.Type), short)
	}
	id.Time = instant(x.Time)
	return id
}

// Normalize goes by what Identify found, for the headers that the expressions
// may have read are gone. The payload may be any JSON value.
func (c custom) Normalize(ev *event.Event) (event.Normalized, []string) {
	if err := wellFormed(ev.Request.Body); err != nil {
		return event.Normalized{}, invalid(err)
	}
	return c.normalized(ev, ev.SenderType, ev.Time), nil
}
