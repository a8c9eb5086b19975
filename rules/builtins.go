package rules

import (
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/builtin"
)

// The functions that stand in for expr's.

var errKind = errors.New("wrong kind")

func get(r *run, args []any) (any, error) {
	if h, ok := args[0].(Headers); ok {
		return r.header(h, args[1]), nil
	}
	return r.member(args[0], args[1]), nil
}

func length(r *run, args []any) (any, error) {
	if args[0] == nil {
		return 0, nil
	}
	if s, ok := args[0].(string); ok {
		r.charge(len(s))
		return utf8.RuneCountInString(s), nil
	}
	v := reflect.ValueOf(args[0])
	if !isList(v) && v.Kind() != reflect.Map {
		return nil, explain("len", args, errKind)
	}
	return v.Len(), nil
}

func toText(r *run, args []any) (any, error) {
	if args[0] == nil {
		return nil, nil
	}
	if s, ok := args[0].(string); ok {
		return s, nil
	}
	for range 10 { // it goes through all by reflection, and sorts what is in maps
		r.payDeep(args)
	}
	return fmt.Sprint(args[0]), nil
}

func concat(r *run, args []any) (any, error) {
	r.payShallow(args)
	all := []any{}
	for _, a := range args {
		all = append(all, r.list(a)...)
	}
	return all, nil
}

// flatten is expr's without copying what lies deep once for each level.
func flatten(r *run, args []any) (any, error) {
	if v := reflect.ValueOf(args[0]); !isList(v) {
		return nil, explain("flatten", args, errKind)
	}
	return r.flat([]any{}, args[0], 0), nil
}

func (r *run) flat(all []any, v any, depth int) []any {
	r.charge(50)
	if depth > maxDepth {
		panic(errDepth)
	}
	if !isList(reflect.ValueOf(v)) {
		return append(all, v)
	}
	for _, item := range r.list(v) {
		all = r.flat(all, item, depth+1)
	}
	return all
}

func median(r *run, args []any) (any, error) {
	all := r.flat([]any{}, args, 0)
	r.charge(8 * len(all) * bits.Len(uint(len(all))))
	v, err := builtin.Builtins[builtin.Index["median"]].Func(all)
	return v, explain("median", args, err)
}

func uniq(r *run, args []any) (any, error) {
	kept := []any{}
	for _, item := range r.list(args[0]) {
		if !slices.ContainsFunc(kept, func(k any) bool { r.charge(20); return r.equal(item, k) }) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// entries are a map's keys and values in the order of the keys as text.
func entries(r *run, m any) []pair {
	v := reflect.ValueOf(m)
	if v.Kind() != reflect.Map {
		panic(&fault{"keys, values and toPairs can't work with " + kindOf(m), ""})
	}
	r.charge(300 * v.Len())
	all := make([]pair, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		k := it.Key().Interface()
		name, err := textOf(k)
		if err != nil {
			panic(err)
		}
		all = append(all, pair{name, k, it.Value().Interface()})
	}
	slices.SortFunc(all, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return all
}

type pair struct {
	name       string
	key, value any
}

func keys(r *run, args []any) (any, error) {
	all := []any{}
	for _, p := range entries(r, args[0]) {
		all = append(all, p.key)
	}
	return all, nil
}

func values(r *run, args []any) (any, error) {
	all := []any{}
	for _, p := range entries(r, args[0]) {
		all = append(all, p.value)
	}
	return all, nil
}

func pairs(r *run, args []any) (any, error) {
	all := []any{}
	for _, p := range entries(r, args[0]) {
		all = append(all, []any{p.key, p.value})
	}
	return all, nil
}

func toJSON(r *run, args []any) (any, error) {
	b, err := encode(r, args[0])
	return string(b), err
}

func fromJSON(r *run, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, explain("fromJSON", args, errKind)
	}
	r.charge(100 * len(s)) // of many small values; most texts cost less
	v, err := Decode([]byte(s))
	if err != nil {
		return nil, explain("fromJSON", args, err)
	}
	return v, nil
}
