package sample

import "strings"

// knolyx ids are longs, of which many are beyond what a float64 holds.
func knolyx(g *inventor, r *Request) {
	r.ID = g.uuid()
	data := object{{"message", "PING"}}
	if r.Event != "PING" {
		p := g.person()
		user := object{{"id", 1<<53 + 1 + int64(g.serial)}, {"name", p.name()}, {"email", p.email}}
		if g.seldom {
			user = append(user, member{"organizationId", int64(1<<63 - 1)})
		}
		what, name := "course", g.course()
		if strings.HasPrefix(r.Event, "BUNDLE") {
			what, name = "bundle", "Business starter"
		}
		data = object{{"user", user}, {what, object{{"id", g.between(1, 900)}, {"name", name}}}}
	}
	r.Body = encode(object{{"id", r.ID}, {"type", r.Event}, {"data", data}})
}
