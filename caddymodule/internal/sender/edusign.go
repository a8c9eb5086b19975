package sender

import (
	"cmp"
	"encoding/json"
	"errors"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

const (
	edusignType   = "X-Edusign-Webhook-Type"
	edusignSchool = "X-Edusign-School-Id"
)

// edusignProfile: Edusign records attendance and signatures. It doesn't retry.
var edusignProfile = profile{
	name:    "edusign",
	methods: []string{"POST"},
	headers: []string{edusignType, edusignSchool},
	words: []Word{
		{"cron_midnight", "schedule.midnight"},
		{"on_course_created", "course.created"},
		{"on_course_start", "session.started"},
		{"on_course_edited", "course.updated"},
		{"on_course_end", "session.ended"},
		{"on_course_deleted", "course.deleted"},
		{"on_course_locked", "course.locked"},
		{"on_abscence_report_generated", "absence.reported"}, //nolint:misspell // so spelled by Edusign
		{"on_justified_absence", "absence.justified"},
		{"on_request_justified_absence", "absence.justification_requested"},
		{"on_zoom_meeting_created", "meeting.created"},
		{"on_student_sign", "student.signed"},
		{"on_teacher_sign", "teacher.signed"},
		{"on_student_created", "student.created"},
		{"on_student_edited", "student.updated"},
		{"on_student_deleted", "student.deleted"},
		{"on_student_unremoved", "student.restored"},
		{"on_teacher_created", "teacher.created"},
		{"on_teacher_edited", "teacher.updated"},
		{"on_teacher_deleted", "teacher.deleted"},
		{"on_teacher_unremoved", "teacher.restored"},
		{"on_group_created", "group.created"},
		{"on_group_edited", "group.updated"},
		{"on_group_deleted", "group.deleted"},
		{"on_group_unremoved", "group.restored"},
		{"on_document_completed", "document.completed"},
		{"on_survey_answer", "survey.answered"},
		{"on_email_invalid", "email.invalid"},
		{"on_app_parameters_changed", "settings.updated"},
	},
}

// edusign knows in which zone a day begins where a body doesn't name the day.
type edusign struct {
	profile
	zone *time.Location
}

func newEdusign() edusign { return edusign{edusignProfile, time.Local} }

// edusignEvent is a request. Where body and headers disagree the body wins,
// for it alone is signed.
type edusignEvent struct {
	Type   string `field:"type" validate:"required"`
	school string
	// secret: an app's installation, whose body holds its credentials.
	secret bool
	body   object
}

// edusignHead is what of a body tells which event it is.
var edusignHead = members{"type": nil, "schoolId": nil, "date": nil}

// readEdusign reads a body, or only some members of it. It accepts an empty one
// where the headers name the event.
func readEdusign(r *event.Request, only members) (edusignEvent, error) {
	header := label(r.Header.Get(edusignType))
	o, err := decodeObject(r.Body, only)
	if errors.Is(err, errEmpty) && header != "" {
		err = nil
	}
	e := edusignEvent{
		Type:   cmp.Or(label(o.text("type")), header),
		school: cmp.Or(label(o.text("schoolId")), label(r.Header.Get(edusignSchool))),
		body:   o,
	}
	if isInstallation(header) {
		e.Type = header
	}
	e.secret = isInstallation(e.Type)
	return e, err
}

// isInstallation tells of a type whether its body must not be kept. It errs on
// the side of not keeping.
func isInstallation(name string) bool {
	s := slug(name)
	return s == "test_install_app" || s == "test_uninstall_app"
}

// Identify absorbs a double send and no more, for nothing in a body tells two
// equal events apart.
func (s edusign) Identify(r *event.Request) event.Identity {
	e, err := readEdusign(r, edusignHead)
	id := event.Identity{SenderType: e.Type, Secret: e.secret}
	if err == nil && e.Type == "cron_midnight" && e.school != "" {
		id.Key, id.Window = key("day", e.school, s.today(e.body, r.Received)), 20*time.Hour
	} else {
		id.Key, id.Window = bodyKey(r.Body, e.school, e.Type), time.Minute
	}
	return id
}

// today is the school's date at midnight: the body's, else where the gateway
// runs. A clock that is a little off can only let one double through: the
// window ends before the next midnight.
func (s edusign) today(body object, received time.Time) string {
	if date := body.text("date"); len(date) >= len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, date[:len(time.DateOnly)]); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return received.In(s.zone).Format(time.DateOnly)
}

// Normalize of an installation keeps the fact alone.
func (s edusign) Normalize(ev *event.Event) (event.Normalized, []string) {
	e, err := readEdusign(&ev.Request, nil)
	if e.secret || isInstallation(ev.SenderType) {
		n := s.normalized(ev, cmp.Or(ev.SenderType, e.Type), time.Time{})
		n.Notice = true
		n.Data.School = named(e.school, "")
		return n, nil
	}
	if err != nil {
		return event.Normalized{}, invalid(err)
	}
	if reasons := check(e); reasons != nil {
		return event.Normalized{}, reasons
	}
	n := s.normalized(ev, e.Type, time.Time{})
	n.Data = edusignData(e)
	n.Subject = subject(n.Data, about(n.Type), "student")
	return n, nil
}

// Original of an installation is nothing, even if its body had been kept.
func (s edusign) Original(ev *event.Event) json.RawMessage {
	if e, _ := readEdusign(&ev.Request, edusignHead); e.secret || isInstallation(ev.SenderType) {
		return json.RawMessage("null")
	}
	return s.profile.Original(ev)
}

func edusignData(e edusignEvent) event.Data {
	thing := func(names ...string) *event.Named {
		for _, name := range names {
			if found := named(edusignID(e.body, name), edusignName(e.body, name)); found != nil {
				return found
			}
		}
		return nil
	}
	someone := func(names ...string) *event.Person {
		for _, name := range names {
			email := cmp.Or(e.body.object(name).text("EMAIL", "email"), e.body.text(name+"Email"))
			found := person(edusignID(e.body, name), edusignName(e.body, name), email)
			if found != nil {
				return found
			}
		}
		return nil
	}
	return event.Data{
		Student:  someone("student"),
		Teacher:  someone("teacher", "professor"),
		School:   named(e.school, edusignName(e.body, "school")),
		Course:   thing("course"),
		Group:    thing("group"),
		Document: thing("document"),
		Survey:   thing("survey"),
		Meeting:  thing("meeting", "zoomMeeting"),
	}
}

// edusignID reads an id from a nested body (course.ID) or a flat one (courseId).
func edusignID(o object, name string) string {
	return cmp.Or(o.object(name).text("ID", "id"), o.text(name+"Id"))
}

// edusignName reads a name likewise, whole or in two parts.
func edusignName(o object, name string) string {
	n := o.object(name)
	return cmp.Or(
		fullName(n.text("FIRSTNAME", "firstname", "firstName"), n.text("LASTNAME", "lastname", "lastName")),
		n.text("NAME", "name"),
		fullName(o.text(name+"Firstname", name+"FirstName"), o.text(name+"Lastname", name+"LastName")),
		o.text(name+"Name"),
	)
}
