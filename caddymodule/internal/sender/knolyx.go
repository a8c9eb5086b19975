package sender

import (
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// knolyxProfile: Knolyx sends from online courses. It wants each event to be
// taken once, by its id, and repeats what got no 2xx.
var knolyxProfile = profile{
	name:    "knolyx",
	methods: []string{"PUT", "POST"},
	words: []Word{
		{"PING", "ping"},
		{"COURSE_STARTED", "course.started"},
		{"COURSE_COMPLETED", "course.completed"},
		{"COURSE_PAYMENT_RECEIVED", "payment.received"},
		{"BUNDLE_PAYMENT_RECEIVED", "payment.received"},
	},
}

type knolyx struct{ profile }

type knolyxEvent struct {
	ID   string `field:"id" validate:"required"`
	Type string `field:"type" validate:"required"`
	data object
}

func readKnolyx(o object) knolyxEvent {
	return knolyxEvent{ID: o.text("id"), Type: label(o.text("type")), data: o.object("data")}
}

// What of a body tells its id, and what else of it is read.
var (
	knolyxHead = members{"id": nil, "type": nil}
	knolyxBody = members{"id": nil, "type": nil, "data": {
		"user":   {"id": nil, "name": nil, "email": nil},
		"course": {"id": nil, "name": nil},
		"bundle": {"id": nil, "name": nil},
	}}
)

func (knolyx) Identify(r *event.Request) event.Identity {
	o, err := decodeObject(r.Body, knolyxHead)
	if err != nil {
		return byBody(r, "", short)
	}
	e := readKnolyx(o)
	if e.ID == "" {
		return byBody(r, e.Type, short)
	}
	return byID(e.ID, e.Type)
}

// Normalize makes the student the subject: course events are what a student
// does, and a payment is a student's.
func (s knolyx) Normalize(ev *event.Event) (event.Normalized, []string) {
	o, err := decodeObject(ev.Request.Body, knolyxBody)
	if err != nil {
		return event.Normalized{}, invalid(err)
	}
	e := readKnolyx(o)
	if reasons := check(e); reasons != nil {
		return event.Normalized{}, reasons
	}
	n := s.normalized(ev, e.Type, time.Time{})
	user, course, bundle := e.data.object("user"), e.data.object("course"), e.data.object("bundle")
	n.Data = event.Data{
		Student: person(user.text("id"), user.text("name"), user.text("email")),
		Course:  named(course.text("id"), course.text("name")),
		Bundle:  named(bundle.text("id"), bundle.text("name")),
	}
	n.Subject = subject(n.Data, "student", about(n.Type))
	n.Notice = e.Type == "PING"
	return n, nil
}
