package rules

import (
	"math/big"
	"reflect"
	"time"
)

// kindOf names a value's kind for a message.
func kindOf(v any) string {
	if v == nil {
		return "nothing"
	}
	return kindOfType(reflect.TypeOf(v))
}

func kindOfType(t reflect.Type) string {
	switch {
	case isTime(t):
		return "a time"
	case t == reflect.TypeFor[time.Duration]():
		return "a duration"
	case t == reflect.TypeFor[*big.Int](), t == reflect.TypeFor[big.Int]():
		return "a number"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map:
		return "a map"
	case reflect.Struct:
		return "an entity"
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64, reflect.Uint8:
		return "a number"
	}
	return "another kind of value"
}

func isTime(t reflect.Type) bool { return t == reflect.TypeFor[time.Time]() }
