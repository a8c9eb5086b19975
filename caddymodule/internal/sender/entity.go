package sender

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// person, named and entity return nil where the sender gives nothing.

func person(id, name, email string) *event.Person {
	return present(event.Person{ID: id, Name: name, Email: email})
}

func named(id, name string) *event.Named {
	return present(event.Named{ID: id, Name: name})
}

func entity(id string) *event.Entity {
	return present(event.Entity{ID: id})
}

// decimal is what a backend need not guess at, unlike "1.000,50".
var decimal = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,30})?$`)

// money keeps an amount as it was written if it is a plain decimal such as
// "1000.50", and leaves out any other.
func money(amount, currency, method string) *event.Payment {
	if !decimal.MatchString(amount) {
		amount = ""
	}
	return present(event.Payment{Amount: amount, Currency: currency, Method: method})
}

// present returns a pointer to what isn't empty.
func present[T comparable](v T) *T {
	var empty T
	if v == empty {
		return nil
	}
	return &v
}

// fullName joins what there is of a first and a last name.
func fullName(first, last string) string {
	return strings.TrimSpace(first + " " + last)
}

// subject returns "<entity>/<id>" of the first entity that has an id.
func subject(d event.Data, entities ...string) string {
	for _, name := range entities {
		if id := label(idOf(d, name)); id != "" {
			return name + "/" + id
		}
	}
	return ""
}

// about returns the entity that a type speaks of: "course" of "course.created".
func about(eventType string) string {
	name, _, _ := strings.Cut(eventType, ".")
	return name
}

// idOf finds an entity by the name it has in JSON, so that a new entity in
// event.Data needs nothing here.
func idOf(d event.Data, entity string) string {
	v := reflect.ValueOf(d)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name != entity || v.Field(i).IsNil() {
			continue
		}
		if id := v.Field(i).Elem().FieldByName("ID"); id.IsValid() {
			return id.String()
		}
	}
	return ""
}

// changed names the fields of a sender's object that differ, or stand on one
// side only, in order. Numbers differ when they are written differently.
func changed(before, after object) []string {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool {
		b, inBefore := before[name]
		a, inAfter := after[name]
		return inBefore == inAfter && reflect.DeepEqual(b, a)
	})
	return slices.Sorted(maps.Keys(names))
}
