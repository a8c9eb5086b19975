package sample

import (
	"strings"
	"time"
)

// edusign writes entities flat (courseId), as documented, or nested
// (course.ID). The school stands in a header in either case.
func edusign(g *inventor, r *Request) {
	school := g.id("sch")
	for name, value := range map[string]string{"Webhook-Type": r.Event, "School-Id": school, "App-Id": "app_7731", "Lang": "fr"} {
		r.Header.Set("X-Edusign-"+name, value)
	}
	body := object{{"type", r.Event}}
	if !g.seldom {
		body = append(body, member{"schoolId", school})
	}
	for _, entity := range edusignEntities(r.Event) {
		body = append(body, g.edusignEntity(entity)...)
	}
	switch r.Event {
	case "cron_midnight":
		body = append(body, member{"date", g.at.Format(time.DateOnly)})
	case "on_student_sign", "on_teacher_sign":
		body = append(body, member{"signedAt", g.time()})
	case "on_app_parameters_changed":
		body = append(body, member{"parameters", object{{"reminders", true}}})
	}
	r.Body = encode(body)
}

// edusignEntities are those that an event speaks of. Its name has the first.
func edusignEntities(event string) []string {
	words := strings.Split(event, "_")
	if len(words) < 2 {
		return nil
	}
	switch words[1] {
	case "course":
		return []string{"course", "teacher"}
	case "student", "teacher":
		if words[len(words)-1] == "sign" {
			return []string{words[1], "course"}
		}
		return []string{words[1]}
	case "group":
		return []string{"group"}
	case "document", "survey":
		return []string{words[1], "student"}
	case "zoom":
		return []string{"meeting", "course"}
	case "email":
		return []string{"student"}
	case "midnight", "app":
		return nil
	}
	return []string{"student", "course"} // absences
}

func (g *inventor) edusignEntity(name string) object {
	id := g.id(map[string]string{"student": "stu", "teacher": "prof", "course": "crs", "group": "grp",
		"document": "doc", "survey": "srv", "meeting": "mtg"}[name])
	if name == "student" || name == "teacher" {
		p := g.person()
		if g.seldom {
			return object{{name, object{{"ID", id}, {"FIRSTNAME", p.first}, {"LASTNAME", p.last}, {"EMAIL", p.email}}}}
		}
		return object{{name + "Id", id}, {name + "Firstname", p.first}, {name + "Lastname", p.last}, {name + "Email", p.email}}
	}
	title := g.course()
	if !g.seldom {
		return object{{name + "Id", id}, {name + "Name", title}}
	}
	thing := object{{"ID", id}, {"NAME", title}}
	if name == "course" {
		start := g.at.Truncate(time.Hour)
		thing = append(thing, member{"START", start}, member{"END", start.Add(2 * time.Hour)})
	}
	return object{{name, thing}}
}
