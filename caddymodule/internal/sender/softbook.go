package sender

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// newOrder is the one trigger that Softbook's documentation names.
const newOrder = "New Order"

// softbookProfile: Softbook builds online schools. What its webhooks send is
// set up in its interface and not documented field by field.
var softbookProfile = profile{
	name:      "softbook",
	methods:   []string{"POST", "PUT"},
	headers:   []string{"Content-Type"},
	pathTypes: true,
	words:     []Word{{newOrder, "order.created"}},
}

type softbook struct {
	profile
	fields fieldPaths
}

func newSoftbook(o Options) (Sender, error) {
	if err := o.noExtract(); err != nil {
		return nil, err
	}
	fields, err := softbookPaths(o)
	if err != nil {
		return nil, err
	}
	return softbook{softbookProfile, fields}, nil
}

// softbookEvent is a request whose fields were found by configured paths or
// guesses; get returns "" for what the body lacks.
type softbookEvent struct {
	Body    object `field:"the body" validate:"min=1"`
	trigger string
	get     func(field string) string
	at      time.Time
}

func (s softbook) read(r *event.Request) (softbookEvent, error) {
	var e softbookEvent
	var err error
	if isForm(r) {
		e.Body, err = decodeForm(r.Body)
	} else {
		e.Body, err = decodeObject(r.Body, nil)
	}
	e.get = func(field string) string { return text(s.fields.find(field, e.Body)) }
	e.trigger = cmp.Or(label(e.get("trigger")), label(lastSegment(r.Path)))
	e.at = instant(s.fields.find("created", e.Body))
	return e, err
}

// isNewOrder disregards case, spaces and punctuation: a URL may say new_order.
func isNewOrder(trigger string) bool {
	return strings.ReplaceAll(slug(trigger), "_", "") == "neworder"
}

// Identify takes an order for the same event only with its trigger and status.
// A new order needs no status, for it is new but once.
func (s softbook) Identify(r *event.Request) event.Identity {
	e, err := s.read(r)
	if err != nil {
		return byBody(r, e.trigger, short)
	}
	var id event.Identity
	order, status := e.get("order_id"), e.get("status")
	if e.trigger != "" && order != "" && (status != "" || isNewOrder(e.trigger)) {
		id = event.Identity{SenderType: e.trigger, Key: key("order", e.trigger, order, status), Window: day}
	} else {
		id = byBody(r, e.trigger, time.Hour)
	}
	id.Time = e.at
	return id
}

func (s softbook) Normalize(ev *event.Event) (event.Normalized, []string) {
	e, err := s.read(&ev.Request)
	if err != nil {
		return event.Normalized{}, invalid(err)
	}
	if reasons := check(e); reasons != nil {
		return event.Normalized{}, reasons
	}
	word := e.trigger
	if isNewOrder(word) {
		word = newOrder
	}
	n := s.normalized(ev, word, e.at)
	n.Data = event.Data{
		Student: person(e.get("student_id"), e.get("student_name"), e.get("student_email")),
		School:  named(e.get("school_id"), ""),
		Product: named(e.get("product_id"), e.get("product_name")),
		Order: present(event.Order{
			ID: e.get("order_id"), Status: e.get("status"), Created: e.get("created")}),
		Payment: money(e.get("amount"), e.get("currency"), e.get("payment_system")),
	}
	n.Subject = subject(n.Data, about(n.Type), "student")
	return n, nil
}

// Original of a form is a JSON object.
func (s softbook) Original(ev *event.Event) json.RawMessage {
	if !isForm(&ev.Request) {
		return s.profile.Original(ev)
	}
	form, _ := decodeForm(ev.Request.Body) // nil, which is null, if it is none
	return formJSON(form)
}
