package sender

import (
	"cmp"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// edvisorProfile: Edvisor is an agency platform for student recruitment. It
// retries for three days, every 15 minutes or every hour.
var edvisorProfile = profile{
	name:    "edvisor",
	methods: []string{"POST"},
	words: []Word{
		{"student:create", "student.created"},
		{"student:update", "student.updated"},
		{"student:delete", "student.deleted"},
		{"school:create", "school.created"},
		{"school:update", "school.updated"},
		{"school:delete", "school.deleted"},
		{"offering:create", "offering.created"},
		{"offering:update", "offering.updated"},
		{"offering:delete", "offering.deleted"},
		{"quote:create", "quote.created"},
		{"quote:update", "quote.updated"},
		{"quote:delete", "quote.deleted"},
		{"promotion:create", "promotion.created"},
		{"promotion:update", "promotion.updated"},
		{"promotion:delete", "promotion.deleted"},
		{"studentEnrollment:create", "enrollment.created"},
		{"studentEnrollment:update", "enrollment.updated"},
		{"studentEnrollment:delete", "enrollment.deleted"},
		// Not documented, seen in other public sources:
		{"studentQuote:create", "quote.created"},
		{"studentQuote:update", "quote.updated"},
		{"studentQuote:delete", "quote.deleted"},
		{"campus:create", "campus.created"},
		{"campus:update", "campus.updated"},
		{"campus:delete", "campus.deleted"},
		{"startDateTemplate:create", "start_date.created"},
		{"startDateTemplate:update", "start_date.updated"},
		{"startDateTemplate:delete", "start_date.deleted"},
	},
}

type edvisor struct{ profile }

// edvisorEvent is a body in either of its two editions: the documented one
// with data.object and data.previousObject, the other with data.after and
// data.before. The other's user is who made the change, not the student.
type edvisorEvent struct {
	Type    string `field:"type" validate:"required"`
	Data    object `field:"data" validate:"required"`
	created time.Time
	// A create has no before, a delete may have no after.
	before, after object
}

func readEdvisor(o object) edvisorEvent {
	data := o.object("data")
	return edvisorEvent{
		Type:    label(o.text("type")),
		Data:    data,
		created: instant(o["created"]),
		before:  either(data, "previousObject", "before"),
		after:   either(data, "object", "after"),
	}
}

// either returns the first of the named objects that isn't empty.
func either(o object, names ...string) object {
	for _, name := range names {
		if found := o.object(name); len(found) > 0 {
			return found
		}
	}
	return nil
}

// What of a body tells its type and time, and what is read of it in all.
var (
	edvisorHead = members{"type": nil, "created": nil}
	edvisorBody = members{"type": nil, "created": nil, "data": nil}
)

// Identify relies on created: by the millisecond it tells two equal edits
// apart, so equal bodies are one event for longer than the retries last.
func (edvisor) Identify(r *event.Request) event.Identity {
	o, err := decodeObject(r.Body, edvisorHead)
	if err != nil {
		return byBody(r, "", short)
	}
	e := readEdvisor(o)
	id := byBody(r, e.Type, short)
	if !e.created.IsZero() {
		id.Time, id.Window = e.created, 7*day
	}
	return id
}

func (s edvisor) Normalize(ev *event.Event) (event.Normalized, []string) {
	o, err := decodeObject(ev.Request.Body, edvisorBody)
	if err != nil {
		return event.Normalized{}, invalid(err)
	}
	e := readEdvisor(o)
	if reasons := check(e); reasons != nil {
		return event.Normalized{}, reasons
	}
	n := s.normalized(ev, e.Type, e.created)
	kind, change, _ := strings.Cut(e.Type, ":")
	n.Data = edvisorData(kind, e.after)
	switch {
	case e.after == nil:
		n.Data = edvisorData(kind, e.before)
	case e.before != nil && change == "update":
		previous := edvisorData(kind, e.before)
		n.Previous, n.Changed = &previous, changed(e.before, e.after)
	}
	n.Subject = subject(n.Data, about(n.Type), "student")
	return n, nil
}

// edvisorData finds the entities in an object of some kind, such as "student".
// It names itself and its relations by <entity>Id, and may hold the relations.
func edvisorData(kind string, o object) event.Data {
	part := func(name string) object {
		if name == kind {
			return o
		}
		return o.object(name)
	}
	id := func(name string) string {
		return cmp.Or(part(name).text(name+"Id"), o.text(name+"Id"))
	}
	student := part("student")
	return event.Data{
		Student: person(id("student"),
			fullName(student.text("firstname"), student.text("lastname")), student.text("email")),
		School:     named(id("school"), part("school").text("name")),
		Enrollment: entity(cmp.Or(id("studentEnrollment"), id("enrollment"))),
		Offering:   entity(id("offering")),
		Quote:      entity(cmp.Or(id("quote"), id("studentQuote"))),
		Promotion:  entity(id("promotion")),
	}
}
