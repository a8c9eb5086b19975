package sample

import (
	"strings"
	"time"
)

// edvisor has the object after a change and, where there was one, before it.
func edvisor(g *inventor, r *Request) {
	kind, change, _ := strings.Cut(r.Event, ":")
	after, field, old := g.edvisorObject(kind)
	sides := map[string]object{"now": after, "before": after.with(field, old)}
	switch change {
	case "create":
		delete(sides, "before")
	case "delete":
		sides = map[string]object{"before": after}
	}
	if g.seldom {
		by := g.person()
		r.Body = encode(object{
			{"created", g.time()},
			{"user", object{{"userId", g.between(1, 900)}, {"firstname", by.first}, {"lastname", by.last}, {"email", by.email}}},
			{"type", r.Event},
			{"data", both(sides, "after", "before")},
		})
		return
	}
	r.Body = encode(object{
		{"object", "event"},
		{"type", r.Event},
		{"created", g.time()},
		{"data", both(sides, "object", "previousObject")},
	})
}

// both names the sides as an edition of the payload does.
func both(sides map[string]object, now, before string) object {
	var data object
	if o, ok := sides["now"]; ok {
		data = append(data, member{now, o})
	}
	if o, ok := sides["before"]; ok {
		data = append(data, member{before, o})
	}
	return data
}

// edvisorObject makes an object of a kind, and says which field an update
// changed and what it held before.
func (g *inventor) edvisorObject(kind string) (o object, changed string, old any) {
	id := member{kind + "Id", g.serial}
	studentID, schoolID := g.between(10000, 99999), g.between(1000, 9999)
	switch kind {
	case "student":
		p := g.person()
		return object{id, {"agencyId", g.between(100, 999)}, {"firstname", p.first}, {"lastname", p.last}, {"email", p.email},
			{"phone", nil}, {"nationality", object{{"countryId", 32}, {"code", "AR"}}}, {"isActive", true},
			{"modified", g.time()}}, "email", "old." + p.email
	case "school":
		return object{id, {"name", g.school()}, {"currencyId", 3}, {"city", "Galway"}}, "city", "Cork"
	case "offering":
		return object{id, {"schoolId", schoolID}, {"offeringTypeId", 1}, {"name", g.course()}, {"durationAmount", 12}}, "durationAmount", 8
	case "quote":
		return object{id, {"studentId", studentID}, {"externalId", g.id("Q")}, {"quoteStatusId", 2}, {"totalPrice", g.price()},
			{"student", g.edvisorStudent(studentID)}}, "quoteStatusId", 1
	case "studentQuote":
		return object{id, {"studentId", studentID}, {"agencyId", g.between(100, 999)}, {"total", g.price()}}, "total", g.price()
	case "promotion":
		return object{id, {"schoolId", schoolID}, {"name", "Early bird"}, {"discountPercent", number("12.5")},
			{"validUntil", g.at.AddDate(0, 2, 0).Format(time.DateOnly)}}, "discountPercent", 10
	case "studentEnrollment":
		return object{id, {"studentId", studentID}, {"schoolId", schoolID}, {"offeringId", g.between(10000, 99999)},
			{"status", "processing"}, {"startDate", g.at.AddDate(0, 2, 0).Format(time.DateOnly)},
			{"student", g.edvisorStudent(studentID)},
			{"school", object{{"schoolId", schoolID}, {"name", g.school()}}}}, "status", "requested"
	case "campus":
		return object{id, {"schoolId", schoolID}, {"name", "Salthill"}, {"city", "Galway"}}, "name", "Old Town"
	}
	return object{id, {"schoolId", schoolID}, {"name", "Every Monday"}}, "name", "Mondays"
}

func (g *inventor) edvisorStudent(id int) object {
	p := g.person()
	return object{{"studentId", id}, {"firstname", p.first}, {"lastname", p.last}, {"email", p.email}}
}
