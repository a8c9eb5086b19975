package sample

// custom is a payload as many senders write it.
func custom(g *inventor, r *Request) {
	p := g.person()
	r.ID = "evt_" + g.uuid()
	r.Body = encode(object{
		{"id", r.ID}, {"type", r.Event}, {"created", g.at.Unix()},
		{"data", object{{"student", object{{"id", g.id("stu")}, {"name", p.name()}, {"email", p.email}}},
			{"amount", g.price()}, {"currency", "EUR"}}},
	})
}
