package sender

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// synapProfile: Synap is a platform for exams and practice. Most bodies don't
// name their event, so each event is sent to a URL of its own.
var synapProfile = profile{
	name:      "synap",
	methods:   []string{"POST"},
	pathTypes: true,
	words: []Word{
		{"attempt.submitted", "attempt.submitted"},
		{"attempt.completed", "attempt.completed"},
		{"attemptOverride.created", "attempt.overridden"},
		{"exam.submitted", "exam.submitted"},
		{"exam.completed", "exam.completed"},
		{"exam.released", "exam.results_released"},
		{"user.registered", "student.created"},
		{"user.updated", "student.updated"},
		{"user.addedToGroup", "student.added_to_group"},
		{"user.registeredForExam", "student.registered_for_exam"},
		{"assignment.completed", "assignment.completed"},
		{"flag.planted", "flag.planted"},
		{"store.purchase", "payment.received"},
		{"invite.sent", "invite.sent"},
		// Not documented, seen in other public sources:
		{"exam.started", "exam.started"},
		{"attempt.started", "attempt.started"},
		{"assignment.complete", "assignment.completed"},
	},
}

type synap struct{ profile }

// synapEvent is a request, its event named by the body or by the URL.
type synapEvent struct {
	Body object `field:"the body" validate:"min=1"`
	name string
	// stamp is meta.timestamp as it was written, at the instant it means.
	stamp string
	at    time.Time
}

func readSynap(r *event.Request) (synapEvent, error) {
	o, err := decodeObject(r.Body, nil)
	meta := o.object("meta")
	return synapEvent{
		Body:  o,
		name:  cmp.Or(label(meta.text("eventName")), label(lastSegment(r.Path))),
		stamp: meta.text("timestamp"),
		at:    instant(meta["timestamp"]),
	}, err
}

// Identify takes the ids of all entities, for two students can submit the same
// exam at the same instant.
func (synap) Identify(r *event.Request) event.Identity {
	e, err := readSynap(r)
	var id event.Identity
	if ids := e.ids(); err == nil && !e.at.IsZero() && len(ids) > 0 {
		id = event.Identity{
			SenderType: e.name,
			Key:        key("entities", append([]string{e.name, e.stamp}, ids...)...),
			Window:     3 * day,
		}
	} else {
		id = byBody(r, e.name, short)
	}
	id.Time = e.at
	return id
}

// ids lists the entities that have an id, by their names, with the ids.
func (e synapEvent) ids() []string {
	var ids []string
	for _, name := range slices.Sorted(maps.Keys(e.Body)) {
		if id := e.Body.object(name).text("id"); id != "" {
			ids = append(ids, name, id)
		}
	}
	if id := e.Body.text("objectId"); id != "" {
		ids = append(ids, "objectId", id)
	}
	return ids
}

func (s synap) Normalize(ev *event.Event) (event.Normalized, []string) {
	e, err := readSynap(&ev.Request)
	if err != nil {
		return event.Normalized{}, invalid(err)
	}
	if reasons := check(e); reasons != nil {
		return event.Normalized{}, reasons
	}
	n := s.normalized(ev, e.name, e.at)
	n.Data = synapData(e.Body)
	if old := e.Body.object("previousValues"); len(old) > 0 {
		before := maps.Clone(e.Body)
		maps.Copy(before, old)
		previous := synapData(before)
		n.Previous, n.Changed = &previous, changed(before, e.Body)
	}
	n.Subject = subject(n.Data, about(n.Type), "student")
	return n, nil
}

// synapData finds the entities. An event about a user alone is flat: its
// fields stand at the top, with objectId.
func synapData(o object) event.Data {
	user := o.object("user")
	student := person(user.text("id"), user.text("name"), user.text("email"))
	if user == nil && o.text("objectId") != "" {
		student = person(o.text("objectId"), o.text("name"), o.text("email"))
	}
	thing := func(name string) *event.Named {
		return named(o.object(name).text("id"), o.object(name).text("name"))
	}
	attempt, payment := o.object("attempt"), o.object("payment")
	score, _ := attempt["score"].(json.Number)
	return event.Data{
		Student:    student,
		Group:      thing("group"),
		Exam:       thing("exam"),
		Test:       thing("test"),
		Assignment: thing("assignment"),
		Product:    thing("product"),
		Attempt: present(event.Attempted{
			ID: attempt.text("id"), Score: score, Status: attempt.text("status")}),
		Payment: money(payment.text("amount"), payment.text("currency"), payment.text("method")),
	}
}
