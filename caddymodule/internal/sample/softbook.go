package sample

import (
	"net/url"
	"strconv"
)

// softbook names the trigger in the URL, and sends JSON or a form. Its field
// names are documented nowhere: these are some that the gateway finds.
func softbook(g *inventor, r *Request) {
	r.Path = "new_order"
	p := g.person()
	order := strconv.FormatUint(uint64(g.serial), 10)
	created, amount := g.time(), g.price()
	if g.seldom {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = []byte(url.Values{
			"order_id": {order}, "status": {"new"}, "name": {p.name()}, "email": {p.email}, "amount": {amount.String()},
			"currency": {"EUR"}, "product_id": {"88"}, "created": {created}, "school_id": {"5021"}, "payment_system": {"card"},
		}.Encode())
		return
	}
	r.Body = encode(object{
		{"trigger", r.Event}, {"order_id", number(order)}, {"status", "new"}, {"created", created},
		{"customer", object{{"name", p.name()}, {"email", p.email}, {"phone", "+0000000000"}}},
		{"product", object{{"id", 88}, {"name", g.course()}, {"type", "course"}}},
		{"school_id", 5021}, {"amount", amount}, {"currency", "EUR"}, {"payment_system", "card"},
	})
}
