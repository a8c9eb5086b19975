package sample

import "strings"

// synap names the event in the URL and, at times, in meta.
func synap(g *inventor, r *Request) {
	r.Path = r.Event
	meta := object{{"timestamp", g.time()}}
	if g.seldom {
		meta = append(meta, member{"eventName", r.Event})
	}
	r.Body = encode(append(g.synapEntities(r.Event), member{"meta", meta}))
}

func (g *inventor) synapEntities(event string) object {
	p := g.person()
	user := member{"user", object{{"id", g.id("u")}, {"name", p.name()}, {"email", p.email},
		{"customAttributes", object{{"cohort", "2026B"}}}}}
	test := member{"test", object{{"id", g.id("tst")}, {"name", g.course() + ", mock B"}}}
	exam := member{"exam", object{{"id", g.id("exm")}, {"name", g.course() + ", finals"}, {"resitCount", 1}}}
	thing := func(entity, prefix, name string) member {
		return member{entity, object{{"id", g.id(prefix)}, {"name", name}}}
	}
	kind, change, _ := strings.Cut(event, ".")
	switch event {
	case "user.registered":
		return object{{"objectId", g.id("u")}, {"name", p.name()}, {"email", p.email}}
	case "user.updated":
		return object{{"objectId", g.id("u")}, {"name", p.name()}, {"email", p.email},
			{"previousValues", object{{"name", p.first + " Meyer"}}}}
	case "user.addedToGroup":
		return object{user, thing("group", "grp", "Year 3")}
	case "user.registeredForExam":
		return object{user, exam}
	case "exam.released":
		return object{exam}
	case "flag.planted":
		return object{user, {"question", object{{"id", g.id("q")}}}, {"flag", object{{"reason", "typo"}}}}
	case "store.purchase":
		return object{user, thing("product", "prd", "Question bank"),
			{"payment", object{{"amount", g.price()}, {"currency", "GBP"}, {"method", "card"}}}}
	case "invite.sent":
		return object{{"invite", object{{"id", g.id("inv")}, {"email", p.email}}}}
	}
	switch kind {
	case "assignment":
		return object{user, thing("assignment", "asg", "Week 7 reading")}
	case "exam":
		return object{user, g.synapAttempt(change), test, exam}
	}
	return object{user, g.synapAttempt(change), test}
}

// synapAttempt has no score as long as it goes on.
func (g *inventor) synapAttempt(status string) member {
	attempt := object{{"id", g.id("att")}}
	if status == "created" { // an override, of an attempt that was handed in
		status = "submitted"
	}
	if status != "started" {
		score := number([]string{"87.50", "49.5", "100", "62.25"}[g.rnd.IntN(4)])
		attempt = append(attempt, member{"score", score}, member{"duration", g.between(600, 7200)})
	}
	return member{"attempt", append(attempt, member{"status", status})}
}
