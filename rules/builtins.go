package rules

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// The functions that stand in for expr's.

var errKind = errors.New("wrong kind")

func get(r *run, args []any) (any, error) {
	if h, ok := args[0].(Headers); ok {
		return r.header(h, args[1]), nil
	}
	return member(args[0], args[1]), nil
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
	r.payDeep(args)
	return fmt.Sprint(args[0]), nil
}

func concat(r *run, args []any) (any, error) {
	r.payShallow(args)
	all := []any{}
	for _, a := range args {
		all = append(all, list(a)...)
	}
	return all, nil
}

func uniq(r *run, args []any) (any, error) {
	kept := []any{}
	for _, item := range list(args[0]) {
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
	r.payShallow(args)
	s, ok := args[0].(string)
	if !ok {
		return nil, explain("fromJSON", args, errKind)
	}
	v, err := Decode([]byte(s))
	if err != nil {
		return nil, explain("fromJSON", args, err)
	}
	return v, nil
}
