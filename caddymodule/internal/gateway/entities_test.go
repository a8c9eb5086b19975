package gateway

import (
	"reflect"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/rules"
)

// TestRulesSeeEveryEntityThatAnEventMayHave fills an event's data with a value
// of its own for each field, and looks for each in what a rule sees.
func TestRulesSeeEveryEntityThatAnEventMayHave(t *testing.T) {
	var d event.Data
	data := reflect.ValueOf(&d).Elem()
	for i := range data.NumField() {
		data.Field(i).Set(reflect.New(data.Field(i).Type().Elem()))
		entity := data.Field(i).Elem()
		for j := range entity.NumField() {
			entity.Field(j).SetString("7")
		}
	}
	seen := reflect.ValueOf(entities(&d))
	for i := range data.NumField() {
		name := data.Type().Field(i).Name
		entity := seen.FieldByName(name)
		if !entity.IsValid() {
			t.Errorf("a rule doesn't see %s", name)
			continue
		}
		for j := range entity.NumField() {
			if entity.Field(j).IsZero() {
				t.Errorf("a rule sees no %s.%s", name, entity.Type().Field(j).Name)
			}
		}
		if entity.NumField() != data.Field(i).Elem().NumField() {
			t.Errorf("%s has %d fields in a rule", name, entity.NumField())
		}
	}
	if seen.NumField() != data.NumField() || !reflect.DeepEqual(entities(new(event.Data)), rules.Data{}) {
		t.Error("rules know other entities, or one that is absent isn't empty")
	}
}
