package rules

import (
	"fmt"
	"math/big"
	"math/bits"
	"reflect"
	"strings"
)

func payNothing(*run, []any) {}

// paid is an argument of a time's method, such as a layout.
func (r *run) paid(v any) any {
	s, _ := v.(string)
	r.charge(100 * len(s))
	return v
}

// payKey is for the hash of a key.
func (r *run) payKey(key any) {
	if s, ok := key.(string); ok {
		r.charge(len(s) / 4)
	}
}

// payShallow is for what a function reads and makes of its arguments themselves.
func (r *run) payShallow(args []any) {
	for _, a := range args {
		switch v := reflect.ValueOf(a); v.Kind() {
		case reflect.String, reflect.Slice, reflect.Array, reflect.Map:
			r.charge(20 * v.Len())
		}
	}
}

// payDeep is for all that an argument holds, however deep.
func (r *run) payDeep(args []any) {
	for _, a := range args {
		r.walk(a, 0)
	}
}

var errDepth = &fault{"a value is nested too deep", fmt.Sprintf("at most %d levels", maxDepth)}

// walk charges for a value and what it holds, as often as it holds it.
func (r *run) walk(v any, depth int) {
	r.charge(20)
	if depth > maxDepth {
		panic(errDepth)
	}
	if n, ok := v.(*big.Int); ok {
		r.charge(n.BitLen())
		return
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.String:
		r.charge(2 * rv.Len())
	case reflect.Slice, reflect.Array:
		for i := range rv.Len() {
			r.walk(rv.Index(i).Interface(), depth+1)
		}
	case reflect.Map:
		for it := rv.MapRange(); it.Next(); {
			r.walk(it.Key().Interface(), depth+1)
			r.walk(it.Value().Interface(), depth+1)
		}
	case reflect.Struct:
		r.charge(500)
		if rv.Type().PkgPath() == entities {
			for i := range rv.NumField() {
				r.walk(rv.Field(i).Interface(), depth+1)
			}
		}
	}
}

// entities is the package of Data, whose structs may hold long texts.
var entities = reflect.TypeFor[Data]().PkgPath()

func payRepeat(r *run, args []any) {
	s, _ := args[0].(string)
	n, ok := integer(args[1])
	if ok && n > 0 {
		r.charge(int(min(n, budget+1))) // so that the product can't overflow
		r.charge(3 * int(n) * len(s))
	}
}

// payTrim is for a set of characters that each at an end is looked up in.
func payTrim(r *run, args []any) {
	r.payShallow(args)
	if len(args) > 1 {
		s, _ := args[0].(string)
		set, _ := args[1].(string)
		r.charge(len(s) * len(set))
	}
}

func payReplace(r *run, args []any) {
	r.payShallow(args)
	s, _ := args[0].(string)
	old, _ := args[1].(string)
	with, _ := args[2].(string)
	r.charge(strings.Count(s, old) * len(with))
}

func payJoin(r *run, args []any) {
	r.walk(args[0], 0)
	if len(args) > 1 {
		glue, _ := args[1].(string)
		r.charge(reflect.ValueOf(args[0]).Len() * len(glue))
	}
}

func paySort(r *run, args []any) {
	r.walk(args[0], 0)
	n := reflect.ValueOf(args[0]).Len()
	r.charge(60 * n * bits.Len(uint(n)))
}

// payDate is for times; one in a zone has the zone as its last argument.
func payDate(r *run, args []any) {
	r.payShallow(args)
	r.charge(2_000)
	if len(args) == 3 {
		payZone(r, args[2:])
	}
}

// payZone is for zones, whose rules are read from a file. The machine's own
// would make the same event mean different things in two places.
func payZone(r *run, args []any) {
	r.charge(100_000)
	if args[0] == "Local" {
		panic(&fault{"the machine's own time zone can't be used", `name a zone, such as "Europe/Paris"`})
	}
}
